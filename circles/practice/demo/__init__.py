"""The demo community: invented people and circles around today's date, for practice mode and for tests."""

from __future__ import annotations

import hashlib

from circles.base import clock
from circles.base.errors import Reason, Refused
from circles.hosting import plant_some
from circles.payments import shares
from circles.practice.demo.agreements import change_guidelines
from circles.practice.demo.hosting import add_hosts, add_pictures, pause_end_and_copy
from circles.practice.demo.introductions import add_introductions
from circles.practice.demo.organizing.books import add_books
from circles.practice.demo.organizing.month import add_month
from circles.practice.demo.organizing.shares import add_terms, close_months
from circles.practice.demo.plan import Plan, community
from circles.practice.demo.room import open_room, write_messages_and_run_sheets
from circles.practice.demo.schedules import add_schedules
from circles.practice.demo.screening import add_screening
from circles.practice.demo.seating.hosted_seats import add_hosted_seats
from circles.practice.demo.seating.moved_seats import add_moved_seat
from circles.practice.demo.seating.passes import add_pass
from circles.practice.demo.seating.waiting import add_waiting
from circles.practice.demo.seats import fill_seats, send_invites
from circles.practice.demo.therapists import add_therapists
from circles.store import db
from circles.store.context import Context
from circles.store.privacy import MAP

__all__ = ["add_books", "is_new", "load", "plan"]

SQL = db.queries("practice/demo")
LISTINGS = db.queries("directory/listing")

# In this order, since each refers to those before it.
TABLES = [
    *("people", "credentials", "pictures", "guidelines", "guidelines_versions", "guidelines_drafts"),
    *("guidelines_asked", "circles", "hosts", "share_terms", "schedules", "gatherings", "host_invitations"),
    *(
        "stand_ins",
        "acceptances",
        "bookings",
        "pass_offers",
        "passes",
        "pass_uses",
        "waits",
        "given_seats",
        "register_marks",
        "walk_ins",
        "cash_rows",
        "invites",
    ),
    *("sendings", "checkouts", "checkout_lines"),
    *(
        "operations",
        "money_rows",
        "practice_objects",
        "messages",
        "message_people",
        "hand_over_notes",
        "reflections",
    ),
    *("run_sheets", "run_steps", "screenings", "requests", "request_answers", "apart", "listings"),
    *("licences", "listing_ways", "complaints", "introductions", "suggestions", "accesses", "concerns"),
    *("concern_steps", "circle_addresses", "exports", "facilitator_invitations", "events"),
]


async def is_new(database: db.Database) -> bool:
    """Whether the database has no people yet."""
    async with database.reading() as tx:
        return await SQL.is_new(tx)


async def load(context: Context) -> None:
    """Add the demo community in one transaction. No mail is sent.

    Raises Refused outside practice mode, and when the database has people already.
    """
    if not context.settings.practice:
        raise Refused(Reason("not_practice", "The demo community is for practice mode only."))
    async with context.db.transaction() as tx:
        await SQL.keep_others_out(tx)
        if not await SQL.is_new(tx):
            raise Refused(Reason("not_new", "There are people in this database already."))
        await _insert(tx, plan())
        await close_months(tx, shares.community_zone(context))


def plan() -> Plan:
    """The demo community as of this minute, not stored yet."""
    planned = community(clock.now())
    fill_seats(planned)
    add_hosts(planned)
    add_screening(planned)
    open_room(planned)
    write_messages_and_run_sheets(planned)
    change_guidelines(planned)
    pause_end_and_copy(planned)
    add_pass(planned)
    send_invites(planned)
    add_pictures(planned)
    add_therapists(planned)
    add_introductions(planned)
    add_schedules(planned)
    add_hosted_seats(planned)
    add_moved_seat(planned)
    add_waiting(planned)
    add_month(planned)
    add_terms(planned)
    _hash_acceptances(planned)
    for table in ("events", "money_rows"):
        planned.rows[table].sort(key=lambda row: row["at"])
    return planned


def _hash_acceptances(planned: Plan) -> None:
    """Set the hash of the accepted text in each acceptance."""
    bodies = {row["id"]: row["body"] for row in planned.rows["guidelines_versions"]}
    for row in planned.rows["acceptances"]:
        row["sha256"] = "\\x" + hashlib.sha256(bodies[row["version_id"]].encode()).hexdigest()


async def _insert(tx: db.Tx, planned: Plan) -> None:
    for table in TABLES:
        await db.copy_in(tx, table, [_columns(table, row) for row in planned.rows[table]])
    await SQL.tell_facts(tx)
    await LISTINGS.refresh_facets(tx, ids=[row["id"] for row in planned.rows["listings"]])
    # As the timetable does within the hour, half a year ahead: a clock change may be among them.
    await plant_some(tx)


def _columns(table: str, row: dict[str, object]) -> dict[str, object]:
    """The values of a row that its table has a column for: a plan gives every row an id."""
    return {name: value for name, value in row.items() if name in MAP[table]}
