"""The verbs of the register and of the exports, and what their pages read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import anyio
from anyio.abc import ObjectSendStream

from circles.attendance.register import rules
from circles.attendance.register.rules import BookingsFilter, Counts, Seat, Wanted
from circles.attendance.room.rules import Mark, Tap
from circles.base.errors import NotFound, Reason, Refused, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/register")
ROOM = db.queries("attendance/room")

# Spreadsheets read a file as UTF-8 when it begins with this mark (U+FEFF); without it names lose their accents.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Chunks read ahead of the browser: the copy waits while they are full, so memory stays flat.
AHEAD = 8
# Seconds an export may take before its connection is taken back.
PATIENCE = 600.0
PAGE = 50


@dataclass(frozen=True, slots=True)
class Register:
    """One gathering as its host sees it: the gathering's row, who is booked, and the counts."""

    gathering: db.Record
    seats: Sequence[Seat]

    @property
    def counts(self) -> Counts:
        """How many came, and so on."""
        return rules.count(seat.mark for seat in self.seats)

    @property
    def is_open(self) -> bool:
        """Whether marks can be made now."""
        row = self.gathering
        return not row["closed_at"] and rules.is_open(row["state"], row["starts_at"], row["now"])

    @property
    def has_begun(self) -> bool:
        """Whether the gathering has begun."""
        return self.gathering["starts_at"] <= self.gathering["now"]

    @property
    def held(self) -> int:
        """Seats kept for somebody who is paying just now."""
        return self.gathering["seats_taken"] - len(self.seats)


async def register(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> Register:
    """The register of a gathering, in two queries. Raises NotFound for whoever does not host its circle."""
    gathering = await SQL.hosted_gathering(tx, id=gathering_id, person=person_id)
    if gathering is None:
        raise NotFound
    seats = [Seat.of(row) for row in await db.rows(SQL.roster(tx, gathering=gathering_id))]
    return Register(gathering, seats)


async def mark(
    context: Context, *, person_id: UUID, gathering_id: UUID, booking_id: UUID | None, mark: str
) -> None:
    """Write came, absent or excused beside a booking, or take the mark away (an empty one).

    Making the mark that stands already changes nothing. Raises NotFound for whoever does not host the circle,
    Refused before the register opens, for a cancelled gathering, and for a seat that was given back.
    """
    async with context.db.transaction() as tx:
        gathering = await SQL.hosted_gathering(tx, id=gathering_id, person=person_id)
        if gathering is None:
            raise NotFound
        closed = gathering["closed_at"] is not None
        refuse_if(
            rules.refusals(gathering["state"], gathering["starts_at"], gathering["now"], mark, closed=closed)
        )
        if not booking_id or not await SQL.lock_seat(tx, booking=booking_id, gathering=gathering_id):
            raise Refused(
                Reason("not_booked", "This seat was given back in the meantime, so it has no mark.")
            )
        await keep_tap(tx, Tap(key=uuid4(), booking=booking_id, mark=cast("Mark", mark), ago=0), person_id)


async def keep_tap(tx: db.Tx, tap: Tap, who: UUID) -> None:
    """Keep one tap on a seat the caller has locked. It counts once, and the newest of a seat stands."""
    ago = timedelta(milliseconds=tap.ago)
    if not await ROOM.keep_tap(tx, key=tap.key, booking=tap.booking, mark=tap.mark, ago=ago, who=who):
        return
    if await ROOM.newest_tap(tx, booking=tap.booking) != tap.key:
        return
    before = await SQL.mark_of(tx, booking=tap.booking) or ""
    if before == tap.mark:
        return
    if tap.mark:
        await SQL.write_mark(tx, booking=tap.booking, mark=tap.mark, who=who)
    else:
        await SQL.clear_mark(tx, booking=tap.booking)
    await audit.record(tx, "attendance.marked", tap.booking, who=who, before=before, after=tap.mark)


async def begin_export(context: Context, *, person_id: UUID, wanted: Wanted) -> UUID:
    """Note who takes the attendance out, before the first row leaves. Returns the id of the note.

    Raises Refused for a circle that is not there.
    """
    async with context.db.transaction() as tx:
        ids = list(wanted.circles)
        if ids and await SQL.known_circles(tx, ids=ids) != len(ids):
            raise Refused(rules.unknown_circle())
        export_id = await SQL.begin_export(tx, what="attendance", who=person_id, filters=wanted.filters)
        await audit.record(tx, "attendance.exported", export_id, who=person_id, details=wanted.filters)
        return export_id


async def export(context: Context, export_id: UUID, wanted: Wanted) -> AsyncGenerator[bytes]:
    """The attendance as CSV (RFC 4180; UTF-8 with its mark), chunk by chunk as the browser takes them.

    Closing the generator ends the copy and gives its connection back.
    """
    send, receive = anyio.create_memory_object_stream[bytes](AHEAD)
    copying = asyncio.create_task(_copy(context, wanted, send))
    try:
        async with receive:
            yield BYTE_ORDER_MARK
            async for chunk in receive:
                yield chunk
        await _finish(context, export_id, await copying)
    finally:
        copying.cancel()


async def _copy(context: Context, wanted: Wanted, send: ObjectSendStream[bytes]) -> int:
    """Copy every row into the stream, waiting while it is full. Returns how many rows there were."""
    chosen = {"first": wanted.first, "last": wanted.last, "circles": list(wanted.circles)}

    async def write(chunk: bytes) -> None:
        await send.send(bytes(chunk))  # of a bytearray, which the server does not take

    async with send:
        try:
            async with context.db.reading() as tx:
                return await db.copy_out(tx, SQL.attendance_csv, chosen, write, timeout=PATIENCE)
        except anyio.BrokenResourceError:
            return 0  # the browser went away


async def _finish(context: Context, export_id: UUID, rows: int) -> None:
    async with context.db.transaction() as tx:
        await SQL.finish_export(tx, id=export_id, row_count=rows)


async def export_page(tx: db.Tx) -> tuple[list[db.Record], list[db.Record]]:
    """What the page of exports shows: the circles to choose from, and the newest exports."""
    return await db.rows(SQL.circle_choices(tx)), await db.rows(SQL.export_log(tx, most=50))


async def fortnight(tx: db.Tx) -> list[db.Record]:
    """The gatherings of the last and the next seven days."""
    return await db.rows(SQL.fortnight(tx))


async def bookings_page(tx: db.Tx, wanted: BookingsFilter) -> tuple[list[db.Record], list[db.Record]]:
    """One page of all bookings, and the circles to choose from."""
    found = SQL.bookings_page(
        tx, state=wanted.state, circle=wanted.circle, most=PAGE, skip=(wanted.page - 1) * PAGE
    )
    return await db.rows(found), await db.rows(SQL.circle_choices(tx))
