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
from circles.directory.imports.reading import cells, contacts, insurance, lexicon, names, quantities
from circles.directory.imports.reading.cells import Notes
from circles.directory.imports.reading.lexicon import base_key
from circles.directory.imports.reading.names import kind_of
from circles.directory.listing import words
from circles.directory.listing.values import License, Way
from circles.sheets import plain

# Ways of working


# What stands where nobody named a way.
_NO_WAY: Final = re.compile(
    r"(?:see|ask|call|check|visit)\b.*|var(?:y|ies|ied|ious)|none|all|any|both|many|several|other|yes|no"
    r"|(?:not|no|non)[ -].*"
    r"|tbd|depends.*|etc\.?",
    re.I,
)


def ways(cell: str, notes: Notes) -> tuple[Way, ...]:
    """Each way or its credential, with ; , / or “and” between them: IFS: IFS Level 2 (Fluence, 2019); EMDR; SEP."""
    parts = _way_parts(cell)
    strange = [part for part in parts if _NO_WAY.fullmatch(part) or plain(part) in lexicon.MEETS]
    if strange and len(strange) == len(parts):
        cells.expected("Expected: the names of ways of working, such as IFS or EMDR.")
    if strange:
        notes.warn(f"{cells.say(f'“{part[:40]}”' for part in strange[:5])} is no way of working.")
    read = [_way(part, notes) for part in parts if part not in strange]
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


_AGAIN: Final = re.compile(r"\s*[;\n|]\s*|\s+/\s+|,\s+(?!(?:19|20)\d\d\b)(?=\S*\s*\S*\d)|\s+(?:and|&)\s+")


def licenses(cell: str, notes: Notes, area: str = "", kind: str = "") -> tuple[License, ...]:
    """Kind, area and number of each, in any order, with ; / or a comma between them; (exp 6/30/27) may follow.

    area, kind: what other columns of the row say, for a license that does not name its own. Raises Refused.
    """
    read: list[License] = []
    for typed in cells.split(cell):
        parts = _AGAIN.split(typed)
        several = len(parts) > 1 and all(_has_number(part) for part in parts)
        for part in parts if several else [typed]:
            read.append(_license(part, notes, area, read[-1].kind if read else kind))
    return tuple(read)


def _has_number(part: str) -> bool:
    return bool(re.search(r"\d", quantities.without_end(part)[0]))


def _license(typed: str, notes: Notes, area: str, kind_before: str) -> License:
    bare, end = quantities.without_end(typed)
    bare, status = _status_of(bare)
    if other := re.search(r"\(\s*\d{1,2}/\d{1,2}/\d{2,4}\s*\)", bare):
        notes.warn(f"We do not know what {other[0]} is.")
        bare = bare.replace(other[0], " ")
    tokens = re.findall(r"[^\s,#:()\[\]]+", bare)
    kind, area_, tokens = _kind_and_area(tokens)
    if not kind and tokens and tokens[0].count("-") > 1:  # LCSW-NC-C012345
        kind, area_, tokens = _kind_and_area([*tokens[0].split("-", 2), *tokens[1:]])
    if names.is_in_training(" ".join(tokens)):
        cells.expected(
            "This looks like a license in training, which the directory does not list.", "training"
        )
    kind, area_ = kind or kind_before, area_ or area
    number = " ".join(
        token for token in tokens if plain(token) not in ("no", "number", "lic", "license") and plain(token)
    )
    if not (kind and area_ and re.search(r"\d", number)):
        missing = "kind" if not kind else "state" if not area_ else "number"
        cells.expected(
            f"In “{typed[:60]}” we find no {missing}. Expected: kind, state, number, such as LCSW FL SW1234.",
            missing,
        )
    return License(
        kind,
        area_,
        number,
        status=status or "active",
        expires_on=day(end, notes) if end else None,
        status_said=bool(status),
    )


def _status_of(typed: str) -> tuple[str, str]:
    """A license without the word for its status behind it, and that status."""
    match = re.search(r"[\s,]+[-–(]?\s*([A-Za-z]{4,})\)?\s*$", typed)
    status = lexicon.STATUS.get(plain(match[1]), "") if match else ""
    return (typed[: match.start()], status) if match and status else (typed, "")


def _kind_and_area(tokens: list[str]) -> tuple[str, str, list[str]]:
    """The kind and the area of a license, and what is left. The area may also come last."""
    kind, tokens = _longest(lexicon.KINDS | lexicon.DEGREES, tokens)
    area_, tokens = _longest(lexicon.AREAS, tokens)
    if not kind:
        kind, tokens = _longest(lexicon.KINDS | lexicon.DEGREES, tokens)
    if not area_:
        for size in range(min(3, len(tokens) - 1), 0, -1):
            area_ = lexicon.AREAS.get(plain(" ".join(tokens[-size:])), "")
            if area_:
                return kind, area_, tokens[:-size]
    return kind, area_, tokens


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
        why = "This looks like a license in training. " if names.is_in_training(cell) else ""
        cells.expected(
            f"{why}Expected: one of {cells.say(short for short, _ in words.LICENSES.values())}.", "unknown"
        )
    return code


def license_number(cell: str, notes: Notes) -> str:
    """A license number as written. Raises Refused for one that its spreadsheet has shortened, and for words alone."""
    del notes
    if sheets.is_shortened(cell):
        cells.expected(
            "The spreadsheet has shortened this number, and its last digits are lost. Please write it as text."
        )
    if not re.search(r"\d", cell):
        cells.expected("There is no license number here: it has figures.")
    return re.sub(r"^(?:lic(?:ense)?\.?\s*)?(?:#|no\b\.?|number\b)\s*:?\s*", "", cell, flags=re.I) or cell


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
    **dict.fromkeys(("approach", "answer_experience", "answer_training", "answer_medicine"), _text),
    "insurance_words": lambda cell, notes: insurance.read(cell, notes).get("insurance_words", ""),
    "gives_superbills": cells.yes_no,
    "experience": cells.experience,
    "zip": contacts.zip_code,
    "currency": lambda cell, notes: cells.one_of(
        lexicon.CURRENCIES, f"Expected: one of {cells.say(words.CURRENCIES)}.", cell, notes
    ),
    "pro_bono_places": lambda cell, _: quantities.whole(cell, 99),
    "free_consultation": lambda cell, _: quantities.whole(cell, 120),
    "room": cells.room,
    "links": contacts.links,
    "email": contacts.email,
    "phone": contacts.phone,
    "npi": contacts.npi,
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
    "takes_insurance": insurance.read,
}


def known_meaning(key: str, code: str) -> Any:
    """The value of a code that an organizer chose for a word: by field where a cell may fill several."""
    base = base_key(key)
    if base in ("telehealth", "in_person", "gives_superbills"):
        return {base: code == "yes"}
    if base == "meets":
        return cells.meeting_of(code)
    return {base: code}
