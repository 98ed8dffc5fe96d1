"""What somebody looks for: read from the address, written back to it, and put as arguments of the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from circles.base import money, reading, text
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.directory.listing import places, words
from circles.directory.listing.places import Place
from circles.directory.search import short_list_rules

PER_PAGE: Final = 20
MAX_PAGES: Final = 5000
MAX_WORDS: Final = 120
# The closest go first only while no more than these fit; beyond that, closeness says little and costs much.
FEW: Final = 3000
EVERYBODY: Final = 1_000_000
HOW: Final[Mapping[str, str]] = {
    "telehealth": "By telehealth",
    "in_person": "In person, near me",
}
WITHIN: Final = (5, 10, 25, 50, 100)
USUAL_WITHIN: Final = 25
_LEFT_OUT: Final = "This filter was left out."
_ONE: Final = f"Please choose one of these. {_LEFT_OUT}"
_MORE: Final = f"Please choose one or more of these. {_LEFT_OUT}"
# The steps of the fee that have a facet of their own, in dollars (sql/directory.sql, refresh_facets).
FEES: Final = (40, 60, 80, 100, 150, 200, 250, 300)
PAY: Final[Mapping[str, str]] = {
    "sliding": "A sliding fee",
    "insurance": "Takes insurance",
    "superbills": "Gives superbills",
    "pro_bono": "Has places free of charge",
    "free_talk": "A first talk free of charge",
}
EXPERIENCE: Final[Mapping[str, str]] = {
    "some": "1 person or more",
    "over_10": "More than 10 people",
    "over_50": "More than 50 people",
}
CREDENTIALS: Final[Mapping[str, str]] = {
    code: said for each in words.CREDENTIALS.values() for code, said in each.items()
}


@dataclass(frozen=True, slots=True)
class Group:
    """Choices of which any number may be ticked. name: in the address and of the facets; field: of a Search."""

    name: str
    field: str
    legend: str
    options: Mapping[str, str]


GROUPS: Final = (
    Group("with", "works_with", "Works with", words.WORKS_WITH),
    Group("way", "ways", "Way of working", words.WAYS),
    Group("cred", "credentials", "Credential", CREDENTIALS),
    Group("pay", "pay", "Help with the cost", PAY),
    Group("room", "room", "Room for new people", words.ROOM),
    Group("lang", "languages", "Language", words.LANGUAGES),
    Group("for", "for_whom", "For whom", words.FOR_WHOM),
)

# What each choice is called, where it is said that it was left out.
LEGENDS: Final[Mapping[str, str]] = {
    "state": "Where you are",
    "how": "How to meet",
    "fee": "A fee I can pay",
    "amount": "A fee I can pay",
    "exp": "Experience",
} | {group.name: group.legend for group in GROUPS}


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for. An empty value lets everything through; fee is in cents.

    kept: the codes of the listings on the short list, which the address carries along.
    """

    q: str = ""
    state: str = ""
    how: str = ""
    zip: str = ""
    within: int = USUAL_WITHIN
    works_with: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    pay: tuple[str, ...] = ()
    room: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    for_whom: tuple[str, ...] = ()
    fee: int | None = None
    experience: str = ""
    page: int = 1
    kept: tuple[str, ...] = ()

    @property
    def how_many(self) -> int:
        """How many filters are set."""
        aside = ("page", "kept", "within")
        return sum(
            getattr(self, each.name) != each.default for each in fields(self) if each.name not in aside
        )

    def pairs(self) -> list[tuple[str, str]]:
        """What is set, as the names and values of the form and of the address, always in the same order."""
        given = [("q", self.q), ("state", self.state), ("how", self.how), ("zip", self.zip)]
        given += [("within", "" if self.within == USUAL_WITHIN else str(self.within))]
        for group in GROUPS:
            given += [(group.name, value) for value in getattr(self, group.field)]
        given += [
            ("fee", "" if self.fee is None else money.format_plain(self.fee, "USD")),
            ("exp", self.experience),
        ]
        given += [("t", code) for code in self.kept]
        return [(name, value) for name, value in given if value]

    def url(self, page: int = 1) -> str:
        """The address of one page of this list, with nothing in it that is not set."""
        query = urlencode(self.pairs() + ([("page", str(page))] if page > 1 else []))
        return f"/therapists?{query}" if query else "/therapists"


def read(values: Mapping[str, str]) -> tuple[Search, list[Reason]]:
    """Read a search. What cannot be read is left out, and a reason for its field says so."""
    reader = Reader(values)
    ticked = {group.field: reader.several(group.name, group.options, _MORE) for group in GROUPS}
    found = Search(
        q=_words(reader),
        state=reader.one("state", words.AREAS, _ONE),
        how=reader.one("how", HOW, _ONE),
        zip=_zip(reader),
        within=_within(values.get("within", "")),
        fee=_fee(reader),
        experience=reader.one("exp", EXPERIENCE, _ONE),
        page=reading.page_number(values.get("page", ""), MAX_PAGES),
        kept=short_list_rules.read(values.get("t", "")),
        **ticked,
    )
    return found, reader.reasons


def _left_out(name: str, says: str) -> Reason:
    return Reason("left_out", f"{says} {_LEFT_OUT}", name)


def _words(reader: Reader) -> str:
    typed = text.tidy_line(reader.values.get("q", ""), max_length=10 * MAX_WORDS)
    if len(typed) > MAX_WORDS:
        reader.reasons.append(Reason("words_long", "Only the first words were looked for.", "q"))
    return typed[:MAX_WORDS].rstrip()


def _zip(reader: Reader) -> str:
    typed = reader.values.get("zip", "").strip()
    digits = typed.partition("-")[0].strip()
    if not typed or (len(digits) == 5 and digits.isascii() and digits.isdecimal()):
        return digits
    reader.reasons.append(_left_out("zip", "A ZIP has five digits, such as 33130."))
    return ""


def _within(typed: str) -> int:
    return next((each for each in WITHIN if str(each) == typed.strip()), USUAL_WITHIN)


def _fee(reader: Reader) -> int | None:
    """What can be paid: an amount that was typed and can be read, else the one that was chosen."""
    for name in ("amount", "fee"):
        typed = reader.values.get(name, "").strip()
        found = reader.take(lambda typed=typed, name=name: _amount(typed, name), None) if typed else None
        if found is not None:
            return found
    return None


def _amount(typed: str, name: str) -> int:
    try:
        return money.parse(typed, "USD", name)
    except Refused:
        raise Refused(_left_out(name, "Please write a plain number, such as 80.")) from None


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody is, as far as it is known, and what stands in the way of looking there.

    area: their state or country. near: the place they named by its ZIP. apart: ZIP and state disagree, so nobody is
    shown. asks: telehealth or an office was asked for and no state is known, so nobody can be shown yet.
    """

    area: str = ""
    near: Place | None = None
    apart: bool = False
    asks: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def open(self) -> bool:
        """Whether there is anything to look for."""
        return not (self.apart or self.asks)

    def holds(self, licensed: Iterable[str]) -> bool:
        """Whether somebody licensed in these areas today may be offered here; anybody, where no state is known.

        Who is found follows the licenses by a timetable; this is what holds at the very moment.
        """
        return not self.area or self.area in licensed

    @property
    def area_words(self) -> str:
        """The state in words; empty when unknown."""
        return words.AREAS.get(self.area, self.area)


def where(search: Search, place: Place | None) -> Where:
    """Where a search is to look. place: what its ZIP names, None when it names none."""
    if search.zip and place is None and places.is_military(search.zip):
        says = (
            f"{search.zip} is a military address (APO, FPO or DPO), which names no place. Please choose the state "
            "where you are. On a base abroad, the clinic there can say who may work with you."
        )
        reasons = (Reason("military_zip", says, "zip"),)
        return Where(search.state, asks=bool(search.how) and not search.state, reasons=reasons)
    if search.zip and place is None:
        says = f"We know no place with the ZIP {search.zip}. Please check it, or choose your state."
        reasons = (Reason("no_such_zip", says, "zip"),)
        return Where(search.state, asks=bool(search.how) and not search.state, reasons=reasons)
    if place and search.state and search.state != place.area:
        there = words.AREAS.get(place.area, place.area)
        says = (
            f"The ZIP {place.zip} is in {there}, and the state you chose is {words.AREAS[search.state]}. "
            "Please keep the one where you are."
        )
        return Where(near=place, apart=True, reasons=(Reason("zip_elsewhere", says, "zip"),))
    area = place.area if place else search.state
    return Where(area, place, asks=bool(search.how) and not area)


def facets(search: Search, area: str, near: bool) -> dict[str, list[str]]:
    """The facets a search asks for, by choice: any of one choice, and all choices."""
    found = {
        group.name: [f"{group.name}:{value}" for value in getattr(search, group.field)]
        for group in GROUPS
        if getattr(search, group.field)
    }
    if search.experience:
        found["exp"] = [f"exp:{search.experience}"]
    if search.fee is not None:
        step = _step_below(search.fee)
        found["fee"] = [f"fee:{step}"] if step else []
    if area:
        kind = {"telehealth": "tele", "in_person": "at"}.get(search.how, "tele" if near else "in")
        # Near a ZIP, an office is found by its distance, not by its state alone.
        found["where"] = [] if near and kind == "at" else [f"{kind}:{area}"]
    return found


def _step_below(fee: int) -> int:
    """The highest step of the fee that is no higher, in dollars; 0 when there is none."""
    return max((step for step in FEES if step * 100 <= fee), default=0)


def arguments(search: Search, at: Where, day: date, *, most: int = PER_PAGE) -> dict[str, Any]:
    """The arguments of the query."""
    asked = facets(search, at.area, at.near is not None)
    pairs = [("all", "all"), *((kind, facet) for kind, each in asked.items() for facet in each)]
    step = _step_below(search.fee) if search.fee is not None else 0
    between = search.fee is not None and search.fee > step * 100
    return {
        "kinds": [kind for kind, _ in pairs],
        "facets": [facet for _, facet in pairs],
        "choices": [*asked, *(["words"] if search.q else [])],
        "q": search.q,
        "fee_from": (step * 100 if step else -1) if between else None,
        "fee": search.fee if between else None,
        "area": at.area,
        "latitude": at.near.latitude if at.near else None,
        "longitude": at.near.longitude if at.near else None,
        "miles": float(search.within),
        "near_only": at.near is not None and search.how != "telehealth",
        "day": day.toordinal(),
        "few": FEW,
        "several": [facet for each in asked.values() if len(each) > 1 for facet in each],
        "skip": (search.page - 1) * most,
        "most": most,
    }


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that is chosen, in words, and the search without it."""

    label: str
    kind: str
    without: Search


def chips(search: Search) -> list[Chip]:
    """Everything that is chosen, each with the search that is left when it is taken away."""
    search = replace(search, page=1)
    found = []
    if search.q:
        found.append(Chip(f"“{search.q}”", "words", replace(search, q="")))
    if search.state:
        without = replace(search, state="", how="" if not search.zip else search.how)
        found.append(Chip(words.AREAS[search.state], "where", without))
    if search.how:
        found.append(Chip(HOW[search.how], "where", replace(search, how="")))
    if search.zip:
        label = f"Within {search.within} miles of {search.zip}"
        found.append(Chip(label, "where", replace(search, zip="", within=USUAL_WITHIN)))
    for group in GROUPS:
        chosen: Sequence[str] = getattr(search, group.field)
        for value in chosen:
            rest = tuple(each for each in chosen if each != value)
            found.append(Chip(group.options[value], group.name, replace(search, **{group.field: rest})))
    if search.fee is not None:
        found.append(
            Chip(f"Up to {money.format_amount(search.fee, 'USD')}", "fee", replace(search, fee=None))
        )
    if search.experience:
        label = f"Experience: {EXPERIENCE[search.experience].lower()}"
        found.append(Chip(label, "exp", replace(search, experience="")))
    return found


# Each choice as one thing to let go of: what to say, and the search without it. Never the place: whoever is found
# without it has no license where somebody is.
_LOOSE: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "words": ("the words", {"q": ""}),
    "fee": ("the fee", {"fee": None}),
    "exp": ("the experience", {"experience": ""}),
} | {group.name: (f"“{group.legend.lower()}”", {group.field: ()}) for group in GROUPS}


@dataclass(frozen=True, slots=True)
class Loosened:
    """One choice that could be let go of: what it is, how many would fit then, and that search."""

    label: str
    how_many: int
    search: Search


def loosened(search: Search, counts: Mapping[str, int], area: str = "") -> list[Loosened]:
    """Which one choice, taken away, would find somebody: the most first. area: where somebody is."""
    search = replace(search, page=1)
    found = [
        Loosened(label, counts[f"without:{kind}"], replace(search, **changes))
        for kind, (label, changes) in _LOOSE.items()
        if counts.get(f"without:{kind}", 0) > 0
    ]
    by_telehealth = counts.get(f"tele:{area}", 0)
    if search.how == "in_person" and by_telehealth:
        found.append(
            Loosened(
                "an office near you, and meet by telehealth", by_telehealth, replace(search, how="telehealth")
            )
        )
    return sorted(found, key=lambda each: -each.how_many)
