"""What a listing may say, and when a license counts: pure decisions, every reason at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from circles import people
from circles.base import clock, text
from circles.base.errors import Reason, Refused
from circles.directory.listing import places, words
from circles.directory.listing.values import Draft, License, Way

# How many characters each field may have: one line, or several.
LINES: Final[Mapping[str, int]] = {
    "name": 80,
    "letters": 60,
    "pronouns": 40,
    "headline": 160,
    "city": 80,
    "insurance_words": 200,
    "phone": 40,
}
BODIES: Final[Mapping[str, int]] = {
    "approach": 4000,
    "answer_experience": 600,
    "answer_training": 600,
    "answer_medicine": 600,
}
MAX_LICENSES: Final = 12
MAX_LINKS: Final = 5
MAX_LINK_LENGTH: Final = 300
MAX_FEE: Final = 1_000_000
# Of many things that are none of the choices, so many are named.
MAX_NAMED: Final = 10

# field: (the words it may hold, how many of them)
_LISTS: Final[Mapping[str, tuple[Mapping[str, object], int]]] = {
    "works_with": (words.WORKS_WITH, 20),
    "for_whom": (words.FOR_WHOM, 10),
    "languages": (words.LANGUAGES, 12),
}
_CHOICES: Final[Mapping[str, Mapping[str, object]]] = {
    "experience": {"": "", **words.EXPERIENCE},
    "area": {"": "", **words.AREAS},
    "currency": words.CURRENCIES,
    "room": words.ROOM,
}
# field: (least, most, what to say)
_NUMBERS: Final[Mapping[str, tuple[int, int, str]]] = {
    "pro_bono_places": (0, 99, "Please give how many places are free of charge, from 0 to 99."),
    "free_consultation": (0, 120, "Please give how many minutes the free first talk has, from 0 to 120."),
}


def npi_is_real(npi: str) -> bool:
    """Whether this may be a National Provider Identifier: ten digits from 1 or 2 on, the last of which checks.

    The Luhn sum is taken as if 80840 stood in front of the number, which adds 24 (Centers for Medicare and
    Medicaid Services, "Requirements for National Provider Identifier (NPI) and NPI Check Digit"; ISO/IEC 7812-1).
    """
    if len(npi) != 10 or not (npi.isascii() and npi.isdigit()) or npi[0] not in "12":
        return False
    total = 24
    for place, digit in enumerate(reversed(npi)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def counts(license: License, today: date) -> bool:
    """Whether somebody may be found by this license today: it is active, and its day has not passed."""
    return license.status == "active" and (license.expires_on is None or license.expires_on >= today)


def tidy(draft: Draft) -> Draft:
    """The same with its texts trimmed and its addresses in the form they are kept in; what cannot stand stays."""
    said = {field: _or_typed(getattr(draft, field), _line(field)) for field in LINES}
    said |= {field: _or_typed(getattr(draft, field), _body(field)) for field in BODIES}
    return replace(
        draft,
        **said,
        zip=draft.zip.strip(),
        npi="".join(draft.npi.split()),
        email=_or_typed(draft.email.strip(), people.parse_address) if draft.email.strip() else "",
        links=tuple(dict.fromkeys(found for each in draft.links if (found := each.strip()))),
        works_with=tuple(dict.fromkeys(draft.works_with)),
        for_whom=tuple(dict.fromkeys(draft.for_whom)),
        languages=tuple(dict.fromkeys(draft.languages)),
        licenses=tuple(_tidy_license(each) for each in draft.licenses),
        ways=tuple(
            replace(each, school=_or_typed(each.school, _school_line(f"way_{n}_school")))
            for n, each in enumerate(draft.ways, 1)
        ),
    )


def found_by(draft: Draft) -> str:
    """What a listing is found by beside its own texts, in words: its place, how it works and with what."""
    found = [words.AREAS.get(draft.area, ""), "Telehealth" if draft.telehealth else ""]
    for each in draft.ways:
        way = "" if each.way == "other" else words.WAYS.get(each.way, "")
        found += [way, words.CREDENTIALS.get(each.way, {}).get(each.credential, ""), each.school]
    found += [words.WORKS_WITH.get(each, "") for each in draft.works_with]
    found += [words.LANGUAGES.get(each, "") for each in draft.languages]
    return ", ".join(dict.fromkeys(each for each in found if each))


def _line(field: str) -> Callable[[str], str]:
    return lambda typed: text.line(typed, field, max_length=LINES[field], required=field == "name")


def _body(field: str) -> Callable[[str], str]:
    return lambda typed: text.body(typed, field, max_length=BODIES[field], required=False)


def _number_line(field: str) -> Callable[[str], str]:
    return lambda typed: text.line(typed, field, max_length=40)


def _school_line(field: str) -> Callable[[str], str]:
    return lambda typed: text.line(typed, field, max_length=120, required=False)


def _tidy_license(license: License) -> License:
    number = _or_typed(license.number, _number_line(""))
    return replace(license, number=number, source=license.source.strip())


def _or_typed(typed: str, read: Callable[[str], str]) -> str:
    try:
        return read(typed)
    except Refused:
        return typed


def problems(draft: Draft) -> list[Reason]:
    """Every reason why this cannot stand in the directory, each with its field; none: it can.

    Licenses and ways are named by their place, from 1: license_1_number, way_2_credential.
    """
    return [*broken(draft), *missing(draft, clock.now().date())]


def broken(draft: Draft) -> list[Reason]:
    """Every reason why this cannot even be kept as a draft."""
    reasons: list[Reason] = []
    for field in LINES:
        reasons += _refusals(getattr(draft, field), _line(field))
    if draft.name.strip() and not any(character.isalnum() for character in draft.name):
        reasons.append(Reason("name_invisible", "Please give a name that can be seen.", "name"))
    for field in BODIES:
        reasons += _refusals(getattr(draft, field), _body(field))
    reasons += _choices(draft) + _fees(draft) + _ways_in(draft)
    for number, license in enumerate(draft.licenses, 1):
        reasons += _license(license, f"license_{number}")
    reasons += _many_licenses(draft.licenses)
    for number, way in enumerate(draft.ways, 1):
        reasons += _way(way, f"way_{number}")
    return reasons + _same_ways(draft.ways)


def _refusals(typed: str, read: Callable[[str], str]) -> list[Reason]:
    try:
        read(typed)
    except Refused as refused:
        return list(refused.reasons)
    return []


def _choices(draft: Draft) -> list[Reason]:
    reasons = []
    for field, known in _CHOICES.items():
        if getattr(draft, field) not in known:
            reasons.append(Reason("unknown_choice", _no_such(field, getattr(draft, field)), field))
    for field, (known, most) in _LISTS.items():
        said = getattr(draft, field)
        unknown = [each for each in said if each not in known]
        reasons += [Reason("unknown_choice", _no_such(field, each), field) for each in unknown[:MAX_NAMED]]
        if len(said) > most:
            reasons.append(Reason("too_many", f"Please choose at most {most} of these.", field))
    if not draft.languages:
        reasons.append(Reason("no_language", "Please choose at least one language.", "languages"))
    for field, (least, most, says) in _NUMBERS.items():
        if not least <= getattr(draft, field) <= most:
            reasons.append(Reason("number", says, field))
    return reasons


def _no_such(field: str, typed: str) -> str:
    if field == "area":
        return f"We know no state or country “{_short(typed)}”. Please choose one of the list."
    return f"“{_short(typed)}” is none of the choices here. Please choose one of the list."


def _short(typed: str) -> str:
    return text.tidy_line(typed, max_length=40)


def _fees(draft: Draft) -> list[Reason]:
    reasons = []
    if not 0 <= draft.fee_minimum <= MAX_FEE:
        reasons.append(Reason("fee_range", "Please give a fee from 0 to 10,000.", "fee_minimum"))
    if not 0 <= draft.fee_maximum <= MAX_FEE:
        reasons.append(Reason("fee_range", "Please give a fee from 0 to 10,000.", "fee_maximum"))
    if draft.fee_maximum < draft.fee_minimum:
        reasons.append(
            Reason(
                "fees_order",
                "The highest fee is below the lowest. Please turn them around or mend one.",
                "fee_maximum",
            )
        )
    if draft.sliding_floor is not None and not 0 <= draft.sliding_floor <= draft.fee_minimum:
        reasons.append(
            Reason(
                "floor_above",
                "The lowest a fee slides to cannot be above the lowest full fee.",
                "sliding_floor",
            )
        )
    return reasons


def _ways_in(draft: Draft) -> list[Reason]:
    reasons = []
    if draft.zip and not _is_zip(draft.zip):
        reasons.append(Reason("zip_unreadable", "A ZIP code has five digits, such as 33101.", "zip"))
    if draft.npi and not npi_is_real("".join(draft.npi.split())):
        reasons.append(
            Reason(
                "npi_wrong",
                "This is no NPI: it has ten digits, and the last one checks the others. Is one mistyped?",
                "npi",
            )
        )
    if draft.email.strip():
        reasons += _refusals(draft.email.strip(), people.parse_address)
    if len(draft.links) > MAX_LINKS:
        reasons.append(Reason("too_many", f"There is room for {MAX_LINKS} links.", "links"))
    wrong = [each for each in draft.links[: 2 * MAX_LINKS] if not is_link(each)]
    reasons += [not_a_link(each, "links") for each in wrong]
    return reasons


def _is_zip(typed: str) -> bool:
    return len(typed) == 5 and typed.isascii() and typed.isdigit()


def is_link(typed: str) -> bool:
    """Whether this is the address of a web page elsewhere: http or https, a host with a dot, nothing hidden."""
    typed = typed.strip()
    if len(typed) > MAX_LINK_LENGTH or any(
        not character.isprintable() or character == " " for character in typed
    ):
        return False
    try:
        parts = urlsplit(typed)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host.strip(".") and "@" not in parts.netloc


def not_a_link(typed: str, field: str) -> Reason:
    """Said of what is no address of a web page."""
    return Reason(
        "not_a_link",
        f"“{_short(typed)}” is no web address. Please give a whole one that begins with https://.",
        field,
    )


def _license(license: License, at: str) -> list[Reason]:
    reasons = []
    if license.kind not in words.LICENSES:
        reasons.append(Reason("unknown_license", "Please choose the kind of license.", f"{at}_kind"))
    if license.area not in words.AREAS:
        says = f"We know no state or country “{_short(license.area)}”." if license.area else ""
        reasons.append(Reason("unknown_area", f"{says} Please choose where it holds.".strip(), f"{at}_area"))
    elif (license.kind == "abroad") != (license.area in words.ABROAD):
        reasons.append(
            Reason(
                "license_elsewhere",
                "A license of another country goes with “outside the United States”, and only such a one.",
                f"{at}_area",
            )
        )
    reasons += _refusals(license.number, _number_line(f"{at}_number"))
    if license.status not in words.LICENSE_STATUS:
        reasons.append(Reason("unknown_status", "Please choose how it stands.", f"{at}_status"))
    if license.expires_on and not 1950 <= license.expires_on.year <= 2100:
        reasons.append(Reason("date_far", "Please give a year between 1950 and 2100.", f"{at}_expires_on"))
    if license.source.strip() and not is_link(license.source):
        reasons.append(not_a_link(license.source, f"{at}_source"))
    return reasons


def _many_licenses(licenses: Iterable[License]) -> list[Reason]:
    reasons, seen = [], set()
    for number, each in enumerate(licenses, 1):
        key = (each.kind, each.area, _tidy_license(each).number)
        if key in seen:
            reasons.append(
                Reason("license_twice", "This license stands here twice.", f"license_{number}_number")
            )
        seen.add(key)
        if number == MAX_LICENSES + 1:
            reasons.append(
                Reason("too_many", f"There is room for {MAX_LICENSES} licenses.", f"license_{number}_kind")
            )
    return reasons


def _way(way: Way, at: str) -> list[Reason]:
    if way.way not in words.WAYS:
        return [Reason("unknown_way", f"We know no way of working “{_short(way.way)}”.", f"{at}_way")]
    reasons = _refusals(way.school, _school_line(f"{at}_school"))
    if way.credential and way.credential not in words.CREDENTIALS[way.way]:
        says = f"This credential does not belong to {words.WAYS[way.way]}. Please choose again."
        reasons.append(Reason("unknown_credential", says, f"{at}_credential"))
    if way.way == "other" and not way.school.strip():
        reasons.append(Reason("missing", "Please say what this way of working is called.", f"{at}_school"))
    if way.year is not None and not 1950 <= way.year <= clock.now().year:
        says = f"Please give a year from 1950 to {clock.now().year}."
        reasons.append(Reason("year_unreadable", says, f"{at}_year"))
    return reasons


def _same_ways(ways: Iterable[Way]) -> list[Reason]:
    reasons, seen = [], set()
    for number, each in enumerate(ways, 1):
        if each.way in seen:
            says = "This way of working stands here twice. One line is enough, with the highest credential."
            reasons.append(Reason("way_twice", says, f"way_{number}_way"))
        seen.add(each.way)
    return reasons


def missing(draft: Draft, today: date) -> list[Reason]:
    """What a listing still lacks before anybody can be shown it."""
    reasons = []
    if not draft.telehealth and not draft.in_person:
        reasons.append(
            Reason("met_nowhere", "Please say how you meet: telehealth, in person, or both.", "meets")
        )
    if draft.in_person and not (draft.city.strip() and draft.area):
        reasons.append(Reason("no_place", "Please say in which city and state you meet in person.", "city"))
    if not draft.licenses:
        reasons.append(Reason("no_license", "Please give at least one license.", "license_1_number"))
    elif not any(counts(each, today) for each in draft.licenses):
        says = "No license here counts today: each has run out or is not active. Please mend the date."
        reasons.append(Reason("no_license_counts", says, "license_1_expires_on"))
    if not draft.email.strip() and not draft.links:
        says = "Please give a mail address for introductions, or a link where people can reach you."
        reasons.append(Reason("unreachable", says, "email"))
    return reasons


def zip_problems(draft: Draft, area: str | None) -> list[Reason]:
    """What is wrong with a ZIP code. area: the state it lies in, None when there is no such code."""
    if not _is_zip(draft.zip):
        return []
    if area is None and places.is_military(draft.zip):
        says = f"{draft.zip} is a military address (APO, FPO or DPO), which names no place. Please leave it empty."
        return [Reason("zip_military", says, "zip")]
    if area is None:
        return [Reason("zip_unknown", f"There is no ZIP code {draft.zip}. Is a digit mistyped?", "zip")]
    if draft.area in words.STATES and area != draft.area:
        where = words.STATES.get(area, area)
        says = f"ZIP {draft.zip} is in {where}, not in {words.STATES[draft.area]}. Please mend one of them."
        return [Reason("zip_elsewhere", says, "zip")]
    return []
