"""What a listing may contain, what it must have to be shown, and when a license is valid. Pure, but for the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from circles import people
from circles.base import clock, text
from circles.base.errors import Reason, Refused
from circles.base.moves import Moves
from circles.base.row import Row
from circles.directory.listing import places, words
from circles.directory.listing.values import Draft, License, Way

# Field: its most characters; fields of one line, and of several.
LINE_LENGTHS: Final[Mapping[str, int]] = {
    "name": 80,
    "letters": 60,
    "pronouns": 40,
    "headline": 160,
    "city": 80,
    "insurance_words": 200,
    "phone": 40,
}
BODY_LENGTHS: Final[Mapping[str, int]] = {
    "approach": 4000,
    "answer_experience": 600,
    "answer_training": 600,
    "answer_medicine": 600,
}
MAX_LICENSES: Final = 12
MAX_WAYS: Final = 12
MAX_LINKS: Final = 5
MAX_LINK_LENGTH: Final = 300
MAX_FEE: Final = 1_000_000
# Of many unknown choices only the first get a reason each.
MAX_UNKNOWN: Final = 10

# field: (the codes it may hold, how many of them)
_LISTS: Final[Mapping[str, tuple[Mapping[str, object], int]]] = {
    "works_with": (words.WORKS_WITH, 20),
    "for_whom": (words.FOR_WHOM, 10),
    "languages": (words.LANGUAGES, 12),
}
_CHOICES: Final[Mapping[str, Mapping[str, object]]] = {
    "experience": {"": "", **words.EXPERIENCE},
    "area": {"": "", **words.AREAS},
    "currency": words.CURRENCIES,
    "room": {"": "", **words.ROOM},
}
# field: (lowest, highest, the refusal)
_NUMBERS: Final[Mapping[str, tuple[int, int, str]]] = {
    "pro_bono_places": (0, 99, "Please give how many places are free of charge, from 0 to 99."),
    "free_consultation": (0, 120, "Please give how many minutes the free first talk has, from 0 to 120."),
}

# The states of a listing.
MOVES: Moves = {
    "draft": {"waiting", "shown", "hidden"},
    "waiting": {"draft", "shown", "hidden"},
    "shown": {"hidden"},
    "hidden": {"shown"},
}


def is_npi(npi: str) -> bool:
    """Whether this is a well-formed National Provider Identifier: ten digits, the first 1 or 2, the last a check digit.

    The Luhn sum is taken over the number with the prefix 80840, which adds 24 (Centers for Medicare and
    Medicaid Services, "Requirements for National Provider Identifier (NPI) and NPI Check Digit"; ISO/IEC 7812-1).
    """
    if len(npi) != 10 or not (npi.isascii() and npi.isdigit()) or npi[0] not in "12":
        return False
    total = 24
    for place, digit in enumerate(reversed(npi)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_license_valid(license: License, today: date) -> bool:
    """Whether a license is active and has not expired."""
    return license.status == "active" and (license.expires_on is None or license.expires_on >= today)


def tidy(draft: Draft) -> Draft:
    """The draft with texts trimmed and addresses normalized; what cannot be read stays as typed."""
    texts = {field: _or_typed(getattr(draft, field), _line(field)) for field in LINE_LENGTHS}
    texts |= {field: _or_typed(getattr(draft, field), _body(field)) for field in BODY_LENGTHS}
    return replace(
        draft,
        **texts,
        zip=text.plain_digits(draft.zip),
        npi="".join(text.plain_digits(draft.npi).split()),
        email=_or_typed(draft.email.strip(), people.parse_address) if draft.email.strip() else "",
        links=tuple(
            dict.fromkeys(filter(None, (text.without_invisible(link).strip() for link in draft.links)))
        ),
        works_with=tuple(dict.fromkeys(draft.works_with)),
        for_whom=tuple(dict.fromkeys(draft.for_whom)),
        languages=tuple(dict.fromkeys(draft.languages)),
        licenses=tuple(_tidy_license(license) for license in draft.licenses),
        ways=tuple(
            replace(way, school=_or_typed(way.school, _school_line(f"way_{n}_school")))
            for n, way in enumerate(draft.ways, 1)
        ),
    )


def search_text(draft: Draft) -> str:
    """What the text search finds a listing by beside its own texts: the names of its state, ways, themes, languages."""
    names = [words.AREAS.get(draft.area, ""), "Telehealth" if draft.telehealth else ""]
    for way in draft.ways:
        name = "" if way.way == "other" else words.WAYS.get(way.way, "")
        names += [name, words.CREDENTIALS.get(way.way, {}).get(way.credential, ""), way.school]
    names += [words.WORKS_WITH.get(code, "") for code in draft.works_with]
    names += [words.LANGUAGES.get(code, "") for code in draft.languages]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _line(field: str) -> Callable[[str], str]:
    return lambda typed: text.line(typed, field, max_length=LINE_LENGTHS[field], required=field == "name")


def _body(field: str) -> Callable[[str], str]:
    return lambda typed: text.body(typed, field, max_length=BODY_LENGTHS[field], required=False)


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


def is_shown_again(hidden_because: str, draft: Draft) -> bool:
    """Whether a listing is shown again with this content: upkeep had hidden it, and it is complete."""
    return hidden_because in ("unconfirmed", "licence") and not publish_refusals(draft)


def show_refusals(listing: Row) -> list[Reason]:
    """Why organizers cannot show a listing: its therapist took it off, or has not sent it."""
    if listing["hidden_because"] == "therapist":
        return [Reason("withdrawn", "The therapist took this page off. Only they can bring it back.")]
    if listing["state"] == "draft" and listing["person_id"] and listing["source"] == "applied":
        message = "Its therapist has not sent this page, or took it back. It can be shown once they send it."
        return [Reason("not_sent", message)]
    return []


def check_license_refusals(listing: Row, actor_id: UUID) -> list[Reason]:
    """Why an organizer cannot mark a license of this listing as checked: the listing is their own."""
    if listing["person_id"] != actor_id:
        return []
    message = (
        "This page is your own, so another organizer has to look the license up. Nobody checks their own."
    )
    return [Reason("own", message)]


def publish_refusals(draft: Draft) -> list[Reason]:
    """Every reason why this cannot be in the directory, each with its field.

    Fields of licenses and ways are numbered from 1: license_1_number, way_2_credential.
    """
    return [*draft_refusals(draft), *missing_refusals(draft, clock.now().date())]


def draft_refusals(draft: Draft) -> list[Reason]:
    """Every reason why this cannot even be saved as a draft, each with its field."""
    reasons: list[Reason] = []
    for field in LINE_LENGTHS:
        reasons += _text_refusals(getattr(draft, field), _line(field))
    if draft.name.strip() and not any(character.isalnum() for character in draft.name):
        reasons.append(Reason("name_invisible", "Please give a name that can be seen.", "name"))
    for field in BODY_LENGTHS:
        reasons += _text_refusals(getattr(draft, field), _body(field))
    reasons += _choice_refusals(draft) + _fee_refusals(draft) + _contact_refusals(draft)
    for number, license in enumerate(draft.licenses, 1):
        reasons += _license_refusals(license, f"license_{number}")
    reasons += _license_list_refusals(draft.licenses)
    for number, way in enumerate(draft.ways, 1):
        reasons += _way_refusals(way, f"way_{number}")
    return reasons + _way_list_refusals(draft.ways)


def _text_refusals(typed: str, read: Callable[[str], str]) -> list[Reason]:
    try:
        read(typed)
    except Refused as refused:
        return list(refused.reasons)
    return []


def _choice_refusals(draft: Draft) -> list[Reason]:
    reasons = []
    for field, known in _CHOICES.items():
        if getattr(draft, field) not in known:
            reasons.append(Reason("unknown_choice", _unknown_choice(field, getattr(draft, field)), field))
    for field, (known, most) in _LISTS.items():
        codes = getattr(draft, field)
        unknown = [code for code in codes if code not in known]
        reasons += [
            Reason("unknown_choice", _unknown_choice(field, code), field) for code in unknown[:MAX_UNKNOWN]
        ]
        if len(codes) > most:
            reasons.append(Reason("too_many", f"Please choose at most {most} of these.", field))
    for field, (lowest, highest, message) in _NUMBERS.items():
        if not lowest <= getattr(draft, field) <= highest:
            reasons.append(Reason("number", message, field))
    return reasons


def _unknown_choice(field: str, typed: str) -> str:
    if field == "area":
        return f"We know no state or country “{_short(typed)}”. Please choose one of the list."
    return f"“{_short(typed)}” is none of the choices here. Please choose one of the list."


def _short(typed: str) -> str:
    return text.tidy_line(typed, max_length=40)


def _fee_refusals(draft: Draft) -> list[Reason]:
    reasons = []
    lowest, highest, floor = draft.fee_minimum, draft.fee_maximum, draft.sliding_floor
    for field, fee in (("fee_minimum", lowest), ("fee_maximum", highest)):
        if fee is not None and not 0 <= fee <= MAX_FEE:
            reasons.append(Reason("fee_range", "Please give a fee from 0 to 10,000.", field))
    if lowest is not None and highest is not None and highest < lowest:
        message = "The highest fee is below the lowest. Please turn them around or correct one."
        reasons.append(Reason("fees_order", message, "fee_maximum"))
    if floor is not None and not 0 <= floor <= (MAX_FEE if lowest is None else lowest):
        message = "The lowest a fee slides to cannot be above the lowest full fee."
        reasons.append(Reason("floor_above", message, "sliding_floor"))
    return reasons


def _contact_refusals(draft: Draft) -> list[Reason]:
    reasons = []
    if draft.zip and not _is_zip(draft.zip):
        reasons.append(Reason("zip_unreadable", "A ZIP code has five digits, such as 33101.", "zip"))
    if draft.npi and not is_npi("".join(draft.npi.split())):
        message = "This is no NPI: it has ten digits, and the last one checks the others. Is one mistyped?"
        reasons.append(Reason("npi_wrong", message, "npi"))
    if draft.email.strip():
        reasons += _text_refusals(draft.email.strip(), people.parse_address)
    if len(draft.links) > MAX_LINKS:
        reasons.append(Reason("too_many", f"There can be at most {MAX_LINKS} links.", "links"))
    wrong = [link for link in draft.links[: 2 * MAX_LINKS] if not is_link(link)]
    reasons += [not_a_link(link, "links") for link in wrong]
    return reasons


def _is_zip(typed: str) -> bool:
    return len(typed) == 5 and typed.isascii() and typed.isdigit()


def is_link(typed: str) -> bool:
    """Whether this is an http(s) URL of another host: a name with a dot, no credentials, printable, not too long."""
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
    """The refusal of a text that `is_link` rejects."""
    message = f"“{_short(typed)}” is no web address. Please give a whole one that begins with https://."
    return Reason("not_a_link", message, field)


def _license_refusals(license: License, at: str) -> list[Reason]:
    reasons = []
    if license.kind not in words.LICENSES:
        reasons.append(Reason("unknown_license", "Please choose the kind of license.", f"{at}_kind"))
    if license.area not in words.AREAS:
        message = f"We know no state or country “{_short(license.area)}”." if license.area else ""
        reasons.append(
            Reason("unknown_area", f"{message} Please choose where it is valid.".strip(), f"{at}_area")
        )
    elif (license.kind == "abroad") != (license.area in words.ABROAD):
        message = "A license of another country goes with “outside the United States”, and only such a one."
        reasons.append(Reason("license_elsewhere", message, f"{at}_area"))
    reasons += _text_refusals(license.number, _number_line(f"{at}_number"))
    if license.status not in words.LICENSE_STATUS:
        reasons.append(Reason("unknown_status", "Please choose how it stands.", f"{at}_status"))
    if license.expires_on and not 1950 <= license.expires_on.year <= 2100:
        reasons.append(Reason("date_far", "Please give a year between 1950 and 2100.", f"{at}_expires_on"))
    if license.source.strip() and not is_link(license.source):
        reasons.append(not_a_link(license.source, f"{at}_source"))
    return reasons


def _license_list_refusals(licenses: Iterable[License]) -> list[Reason]:
    reasons, keys = [], set()
    for number, license in enumerate(licenses, 1):
        key = (license.kind, license.area, _tidy_license(license).number)
        if key in keys:
            message = "This license is here twice."
            reasons.append(Reason("license_twice", message, f"license_{number}_number"))
        keys.add(key)
        if number == MAX_LICENSES + 1:
            message = f"There can be at most {MAX_LICENSES} licenses."
            reasons.append(Reason("too_many", message, f"license_{number}_kind"))
    return reasons


def _way_refusals(way: Way, at: str) -> list[Reason]:
    if way.way not in words.WAYS:
        return [Reason("unknown_way", f"We know no way of working “{_short(way.way)}”.", f"{at}_way")]
    reasons = _text_refusals(way.school, _school_line(f"{at}_school"))
    if way.credential and way.credential not in words.CREDENTIALS[way.way]:
        message = f"This credential does not belong to {words.WAYS[way.way]}. Please choose again."
        reasons.append(Reason("unknown_credential", message, f"{at}_credential"))
    if way.way == "other" and not way.school.strip():
        reasons.append(Reason("missing", "Please say what this way of working is called.", f"{at}_school"))
    if way.year is not None and not 1950 <= way.year <= clock.now().year:
        message = f"Please give a year from 1950 to {clock.now().year}."
        reasons.append(Reason("year_unreadable", message, f"{at}_year"))
    return reasons


def _way_list_refusals(ways: Iterable[Way]) -> list[Reason]:
    reasons, codes = [], set()
    for number, way in enumerate(ways, 1):
        key = (way.way, way.school.strip().casefold() if way.way == "other" else "")
        if key in codes:
            message = "This way of working is here twice. One line is enough, with the highest credential."
            reasons.append(Reason("way_twice", message, f"way_{number}_way"))
        if number == MAX_WAYS + 1:
            reasons.append(Reason("too_many", f"There is room for {MAX_WAYS} ways.", f"way_{number}_way"))
        codes.add(key)
    return reasons


def missing_refusals(draft: Draft, today: date) -> list[Reason]:
    """What a listing still lacks before it can be shown."""
    reasons = []
    if draft.telehealth is False and draft.in_person is False:
        message = "Please say how you meet: telehealth, in person, or both."
        reasons.append(Reason("met_nowhere", message, "meets"))
    if draft.in_person and not (draft.city.strip() and draft.area):
        reasons.append(Reason("no_place", "Please say in which city and state you meet in person.", "city"))
    if not draft.licenses:
        reasons.append(Reason("no_license", "Please give at least one license.", "license_1_number"))
    elif not any(is_license_valid(license, today) for license in draft.licenses):
        message = "No license here counts today: each has run out or is not active. Please correct the date."
        reasons.append(Reason("no_license_counts", message, "license_1_expires_on"))
    if not draft.email.strip() and not draft.links:
        message = "Please give a mail address for introductions, or a link where people can reach you."
        reasons.append(Reason("unreachable", message, "email"))
    return reasons


def zip_refusals(draft: Draft, area: str | None) -> list[Reason]:
    """Why a ZIP code cannot be. area: the state it is in, None when there is no such code."""
    if not _is_zip(draft.zip):
        return []
    if area is None and places.is_military(draft.zip):
        message = f"{draft.zip} is a military address (APO, FPO or DPO), which names no place. Please leave it empty."
        return [Reason("zip_military", message, "zip")]
    if area is None:
        return [Reason("zip_unknown", f"There is no ZIP code {draft.zip}. Is a digit mistyped?", "zip")]
    if draft.area in words.STATES and area != draft.area:
        where = words.STATES.get(area, area)
        message = (
            f"ZIP {draft.zip} is in {where}, not in {words.STATES[draft.area]}. Please correct one of them."
        )
        return [Reason("zip_elsewhere", message, "zip")]
    return []
