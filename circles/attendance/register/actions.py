"""The register: read it, make marks, keep the taps that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from circles import people
from circles.attendance.register import rules
from circles.attendance.register.rules import Counts, Marking, Seat, WalkInRow
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("attendance/register")


@dataclass(frozen=True, slots=True)
class Register:
    """One gathering as its host sees it: the gathering's row and the confirmed seats."""

    gathering: db.Record
    seats: Sequence[Seat]

    @property
    def counts(self) -> Counts:
        return rules.count([*(seat.marking for seat in self.seats), *(row.marking for row in self.walk_ins)])

    @property
    def walk_ins(self) -> list[WalkInRow]:
        """Those who came without a booking, in the order in which they were added."""
        return [WalkInRow.of(stored) for stored in self.gathering["walk_ins"]]

    @property
    def seated(self) -> list[Seat | WalkInRow]:
        """Who has a seat in the ring."""
        return [*self.seats, *(row for row in self.walk_ins if row.seat is not None)]

    @property
    def in_room(self) -> int:
        """Seats taken, and chairs beyond them."""
        return self.gathering["seats_taken"] + sum(row.seat is None for row in self.walk_ins)

    @property
    def is_open(self) -> bool:
        row = self.gathering
        return not row["closed_at"] and rules.is_open(row["state"], row["starts_at"], row["now"])

    @property
    def has_begun(self) -> bool:
        return self.gathering["starts_at"] <= self.gathering["now"]

    @property
    def may_run(self) -> bool:
        """Whether the viewer is a full host of this gathering, not only a helper."""
        return self.gathering["part"] in rules.MAY_RUN

    @property
    def held(self) -> int:
        return self.gathering["seats_taken"] - len(self.seated)


async def register(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> Register:
    """The register of a gathering, in two queries. Raises NotFound for anybody but its hosts."""
    return Register(await hosted_gathering(tx, gathering_id, actor_id), await seats(tx, gathering_id))


async def hosted_gathering(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    """A gathering for its hosts, helpers and stand-in. Raises NotFound for anybody else."""
    return or_not_found(await SQL.hosted_gathering(tx, id=gathering_id, actor_id=actor_id))


async def seats(tx: db.Tx, gathering_id: UUID) -> list[Seat]:
    """The confirmed seats of a gathering, by name."""
    rows = await db.rows(SQL.roster(tx, gathering=gathering_id))
    hints = people.same_names.tell_apart(rows)
    return [Seat.of(row, hints.get(row["person_id"], "")) for row in rows]


async def marks(tx: db.Tx, gathering_id: UUID) -> dict[UUID, Marking]:
    """The mark of every confirmed booking of a gathering, an empty one where there is none."""
    return {row["id"]: _marking(row) for row in await db.rows(SQL.marks(tx, gathering=gathering_id))}


def _marking(row: db.Record | None) -> Marking:
    return Marking(row["mark"], row["late"], row["left_early"]) if row else Marking("")


async def mark(
    context: Context,
    *,
    actor_id: UUID,
    gathering_id: UUID,
    booking_id: UUID | None,
    mark: str,
    walk_in_id: UUID | None = None,
) -> None:
    """Write a mark beside a booking or a walk-in, or remove that of a booking (an empty one).

    mark: as the button says it (`Marking.parse`). Idempotent. Raises NotFound for anybody but a host, Refused before
    the register opens and once it is closed, for a canceled gathering, and for a seat that was given back.
    """
    marking = Marking.parse(mark)
    async with context.db.transaction() as tx:
        gathering = await lock_register(tx, gathering_id, actor_id)
        reasons = mark_refusals(gathering, marking.mark)
        if walk_in_id and marking.mark != "came":
            reasons.append(rules.walk_in_reason())
        refuse_if(reasons)
        if not await lock_line(tx, gathering_id, booking_id, walk_in_id):
            raise Refused(
                Reason("not_booked", "This seat was given back in the meantime, so it has no mark.")
            )
        await record_tap(tx, Tapped(marking, booking_id, walk_in_id), actor_id=actor_id)


async def lock_register(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    """Hold a register so that it does not close until the transaction ends, and read its gathering for a host.

    Always before any lock of a booking. Raises NotFound.
    """
    or_not_found(await SQL.lock_register(tx, gathering=gathering_id))
    return await hosted_gathering(tx, gathering_id, actor_id)


def mark_refusals(gathering: db.Record, mark: str) -> list[Reason]:
    """Every reason why this mark cannot be made at a gathering now."""
    row = gathering
    closed = row["closed_at"] is not None
    return rules.mark_refusals(row["state"], row["starts_at"], row["now"], mark, closed=closed)


async def lock_line(
    tx: db.Tx, gathering_id: UUID, booking_id: UUID | None, walk_in_id: UUID | None = None
) -> bool:
    """Lock a confirmed booking or a walk-in until the transaction ends. Returns whether there is one: not for both."""
    if booking_id and walk_in_id:
        return False
    if walk_in_id:
        return bool(await SQL.lock_walk_in(tx, walk_in=walk_in_id, gathering=gathering_id))
    return bool(booking_id and await SQL.lock_seat(tx, booking=booking_id, gathering=gathering_id))


@dataclass(frozen=True, slots=True)
class Tapped:
    """One tap on the register: what it marks, and of whom.

    key: the same key counts once. ago: how long before now the tap was made.
    """

    marking: Marking
    booking_id: UUID | None = None
    walk_in_id: UUID | None = None
    key: UUID | None = None
    ago: timedelta = timedelta(0)

    @property
    def about(self) -> UUID:
        """The booking or the walk-in. Raises ValueError for neither."""
        if about := self.booking_id or self.walk_in_id:
            return about
        raise ValueError("a tap is on a booking or on a walk-in")


async def record_tap(tx: db.Tx, tapped: Tapped, *, actor_id: UUID) -> None:
    """Record one tap; the one that was made last decides. The caller has locked the register and the line.

    Triggers keep the record and the mark as it is now (sql/migrations/0140_register_marks.sql).
    """
    line = {"booking": tapped.booking_id, "walk_in": tapped.walk_in_id}
    before = _marking(await SQL.present_mark(tx, **line))
    marking = tapped.marking
    await SQL.insert_tap(
        tx,
        **line,
        key=tapped.key or uuid4(),
        mark=marking.mark,
        late=marking.late,
        left_early=marking.left_early,
        ago=tapped.ago,
        actor_id=actor_id,
    )
    after = _marking(await SQL.present_mark(tx, **line))
    if before != after:
        await audit.record(
            tx, "attendance.marked", tapped.about, actor_id=actor_id, before=before.value, after=after.value
        )


async def mark_rest_absent(tx: db.Tx, gathering_id: UUID, *, actor_id: UUID) -> None:
    """Mark everybody absent who has a seat and no mark. The caller has locked the gathering."""
    for row in await db.rows(SQL.mark_rest_absent(tx, gathering=gathering_id, actor_id=actor_id)):
        await audit.record(tx, "attendance.marked", row["booking_id"], actor_id=actor_id, after="absent")


@jobs.every("attendance.forget_taps", "41 4 * * *")
async def forget_taps(context: Context) -> None:
    """Forget the keys of taps older than 31 days: no phone sends them again (room.rules.OLDEST_TAP)."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_taps(tx)
