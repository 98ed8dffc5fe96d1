"""Objects of the look-alike: errors, ids, reading, events. Their state is in the database.

Each function of this package is a part of the caller's transaction and returns the object as Stripe would show it.
Only what this site uses is here; the strict check in api.py refuses everything else.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from circles.base.errors import CirclesError
from circles.practice.stripe import webhooks
from circles.store import db

SQL = db.queries("practice/stripe")

Params = dict[str, Any]
Object = dict[str, Any]


class ApiError(CirclesError):
    """An error as Stripe answers it. kept: it is stored as the answer to its idempotency key."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        kept: bool = True,
    ) -> None:
        self.status = status
        self.kept = kept
        self.body = {"error": {"type": type, "message": message} | _present(code=code, param=param)}
        super().__init__(message)


def _present(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def missing(kind: str, id: str) -> ApiError:
    """The error for an object that does not exist."""
    return ApiError(f"No such {kind}: '{id}'", status=404, code="resource_missing", param="id", kept=False)


def new_id(prefix: str) -> str:
    """An id as Stripe makes them: a prefix by kind and a random part."""
    return f"{prefix}_{secrets.token_hex(16)}"


async def retrieve(tx: db.Tx, kind: str, id: str) -> Object:
    """GET of an object by its id. Raises ApiError."""
    body = await SQL.one(tx, id=id, kind=kind)
    if body is None:
        raise missing(kind, id)
    return body


# The ids in an object that `expand` replaces by the objects themselves, with their kinds.
_EXPANDABLE = {"payment_intent": "payment_intent", "latest_charge": "charge", "charge": "charge"}


async def expand(tx: db.Tx, body: Object, paths: Sequence[str]) -> Object:
    """An object with the objects that `paths` name in place of their ids: docs.stripe.com/expand. Raises ApiError."""
    for path in paths:
        name, _, rest = path.partition(".")
        if name not in _EXPANDABLE or name not in body:
            raise ApiError(f"This property cannot be expanded ({name}).", param="expand", kept=False)
        if isinstance(body[name], str):
            body = body | {name: await retrieve(tx, _EXPANDABLE[name], body[name])}
        if rest and body[name]:
            body = body | {name: await expand(tx, body[name], [rest])}
    return body


_CLAUSE = re.compile(r"""metadata\[(["'])(?P<name>.+?)\1\]:(["'])(?P<value>.+?)\3""")


async def search(tx: db.Tx, kind: str, params: Params) -> Object:
    """Objects by their metadata: docs.stripe.com/search. Raises ApiError for another query."""
    wanted = {}
    for clause in params["query"].split(" AND "):
        match = _CLAUSE.fullmatch(clause.strip())
        if not match:
            raise ApiError("This look-alike searches metadata only.", param="query", kept=False)
        wanted[match["name"]] = match["value"]
    rows = await db.rows(SQL.by_metadata(tx, kind=kind, metadata=wanted, most=params.get("limit", 10)))
    return {
        "object": "search_result",
        "data": [row["body"] for row in rows],
        "has_more": False,
        "next_page": None,
        "url": f"/v1/{kind}s/search",
    }


async def listed(tx: db.Tx, kind: str, params: Params, url: str) -> Object:
    """One page of objects, newest first: docs.stripe.com/api/pagination."""
    most = int(params.get("limit", 10))
    rows = await db.rows(
        SQL.page_of(
            tx,
            kind=kind,
            payment_intent=params.get("payment_intent", ""),
            charge=params.get("charge", ""),
            since=int((params.get("created") or {}).get("gte", 0)),
            after=params.get("starting_after", ""),
            most=most + 1,
        )
    )
    bodies = [row["body"] for row in rows]
    return {"object": "list", "data": bodies[:most], "has_more": len(bodies) > most, "url": url}


async def add_event(tx: db.Tx, type: str, about: Object, after: timedelta | None = None) -> None:
    """Add an event about an object and enqueue its webhook, at once or after a while."""
    id = new_id("evt")
    event = {
        "id": id,
        "object": "event",
        "api_version": None,
        "created": await SQL.clock(tx),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    await SQL.add(tx, id=id, kind="event", body=event)
    await webhooks.enqueue(tx, id, type, after)
