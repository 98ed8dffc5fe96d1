"""The register: read it, make marks, keep the taps that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from circles import people
from circles.attendance.register import rules
from circles.attendance.register.rules import Counts, Seat, WalkInRow
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
        return rules.count([*(seat.mark for seat in self.seats), *(row.mark for row in self.walk_ins)])

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


async def marks(tx: db.Tx, gathering_id: UUID) -> dict[UUID, str]:
    """The mark of every confirmed booking of a gathering, "" where there is none."""
    return {row["id"]: row["mark"] for row in await db.rows(SQL.marks(tx, gathering=gathering_id))}


async def mark(
    context: Context, *, actor_id: UUID, gathering_id: UUID, booking_id: UUID | None, mark: str
) -> None:
    """Write came, absent or excused beside a booking, or remove the mark (an empty one).

    Idempotent. Raises NotFound for anybody but a host, Refused before the register opens, for a canceled
    gathering, and for a seat that was given back.
    """
    async with context.db.transaction() as tx:
        gathering = await hosted_gathering(tx, gathering_id, actor_id)
        closed = gathering["closed_at"] is not None
        refuse_if(
            rules.mark_refusals(
                gathering["state"], gathering["starts_at"], gathering["now"], mark, closed=closed
            )
        )
        if not booking_id or not await lock_seat(tx, gathering_id, booking_id):
            raise Refused(
                Reason("not_booked", "This seat was given back in the meantime, so it has no mark.")
            )
        await record_tap(tx, booking_id, mark, actor_id=actor_id)


async def lock_seat(tx: db.Tx, gathering_id: UUID, booking_id: UUID) -> bool:
    """Lock a confirmed booking until the transaction ends. Returns whether there is one."""
    return bool(await SQL.lock_seat(tx, booking=booking_id, gathering=gathering_id))


async def record_tap(
    tx: db.Tx,
    booking_id: UUID,
    mark: str,
    *,
    actor_id: UUID,
    key: UUID | None = None,
    ago: timedelta = timedelta(0),
) -> None:
    """Record one tap and let the newest tap of the seat decide its mark. The caller has locked the seat.

    key: the same key counts once. ago: how long before now the tap was made.
    """
    key = key or uuid4()
    if not await SQL.insert_tap(tx, key=key, booking=booking_id, mark=mark, ago=ago, actor_id=actor_id):
        return
    if await SQL.newest_tap(tx, booking=booking_id) != key:
        return
    before = await SQL.mark_of(tx, booking=booking_id) or ""
    if before == mark:
        return
    if mark:
        await SQL.write_mark(tx, booking=booking_id, mark=mark, actor_id=actor_id)
    else:
        await SQL.clear_mark(tx, booking=booking_id)
    await audit.record(tx, "attendance.marked", booking_id, actor_id=actor_id, before=before, after=mark)


@jobs.every("attendance.forget_taps", "41 4 * * *")
async def forget_taps(context: Context) -> None:
    """Forget taps older than 31 days: no phone sends them again (room.rules.OLDEST_TAP)."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_taps(tx)
