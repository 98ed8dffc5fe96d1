"""Beginning an export: its log entry first, then a stream, or a job where it is long. Presets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from circles.base.errors import Reason, Refused, or_not_found
from circles.exports import files, streaming
from circles.exports.kinds import Depth
from circles.exports.rules import KEPT_FOR, Choices
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("exports/exports")


@dataclass(frozen=True, slots=True)
class Begun:
    """An export whose log entry is written. is_long: whether a job makes the file."""

    id: UUID
    choices: Choices
    is_long: bool


async def begin(context: Context, *, actor_id: UUID, choices: Choices) -> Begun:
    """Log who exports what and for what, before the first row leaves; enqueue the job of a long one.

    Raises Refused for a circle or a facilitator that does not exist.
    """
    row_count = await count_rows(context, choices)
    is_long = row_count > choices.max_streamed
    async with context.db.transaction() as tx:
        export_id = await log(tx, choices, actor_id=actor_id, made_by="job" if is_long else "page")
        if is_long:
            await SQL.add_file(tx, export_id=export_id, rows_expected=row_count, kept_for=KEPT_FOR)
            await jobs.enqueue(tx, files.JOB, export_id=export_id)
    return Begun(export_id, choices, is_long)


async def count_rows(context: Context, choices: Choices) -> int:
    """How many rows a file would have now; totals are few."""
    if choices.depth is Depth.TOTALS:
        return 0
    async with context.db.exports.reading() as tx:
        gatherings = await streaming.chosen_gatherings(tx, choices)
        return await SQL.size(
            tx,
            kind=choices.kind.key,
            first=choices.first,
            last=choices.last,
            circles=list(choices.circles),
            gatherings=gatherings,
        )


async def log(
    tx: db.Tx, choices: Choices, *, actor_id: UUID | None, made_by: Literal["page", "job", "command"]
) -> UUID:
    """Write the log entry of an export. Returns its id. Raises Refused for what does not exist.

    actor_id: None for the operator at the command line.
    """
    known = await SQL.known(tx, circles=list(choices.circles), facilitators=list(choices.facilitators))
    reasons = []
    if known["circles"] != len(choices.circles):
        text = "One of these circles is not there. Please choose again."
        reasons.append(Reason("circle_unknown", text, "circle"))
    if known["facilitators"] != len(choices.facilitators):
        text = "One of these facilitators is not there. Please choose again."
        reasons.append(Reason("facilitator_unknown", text, "facilitator"))
    if reasons:
        raise Refused(reasons)
    export_id = await SQL.begin_export(
        tx,
        what=choices.kind.key,
        actor_id=actor_id,
        filters=choices.filters,
        depth=choices.depth.value,
        purpose=choices.purpose,
        format=choices.format.value,
        made_by=made_by,
        columns=[column.key for column in choices.columns],
    )
    details = {**choices.filters, "depth": choices.depth.value}
    await audit.record(tx, f"{choices.kind.key}.exported", export_id, actor_id=actor_id, details=details)
    return export_id


async def begin_command(context: Context, choices: Choices) -> UUID:
    """Log an export that the operator makes at the command line."""
    async with context.db.transaction() as tx:
        return await log(tx, choices, actor_id=None, made_by="command")


async def fetch(context: Context, *, actor_id: UUID, export_id: UUID) -> AsyncGenerator[bytes]:
    """A file that a job made, for the organizer who asked for it; noted first. Raises NotFound for every other one."""
    async with context.db.transaction() as tx:
        or_not_found(await SQL.log_download(tx, export_id=export_id, actor_id=actor_id))
    return files.stored(context, export_id)


async def discard(context: Context, *, actor_id: UUID, export_id: UUID) -> None:
    """Delete a file before its time. Raises NotFound."""
    async with context.db.transaction() as tx:
        or_not_found(await SQL.discard_file(tx, export_id=export_id, actor_id=actor_id))
        await audit.record(tx, "export.file_deleted", export_id, actor_id=actor_id)


async def save_preset(context: Context, *, actor_id: UUID, name: str, choices: Choices) -> UUID:
    """Keep kind, depth, format and columns under a name, for all organizers; one of this name is replaced."""
    async with context.db.transaction() as tx:
        preset_id = await SQL.save_preset(
            tx,
            name=name,
            kind=choices.kind.key,
            depth=choices.depth.value,
            format=choices.format.value,
            columns=[column.key for column in choices.columns],
            actor_id=actor_id,
        )
        await audit.record(tx, "export.preset_saved", preset_id, actor_id=actor_id)
        return preset_id


async def delete_preset(context: Context, *, actor_id: UUID, preset_id: UUID) -> str:
    """Remove a preset. Returns the key of its kind. Raises NotFound."""
    async with context.db.transaction() as tx:
        kind = or_not_found(await SQL.delete_preset(tx, id=preset_id))
        await audit.record(tx, "export.preset_deleted", preset_id, actor_id=actor_id)
        return kind
