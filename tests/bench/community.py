"""A large community of invented people in a database of its own, made by tests/bench/community.sql."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from circles.store import db
from tests.bench import directory, stage

STATEMENTS = Path(__file__).with_suffix(".sql")

# Nothing of it needs to survive a crash. Triggers and foreign keys would take most of the time.
FAST = {
    "session_replication_role": "replica",
    "synchronous_commit": "off",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "default_statistics_target": "30",
}
# An index that is there while its table is filled takes longer than one that is made afterwards.
SECONDARY = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made
from pg_index join pg_class on pg_class.oid = indrelid
where relnamespace = 'public'::regnamespace and relname = any($1)
    and not exists (select from pg_constraint where conindid = indexrelid)
"""
LARGE = [
    "people", "sign_ins", "gatherings", "bookings", "checkouts", "operations", "money_rows", "events", "acceptances",
    "attendance", "invites", "sendings", "mails", "register_counts", "register_marks", "hosted_gatherings",
    "register_facts", "waits", "reminders", "host_entries", "walk_ins", "checkout_lines", "cash_rows", "message_people",
    "known_browsers", "payment_facts", "payment_sums",
]  # fmt: skip


def row_id(kind: str, number: int) -> UUID:
    """The id of an invented row, as the statements make it."""
    return UUID(hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Community:
    """A community of so many people: the ids of its rows, by their numbers."""

    people: int

    @property
    def circles(self) -> int:
        return self.people // 500

    @property
    def facilitators(self) -> int:
        return self.people // 1000

    @property
    def circle(self) -> UUID:
        """A circle that facilitator 2 leads."""
        return row_id("circle", 2)

    @property
    def organizer(self) -> UUID:
        return row_id("person", self.facilitators)

    @property
    def host(self) -> UUID:
        return row_id("person", 2)

    @property
    def member(self) -> UUID:
        """Somebody who comes to `circle`, and has a seat at `ahead`."""
        return self._member_of(107)

    def gathering(self, place: int) -> UUID:
        """A gathering of `circle`: 0 to 104 are over, 105 to 124 ahead."""
        return row_id("gathering", place * self.circles + 2)

    def booking(self, place: int) -> UUID:
        """The booking of the first seat at a gathering of `circle`."""
        return row_id("booking", self._booking_number(place))

    def _booking_number(self, place: int) -> int:
        return (place * self.circles + 2) * 20

    def _member_of(self, place: int) -> UUID:
        return row_id("person", place * 20 % 500 * self.circles + 2)


async def fill(server: str, name: str, people: int) -> str:
    """A new database with so many people (a multiple of 5,000). Returns its address."""
    url = await stage.fresh(server, name)
    connection = await db.connect(url)
    try:
        await directory.add_listings(connection, people // 100)
        for setting, value in FAST.items():
            await connection.execute(f"set {setting} = '{value}'")
        indexes = await connection.fetch(SECONDARY, LARGE)
        for index in indexes:
            await connection.execute(f"drop index {index['name']}")
        text = STATEMENTS.read_text().replace(":people", str(people))
        for statement in re.split(r";\n\n", text):
            await connection.execute(statement, timeout=3600)
        for index in indexes:
            await connection.execute(index["made"], timeout=3600)
        await connection.execute("analyze", timeout=3600)
    finally:
        await connection.close()
    return url
