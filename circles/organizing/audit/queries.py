"""Reads of the audit page: a page of events with the names of those they are about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.organizing.audit import words
from circles.organizing.audit.rules import Entry, Filter
from circles.store import db

SQL = db.queries("organizing/audit")

_HIDDEN = sorted(words.WORDS.keys() - words.SHOWN.keys())


async def entries(tx: db.Tx, chosen: Filter, limit: int, reader_id: UUID) -> list[Entry]:
    """Some events, the newest first, with names, for one organizer. Two queries."""
    events = await db.rows(_events(tx, chosen, limit))
    ids = {event["about"] for event in events} | {event["who"] for event in events if event["who"]}
    subjects = {row["id"]: row for row in await db.rows(SQL.subjects(tx, ids=list(ids)))} if ids else {}
    return [Entry(event, _who(event, subjects), subjects.get(event["about"]), reader_id) for event in events]


def _events(tx: db.Tx, chosen: Filter, limit: int) -> Any:
    if chosen.person_id:
        return SQL.of_person(
            tx, person=chosen.person_id, kinds=list(chosen.kinds), limit=limit, **chosen.bounds
        )
    if chosen.group:
        return SQL.of_kinds(tx, kinds=list(chosen.kinds), limit=limit, **chosen.bounds)
    families = list(words.CONFIDENTIAL_FAMILIES)
    return SQL.everything(tx, hidden=_HIDDEN, families=families, limit=limit, **chosen.bounds)


def _who(event: db.Record, subjects: dict[Any, db.Record]) -> str:
    if event["who"] is None:
        return "The site"
    person = subjects.get(event["who"])
    return person["person_name"] if person else "Somebody who left"
