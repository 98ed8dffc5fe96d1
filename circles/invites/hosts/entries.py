"""What somebody hosts as calendar entries: one of them, and those of a feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from circles.base.settings import Settings
from circles.invites import ics, sending
from circles.invites import rules as invite_rules
from circles.invites.hosts import rules
from circles.invites.hosts.rules import Shown
from circles.store import db

SQL = db.queries("invites/hosts")


def entry(
    settings: Settings,
    row: db.Record | Mapping[str, Any],
    shown: Shown,
    *,
    first_line: str,
    canceled: bool,
) -> ics.Entry:
    """A gathering in the calendar of its host. shown: what it shows; first_line: of its description."""
    page = f"{settings.base_url}/host/gatherings/{row['gathering_id']}"
    return ics.Entry(
        uid=row["uid"],
        sequence=row["sequence"],
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        summary=shown.discreet_name,
        description=rules.description(shown, first_line, page, rules.viewer(row)),
        url=page,
        changed_at=row["changed_at"],
        canceled=canceled,
        organizer=sending.organizer(settings, row["organizer"]),
        alarms=invite_rules.alarms(row),
    )


async def feed_entries(
    tx: db.Tx, settings: Settings, person_id: UUID, *, leaves_out_mailed: bool
) -> list[ics.Entry]:
    """What a person hosts, with how full it is, ahead and of the last 30 days."""
    rows = await db.rows(SQL.entries(tx, person_id=person_id, leaves_out_mailed=leaves_out_mailed))
    return [
        entry(
            settings,
            row,
            Shown.in_calendar(row),
            first_line=rules.feed_line(row),
            canceled=not row["hosting"],
        )
        for row in rows
    ]
