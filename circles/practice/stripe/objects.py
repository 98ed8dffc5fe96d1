"""Objects of the look-alike: errors, ids, reading, events. Their state is in the database.

Each function of this package is a part of the caller's transaction and returns the object as Stripe would show it.
Only what this site uses is here; the strict check in api.py refuses everything else.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
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
_EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "balance_transaction": "balance_transaction",
    "failure_balance_transaction": "balance_transaction",
}


async def expand(tx: db.Tx, body: Object, paths: Sequence[str]) -> Object:
    """An object with the objects that `paths` name in place of their ids: docs.stripe.com/expand. Raises ApiError."""
    for path in paths:
        name, _, rest = path.partition(".")
        if name == "data" and body["object"] == "list":
            body = body | {"data": await _expand_all(tx, body["data"], rest)}
            continue
        if name == "source":
            (body,) = await _expand_all(tx, [body], name)
            continue
        if name not in _EXPANDABLE or name not in body:
            raise ApiError(f"This property cannot be expanded ({name}).", param="expand", kept=False)
        if isinstance(body[name], str):
            body = body | {name: await retrieve(tx, _EXPANDABLE[name], body[name])}
        if rest and body[name]:
            body = body | {name: await expand(tx, body[name], [rest])}
    return body


async def _expand_all(tx: db.Tx, bodies: list[Object], name: str) -> list[Object]:
    """The objects of a list, each with what it names so in place of the id, of whatever kind. Raises ApiError."""
    if any(name not in body for body in bodies):
        raise ApiError(f"This property cannot be expanded ({name}).", param="expand", kept=False)
    ids = [body[name] for body in bodies if isinstance(body[name], str)]
    known = {row["id"]: row["body"] for row in await db.rows(SQL.by_ids(tx, ids=ids))}
    return [body | {name: known.get(body[name], body[name])} for body in bodies]


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


async def listed(
    tx: db.Tx,
    kind: str,
    params: Params,
    url: str,
    *,
    payout: str = "",
    matching: Mapping[str, Any] | None = None,
) -> Object:
    """One page of objects, newest first: docs.stripe.com/api/pagination.

    payout: in which they went out; matching: values that they have.
    """
    most = int(params.get("limit", 10))
    since, before = _range(params.get("created"))
    rows = await db.rows(
        SQL.page_of(
            tx,
            kind=kind,
            payment_intent=params.get("payment_intent", ""),
            charge=params.get("charge", ""),
            since=since,
            before=before,
            payout=payout,
            matching=dict(matching or {}),
            after=params.get("starting_after", ""),
            most=most + 1,
        )
    )
    bodies = [row["body"] for row in rows]
    return {"object": "list", "data": bodies[:most], "has_more": len(bodies) > most, "url": url}


def _range(created: Any) -> tuple[int, int]:
    """From which second on, and before which one, an object was to be made."""
    if isinstance(created, int | str):
        return int(created), int(created) + 1
    given = {name: int(value) for name, value in (created or {}).items()}
    since = max(given.get("gte", 0), given.get("gt", -1) + 1)
    return since, min(given.get("lt", _FAR), given.get("lte", _FAR - 1) + 1)


_FAR = 2**40


async def add_event(
    tx: db.Tx, type: str, about: Object, after: timedelta | None = None, *, account: str = ""
) -> None:
    """Add an event about an object and enqueue its webhook, at once or after a while.

    account: the connected account it happened at; such an event goes to another endpoint.
    """
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
    } | _present(account=account)
    await SQL.add(tx, id=id, kind="event", body=event)
    await webhooks.enqueue(tx, id, type, after)
