"""An export as a workbook: its rows, and a sheet that says what each column means and what was chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from circles.exports.kinds import DEPTH_NAMES, GROUP_NAMES, Column, Depth
from circles.exports.rules import Choices
from circles.sheets import SheetColumn, WorkbookWriter


async def write(
    path: Path,
    choices: Choices,
    columns: Sequence[Column],
    batches: AsyncGenerator[Any],
    notes: Sequence[tuple[str, str]],
) -> None:
    """Write a workbook, in a thread, since rows cost time of the processor. batches: lists of rows."""
    headings = [SheetColumn(column.title, column.cell) for column in columns]
    with WorkbookWriter(path) as book:
        table = book.table(choices.kind.name, headings)
        async with aclosing(batches):
            async for batch in batches:
                await asyncio.to_thread(table.add, batch)
        book.notes("About this file", notes)
        await asyncio.to_thread(book.close)


def about(
    choices: Choices, columns: Sequence[Column], circles: Sequence[str], facilitators: Sequence[str]
) -> list[tuple[str, str]]:
    """The lines of the second sheet."""
    lines = [
        ("What", choices.kind.row if choices.depth is not Depth.TOTALS else f"{choices.kind.name}, counted"),
        ("From", str(choices.first)),
        ("To", str(choices.last)),
        ("Circles", ", ".join(circles) or "All"),
        ("Facilitators", ", ".join(facilitators) or "All"),
        ("Depth", DEPTH_NAMES[choices.depth]),
    ]
    if choices.depth is Depth.TOTALS:
        lines.append(("A row for", GROUP_NAMES[choices.group]))
    if choices.purpose:
        lines.append(("Purpose", choices.purpose))
    lines.append(("Times", "Dates and times are on the calendar and the clock of each circle."))
    if choices.depth is not Depth.TOTALS:
        lines.append(
            (
                "Care",
                "That somebody came to a circle is health information. Delete this file when you are done.",
            )
        )
    return [
        *lines,
        ("", ""),
        ("Column", "What it means"),
        *((column.title, column.meaning) for column in columns),
    ]
