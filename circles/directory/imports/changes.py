"""What a row changes in a listing, and what a new listing holds, as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

from circles.base import clock, money, text
from circles.directory.imports.fields import FIELDS
from circles.directory.listing import words
from circles.directory.listing.values import Draft, License, Way
from circles.sheets import plain

Line = dict[str, str]

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "experience": words.EXPERIENCE,
    "works_with": words.WORKS_WITH,
    "for_whom": words.FOR_WHOM,
    "languages": words.LANGUAGES,
    "area": words.AREAS,
    "room": words.ROOM,
}
# Of every field of a draft.
LABELS: Final = {field.key: field.label for field in FIELDS} | {"fee_slides": "Sliding scale"}
_AMOUNTS: Final = ("fee_minimum", "fee_maximum", "sliding_floor")


def changed(before: Draft, after: Draft) -> list[Line]:
    """Every field that would change, with its text before and after."""
    lines: list[Line] = []
    for field in fields(Draft):
        was, becomes = getattr(before, field.name), getattr(after, field.name)
        if was == becomes:
            continue
        if field.name == "licenses":
            lines += _changed_rows("License", {(x.kind, x.area, x.number): license_text(x) for x in was},
                                   {(x.kind, x.area, x.number): license_text(x) for x in becomes})  # fmt: skip
        elif field.name == "ways":
            lines += _changed_rows(
                "Way of working", {x.way: way_text(x) for x in was}, {x.way: way_text(x) for x in becomes}
            )
        else:
            lines.append(
                {
                    "field": LABELS[field.name],
                    "before": _say(field.name, was, before.currency),
                    "after": _say(field.name, becomes, after.currency),
                }
            )
    return lines


def _changed_rows(label: str, before: Mapping[Any, str], after: Mapping[Any, str]) -> list[Line]:
    return [
        {"field": label, "before": before.get(key, ""), "after": after.get(key, "")}
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def _say(name: str, value: Any, currency: str) -> str:
    if value is None:
        return "none" if name == "sliding_floor" else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _AMOUNTS:
        return money.format_amount(value, currency)
    if isinstance(value, tuple):
        known = _WORDS.get(name, {})
        return ", ".join(str(known.get(code, code)) for code in value)
    return str(_WORDS.get(name, {}).get(value, value))


def license_text(license: License) -> str:
    """A license in one line."""
    short = words.LICENSES.get(license.kind, (license.kind, ""))[0]
    said = license.status_said or license.status != "active"
    more = [words.LICENSE_STATUS.get(license.status, license.status).lower()] if said else []
    end = license.expires_on
    more += [f"expires {clock.format_day_of_year(end, date.min)}"] if end else []
    more += [license.source] if license.source else []
    return ", ".join((f"{short} {license.area} {license.number}", *more))


def way_text(way: Way) -> str:
    """A way of working in one line."""
    name = words.WAYS.get(way.way, way.way) if way.way != "other" else way.school
    held = words.CREDENTIALS.get(way.way, {}).get(way.credential, "")
    school = way.school if way.way != "other" else ""
    return ", ".join(part for part in (name, held, school, str(way.year or "")) if part)


# Said in a listing by these fields alone; the others are shown where they hold something.
_NOT_SAID: Final = (
    *("telehealth", "in_person", "fee_minimum", "takes_insurance", "room", "languages", "for_whom"),
    *("email", "links"),
)
_STAND_INS: Final[Mapping[str, Any]] = {"sliding_floor": None, "pro_bono_places": 0, "free_consultation": 0,
                                        "currency": "USD", "fee_slides": False, "gives_superbills": False}  # fmt: skip


def facts(draft: Draft, cells: Mapping[str, str] | None = None) -> list[Line]:
    """Everything a new listing would hold, a line for each field. cells: what the file has, shown where it differs."""
    lines: list[Line] = []
    for field in fields(Draft):
        value = getattr(draft, field.name)
        if field.name == "licenses":
            lines += [{"field": "License", "value": license_text(license)} for license in value]
        elif field.name == "ways":
            lines += [{"field": "Way of working", "value": way_text(way)} for way in value]
        elif value not in (None, "", ()) and value != _STAND_INS.get(field.name, ...):
            line = {"field": LABELS[field.name], "value": _say(field.name, value, draft.currency)}
            cell = (cells or {}).get(field.name, "")
            if cell and plain(cell) != plain(line["value"]) and field.name not in _AMOUNTS:
                line["cell"] = text.tidy_line(cell, max_length=200)
            lines.append(line)
    return lines


def not_said(draft: Draft) -> list[str]:
    """The labels of what a new listing would leave unsaid."""
    return [LABELS[name] for name in _NOT_SAID if getattr(draft, name) in (None, "", ())]
