"""Charts as geometry: columns, bars and grids, in the units of an SVG, with their words. Pure.

templates/reports/_charts.html draws them; static/circles.css gives colors and the size of letters, in every scheme and
on paper (docs/decisions/0028-charts-of-our-own.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The width of every chart, in its own units. A phone shows one in about 0.7 pixels, a desktop in 1.4.
WIDTH = 480.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _PLOT = 46.0, 4.0, 18.0, 24.0, 150.0
_ROW = 36.0
_CELL = 30.0
_MAX_CELL_WIDTH = 56.0
# More columns than these have no number on top of each.
_MAX_NUMBERED = 12
# About the width of a letter on a phone and on paper, where they are largest; and what fits beside each other.
_LETTER = 7.5
_MAX_NAME = int(WIDTH / _LETTER)
_LEVELS = ("heat-0", "heat-1", "heat-2", "heat-3", "heat-4")

Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. kind: its class, which gives its color; words: what stands in or beside it."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Text at a point. anchor: which end of it is there (start, middle, end)."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart to draw. key: makes the ids of its title and description unique on a page.

    lines: the heights of its grid. legend: each series, as (class, name).
    """

    key: str
    title: str
    description: str
    height: float
    boxes: tuple[Box, ...]
    words: tuple[Words, ...]
    lines: tuple[float, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    width: float = WIDTH
    left: float = _LEFT


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each label. kind: its class in the chart."""

    name: str
    values: tuple[float, ...]
    kind: str = "series-1"


def count_words(value: float) -> str:
    """A count: 1,200."""
    return f"{value:,.0f}"


def share_words(value: float) -> str:
    """A share, 0 to 1, in percent: 45%."""
    return f"{value * 100:.0f}%"


def ticks(highest: float, *, whole: bool = True) -> list[float]:
    """About four even steps from 0 that reach `highest`, each 1, 2 or 5 times a power of ten; whole: for counts."""
    if highest <= 0:
        return [0.0, 1.0]
    rough, power = highest / 4, 1.0
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    step = max(step, 1.0) if whole else step
    count = -(-highest // step)
    return [round(step * number, 6) for number in range(int(count) + 1)]


def columns(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    stacked: bool = False,
    words: Format = count_words,
    highest: float = 0,
) -> Chart:
    """Columns, one place for each label: the series beside each other, or one on top of the other.

    highest: what the scale reaches at least (1 for shares).
    """
    sums = [sum(row) if stacked else max(row) for row in zip(*(one.values for one in series), strict=True)]
    scale = ticks(max([highest, *sums]), whole=words is count_words)
    place = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    up = _PLOT / scale[-1]
    boxes: list[Box] = []
    for number in range(len(labels)):
        left, base = _LEFT + place * (number + 0.14), _TOP + _PLOT
        width = place * 0.72 / (1 if stacked else len(series))
        for index, one in enumerate(series):
            height = one.values[number] * up
            x = left if stacked else left + width * index
            boxes.append(_box(x, base - height, width, height, one.kind))
            base -= height if stacked else 0
    return Chart(
        key,
        title,
        _describe(labels, series, words),
        _TOP + _PLOT + _BOTTOM,
        tuple(boxes),
        (
            *_tick_words(scale, up, words),
            *_column_words(labels, sums, place, up, words, len(series) > 1 and not stacked),
        ),
        tuple(round(_TOP + _PLOT - tick * up, 2) for tick in scale),
        tuple((one.kind, one.name) for one in series) if len(series) > 1 else (),
    )


def _every(labels: Sequence[str], place: float) -> int:
    """Of how many labels one is shown, so that none runs into the next, also with the letters of a phone."""
    for every in range(1, len(labels)):
        shown = labels[::every]
        widths = (
            (len(one) + len(following)) / 2 * _LETTER + _LETTER
            for one, following in itertools.pairwise(shown)
        )
        if max(widths, default=0) <= place * every:
            return every
    return max(len(labels), 1)


def _box(x: float, y: float, width: float, height: float, kind: str, words: str = "") -> Box:
    return Box(round(x, 2), round(y, 2), round(width, 2), round(height, 2), kind, words)


def _tick_words(scale: Sequence[float], up: float, words: Format) -> list[Words]:
    return [Words(_LEFT - 6, round(_TOP + _PLOT - tick * up + 4, 2), words(tick), "end") for tick in scale]


def _column_words(
    labels: Sequence[str], sums: Sequence[float], place: float, up: float, words: Format, is_plain: bool
) -> list[Words]:
    """The labels below, and the numbers above where there is room for them."""
    every = _every(labels, place)
    middle = [round(_LEFT + place * (number + 0.5), 2) for number in range(len(labels))]
    below = [
        Words(x, _TOP + _PLOT + 16, label)
        for number, (x, label) in enumerate(zip(middle, labels, strict=True))
        if number % every == 0
    ]
    if is_plain or len(labels) > _MAX_NUMBERED:
        return below
    return below + [
        Words(x, round(_TOP + _PLOT - total * up - 4, 2), words(total))
        for x, total in zip(middle, sums, strict=True)
        if total
    ]


def _describe(labels: Sequence[str], series: Sequence[Series], words: Format) -> str:
    """What somebody who does not see a chart should know of it; the rest is in its table."""
    if not labels:
        return "Nothing to show."
    if len(labels) == 1:
        return f"{labels[0]}. " + " ".join(f"{one.name}: {words(one.values[0])}." for one in series)
    parts = []
    for one in series:
        low, high = min(one.values), max(one.values)
        if low == high:
            parts.append(f"{one.name}: {words(low)} throughout.")
            continue
        at_low, at_high = labels[one.values.index(low)], labels[one.values.index(high)]
        parts.append(f"{one.name}: lowest {words(low)} ({at_low}), highest {words(high)} ({at_high}).")
    return f"From {labels[0]} to {labels[-1]}. " + " ".join(parts)


def bars(
    key: str,
    title: str,
    rows: Sequence[tuple[str, float]],
    *,
    words: Format = count_words,
    kind: str = "series-1",
) -> Chart:
    """Lying bars, each under its name, so that a long name has the whole width."""
    longest = max((value for _, value in rows), default=0) or 1
    room = WIDTH - 70
    boxes = tuple(
        _box(0, number * _ROW + 17, room * value / longest, 12, kind)
        for number, (_, value) in enumerate(rows)
    )
    names = [
        Words(0, number * _ROW + 12, name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…", "start")
        for number, (name, _) in enumerate(rows)
    ]
    values = [
        Words(round(room * value / longest + 6, 2), number * _ROW + 27, words(value), "start")
        for number, (_, value) in enumerate(rows)
    ]
    text = "; ".join(f"{name}: {words(value)}" for name, value in rows)
    return Chart(
        key,
        title,
        f"{text}." if text else "Nothing to show.",
        len(rows) * _ROW,
        boxes,
        (*names, *values),
        left=0,
    )


def grid(
    key: str,
    title: str,
    across: Sequence[str],
    down: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    words: Format = count_words,
    highest: float = 0,
    unit: str = "",
) -> Chart:
    """A grid whose cells are the darker the higher their value; None leaves one empty. Every cell has its number."""
    most = max([highest, *(value for row in values for value in row if value is not None)]) or 1
    left = 78.0
    width = min((WIDTH - left) / max(len(across), 1), _MAX_CELL_WIDTH)
    boxes = [
        _box(
            left + width * column + 1,
            20 + _CELL * line + 1,
            width - 2,
            _CELL - 2,
            _level(value, most),
            words(value),
        )
        for line, row in enumerate(values)
        for column, value in enumerate(row)
        if value is not None
    ]
    every = _every(across, width)
    heads = [
        Words(round(left + width * (number + 0.5), 2), 13, label)
        for number, label in enumerate(across)
        if number % every == 0
    ]
    names = [Words(left - 8, 20 + _CELL * (line + 0.5) + 4, label, "end") for line, label in enumerate(down)]
    description = _highest_cell(across, down, values, words, unit)
    return Chart(
        key, title, description, 20 + _CELL * len(down) + 2, tuple(boxes), (*heads, *names), left=left
    )


def _level(value: float, most: float) -> str:
    """How dark a cell is: the first of _LEVELS for nothing, the last for most."""
    steps = len(_LEVELS) - 1
    return _LEVELS[0 if value <= 0 else min(int(value / most * steps) + 1, steps)]


def _highest_cell(
    across: Sequence[str],
    down: Sequence[str],
    values: Sequence[Sequence[float | None]],
    words: Format,
    unit: str,
) -> str:
    cells = [
        (value, down[line], across[column])
        for line, row in enumerate(values)
        for column, value in enumerate(row)
        if value
    ]
    if not cells:
        return "Nothing to show."
    value, line, column = max(cells, key=lambda cell: cell[0])
    return f"Highest: {words(value)}{unit}, {line}, {column}."
