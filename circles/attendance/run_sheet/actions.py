"""The run sheet of a circle, and the copy of one gathering: read, save, reset."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

from circles.attendance.run_sheet import rules
from circles.attendance.run_sheet.rules import Step
from circles.base.errors import NotFound, OutOfDate, Reason, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/run_sheet")

Kind = Literal["circle", "gathering"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A run sheet as hosts see it: the row of its circle or gathering, and its steps."""

    kind: Kind
    about: db.Record
    steps: list[Step]

    @property
    def gathering_id(self) -> UUID | None:
        """The gathering it belongs to; None for the circle's own."""
        return self.about["id"] if self.kind == "gathering" else None


async def sheet(tx: db.Tx, kind: Kind, about_id: UUID, actor_id: UUID, *, to_change: bool = False) -> Sheet:
    """The run sheet of a circle or a gathering, in one query; a starting one where there is none yet.

    about_id: of the circle or the gathering. Raises NotFound for anybody but its hosts, and with to_change for a
    helper too.
    """
    query = SQL.of_circle if kind == "circle" else SQL.of_gathering
    row = await query(tx, id=about_id, actor_id=actor_id)
    if row is None or (to_change and not row["may_change"]):
        raise NotFound
    if row["steps"] is None:
        return Sheet(kind, row, rules.starting_sheet(row["format"], row["length_minutes"], row["place"]))
    return Sheet(kind, row, rules.stored(row["steps"]))


async def save(
    context: Context, *, actor_id: UUID, kind: Kind, about_id: UUID, steps: list[Step], version: int
) -> None:
    """Save the steps of a circle, or of one gathering as its own copy.

    version: that of the form. Raises NotFound, and OutOfDate when somebody saved in the meantime.
    """
    async with context.db.transaction() as tx:
        current = await _locked(tx, kind, about_id, actor_id)
        if current.about["version"] != version:
            raise OutOfDate(
                Reason(
                    "out_of_date", "Somebody else saved this run sheet in the meantime. Yours is kept below."
                )
            )
        refuse_if([Reason("empty", "A run sheet keeps at least one step.")] if not steps else [])
        owner = {"circle": current.about["circle_id"], "gathering": current.gathering_id}
        sheet_id = await SQL.update_sheet(tx, **owner, actor_id=actor_id)
        sheet_id = sheet_id or await SQL.insert_sheet(tx, **owner, actor_id=actor_id)
        await SQL.delete_steps(tx, sheet=sheet_id)
        rows = [{"position": number} | asdict(step) for number, step in enumerate(steps, start=1)]
        await SQL.insert_steps(tx, sheet=sheet_id, steps=rows)
        details = {"steps": len(steps), "minutes": rules.total(steps)}
        await audit.record(tx, "run_sheet.changed", about_id, actor_id=actor_id, details=details)


async def reset(context: Context, *, actor_id: UUID, kind: Kind, about_id: UUID) -> None:
    """Delete a gathering's copy or a circle's own sheet, so that the one it came from applies again. Idempotent."""
    async with context.db.transaction() as tx:
        current = await _locked(tx, kind, about_id, actor_id)
        deleted = await SQL.delete_sheet(
            tx, circle=current.about["circle_id"], gathering=current.gathering_id
        )
        if deleted:
            await audit.record(tx, "run_sheet.put_back", about_id, actor_id=actor_id)


async def _locked(tx: db.Tx, kind: Kind, about_id: UUID, actor_id: UUID) -> Sheet:
    """The sheet for somebody who may change it, read again once its circle is locked."""
    before = await sheet(tx, kind, about_id, actor_id, to_change=True)
    await SQL.lock_circle(tx, id=before.about["circle_id"])
    return await sheet(tx, kind, about_id, actor_id, to_change=True)
