"""One gathering with all that a booking needs of it, in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from circles.base.money import Scale
from circles.gatherings.rules import Seats
from circles.store import db

SQL = db.queries("gatherings/gatherings")


@dataclass(frozen=True, slots=True)
class BookableGathering(Seats):
    """One gathering with all a booking needs of it and of its circle. Amounts in minor units.

    hosts: (id, name), the lead first. Only those booked may see address and join_link. pool_is_empty: the pool to which
    the circle ties its community seats carries none now; community_planned: how many there are otherwise.
    """

    gathering_id: UUID
    circle_id: UUID
    circle_name: str
    discreet_name: str
    state: str
    circle_state: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    wall_start: datetime
    length_minutes: int
    capacity: int
    seats_taken: int
    community_seats: int
    community_taken: int
    place: str
    city: str
    address: str
    join_link: str
    format: str
    scale: Scale
    refund_hours: int
    late_refund_percent: int
    guidelines_id: UUID
    note: str
    cancel_reason: str
    hosts: tuple[tuple[UUID, str], ...]
    pool_is_empty: bool = False
    community_planned: int = 0

    @property
    def offers_community(self) -> bool:
        """Whether a form offers a community seat: one is left, and a pool to which the circle ties them carries it."""
        return self.community_left > 0 and not self.pool_is_empty


_COLUMNS = [field.name for field in fields(BookableGathering) if field.name not in ("scale", "hosts")]


def bookable_of(row: db.Record) -> BookableGathering:
    """A gathering from a row with the columns of the view `bookable_gatherings`."""
    return BookableGathering(
        **{name: row[name] for name in _COLUMNS},
        scale=Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"]),
        hosts=tuple(zip(row["host_ids"], row["host_names"], strict=True)),
    )


async def bookable_gatherings(tx: db.Tx, ids: Sequence[UUID]) -> dict[UUID, BookableGathering]:
    """Several gatherings at once, in one query; drafts and unknown ids are left out."""
    rows = await db.rows(SQL.bookable_gatherings(tx, ids=list(ids)))
    return {row["gathering_id"]: bookable_of(row) for row in rows}
