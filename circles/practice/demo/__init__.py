"""The demo community: invented people and circles around today's date, for practice mode and for tests."""

from __future__ import annotations

import json

from circles.base import clock
from circles.base.errors import Reason, Refused
from circles.hosting import plant_some
from circles.practice.demo.agreements import agree
from circles.practice.demo.hosting import hold_together
from circles.practice.demo.introductions import introduce
from circles.practice.demo.invited import invite
from circles.practice.demo.plan import Plan, community
from circles.practice.demo.portraits import portray
from circles.practice.demo.resting import rest
from circles.practice.demo.room import open_rooms
from circles.practice.demo.schedules import schedule
from circles.practice.demo.screening import screen
from circles.practice.demo.seats import seat_everybody
from circles.practice.demo.therapists import list_therapists
from circles.practice.demo.written import write
from circles.store import db
from circles.store.context import Context

__all__ = ["is_new", "load", "plan"]

SQL = db.queries("practice/demo")

# In this order, since each leans on those before it.
TABLES = (
    "people",
    "credentials",
    "pictures",
    "guidelines",
    "guidelines_versions",
    "guidelines_drafts",
    "guidelines_asked",
    "circles",
    "hosts",
    "schedules",
    "gatherings",
    "host_invitations",
    "stand_ins",
    "rooms",
    "needs",
    "acceptances",
    "bookings",
    "attendance",
    "invites",
    "sendings",
    "checkouts",
    "operations",
    "money_rows",
    "practice_objects",
    "messages",
    "hand_over_notes",
    "reflections",
    "run_sheets",
    "run_steps",
    "screenings",
    "requests",
    "request_answers",
    "apart",
    "listings",
    "licences",
    "listing_ways",
    "complaints",
    "introductions",
    "suggestions",
    "accesses",
    "events",
)


async def is_new(database: db.Database) -> bool:
    """Whether nobody is in the database yet."""
    async with database.reading() as tx:
        return await SQL.is_new(tx)


async def load(context: Context) -> None:
    """Plant the demo community in one transaction. No mail is sent.

    Raises Refused outside practice mode, and where somebody is in the database already.
    """
    if not context.settings.practice:
        raise Refused(Reason("not_practice", "The demo community is for practice mode only."))
    async with context.db.transaction() as tx:
        await SQL.keep_others_out(tx)
        if not await SQL.is_new(tx):
            raise Refused(Reason("not_new", "There are people in this database already."))
        await _plant(tx, plan())


def plan() -> Plan:
    """The demo community as seen from this minute, not written anywhere yet."""
    found = community(clock.now())
    seat_everybody(found)
    hold_together(found)
    screen(found)
    open_rooms(found)
    write(found)
    agree(found)
    rest(found)
    invite(found)
    portray(found)
    list_therapists(found)
    introduce(found)
    found.rows["events"].sort(key=lambda row: row["at"])
    schedule(found)
    return found


async def _plant(tx: db.Tx, found: Plan) -> None:
    for table in TABLES:
        rows = json.loads(json.dumps(found.rows[table], default=str))
        await getattr(SQL, f"plant_{table}")(tx, rows=rows)
    ids = [row["id"] for row in found.rows["listings"]]
    await db.queries("directory/listing").refresh_facets(tx, ids=ids)
    # As the timetable does within the hour: sixteen weeks ahead, so a change of the clocks may be among them.
    await plant_some(tx)
