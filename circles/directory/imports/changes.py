"""What a row changes in a listing, and what a new listing holds, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from circles.base import clock, money, text
from circles.directory.imports.fields import BY_KEY
from circles.directory.listing import words
from circles.directory.listing.values import Draft, License, Way

Line = dict[str, str]

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "experience": words.EXPERIENCE,
    "works_with": words.WORKS_WITH,
    "for_whom": words.FOR_WHOM,
    "languages": words.LANGUAGES,
    "area": words.AREAS,
    "room": words.ROOM,
}
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
                    "field": BY_KEY[field.name].label,
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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _AMOUNTS:
        return "none" if value is None else money.format_amount(value, currency)
    if isinstance(value, tuple):
        known = _WORDS.get(name, {})
        return ", ".join(str(known.get(code, code)) for code in value)
    shown = str(_WORDS.get(name, {}).get(value, value))
    return shown if len(shown) <= 160 else f"{shown[:157].rstrip()} …"


def license_text(license: License) -> str:
    """A license in one line."""
    short = words.LICENSES.get(license.kind, (license.kind, ""))[0]
    more = (
        []
        if license.status == "active"
        else [words.LICENSE_STATUS.get(license.status, license.status).lower()]
    )
    more += [f"expires {clock.format_date(license.expires_on)}"] if license.expires_on else []
    more += [license.source] if license.source else []
    return ", ".join((f"{short} {license.area} {license.number}", *more))


def way_text(way: Way) -> str:
    """A way of working in one line."""
    name = words.WAYS.get(way.way, way.way) if way.way != "other" else way.school
    held = words.CREDENTIALS.get(way.way, {}).get(way.credential, "")
    school = way.school if way.way != "other" else ""
    return ", ".join(part for part in (name, held, school, str(way.year or "")) if part)


def facts(draft: Draft) -> list[str]:
    """A new listing in a few lines."""
    meets = [
        word for word, there in (("telehealth", draft.telehealth), ("in person", draft.in_person)) if there
    ]
    place = f"{draft.city}, {draft.area}".strip(", ")
    fee = money.format_amount(draft.fee_minimum, draft.currency)
    if draft.fee_maximum != draft.fee_minimum:
        fee += f" to {money.format_amount(draft.fee_maximum, draft.currency)}"
    if draft.sliding_floor is not None:
        fee += f", sliding down to {money.format_amount(draft.sliding_floor, draft.currency)}"
    return [
        "; ".join(license_text(license) for license in draft.licenses),
        " and ".join(meets).capitalize() + (f", {place}" if place else ""),
        fee,
        *_if_any(way_text(way) for way in draft.ways),
    ]


def _if_any(lines: Iterable[str]) -> list[str]:
    joined = "; ".join(lines)
    return [text.tidy_line(joined, max_length=300)] if joined else []
