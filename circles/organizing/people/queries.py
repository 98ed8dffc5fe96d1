"""Reads of one person's page for organizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.base import reading
from circles.base.errors import or_not_found
from circles.organizing.people import suspend_rules
from circles.store import db

SQL = db.queries("organizing/people")

PER_PAGE: Final = 20
MAX_EVENTS: Final = 30

# What was done to an account; the audit page has the rest.
EVENT_KINDS: Final = (
    "credential.seen",
    "person.facilitator",
    "person.invited",
    "person.joined",
    "person.lifted",
    "person.merge_asked",
    "person.merge_withdrawn",
    "person.merged",
    "person.organizer",
    "person.suspended",
    "person.suspension_asked",
    "person.suspension_withdrawn",
    "privacy.exported",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Which of a person's bookings a page shows. only: one of the two lists, from a place on; else both."""

    only: Literal["", "ahead", "past"] = ""
    after_at: datetime | None = None
    after_id: UUID | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Part:
        """The part that a query string names; both lists from their beginning for what cannot be read."""
        only = values.get("list", "")
        micros, _, after = values.get("after", "").partition(".")
        after_id = reading.uuid_or_none(after)
        if only not in ("ahead", "past") or after_id is None:
            return cls()
        if not (micros.isascii() and micros.isdigit() and len(micros) <= 17):
            return cls()
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))
        return cls("ahead" if only == "ahead" else "past", at, after_id)


@dataclass(frozen=True, slots=True)
class Page:
    """One person as organizers may know them."""

    person: db.Record
    ahead: list[db.Record]
    past: list[db.Record]
    more_ahead: str
    more_past: str
    events: list[db.Record]


async def page(tx: db.Tx, person_id: UUID, part: Part) -> Page:
    """What the page of a person shows, by three queries. Raises NotFound."""
    person = or_not_found(await SQL.person(tx, id=person_id, days=suspend_rules.ORGANIZER_DAYS))
    rows = await db.rows(
        SQL.bookings(
            tx,
            person_id=person_id,
            ahead_limit=0 if part.only == "past" else PER_PAGE + 1,
            past_limit=0 if part.only == "ahead" else PER_PAGE + 1,
            after_at=part.after_at,
            after_id=part.after_id,
        )
    )
    events = await db.rows(SQL.events(tx, person_id=person_id, kinds=list(EVENT_KINDS), most=MAX_EVENTS))
    ahead, past = [row for row in rows if row["is_ahead"]], [row for row in rows if not row["is_ahead"]]
    return Page(
        person,
        ahead[:PER_PAGE],
        past[:PER_PAGE],
        _more(person_id, "ahead", ahead),
        _more(person_id, "past", past),
        events,
    )


def _more(person_id: UUID, name: str, rows: list[db.Record]) -> str:
    """The URL of the rows after this page; empty where there are none."""
    if len(rows) <= PER_PAGE:
        return ""
    last = rows[PER_PAGE - 1]
    micros = int(last["starts_at"].timestamp() * 1_000_000)
    return f"/organize/people/{person_id}?list={name}&after={micros}.{last['id']}"
