"""Helpers of every test: read and change the database directly, and load a person."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from circles import people
from circles.base import clock
from circles.invites import actions as invites_actions
from circles.store.context import Context

if TYPE_CHECKING:
    import httpx2

    from tests.conftest import Browser


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


async def rows(context: Context, query: str, *arguments: object) -> list[Any]:
    """The rows of a query."""
    async with context.db.transaction() as tx:
        return await tx.fetch(query, *arguments)


async def value(context: Context, query: str, *arguments: object) -> Any:
    """The first value of a query's first row."""
    async with context.db.transaction() as tx:
        return await tx.fetchval(query, *arguments)


async def change(context: Context, query: str, *arguments: object) -> None:
    """Change the database directly."""
    async with context.db.transaction() as tx:
        await tx.execute(query, *arguments)


async def start_in(context: Context, gathering: UUID, ahead: timedelta) -> None:
    """Move a gathering so that it starts this long from now."""
    zone = await value(context, "select zone from gatherings where id = $1", gathering)
    starts_at = clock.now() + ahead
    await change(
        context,
        "update gatherings set starts_at = $2, ends_at = $2::timestamptz + make_interval(mins => length_minutes), "
        "wall_start = $3 where id = $1",
        gathering,
        starts_at,
        clock.wall_time(starts_at, zone),
    )


async def person(context: Context, person_id: UUID) -> people.Person:
    """A person by their id."""
    async with context.db.reading() as tx:
        return (await people.by_ids(tx, [person_id]))[person_id]


@asynccontextmanager
async def demoted(context: Context, *people_ids: UUID) -> AsyncIterator[None]:
    """For a while these people have no role, as if it had been taken away without a new lead for their circles."""
    before = await rows(
        context, "select id, is_facilitator, is_organizer from people where id = any($1)", list(people_ids)
    )
    await change(
        context,
        "update people set is_facilitator = false, is_organizer = false where id = any($1)",
        list(people_ids),
    )
    yield
    for row in before:
        await change(
            context,
            "update people set is_facilitator = $2, is_organizer = $3 where id = $1",
            row["id"],
            row["is_facilitator"],
            row["is_organizer"],
        )


async def look_up(page: Browser, name: str, path: str = "/organize/people") -> httpx2.Response:
    """The results of an organizer's search for a name."""
    answer = await page.post(path, data={"q": name, "show": "all"})
    return await page.get(answer.headers["location"])


def missing(text: str, *words: str) -> list[str]:
    """Those of the words that a page or a mail does not contain."""
    return [one for one in words if one not in text]


async def send_invites(context: Context) -> None:
    """Send the invite of every confirmed seat, as the worker does right after a booking."""
    for row in await rows(context, "select id from bookings where state = 'confirmed'"):
        await invites_actions.send(context, booking_id=str(row["id"]))
