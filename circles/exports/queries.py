"""Reads of the export pages: what the form offers, the log, presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from circles.exports import rules
from circles.exports.kinds import DEPTH_NAMES, KINDS, Column, Depth, Format
from circles.store import db

SQL = db.queries("exports/exports")

# With more circles or facilitators than this, a form lists those chosen already alone.
MAX_CHOICES = 60
MAX_LOGGED = 50


@dataclass(frozen=True, slots=True)
class Choosing:
    """What may be chosen in a form, as (id, name, ""); with more than MAX_CHOICES, what is chosen already alone."""

    options: list[tuple[str, str, str]]
    are_all: bool


async def form_choices(
    tx: db.Tx, circles: Sequence[UUID], facilitators: Sequence[UUID]
) -> tuple[Choosing, Choosing]:
    """The circles and the facilitators of the form. One query."""
    rows = await db.rows(
        SQL.form_choices(tx, circles=list(circles), facilitators=list(facilitators), most=MAX_CHOICES + 1)
    )
    return _choosing(rows, "circle"), _choosing(rows, "facilitator")


def _choosing(rows: Sequence[db.Record], kind: str) -> Choosing:
    mine = [row for row in rows if row["kind"] == kind]
    are_all = len(mine) <= MAX_CHOICES
    return Choosing([(str(row["id"]), row["name"], "") for row in mine if are_all or row["chosen"]], are_all)


@dataclass(frozen=True, slots=True)
class Preset:
    """Choices that organizers keep under a name. gone: columns that no longer exist, or that its depth has no more."""

    id: UUID
    name: str
    depth: Depth
    format: Format
    columns: list[Column]
    gone: list[str]
    made_by: str | None

    @property
    def says(self) -> str:
        return DEPTH_NAMES[self.depth]


async def presets(tx: db.Tx, kind: str) -> list[Preset]:
    """The presets of a kind, by name; not those of a newer version, with a depth or format that this one lacks."""
    rows = await db.rows(SQL.presets(tx, kind=kind))
    return [
        _preset(KINDS[kind].key, row)
        for row in rows
        if row["depth"] in list(Depth) and row["format"] in list(Format)
    ]


def _preset(kind: str, row: db.Record) -> Preset:
    depth = Depth(row["depth"])
    columns, gone = rules.split_columns(KINDS[kind], depth, row["columns"])
    return Preset(row["id"], row["name"], depth, Format(row["format"]), columns, gone, row["made_by"])
