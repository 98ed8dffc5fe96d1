"""The deadline of calls to Stripe: of each, with its retries, and of several together that one person waits for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# For the look-up of the name, the connection, the answer and every retry: httpx's own timeouts are of one step each, so
# that a server which sends a byte now and then would never end.
SECONDS = 10.0

_until: ContextVar[float] = ContextVar("until", default=math.inf)


def of_call() -> asyncio.Timeout:
    """The deadline of one call, which raises TimeoutError: SECONDS from now, or what is left of `for_all_calls`."""
    return asyncio.timeout_at(min(_until.get(), asyncio.get_running_loop().time() + SECONDS))


def for_all_calls(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Decorator: all calls made within the function together have SECONDS, since somebody waits for their sum."""

    @wraps(function)
    async def bounded(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _until.set(min(_until.get(), asyncio.get_running_loop().time() + SECONDS))
        try:
            return await function(*args, **kwargs)
        finally:
            _until.reset(token)

    return bounded
