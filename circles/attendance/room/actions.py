"""The live page of a gathering: what it shows, and the taps and walk-ins sent from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from circles import gatherings
from circles.attendance.register import actions as register_actions
from circles.attendance.register.actions import Register, Tapped
from circles.attendance.register.rules import Marking, WalkInRow
from circles.attendance.room import rules
from circles.attendance.room.rules import Tap
from circles.attendance.run_sheet.actions import sheet
from circles.attendance.run_sheet.rules import Step, total
from circles.attendance.walk_ins import actions as walk_ins_actions
from circles.attendance.walk_ins.rules import WalkIn
from circles.base.errors import NotFound, Reason, Refused, refuse_if
from circles.store import db
from circles.store.context import Context


@dataclass(frozen=True, slots=True)
class Room(Register):
    """A register with the steps of the run sheet, as the live page shows it."""

    steps: list[Step]

    @property
    def opened(self) -> bool:
        """Whether members see the join link."""
        return gatherings.room_is_open(self.gathering["opened_at"], self.gathering["starts_at"])

    @property
    def can_open(self) -> bool:
        row = self.gathering
        soon = row["starts_at"] - gatherings.ROOM_OPENS_BEFORE <= row["now"] < row["ends_at"]
        return row["state"] == "open" and soon and not self.opened and self.may_run

    @property
    def can_shut(self) -> bool:
        row = self.gathering
        return row["state"] == "open" and self.opened and self.may_run and row["now"] < row["ends_at"]

    @property
    def minutes(self) -> int:
        return total(self.steps)

    @property
    def kept_seconds(self) -> int:
        """How long a tab may keep this page for a reload offline, in seconds."""
        row = self.gathering
        times = row["starts_at"], row["ends_at"], row["now"]
        kept = rules.kept_for(row["state"], *times, closed=row["closed_at"] is not None)
        return int(kept.total_seconds())


async def room(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> Room:
    """The live page of a gathering, in three queries. Raises NotFound for anybody but its hosts and helpers."""
    gathering = await register_actions.hosted_gathering(tx, gathering_id, actor_id)
    seats = await register_actions.seats(tx, gathering_id)
    return Room(gathering, seats, (await sheet(tx, "gathering", gathering_id, actor_id)).steps)


async def save_taps(
    context: Context, *, actor_id: UUID, gathering_id: UUID, taps: Sequence[Tap]
) -> dict[UUID, Marking]:
    """Save the taps of a phone, each once; of a seat the one that was made last decides. Returns every mark.

    Taps on a seat that was given back are ignored. Raises NotFound, and Refused while no marks can be made.
    """
    async with context.db.transaction() as tx:
        row = await register_actions.lock_register(tx, gathering_id, actor_id)
        if taps:
            refuse_if(register_actions.mark_refusals(row, ""))
            # In the same order in every transaction, so that two phones never deadlock.
            for line in sorted({tap.line for tap in taps}):
                of_line = [tap for tap in taps if tap.line == line]
                if await register_actions.lock_line(tx, gathering_id, of_line[0].booking, of_line[0].walk_in):
                    await _record(tx, of_line, actor_id)
        return await register_actions.marks(tx, gathering_id)


async def _record(tx: db.Tx, taps: Sequence[Tap], actor_id: UUID) -> None:
    for tap in taps:
        tapped = Tapped(
            tap.marking, tap.booking, tap.walk_in, key=tap.key, ago=timedelta(milliseconds=tap.ago)
        )
        await register_actions.record_tap(tx, tapped, actor_id=actor_id)


async def save_walk_ins(
    context: Context, *, actor_id: UUID, gathering_id: UUID, walk_ins: Sequence[WalkIn]
) -> dict[str, dict[str, str]]:
    """Add the walk-ins of a phone, each once. Returns by their key what became of each.

    state: "added", "asks" (the room is full, and the host has to say that they join all the same) or "refused"; text:
    why.
    """
    answers: dict[str, dict[str, str]] = {}
    try:
        async with context.db.transaction() as tx:
            gathering = await walk_ins_actions.lock(tx, gathering_id, actor_id)
            closed = walk_ins_actions.closed_refusals(gathering)
            for walk_in in walk_ins:
                answers[str(walk_in.key)] = await _answer(tx, gathering, walk_in, actor_id, closed)
    except NotFound:  # a helper, who makes marks alone
        text = "Only those who host this gathering can add somebody."
        return {str(walk_in.key): {"state": "refused", "text": text} for walk_in in walk_ins}
    return answers


async def _answer(
    tx: db.Tx, gathering: db.Record, walk_in: WalkIn, actor_id: UUID, closed: Sequence[Reason]
) -> dict[str, str]:
    try:
        # One that was added before the register closed is there, however late its answer was lost.
        if closed and not await walk_ins_actions.is_there(tx, gathering, walk_in):
            raise Refused(closed)
        await walk_ins_actions.add_locked(tx, gathering, walk_in, actor_id=actor_id)
    except Refused as refused:
        text = " ".join(reason.text for reason in refused.reasons)
        return {"state": "asks" if "over_capacity" in refused.codes else "refused", "text": text}
    return {"state": "added", "text": ""}


async def shown(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> tuple[dict[UUID, Marking], list[WalkInRow]]:
    """The mark of every booking, and those who came without one. Raises NotFound."""
    gathering = await register_actions.hosted_gathering(tx, gathering_id, actor_id)
    return await register_actions.marks(tx, gathering_id), Register(gathering, ()).walk_ins
