"""Which field each heading of a file most likely means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from circles import sheets
from circles.directory.imports.fields import BY_KEY, FIELDS, LEFT_OUT, MAX_NUMBERED, Field
from circles.directory.imports.reading.cells import is_area
from circles.directory.imports.reading.lexicon import DEGREES, KINDS, MEETS
from circles.sheets import plain

# What abbreviations in headings stand for.
_SHORT: Final = {
    "lic": "license", "licence": "license", "licences": "licenses", "cred": "credentials", "creds": "credentials",
    "no": "number", "num": "number", "nr": "number", "nbr": "number", "tel": "telephone", "ph": "phone",
    "ins": "insurance", "lang": "languages", "exp": "expires", "expiry": "expires", "expiration": "expires",
    "prov": "provider",
}  # fmt: skip
_ASKING: Final = re.compile(
    r"\b(y n|yes no|y or n|yes or no|circle one|required|optional|if any|if applicable|please)\b"
)


def _heading_words(heading: str) -> tuple[str, int]:
    """A heading made comparable, and the number in it (0: none): "Lic. # 2" is ("lic number", 2)."""
    text = plain(heading.replace("#", " number ")).replace("licence", "license")
    number = next((int(word) for word in text.split() if word in ("1", "2", "3")), 0)
    return " ".join(word for word in text.split() if word not in ("1", "2", "3")), number


_KNOWN: Final = {name: field for field in FIELDS for name in (*field.names, _heading_words(field.label)[0])}


def _field(heading: str) -> tuple[Field | None, int]:
    """The field a heading most likely means: as it stands, without brackets and “Y/N”, without abbreviations."""
    for text in (heading, re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", heading)):
        name, number = _heading_words(text)
        for variant in (name, " ".join(_ASKING.sub(" ", name).split())):
            long = " ".join(_SHORT.get(word, word) for word in variant.split())
            for candidate in (variant, long):
                if candidate in _KNOWN:
                    return _KNOWN[candidate], number
    return _field_by_words(heading), 0


# A heading of a fee of an hour in other words: “$/session”, “Cost/hr”, “Fee in USD”, “50-min fee”.
_FEE: Final = re.compile(r"\$|\b(fees?|rates?|cost|price|self[- ]?pay|private pay|charge)\b", re.I)
_OF_AN_HOUR: Final = re.compile(
    r"[\s\d/$().:-]|\b(fees?|rates?|cost|price|charge|self|pay|private|cash|per|in|usd|us|hr|hour|hourly|session|visit|appt|min"
    r"|mins|minutes|an|a|the|standard|regular|full|individual|typical|usual)\b",
    re.I,
)
_TWO_IN_ONE: Final = frozenset(
    (
        "phone email",
        "phone and email",
        "contact info",
        "contact information",
        "contact details",
        "phone e mail",
        "email phone",
    )
)


def _field_by_words(heading: str) -> Field | None:
    is_fee = _FEE.search(heading) and re.search(r"\$|\w", heading) and not _OF_AN_HOUR.sub("", heading)
    return BY_KEY["fee"] if is_fee else None


def is_known(heading: str) -> bool:
    """Whether a heading is one of those that match a field."""
    return _field(heading)[0] is not None


def guess(headings: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> tuple[list[str], list[str]]:
    """For each heading the key of OPTIONS it most likely means, and a second one; no key twice, empty where none fits.

    Letters after the name also say the kind of a license, and the state of the practice where it holds, where no
    column of their own does. rows: cells of some rows, for a heading such as “License” that says too little.
    """
    keys: list[str] = []
    end = second_person(headings) or len(headings)
    for n, heading in enumerate(headings):
        cells = [row[n] for row in rows if n < len(row) and row[n].strip()]
        field, number = _field(heading) if n < end or heading == sheets.GROUP else (None, 0)
        field = _by_cells(field, cells) if field else _by_place(heading, headings[:n], cells, keys)
        if field and field.key == "letters" and plain(heading) in _WEAK and _have_letters(headings):
            field = None
        keys.append(_free_key(field, number, keys) if field else LEFT_OUT)
    return keys, _second_keys(headings, keys)


# Headings of letters only where no other heading is.
_WEAK: Final = ("suffix", "title")


def _have_letters(headings: Sequence[str]) -> bool:
    fields = [_field(heading)[0] for heading in headings if plain(heading) not in _WEAK]
    return any(field and field.key == "letters" for field in fields)


def second_person(headings: Sequence[str]) -> int:
    """Where the headings begin again, with the name of a second person in the row; 0 where they do not."""
    named: set[str] = set()
    for n, heading in enumerate(headings):
        field, _ = _field(heading)
        if field and field.key in ("name", "first_name"):
            bare = _heading_words(heading)[0]
            again = {plain(other) for other in headings[n + 1 :]} & {plain(other) for other in headings[:n]}
            if bare in named and len(again - {""}) > 1:
                return n
            named.add(bare)
    return 0


def notes(headings: Sequence[str]) -> list[str]:
    """What is said of the headings as a whole."""
    at = second_person(headings)
    if not at:
        return []
    return [f"The headings begin again at “{headings[at]}” for a second person in each row. Only the first person of a "
            "row is read; please give each person a row."]  # fmt: skip


def _second_keys(headings: Sequence[str], keys: Sequence[str]) -> list[str]:
    also = [LEFT_OUT] * len(keys)
    if "licenses" not in keys and any(key.startswith("license_number") for key in keys):
        for own, needed in (("letters", "license_kind_1"), ("area", "license_area_1")):
            if own in keys and needed not in keys:
                also[keys.index(own)] = needed
    if (
        "phone" in keys
        and "email" not in keys
        and _heading_words(headings[keys.index("phone")])[0] in _TWO_IN_ONE
    ):
        also[keys.index("phone")] = "email"
    return also


def _by_cells(field: Field, cells: Sequence[str]) -> Field:
    """Which field a heading of two meanings names: licenses as kinds, numbers or both; “Modality” as how they meet."""
    if field.key == "ways" and cells:
        meeting = [cell for cell in cells if _is_meeting(cell)]
        return BY_KEY["meets"] if len(meeting) * 2 > len(cells) else field
    if field.key != "license_kind":
        return field
    numbers = [cell for cell in cells if re.search(r"\d", cell)]
    if len(numbers) * 2 <= len(cells):
        return field
    whole = [cell for cell in numbers if _begins_with_kind(cell)]
    return BY_KEY["licenses" if len(whole) * 2 > len(numbers) else "license_number"]


def _is_meeting(cell: str) -> bool:
    return all(plain(part) in MEETS for part in re.split(r"[;,/&+\n]|\band\b|\bor\b", cell) if part.strip())


def _begins_with_kind(cell: str) -> bool:
    words_ = re.findall(r"[^\s,#:()-]+", cell)[:2]
    return any(plain(word) in KINDS or plain(word) in DEGREES for word in words_)


def _by_place(heading: str, before: Sequence[str], cells: Sequence[str], keys: Sequence[str]) -> Field | None:
    """The field of a heading that says too little alone: “No.” beside the kind of a license; the heading of a group."""
    if heading == sheets.GROUP:
        areas = [cell for cell in cells if is_area(cell)]
        return (
            BY_KEY["license_area"]
            if areas and len(areas) * 2 > len(cells) and not _have_areas(keys)
            else None
        )
    is_number = _heading_words(heading)[0] in ("number", "no", "num", "nr")
    beside = keys[-1] if keys else ""
    if before and is_number and beside.startswith(("license_kind", "letters", "license_area")):
        return None if any(key.startswith("license_number") for key in keys) else BY_KEY["license_number"]
    return None


def _have_areas(keys: Sequence[str]) -> bool:
    return any(key == "area" or key.startswith("license_area") for key in keys)


def _free_key(field: Field, number: int, taken: list[str]) -> str:
    if not field.numbered:
        return LEFT_OUT if field.key in taken else field.key
    wanted = [number] if number else range(1, MAX_NUMBERED + 1)
    return next((key for n in wanted if (key := f"{field.key}_{n}") not in taken), LEFT_OUT)
