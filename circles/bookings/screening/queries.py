"""Reads of requests and of a circle's screening, each for the people who may see it."""

from __future__ import annotations

from uuid import UUID

from circles.base.errors import or_not_found
from circles.people import Person
from circles.store import db

SQL = db.queries("bookings/screening")

# Requests on the hosts' page.
MAX_SHOWN = 200


async def own_request(tx: db.Tx, actor: Person, request_id: UUID) -> db.Record:
    """A request of this person with its questions and answers. Raises NotFound."""
    return or_not_found(await SQL.own_request(tx, id=request_id, actor_id=actor.id))


async def hosted_request(tx: db.Tx, actor: Person, request_id: UUID) -> db.Record:
    """A request to a circle of this host, never their own, with its questions and answers. Raises NotFound."""
    return or_not_found(await SQL.hosted_request(tx, id=request_id, actor_id=actor.id))


async def kept_from(tx: db.Tx, request_id: UUID) -> list[str]:
    """The names of those with a seat at its gathering whom the person of a request is kept apart from."""
    return [row["name"] for row in await db.rows(SQL.kept_from(tx, id=request_id))]


async def hosted_requests(tx: db.Tx, actor: Person) -> tuple[list[db.Record], list[db.Record]]:
    """The requests to the circles of this host: those that wait for an answer, and the others."""
    rows = await db.rows(SQL.hosted_requests(tx, actor_id=actor.id, most=MAX_SHOWN))
    waiting = [row for row in rows if row["state"] == "waiting"]
    return waiting, [row for row in rows if row["state"] != "waiting"]


async def hosted_circle(tx: db.Tx, actor: Person, circle_id: UUID) -> db.Record:
    """A circle with its screening, for a lead or co-host. Raises NotFound."""
    return or_not_found(await SQL.hosted_circle(tx, circle_id=circle_id, actor_id=actor.id))
