"""The bare handlers that the real pages are compared with: no access levels, no forms, no checks.

Run as `python -m tests.bench.limit.site PORT` with DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app import connect_features
from circles.base import clock
from circles.base.money import Scale
from circles.base.settings import Settings
from circles.gatherings import cards, filters, pages, rules, structured_data
from circles.gatherings.cards import Card, GatheringDate
from circles.gatherings.own_seats import seat_rules
from circles.store import db, templates
from circles.web.forms import Form
from circles.web.paging import FIRST, long_pager
from tests.growth import plans

GATHERINGS = db.queries("gatherings/gatherings")
GUIDELINES = db.queries("guidelines/guidelines")
AUDIT = db.queries("store/audit")
FRAME: dict[str, Any] = {
    "path": "/gatherings",
    "person": None,
    "settings": Settings(),
    "viewer": clock.NOBODY,
    "notice": None,
    "status": 200,
}
NO_FILTERS = filters.Filters()

# The reference stays one statement for each write, however the site itself merges them.
TAKE_SEAT = """
with gathering as (
    select id, seats_map from gatherings
    where id = $1 and state = 'open' and starts_at > clock_timestamp() and seats_taken < capacity
    for no key update
), free as (
    select gathering.id, min(number) as seat
    from gathering cross join generate_series(1, 24) as number
    where gathering.seats_map & (1 << number - 1) = 0
    group by gathering.id
)
insert into bookings (
    gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, refund_hours,
    late_refund_percent, acceptance_id, confirmed_at
)
select id, $2, seat, 'free', 'confirmed', 0, 'USD', 0, 0, 48, 0, $3, now()
from free where room_lets_in(id, $2)
on conflict do nothing
returning id
"""


async def _json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=6, init=_json)
    yield
    await app.state.pool.close()


ORDER = plans.parameters("gatherings/gatherings")


def bound(name: str, arguments: dict[str, Any]) -> list[Any]:
    """The arguments of a named query in the order of its placeholders."""
    return [arguments[parameter] for parameter in ORDER[name]]


async def listing(request: Request) -> Response:
    arguments = NO_FILTERS.arguments() | {"actor_id": None}
    rows = await request.app.state.pool.fetch(GATHERINGS.ahead.sql, *bound("ahead", arguments))
    total = rows[0]["total"] if rows else 0
    html = templates.render(
        "gatherings/list.html",
        **FRAME,
        form=Form(),
        filters=NO_FILTERS,
        filter_form=pages.filter_form(Form(), NO_FILTERS, ""),
        days=cards.by_day([Card.of(row) for row in rows], clock.NOBODY),
        part=False,
        total=total,
        result=NO_FILTERS.result_words(total),
        pager=long_pager(FIRST, [row["id"] for row in rows], total, filters.PER_PAGE, NO_FILTERS.url),
        here=NO_FILTERS.url(),
        public_feed=pages.COMMUNITY_FEED,
    )
    return HTMLResponse(html)


async def gathering(request: Request) -> Response:
    query = GATHERINGS.gathering_page
    arguments = {"id": UUID(request.path_params["id"]), "actor_id": None}
    row = dict(await request.app.state.pool.fetchrow(query.sql, *bound("gathering_page", arguments)))
    left = row["capacity"] - row["seats_taken"]
    scale, settings = (
        Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"]),
        FRAME["settings"],
    )
    html = templates.render(
        "gatherings/gathering.html",
        **FRAME,
        gathering=row,
        link_card=structured_data.gathering_card(row, settings.base_url),
        structured_data=structured_data.gathering_event(
            row, scale, left, settings.base_url, settings.community_name
        ),
        public_feed=f"/circles/{row['circle_id']}/feed",
        scale=scale,
        seats_left=left,
        community_left=min(row["community_seats"] - row["community_taken"], left),
        others=GatheringDate.read(row["others"]),
        format=rules.FORMATS[row["format"]],
        terms=rules.terms_words(row["refund_hours"], row["late_refund_percent"]),
        closed=rules.why_closed(row["state"], row["starts_at"], left, clock.now(), row["circle_state"]),
        own=seat_rules().view(row, clock.NOBODY, signed_in=False),
        pass_offer=row["pass_offer"],
    )
    return HTMLResponse(html)


async def book(request: Request) -> Response:
    """The writes of a booking that costs nothing, in one transaction, and a redirect."""
    form = await request.form()
    person, gathering_id = UUID(str(form["person"])), UUID(request.path_params["id"])
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        version_id = UUID(str(form["version"]))
        acceptance = await GUIDELINES.accept(connection, actor_id=person, version_id=version_id)
        row = await connection.fetchrow(TAKE_SEAT, gathering_id, person, acceptance)
        if row is None:
            return Response(status_code=422)
        await AUDIT.record(
            connection,
            what="booking.confirmed",
            about=row["id"],
            who=person,
            before="",
            after="confirmed",
            why="free",
            details={},
        )
        await connection.execute(
            "insert into pgqueuer (priority, status, entrypoint, payload, dedupe_key) "
            "values (0, 'queued', 'invites.send', $1, $2)",
            json.dumps({"booking_id": str(row["id"])}).encode(),
            f"invites.send:{row['id']}",
        )
    return Response(status_code=303, headers={"Location": f"/bookings/{row['id']}"})


app = Starlette(
    routes=[
        Route("/gatherings", listing),
        Route("/gatherings/{id}", gathering),
        Route("/gatherings/{id}/book", book, methods=["POST"]),
    ],
    lifespan=lifespan,
)

if __name__ == "__main__":
    connect_features()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
