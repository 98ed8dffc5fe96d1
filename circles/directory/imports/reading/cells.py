"""One cell of a file read as one value. A reader raises Refused with what it expected, and notes what it left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from circles.base.errors import Reason, Refused
from circles.directory.imports.reading import lexicon
from circles.directory.imports.reading.lexicon import CHOICES, Meanings, meaning
from circles.directory.listing import words
from circles.sheets import fold, plain

_BULLET: Final = re.compile(r"^\s*(?:[•·▪●○*–—-]|\d{1,2}[.)])\s+|^\s*[•·▪●○]")


_AGES: Final = re.compile(
    r"\([^)]*\)|\b(?:ages?|aged|years?|yrs?|old|and (?:up|over|older)|over|under|plus)\b|[\d+–-]+"
)


@dataclass(slots=True)
class Notes:
    """What reading a cell needs to know, and what it leaves out. key and heading: of the column.

    meanings: what an organizer said a word means, for all rows. warnings: sentences. unknown: words nobody knows.
    """

    key: str
    meanings: Meanings = field(default_factory=dict)
    day_first: bool = False
    heading: str = ""
    warnings: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        """Add a sentence about what is left out."""
        self.warnings.append(message)


def expected(message: str, code: str = "unreadable") -> NoReturn:
    """Refuse a cell. Raises Refused."""
    raise Refused(Reason(code, message))


# Codes


def say(options: Iterable[str]) -> str:
    """Options in one line."""
    return ", ".join(options)


def split(cell: str) -> list[str]:
    """The parts of a cell with ; or a line between them, without bullets."""
    return [part for piece in re.split(r"[;\n•|]", cell) if (part := _BULLET.sub("", piece).strip(" ,.\t"))]


def one_of(known: Mapping[str, str], wanted: str, cell: str, notes: Notes) -> str:
    """The code of a word. Raises Refused with what is wanted, and notes the word as unknown."""
    code = known.get(plain(cell)) or known.get(fold(cell.strip()))
    if code is None:
        notes.unknown.append(cell)
        expected(wanted, "unknown")
    return code


def _code(key: str, part: str, meanings: Meanings) -> str | None:
    """The code of a word in a field of several; empty to leave it out, None when it is unknown."""
    said = meaning(key, part, meanings)
    if said is not None:
        return said
    known = CHOICES[key].known
    if key == "for_whom" and (
        ages := re.fullmatch(
            r"(?:ages?\s*)?(18|19|2\d|65)\s*(?:\+|plus|and (?:up|over|older)|& (?:up|over))", part, re.I
        )
    ):
        return "elders" if ages[1] == "65" else "adults"
    bare = _AGES.sub(" ", part)
    return (
        known.get(plain(part)) or known.get(plain(bare)) or known.get(plain(re.sub(r"\([^)]*\)", "", part)))
    )


def _parts(key: str, cell: str, meanings: Meanings) -> list[str]:
    """The words of a list, by ; and lines, then by commas and slashes, then by and: each only where it is needed."""
    parts = split(cell)
    for pattern in (r"[,/|]|\s-\s", r"\s*&\s*|\s+and\s+|\s*\+\s+"):
        smaller: list[str] = []
        for part in parts:
            pieces = [piece.strip(" .") for piece in re.split(pattern, part) if piece.strip(" .")]
            keep = _code(key, part, meanings) is not None or (
                "and" in pattern and not any(_code(key, piece, meanings) is not None for piece in pieces)
            )
            smaller += [part] if keep else pieces
        parts = smaller
    return [re.sub(r"^(?:and|or|&)\s+", "", part, flags=re.I) for part in parts]


def some_of(key: str, cell: str, notes: Notes, beside: str = "") -> dict[str, tuple[str, ...]]:
    """The codes of a list, by field. beside: another field whose words may stand in this one.

    Raises Refused when none is known; the unknown among known ones are noted.
    """
    codes: dict[str, list[str]] = {key: []}
    unknown: list[str] = []
    for part in _parts(key, cell, notes.meanings):
        code = _code(key, part, notes.meanings)
        other = _code(beside, part, notes.meanings) if code is None and beside else None
        if code is None and other is None:
            unknown.append(part)
        elif code:
            codes[key].append(code)
        elif other:
            codes.setdefault(beside, []).append(other)
    if unknown:
        notes.unknown += unknown
        notes.warn(f"We do not know {say(f'“{part[:40]}”' for part in unknown[:5])}.")
    return {field_: tuple(dict.fromkeys(kept)) for field_, kept in codes.items() if kept}


_SAYING: Final = frozenset(("yes", "y", "yep", "yeah", "no", "n", "not", "nope"))
# “Yes/No” is a form that nobody filled in; “no answer” and “not sure” are none.
_NOT_SAYING: Final = re.compile(
    r"(?:yes|y) (?:or )?(?:no|n)$|(?:no|not) (?:answer|info\w*|response|reply|idea|sure|known"
    r"|stated|given|applicable|data)\b"
    r"|(?:yes|y)\b.*\b(?:not|until|no longer|soon|starting|starts|from|in the future)\b"
)


def yes_no(cell: str, notes: Notes) -> bool:
    """Yes or no, as a word, a sign or a number; words may follow it: “yes – 2 spots”."""
    typed = plain(cell) or cell.strip()
    if typed in lexicon.YES | lexicon.NO:
        return typed in lexicon.YES
    first = typed.split(" ")[0]
    if first in _SAYING and not _NOT_SAYING.match(typed):
        return first in ("yes", "y", "yep", "yeah")
    notes.unknown.append(cell)
    expected("Expected: yes or no.", "unknown")


def telehealth(cell: str, notes: Notes) -> dict[str, bool]:
    """Whether by telehealth, and where the cell speaks of it, whether in person."""
    ways = _ways_of_meeting(cell)
    return ways if ways else {"telehealth": yes_no(cell, notes)}


def in_person(cell: str, notes: Notes) -> dict[str, bool]:
    """Whether in person, and where the cell speaks of it, whether by telehealth."""
    ways = _ways_of_meeting(cell)
    return ways if ways else {"in_person": yes_no(cell, notes)}


def meets(cell: str, notes: Notes) -> dict[str, bool]:
    """How they meet, as far as the cell says."""
    ways = _ways_of_meeting(cell)
    if not ways:
        notes.unknown.append(cell)
        expected("Expected: telehealth, in person, or both.", "unknown")
    return ways


def meeting_of(letters: str) -> dict[str, bool]:
    """How they meet by the letters of lexicon.MEETS: a capital says no."""
    ways = {"telehealth": "t" in letters, "in_person": "p" in letters}
    return {
        name: way for name, way in ways.items() if way or ("T" if name == "telehealth" else "P") in letters
    }


def _ways_of_meeting(cell: str) -> dict[str, bool]:
    whole = lexicon.MEETS.get(plain(cell))
    letters = whole or "".join(
        lexicon.MEETS.get(plain(part), "?")
        for part in re.split(r"[;,/&+\n]|\band\b|\bor\b", cell)
        if part.strip()
    )
    return {} if not letters or "?" in letters else meeting_of(letters)


_FULL: Final = re.compile(
    r"\b(?:full|closed|paused?|sabbatical|on hold|(?:on|maternity|medical|parental) leave|retir\w+"
    r"|(?:not|isn t|aren t) (?:\w+ )?(?:accepting|taking|open|available|at this time|currently|now))\b"
)
_OPEN: Final = ("yes", "y", "open", "accepting", "taking", "limited", "some", "few", "yep", "yeah")
_LATER: Final = re.compile(
    r"\b(?:not|until|soon|starting|starts|from|after|as of|maybe|possibly|in the future)\b"
)


def room(cell: str, notes: Notes) -> str:
    """Whether they have room, by what the cell begins with: “yes – 2 spots”, “waitlist until March”."""
    typed = plain(cell) or cell.strip()
    code = _room_by_waiting_list(typed) if _is_about_waiting(notes.heading) else _room(typed)
    if not code:
        notes.unknown.append(cell)
        expected("Expected: yes, waiting list, or no.", "unknown")
    return code


def _is_about_waiting(heading: str) -> bool:
    return bool(re.search(r"\bwait", plain(heading))) and not re.search(
        r"accept|open|taking|avail", plain(heading)
    )


def _room_by_waiting_list(typed: str) -> str:
    """Of a column that asks whether there is a waiting list: yes says that there is, no says nothing of room."""
    code = _room(typed)
    if (
        typed in lexicon.YES
        or code == "waiting"
        or re.match(r"(?:yes|y|open)\b|\d+ (?:\w+ )?(?:day|week|month|people)", typed)
    ):
        return "waiting"
    return code if re.search(r"\bfull\b|accepting", typed) else ""


def _room(typed: str) -> str:
    if typed in lexicon.ROOM:
        return lexicon.ROOM[typed]
    if not typed[:1].isalnum():  # a tick or a cross
        return "now" if typed in lexicon.YES else "closed" if typed in lexicon.NO else ""
    bare = re.sub(r"\bno (?:wait ?list\w*|wait\w*|waiting list)\b", "", typed).strip()
    if re.search(r"\bwait", bare):
        return "waiting"
    if not bare or _NOT_SAYING.match(bare):
        return ""
    first = bare.split(" ")[0]
    if first in ("no", "n", "not", "full", "closed") or re.match(
        r"0 (?:spot|opening|slot|space|place)", bare
    ):
        return "closed"
    if _FULL.search(bare) and first not in _OPEN:
        return "closed"
    is_number = re.fullmatch(r"[1-9]\d?(?: (?:spot|opening|slot|space|place)s?.*)?", bare)
    return "now" if (first in _OPEN or is_number) and not _LATER.search(bare) else ""


def experience(cell: str, notes: Notes) -> str:
    """How many people they worked with, by a word or a number."""
    typed = cell.replace(",", "").strip()
    digits = typed.rstrip("+")
    if digits.isascii() and digits.isdigit():
        number = int(digits[:9]) + (digits != typed)
        return "over_50" if number > 50 else "over_10" if number > 10 else "some" if number else "none"
    return one_of(
        lexicon.EXPERIENCE, f"Expected: {say(words.EXPERIENCE.values())}; or a number.", cell, notes
    )


_BESIDE_AREA: Final = re.compile(
    r"\([^)]*\)|\b(?:only|providers?|therapists?|clinicians?|state of|licensed in)\b", re.I
)


def _area_code(cell: str) -> str:
    typed = re.sub(r",?\s*(?:usa?|u\.s\.a?\.?|united states)\.?$", "", cell.strip(), flags=re.I)
    forms = (plain(typed), fold(typed), plain(_BESIDE_AREA.sub(" ", typed)))
    return next((lexicon.AREAS[form] for form in forms if form in lexicon.AREAS), "")


def is_area(cell: str) -> bool:
    """Whether a cell names a state or a country of the list."""
    return bool(_area_code(cell))


def area(cell: str, notes: Notes) -> str:
    """A state or country by its letters or its name. Raises Refused for several."""
    code = _area_code(cell)
    if code:
        return code
    if len(areas(cell)) > 1:
        expected("There is room for one state here. Please write the first alone.", "several")
    notes.unknown.append(cell)
    wanted = "Expected: a state by two letters or its name, such as FL or Florida, or a country of our list."
    expected(wanted, "unknown")


def areas(cell: str) -> list[str]:
    """The states of a cell that names several, such as NC/VA; empty when one of its parts is none."""
    parts = [part for part in re.split(r"[,;/&+\n|]|\band\b", cell) if part.strip()]
    codes = [lexicon.AREAS.get(plain(part), "") for part in parts]
    return list(dict.fromkeys(codes)) if all(codes) else []


# Places


def is_meeting_place(cell: str) -> bool:
    """Whether a cell for a city says telehealth instead, as “Online” or “Virtual (NC, VA)” do."""
    bare = re.sub(r"\([^)]*\)", " ", cell)
    return any(lexicon.MEETS.get(plain(typed), "").startswith("t") for typed in (cell, bare))


def places_of(cell: str) -> list[str]:
    """The places of a cell for one: Newark / Jersey City; Asheville, Durham; two lines with a state each."""
    lines = [line for line in cell.split("\n") if line.strip()]
    if len(lines) > 1 and sum("area" in place(line) for line in lines) > 1:
        return lines
    parts = [
        part.strip()
        for part in re.split(r"\s*;\s*|\s+/\s+|\s+&\s+|\s+and\s+|(?<=[a-z])/(?=[A-Z])", cell)
        if part.strip()
    ]
    if len(parts) == 1 and not re.search(r"\d", cell):
        cities = [part.strip() for part in cell.split(",") if part.strip()]
        if len(cities) > 1 and not any(
            plain(city) in lexicon.AREAS or plain(city) in ("usa", "us") for city in cities
        ):
            parts = cities
    return parts or [cell]


def place(cell: str) -> dict[str, str]:
    """The city of a cell, and the state and ZIP code where it names them: “123 Main St, Newark, NJ 07102”."""
    line = re.sub(r"\s*\n\s*", ", ", cell.strip())
    line = re.sub(r",?\s*(?:USA|United States)\.?$", "", line)
    found: dict[str, str] = {}
    if match := re.search(r"[,\s]+(\d{5})(?:-\d{4})?$", line, re.ASCII):
        found["zip"], line = match[1], line[: match.start()]
    parts = [part.strip() for part in line.split(",") if part.strip()]
    if len(parts) > 1 and (code := lexicon.AREAS.get(plain(parts[-1]))):
        found["area"] = code
        parts.pop()
    elif parts and (match := re.fullmatch(r"(.+)\s+([A-Z]{2})", parts[-1])) and match[2] in words.STATES:
        found["area"] = match[2]
        parts[-1] = match[1]
    if len(parts) > 1 and (found or re.match(r"\d", parts[0])):
        parts = parts[-1:]  # a street before the city
    city = ", ".join(parts)
    if plain(city) in lexicon.AREAS and plain(city) not in ("new york", "washington"):  # a state alone
        return found | {"area": lexicon.AREAS[plain(city)]}
    if re.fullmatch(r"\d{5}(?:-\d{4})?", city, re.ASCII):
        return found | {"zip": city[:5]}
    is_whole_state = re.search(
        r"\b(?:statewide|nationwide|anywhere)\b|^(?:north|south|east|west|central|greater)(?:ern)?$",
        city,
        re.I,
    )
    return found if is_whole_state else found | {"city": city}
