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
    found: list[Line] = []
    for each in fields(Draft):
        was, becomes = getattr(before, each.name), getattr(after, each.name)
        if was == becomes:
            continue
        if each.name == "licenses":
            found += _changed_rows("License", {(x.kind, x.area, x.number): license(x) for x in was},
                                   {(x.kind, x.area, x.number): license(x) for x in becomes})  # fmt: skip
        elif each.name == "ways":
            found += _changed_rows(
                "Way of working", {x.way: way(x) for x in was}, {x.way: way(x) for x in becomes}
            )
        else:
            found.append(
                {
                    "field": BY_KEY[each.name].label,
                    "before": _say(each.name, was, before.currency),
                    "after": _say(each.name, becomes, after.currency),
                }
            )
    return found


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
        return ", ".join(str(known.get(each, each)) for each in value)
    found = str(_WORDS.get(name, {}).get(value, value))
    return found if len(found) <= 160 else f"{found[:157].rstrip()} …"


def license(each: License) -> str:
    """A license in one line."""
    short = words.LICENSES.get(each.kind, (each.kind, ""))[0]
    more = [] if each.status == "active" else [words.LICENSE_STATUS.get(each.status, each.status).lower()]
    more += [f"expires {clock.format_date(each.expires_on)}"] if each.expires_on else []
    more += [each.source] if each.source else []
    return ", ".join((f"{short} {each.area} {each.number}", *more))


def way(each: Way) -> str:
    """A way of working in one line."""
    name = words.WAYS.get(each.way, each.way) if each.way != "other" else each.school
    held = words.CREDENTIALS.get(each.way, {}).get(each.credential, "")
    school = each.school if each.way != "other" else ""
    return ", ".join(part for part in (name, held, school, str(each.year or "")) if part)


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
        "; ".join(license(each) for each in draft.licenses),
        " and ".join(meets).capitalize() + (f", {place}" if place else ""),
        fee,
        *_if_any(way(each) for each in draft.ways),
    ]


def _if_any(lines: Iterable[str]) -> list[str]:
    found = "; ".join(lines)
    return [text.tidy_line(found, max_length=300)] if found else []
