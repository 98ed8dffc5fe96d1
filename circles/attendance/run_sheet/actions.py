"""The run sheet of a circle, and the copy a gathering has of it: read, changed, put back."""

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


async def sheet(tx: db.Tx, kind: Kind, about: UUID, person_id: UUID, *, to_change: bool = False) -> Sheet:
    """The run sheet of a circle or a gathering, in one query; a starting one where there is none yet.

    Raises NotFound for whoever does not host the circle, and for a helper when it is to be changed.
    """
    find = SQL.of_circle if kind == "circle" else SQL.of_gathering
    found = await find(tx, id=about, person=person_id)
    if found is None or (to_change and not found["may_change"]):
        raise NotFound
    if found["steps"] is None:
        return Sheet(kind, found, rules.start(found["format"], found["length_minutes"]))
    return Sheet(kind, found, rules.stored(found["steps"]))


async def save(
    context: Context, *, person_id: UUID, kind: Kind, about: UUID, steps: list[Step], version: int
) -> None:
    """Write the steps: of the circle, or of one gathering as a copy of its own.

    version: as the form was made with. Raises NotFound, and OutOfDate when somebody saved it meanwhile.
    """
    async with context.db.transaction() as tx:
        found = await _locked(tx, kind, about, person_id)
        if found.about["version"] != version:
            raise OutOfDate(
                Reason(
                    "out_of_date", "Somebody else saved this run sheet in the meantime. Yours is kept below."
                )
            )
        refuse_if([Reason("empty", "A run sheet keeps at least one step.")] if not steps else [])
        where = {"circle": found.about["circle_id"], "gathering": found.gathering_id}
        sheet_id = await SQL.touch_sheet(tx, **where, person=person_id)
        sheet_id = sheet_id or await SQL.write_sheet(tx, **where, person=person_id)
        await SQL.drop_steps(tx, sheet=sheet_id)
        rows = [{"position": number} | asdict(step) for number, step in enumerate(steps, start=1)]
        await SQL.write_steps(tx, sheet=sheet_id, steps=rows)
        details = {"steps": len(steps), "minutes": rules.total(steps)}
        await audit.record(tx, "run_sheet.changed", about, who=person_id, details=details)


async def put_back(context: Context, *, person_id: UUID, kind: Kind, about: UUID) -> None:
    """A gathering follows its circle again, a circle has its starting sheet again. Twice is as once."""
    async with context.db.transaction() as tx:
        found = await _locked(tx, kind, about, person_id)
        dropped = await SQL.drop_sheet(tx, circle=found.about["circle_id"], gathering=found.gathering_id)
        if dropped:
            await audit.record(tx, "run_sheet.put_back", about, who=person_id)


async def _locked(tx: db.Tx, kind: Kind, about: UUID, person_id: UUID) -> Sheet:
    """The sheet for somebody who may change it, as it is once everybody before us is done."""
    found = await sheet(tx, kind, about, person_id, to_change=True)
    await SQL.lock_circle(tx, id=found.about["circle_id"])
    return await sheet(tx, kind, about, person_id, to_change=True)
