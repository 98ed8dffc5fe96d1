"""Call a function on a file in a child process with limits. docs/decisions/0020 says why and how."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import structlog
from anyio.abc import Process

from circles.base.errors import CirclesError, Reason, Refused
from circles.sandbox.child import FAILED, MEMORY, REFUSED, ROOT, VALUE

_CHILD: Final = str(ROOT / "circles" / "sandbox" / "child.py")
# Of our environment the child gets only what its interpreter may need to find its libraries.
_KEPT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
log = structlog.get_logger()


class SandboxError(CirclesError):
    """The file could not be parsed within the limits, or the child failed."""


class Exceeded(SandboxError):
    """The child needed more memory or time than it may, or its answer was too large."""


class Failed(SandboxError):
    """The function raised something else than Refused; kind and place are logged."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one kind of file.

    memory: bytes of address space. cpu_seconds: of processor time, so that a busy machine changes nothing. seconds:
    from start to answer. answer: bytes. at_once: children of this kind in one process of ours. queue_seconds: how long
    a file waits for its turn.
    """

    memory: int
    cpu_seconds: int
    seconds: float
    answer: int
    at_once: int = 1
    queue_seconds: float = 15


@dataclass(frozen=True, slots=True)
class Target:
    """A function that is called in a child: `(sent: bytes, **options) -> bytes`, or an iterable of bytes.

    module: its full name; what it imports is all that the child imports. noun: of the file, in sentences.
    form_field: the field of the form that a refusal belongs to.
    """

    module: str
    function: str
    limits: Limits
    noun: str = "file"
    form_field: str = "file"
    _turns: dict[str, anyio.CapacityLimiter] = field(default_factory=dict, init=False)

    def turns(self) -> anyio.CapacityLimiter:
        """The limiter of children at once; made at the first call, within the event loop."""
        return self._turns.setdefault("", anyio.CapacityLimiter(self.limits.at_once))


async def run(target: Target, sent: bytes, **options: Any) -> bytes:
    """Call the function on what was sent. options: of JSON's types.

    Raises Refused with the function's own reasons, or with one that says what to do when a limit was exceeded or the
    function failed.
    """
    try:
        async with _turn(target):
            return await call(target, sent, options)
    except Failed:
        raise Refused(_unreadable(target)) from None
    except Exceeded:
        log.warning("sandbox.exceeded", function=f"{target.module}.{target.function}", bytes=len(sent))
        raise Refused(_too_much(target)) from None


@contextlib.asynccontextmanager
async def _turn(target: Target) -> AsyncGenerator[None]:
    limiter = target.turns()
    try:
        limiter.acquire_nowait()
    except anyio.WouldBlock:
        with anyio.move_on_after(target.limits.queue_seconds) as waiting:
            await limiter.acquire()
        if waiting.cancelled_caught:
            raise Refused(_busy(target)) from None
    try:
        yield
    finally:
        limiter.release()


async def call(target: Target, sent: bytes, options: Mapping[str, Any]) -> bytes:
    """The same without a turn. Raises Refused, Exceeded, Failed."""
    limits = target.limits
    head = {"module": target.module, "function": target.function, "options": dict(options)}
    head |= {"parent": os.getpid()}
    head |= {"memory": limits.memory, "cpu_seconds": limits.cpu_seconds}
    try:
        with anyio.fail_after(limits.seconds):
            answer, code = await _talk(json.dumps(head).encode() + b"\n", sent, limits.answer)
    except TimeoutError:
        raise Exceeded from None
    kind, value = bytes(answer[:1]), bytes(memoryview(answer)[1:])
    if len(answer) > limits.answer:
        raise Exceeded
    if kind == VALUE and code == 0:
        return value
    if kind == REFUSED and code == 0:
        raise Refused(Reason(*one) for one in json.loads(value))
    if kind == FAILED and code == 0:
        log.error("sandbox.failed", function=f"{target.module}.{target.function}", **json.loads(value))
        raise Failed
    if (
        kind == MEMORY or code < 0
    ):  # by a signal: the limit of CPU time, or a library that aborts without memory
        raise Exceeded
    log.error("sandbox.ended", function=f"{target.module}.{target.function}", code=code)
    raise Failed


async def _talk(head: bytes, sent: bytes, max_answer: int) -> tuple[bytearray, int]:
    """Start the child, write, read, wait. However this ends, by an exception too, the child is gone afterwards."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    async with await anyio.open_process(
        [sys.executable, "-P", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may quote the file
        env=environment | {"PYTHONPATH": str(ROOT)},
    ) as process:
        answer = bytearray()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_write, process, head, sent)
                await _read(process, answer, max_answer)
            if len(answer) > max_answer:
                process.kill()
            return answer, await process.wait()
        except BaseException:
            # Leaving the block waits for the child, and a task of asyncio is canceled once, not there again.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise


async def _write(process: Process, head: bytes, sent: bytes) -> None:
    stdin = process.stdin
    if stdin is None:
        raise RuntimeError("the child has no stdin")
    # A child that ended or answered early reads no further.
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await stdin.send(head)
        await stdin.send(sent)
    await stdin.aclose()


async def _read(process: Process, answer: bytearray, max_answer: int) -> None:
    """Add to the answer until the child ends, or has said more than it may."""
    if process.stdout is None:
        raise RuntimeError("the child has no stdout")
    async for piece in process.stdout:
        answer += piece
        if len(answer) > max_answer:
            return


# What people read


def _too_much(target: Target) -> Reason:
    return Reason(
        "too_much",
        f"Reading this {target.noun} took more memory or time than one {target.noun} may, so it was not taken. "
        "Please open it, save it again under another name, and send that, or send a smaller one.",
        target.form_field,
    )


def _unreadable(target: Target) -> Reason:
    return Reason(
        "unreadable",
        f"This {target.noun} cannot be read. Please open it, save it again under another name, and send that.",
        target.form_field,
    )


def _busy(target: Target) -> Reason:
    return Reason(
        "busy",
        f"Others are sending a {target.noun} right now, so yours has not been read yet. Please send it again in a "
        "minute.",
        target.form_field,
    )
