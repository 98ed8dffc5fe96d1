"""Licenses and ways of working as cells hold them, and the reader of every field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from circles import sheets
from circles.base import text
from circles.base.errors import Refused
from circles.directory.imports.reading import cells, lexicon, quantities
from circles.directory.imports.reading.cells import Notes
from circles.directory.imports.reading.lexicon import base_key, plain
from circles.directory.imports.reading.names import kind_of
from circles.directory.listing import words
from circles.directory.listing.values import License, Way

# Ways of working


def ways(cell: str, notes: Notes) -> tuple[Way, ...]:
    """Each way or its credential, with ; , / or “and” between them: IFS: IFS Level 2 (Fluence, 2019); EMDR; SEP."""
    read = [_way(part, notes) for part in _way_parts(cell)]
    unique: dict[tuple[str, str], Way] = {}
    for way_ in read:
        key = (way_.way, plain(way_.school) if way_.way == "other" else "")
        if key not in unique or (way_.credential and not unique[key].credential):
            unique[key] = way_
    return tuple(unique.values())


def _way_parts(cell: str) -> list[str]:
    parts: list[str] = []
    for piece in cells.split(cell):
        pieces = [piece]
        if not _is_way(piece):
            pieces = [part.strip() for part in re.split(r"[,/](?![^(]*\))|\s+-\s+", piece) if part.strip()]
        for part in pieces:
            smaller = [
                part_.strip()
                for part_ in re.split(r"\s+(?:&|and|\+|with)\s+(?![^(]*\))", part)
                if part_.strip()
            ]
            parts += smaller if not _is_way(part) and any(map(_is_way, smaller)) else [part]
    return [re.sub(r"^(?:and|&)\s+", "", part, flags=re.I) for part in parts]


def _is_way(part: str) -> bool:
    head = re.sub(r"\([^)]*\)\s*$", "", part).partition(":")[0]
    return plain(part) in lexicon.WAYS or plain(head) in lexicon.WAYS or plain(head) in lexicon.WAY_OF


def way(cell: str) -> str:
    """A way of working; "other" for one the list does not have."""
    return lexicon.WAYS.get(plain(cell), "other")


def way_of(cell: str) -> str:
    """The way of working a credential belongs to by itself, such as SEP; empty when it is ambiguous."""
    return lexicon.WAY_OF.get(plain(cell), ("", ""))[0]


def credential(of: str, cell: str) -> str:
    """A credential in the terms of one way's school. Raises Refused for another."""
    known = words.CREDENTIALS.get(of, {})
    code = lexicon.CREDENTIALS.get(of, {}).get(plain(cell))
    wanted = f"Expected for {words.WAYS[of]}: {cells.say(known.values())}." if known else "Expected: nothing."
    return code or cells.expected(wanted, "unknown")


def _way(typed: str, notes: Notes) -> Way:
    if code := lexicon.WAYS.get(plain(typed)):
        return Way(code)
    more = re.search(r"\((?P<school>[^()]*?)(?:,?\s*(?P<year>\d{4}))?\)\s*$", typed, re.ASCII)
    head, _, after = (typed[: more.start()] if more else typed).partition(":")
    school, year_ = (more["school"].strip(), more["year"]) if more else ("", None)
    since = int(year_) if year_ else None
    if plain(head) in lexicon.WAY_OF and not after.strip():
        return Way(*lexicon.WAY_OF[plain(head)], school, since)
    code = way(head)
    if code == "other":
        return Way("other", "", text.tidy_line(typed, max_length=120))
    held = after.strip() or (school if plain(school) in lexicon.CREDENTIALS.get(code, {}) else "")
    try:
        held_code = credential(code, held) if held else ""
    except Refused as refused:
        notes.warn(refused.reasons[0].text)
        held_code = ""
    return Way(code, held_code, school if held != school else "", since)


# Licenses


def licenses(cell: str, notes: Notes) -> tuple[License, ...]:
    """Kind, area and number of each, with ; between them; (expires 2028-01-31) may follow. Raises Refused."""
    return tuple(_license(typed, notes) for typed in cells.split(cell))


def _license(typed: str, notes: Notes) -> License:
    end = re.search(r"\(?\bexp(?:ires|\.)?:?\s+(on\s+)?(?P<day>[\w/., -]+?)\)?\s*$", typed, re.I)
    tokens = re.findall(r"[^\s,#:]+", typed[: end.start()] if end else typed)
    kind, tokens = _longest(lexicon.KINDS | lexicon.DEGREES, tokens)
    area_, tokens = _longest(lexicon.AREAS, tokens)
    if not kind:
        kind, tokens = _longest(lexicon.KINDS | lexicon.DEGREES, tokens)
    number = " ".join(token for token in tokens if plain(token) not in ("no", "number", "lic", "license"))
    if not (kind and area_ and number):
        missing = "kind" if not kind else "state" if not area_ else "number"
        cells.expected(
            f"In “{typed[:60]}” we find no {missing}. Expected: kind, state, number, such as LCSW FL SW1234.",
            missing,
        )
    return License(kind, area_, number, expires_on=day(end["day"], notes) if end else None, status_said=False)


def _longest(known: Mapping[str, str], tokens: list[str]) -> tuple[str, list[str]]:
    """The longest beginning that is known, and what follows it."""
    for size in range(min(6, len(tokens)), 0, -1):
        code = known.get(plain(" ".join(tokens[:size])))
        if code:
            return code, tokens[size:]
    return "", tokens


def license_kind(cell: str, notes: Notes) -> str:
    """The kind of a license, also out of letters such as “Psy.D., ABPP”."""
    code = lexicon.KINDS.get(plain(cell)) or kind_of(cell)
    if not code:
        notes.unknown.append(cell)
        cells.expected(
            f"Expected: one of {cells.say(short for short, _ in words.LICENSES.values())}.", "unknown"
        )
    return code


def license_number(cell: str, notes: Notes) -> str:
    """A license number as written. Raises Refused for one that its spreadsheet has shortened."""
    del notes
    if sheets.is_shortened(cell):
        cells.expected(
            "The spreadsheet has shortened this number, and its last digits are lost. Please write it as text."
        )
    return re.sub(r"^(?:lic(?:ense)?\.?\s*)?(?:#|no\.?|number)\s*:?\s*", "", cell, flags=re.I) or cell


def day(cell: str, notes: Notes) -> date | None:
    """A day; None for “never” and the like."""
    return None if plain(cell) in quantities.NO_END else quantities.day(cell, day_first=notes.day_first)


def _line(cell: str, notes: Notes) -> str:
    del notes
    return re.sub(r"\s*\n\s*", " ", cell)


def _text(cell: str, notes: Notes) -> str:
    del notes
    return cell


# What reads the cell of each field that is read by itself.
Reader = Callable[[str, Notes], Any]
READERS: Final[Mapping[str, Reader]] = {
    **dict.fromkeys(("letters", "pronouns", "headline"), _line),
    **dict.fromkeys(("approach", "answercells.experience", "answer_training", "answer_medicine"), _text),
    "insurance_words": lambda cell, notes: cells.insurance(cell, notes).get("insurance_words", ""),
    "gives_superbills": cells.yes_no,
    "experience": cells.experience,
    "zip": cells.zip_code,
    "currency": lambda cell, notes: cells.one_of(
        lexicon.CURRENCIES, f"Expected: one of {cells.say(words.CURRENCIES)}.", cell, notes
    ),
    "pro_bono_places": lambda cell, _: quantities.whole(cell, 99),
    "free_consultation": lambda cell, _: quantities.whole(cell, 120),
    "room": cells.room,
    "links": cells.links,
    "email": cells.email,
    "phone": cells.phone,
    "npi": cells.npi,
    "licenses": licenses,
    "license_kind": license_kind,
    "license_area": cells.area,
    "license_number": license_number,
    "license_expires_on": day,
    "license_status": lambda cell, notes: cells.one_of(
        lexicon.STATUS, f"Expected: {cells.say(words.LICENSE_STATUS.values())}.", cell, notes
    ),
    "license_source": _text,
    "ways": ways,
    "year": lambda cell, _: quantities.year(cell),
}
# Fields that one cell may fill together with others: the reader's result by field.
SPREADING: Final[Mapping[str, Callable[[str, Notes], Mapping[str, Any]]]] = {
    "works_with": partial(cells.some_of, "works_with", beside="for_whom"),
    "for_whom": partial(cells.some_of, "for_whom", beside="works_with"),
    "languages": partial(cells.some_of, "languages"),
    "meets": cells.meets,
    "telehealth": cells.telehealth,
    "in_person": cells.in_person,
    "takes_insurance": cells.insurance,
}


def known_meaning(key: str, code: str) -> Any:
    """The value of a code that an organizer chose for a word: by field where a cell may fill several."""
    base = base_key(key)
    if base in ("telehealth", "in_person", "gives_superbills"):
        return {base: code == "yes"}
    if base == "meets":
        return cells.meeting_of(code)
    return {base: code}
