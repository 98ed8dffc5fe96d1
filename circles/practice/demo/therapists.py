"""The directory of the demo community: 120 listings in 12 states. Pure: drafts, and rows for the plan.

The same every time but for today's date, from which every other date is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from circles.base import text
from circles.directory import Draft, License, Way, columns_of, way_codes, words
from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row

PER_STATE: Final = 10
# Exceptional listings: state, and index among its listings.
WAITING: Final = (("OR", 9), ("GA", 9))
MARKED: Final = ("IL", 8)
HIDDEN: Final = ("AZ", 9)
COMPLAINED: Final = ("TX", 4)
# In Florida these work by telehealth and slide to less than $80.
LOW_FLOORS: Final = (3_000, 4_500, 5_000, 6_000, 7_000, 7_500)
FACILITATOR: Final = "farid"

_LETTERS: Final = {
    "psychologist": ("PhD", "PsyD"),
    "lcsw": ("LCSW",),
    "lmft": ("LMFT",),
    "lpc": ("LPC", "MA, LPC"),
    "lmhc": ("LMHC", "MS, LMHC"),
    "psychiatrist": ("MD", "DO"),
    "pmhnp": ("PMHNP-BC",),
}
_PREFIXES: Final = {
    "psychologist": "PY", "lcsw": "SW", "lmft": "MT", "lpc": "PC", "lmhc": "MH", "psychiatrist": "ME", "pmhnp": "RN",
}  # fmt: skip
_KINDS: Final = ("lcsw", "psychologist", "lmft", "counselor", "lcsw", "counselor", "psychologist", "pmhnp",
                 "lmft", "psychiatrist")  # fmt: skip
# The title of a counselor differs between the states.
_LMHC_STATES: Final = frozenset(("FL", "NY", "MA", "WA"))
_WAYS: Final = ("ifs", "se", "kap", "emdr", "psychodynamic", "act", "mindfulness", "kap", "ifs", "other")
_EXPERIENCE: Final = (
    "over_10",
    "some",
    "over_50",
    "none",
    "over_10",
    "some",
    "over_10",
    "",
    "some",
    "over_50",
)
_PRONOUNS: Final = ("she/her", "he/him", "they/them", "she/her", "", "he/him", "she/they")


@dataclass(frozen=True, slots=True)
class Planned:
    """One listing: its state, its index among the state's listings, its coordinates and its draft."""

    state: str
    index: int
    point: tuple[float, float]
    draft: Draft


def _texts(name: str) -> Any:
    return data.therapists()[name]


def drafts(today: date) -> list[Planned]:
    """The 119 listings without an account, by state."""
    chance = Random("a directory of therapists")  # noise for a demonstration, no secret
    names = [(name, language) for language, group in _texts("names").items() for name in group]
    chance.shuffle(names)
    planned = []
    for state in _texts("places"):
        for index in range(PER_STATE):
            if (state, index) != ("NY", 0):  # the facilitator's own
                name, language = names[len(planned)]
                planned.append(_planned(chance, len(planned), state, index, name, language, today))
    return planned


def _planned(
    chance: Random, number: int, state: str, index: int, name: str, language: str, today: date
) -> Planned:
    places = _texts("places")[state]
    city, zip_, *point = places["cities"][index % len(places["cities"])]
    in_person = index % 10 in (1, 3, 4, 6, 8)
    telehealth = not in_person or index % 10 in (3, 6) or (state == "FL" and index < len(LOW_FLOORS))
    licenses = _licenses(chance, number, state, index, telehealth, today)
    ways = _ways(chance, number)
    works_with = tuple(sorted(chance.sample(list(words.WORKS_WITH), 2 + number % 4)))
    draft = Draft(
        name=name,
        letters=chance.choice(_LETTERS[licenses[0].kind]),
        pronouns=_PRONOUNS[number % len(_PRONOUNS)],
        works_with=works_with,
        for_whom=tuple(dict.fromkeys(("adults", *chance.sample(list(words.FOR_WHOM), number % 3)))),
        languages=_languages(chance, number, language),
        telehealth=telehealth,
        in_person=in_person,
        city=city,
        area=state,
        zip=zip_,
        takes_insurance=number % 4 == 0,
        insurance_words=chance.choice(_texts("insurers")) if number % 4 == 0 else "",
        gives_superbills=number % 4 != 0,
        free_consultation=(0, 15, 20, 30)[number % 4],
        room=("now", "now", "waiting", "now", "closed", "now", "now", "waiting")[number % 8],
        links=(f"https://{_slug(name)}.example.org",) if number % 5 else (),
        email=f"{_slug(name)}@example.org",
        phone=f"({places['area_code']}) 555-01{number % 100:02}",
        npi=_npi(number) if number % 6 else "",
        licenses=licenses,
        ways=ways,
    )
    floor = LOW_FLOORS[index] if state == "FL" and index < len(LOW_FLOORS) else None
    draft = _priced(chance, draft, number, floor)
    return Planned(state, index, (point[0], point[1]), _with_texts(chance, draft, number))


def _licenses(
    chance: Random, number: int, state: str, index: int, telehealth: bool, today: date
) -> tuple[License, ...]:
    """One in their own state, and with telehealth sometimes in others."""
    kind = _KINDS[index % len(_KINDS)]
    others = [other for other in _texts("places") if other != state]
    states = [state, *(chance.sample(others, 1 + number % 3) if telehealth and number % 3 == 0 else ())]
    licenses = []
    for area in states:
        own = kind if kind != "counselor" else "lmhc" if area in _LMHC_STATES else "lpc"
        digits = chance.randrange(10_000, 99_999)
        expires = today + timedelta(days=chance.randrange(60, 720)) if chance.random() < 0.9 else None
        source = f"https://licenses.example.org/{area.lower()}"
        licenses.append(License(own, area, f"{_PREFIXES[own]}{digits}", "active", expires, source))
    return tuple(licenses)


def _ways(chance: Random, number: int) -> tuple[Way, ...]:
    first = _WAYS[number % len(_WAYS)]
    more = chance.sample([way for way in words.WAYS if way not in (first, "other")], number % 3)
    return tuple(_way(chance, way) for way in dict.fromkeys((first, *more)))


def _way(chance: Random, way: str) -> Way:
    year = chance.randrange(2005, 2025)
    if way == "other":
        return Way(way, "", chance.choice(_texts("other_ways")), year)
    credential = chance.choice(("", *words.CREDENTIALS[way], *words.CREDENTIALS[way]))
    schools = words.KAP_SCHOOLS if way == "kap" else _texts("schools")[way]
    return Way(way, credential, chance.choice(schools) if credential else "", year if credential else None)


def _languages(chance: Random, number: int, language: str) -> tuple[str, ...]:
    more = chance.choice(("es", "fr", "de", "pt")) if number % 9 == 0 else ""
    return tuple(dict.fromkeys(code for code in ("en", language, more) if code))


def _priced(chance: Random, draft: Draft, number: int, floor: int | None) -> Draft:
    """Usual fees of the field in minor units; more with KAP training, less in a few practices."""
    kap = any(way.way == "kap" and way.credential for way in draft.ways)
    least, most = words.KAP_FEES if kap else words.USUAL_FEES
    if number % 11 == 7:
        least, most = 6_000, 12_000
    minimum = chance.randrange(least, (least + most) // 2 + 1, 1_000)
    maximum = chance.randrange(minimum, most + 1, 1_000)
    slides = floor is not None or number % 5 < 2
    usual = chance.randrange(words.USUAL_FLOOR[0], min(14_000, minimum) + 1, 500)
    return replace(
        draft,
        fee_minimum=minimum,
        fee_maximum=maximum,
        sliding_floor=(floor if floor is not None else usual) if slides else None,
        pro_bono_places=number % 3 if number % 7 == 0 else 0,
    )


def _with_texts(chance: Random, draft: Draft, number: int) -> Draft:
    """The texts of a draft, combined so that no two listings are alike."""
    opening = chance.choice(_texts("openings")[draft.ways[0].way])
    middle = " ".join(_texts("middles")[key] for key in chance.sample(draft.works_with, 1 + number % 2))
    closing = " ".join(chance.sample(_texts("closings"), 2 + number % 2))
    parts = [opening, middle, closing] if number % 3 else [middle, opening, closing]
    experience = _EXPERIENCE[number % len(_EXPERIENCE)]
    return replace(
        draft,
        headline=_texts("headlines")[(number * 7) % len(_texts("headlines"))],
        approach="\n\n".join(parts),
        experience=experience,
        answer_experience=chance.choice(_texts("experience_answers")[experience]) if experience else "",
        answer_training=_training(draft.ways) if number % 4 else "",
        answer_medicine=chance.choice(_texts("medicine_answers")) if number % 5 else "",
    )


def _training(ways: Sequence[Way]) -> str:
    """A sentence on their training, from their credentials."""
    held = [
        words.CREDENTIALS[way.way][way.credential] + (f", {way.school}" if way.school else "")
        for way in ways
        if way.credential
    ]
    return f"{'; '.join(held)}. I keep learning, and I have a supervisor." if held else ""


def _slug(name: str) -> str:
    plain = "".join(character for character in text.normalized("NFKD", name) if character.isascii())
    return plain.lower().replace(" ", ".").replace("'", "")


def _npi(number: int) -> str:
    """An invented NPI below the first one ever issued, with its check digit (Luhn over 80840 and the number)."""
    stem = f"10010{number:04}"
    total = 24
    for position, digit in enumerate(reversed(stem)):
        value = int(digit) * (2 - position % 2)
        total += value - 9 if value > 9 else value
    return stem + str(-total % 10)


def add_therapists(plan: Plan) -> None:
    """Add the directory: listings with their licenses and ways, one complaint, and what Odile checked."""
    chance = Random("what became of them")
    today = plan.now.date()
    for number, planned in enumerate(drafts(today)):
        _add(plan, chance, planned, number)
    _add(plan, chance, _facilitators_own(today), 0, person=plan.hosts[FACILITATOR])


def _facilitators_own(today: date) -> Planned:
    """Farid's own listing: somebody who hosts circles may be a therapist too."""
    _, _, *point = data.therapists()["places"]["NY"]["cities"][0]
    source = "https://licenses.example.org/lcsw/farid-nazari"
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in _texts("farid").items()
    }
    draft = Draft(
        **values,
        npi=_npi(999),
        licenses=(License("lcsw", "NY", "SW48213", "active", today + timedelta(days=410), source),),
        ways=(Way("ifs", "ifs_2", "IFS training, Northeast group", 2018),),
    )
    return Planned("NY", 0, (point[0], point[1]), draft)


def _add(plan: Plan, chance: Random, planned: Planned, number: int, person: UUID | None = None) -> None:
    at = (planned.state, planned.index)
    came_at = plan.now - timedelta(days=chance.randrange(20, 150), minutes=chance.randrange(1_400))
    state = "waiting" if at in WAITING else "hidden" if at == HIDDEN else "shown"
    dates = _dates(plan.now, at, state, came_at)
    listing = plan.add(
        "listings",
        **columns_of(planned.draft),
        **_source(number, plan.odile, person),
        **dates,
        state=state,
        hidden_because="organizer" if state == "hidden" else "",
        room_confirmed_at=dates["confirmed_at"],
        therapist_confirmed_at=dates["confirmed_at"] if person or number % 3 else None,
        created_at=dates["came_at"],
        changed_at=dates["confirmed_at"],
        person_id=person,
        latitude=planned.point[0],
        longitude=planned.point[1],
    )
    plan.event("listing.written", listing, came_at, person or plan.odile, after=state)
    if at == COMPLAINED:
        row = {"listing_id": listing, "person_id": plan.members[7], "body": _texts("complaint")}
        plan.add("complaints", **row, created_at=plan.now - timedelta(days=2, hours=3))
    checked = came_at + timedelta(hours=4) if chance.random() < 0.8 and state != "waiting" else None
    _add_licenses_and_ways(plan, listing, planned.draft, checked)


def _source(number: int, odile: UUID, person: UUID | None) -> Row:
    if person:
        return {"source": "applied", "source_note": "", "source_by": person}
    if number % 4 == 0:
        return {"source": "organizer", "source_note": "", "source_by": odile}
    return {"source": "import", "source_note": f"colleagues.csv, row {number + 2}", "source_by": odile}


def _dates(now: datetime, at: tuple[str, int], state: str, came_at: datetime) -> Row:
    """When a listing was added, confirmed and shown, and when its therapist was last mailed about it."""
    if at == MARKED:
        ago = {"came_at": 300, "shown_at": 299, "confirmed_at": 198, "asked_at": 17, "marked_at": 3}
        return {name: now - timedelta(days=days) for name, days in ago.items()}
    shown_at = came_at if state != "waiting" else None
    usual = {"came_at": came_at, "confirmed_at": came_at, "shown_at": shown_at}
    return usual | {"asked_at": None, "marked_at": None}


def _add_licenses_and_ways(plan: Plan, listing: UUID, draft: Draft, checked: datetime | None) -> None:
    for license in draft.licenses:
        check = {"checked_at": checked, "checked_by": plan.odile if checked else None}
        check["checked_against"] = license.source if checked else ""
        plan.add("licences", listing_id=listing, **asdict(license), **check)
    for code, way in zip(way_codes(draft.ways), draft.ways, strict=True):
        row = {"listing_id": listing, **asdict(way), "way": code}
        plan.rows.setdefault("listing_ways", []).append(row)
