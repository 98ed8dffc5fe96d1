"""A search: read from an address, written to one, and passed to the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
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
# The closest fit comes first only while no more listings than these fit: to rank more costs much and means little.
MAX_RANKED: Final = 3000
RANK_ALL: Final = 1_000_000
HOW: Final[Mapping[str, str]] = {"telehealth": "By telehealth", "in_person": "In person, near me"}
WITHIN: Final = (5, 10, 25, 50, 100)
USUAL_WITHIN: Final = 25
_LEFT_OUT: Final = "This filter was left out."
_ONE: Final = f"Please choose one of these. {_LEFT_OUT}"
_MORE: Final = f"Please choose one or more of these. {_LEFT_OUT}"
# The steps of the fee that have a facet of their own, in dollars (refresh_facets in sql/directory/listing.sql).
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
    code: label for credentials in words.CREDENTIALS.values() for code, label in credentials.items()
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
    Group("room", "room", "Room for new people", words.ROOM_TO_FIND),
    Group("lang", "languages", "Language", words.LANGUAGES),
    Group("for", "for_whom", "For whom", words.FOR_WHOM),
)

# The name of each choice, in the message that it was left out.
LEGENDS: Final[Mapping[str, str]] = {
    "state": "Where you are",
    "how": "How to meet",
    "fee": "A fee I can pay",
    "amount": "A fee I can pay",
    "exp": "Experience",
} | {group.name: group.legend for group in GROUPS}


@dataclass(frozen=True, slots=True)
class Search:
    """The choices of a search; an empty one allows everything. fee: in cents.

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
    def filter_count(self) -> int:
        """The number of filters that are set."""
        aside = ("page", "kept", "within")
        return sum(
            getattr(self, field.name) != field.default for field in fields(self) if field.name not in aside
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The choices as names and values of the form and of the address, always in the same order."""
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
        """The address of a page of the results, with nothing in it that is not set."""
        query = urlencode(self.pairs() + ([("page", str(page))] if page > 1 else []))
        return f"/therapists?{query}" if query else "/therapists"


def read(values: Mapping[str, str]) -> tuple[Search, list[Reason]]:
    """Read a search. What cannot be read is left out, with a reason for its field."""
    reader = Reader(values)
    ticked = {group.field: reader.several(group.name, group.options, _MORE) for group in GROUPS}
    search = Search(
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
    return search, reader.reasons


def _left_out(name: str, message: str) -> Reason:
    return Reason("left_out", f"{message} {_LEFT_OUT}", name)


def _words(reader: Reader) -> str:
    typed = text.tidy_line(reader.values.get("q", ""), max_length=10 * MAX_WORDS)
    if len(typed) > MAX_WORDS:
        reader.reasons.append(Reason("words_long", "Only the first words were looked for.", "q"))
    return typed[:MAX_WORDS].rstrip()


def _zip(reader: Reader) -> str:
    typed = text.plain_digits(reader.values.get("zip", ""))
    digits = typed.partition("-")[0].strip()
    if not typed or (len(digits) == 5 and digits.isascii() and digits.isdecimal()):
        return digits
    reader.reasons.append(_left_out("zip", "A ZIP has five digits, such as 33130."))
    return ""


def _within(typed: str) -> int:
    return next((distance for distance in WITHIN if str(distance) == typed.strip()), USUAL_WITHIN)


def _fee(reader: Reader) -> int | None:
    """The typed amount if it can be read, else the chosen one; in cents."""
    for name in ("amount", "fee"):
        typed = reader.values.get(name, "").strip()
        amount = reader.take(lambda typed=typed, name=name: _amount(typed, name), None) if typed else None
        if amount is not None:
            return amount
    return None


def _amount(typed: str, name: str) -> int:
    try:
        return money.parse(typed, "USD", name)
    except Refused as refused:
        message = "Please write a plain number, such as 80."
        if not refused.codes & {"amount_unreadable"}:
            message = refused.reasons[0].text
        raise Refused(_left_out(name, message)) from None


@dataclass(frozen=True, slots=True)
class Where:
    """The location of a search, as far as it is known.

    area: the state or country. near: the place of the ZIP. is_contradictory: ZIP and state disagree, so nobody is
    shown. lacks_area: telehealth or an office was chosen and no state is known, so nobody can be shown yet.
    """

    area: str = ""
    near: Place | None = None
    is_contradictory: bool = False
    lacks_area: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def is_searchable(self) -> bool:
        """Whether the search can have results."""
        return not (self.is_contradictory or self.lacks_area)

    def allows(self, licensed: Iterable[str]) -> bool:
        """Whether a license in one of these areas allows work here; always, where no state is known.

        Facets follow expired licenses once an hour; this check is exact.
        """
        return not self.area or self.area in licensed

    @property
    def area_words(self) -> str:
        """The state in words; empty when unknown."""
        return words.AREAS.get(self.area, self.area)


def where(search: Search, place: Place | None) -> Where:
    """The location of a search. place: of its ZIP; None when the ZIP has none."""
    if search.zip and place is None and places.is_military(search.zip):
        message = (
            f"{search.zip} is a military address (APO, FPO or DPO), which names no place. Please choose the state "
            "where you are. On a base abroad, the clinic there can say who may work with you."
        )
        reasons = (Reason("military_zip", message, "zip"),)
        return Where(search.state, lacks_area=bool(search.how) and not search.state, reasons=reasons)
    if search.zip and place is None:
        message = f"We know no place with the ZIP {search.zip}. Please check it, or choose your state."
        reasons = (Reason("no_such_zip", message, "zip"),)
        return Where(search.state, lacks_area=bool(search.how) and not search.state, reasons=reasons)
    if place and search.state and search.state != place.area:
        there = words.AREAS.get(place.area, place.area)
        message = (
            f"The ZIP {place.zip} is in {there}, and the state you chose is {words.AREAS[search.state]}. "
            "Please keep the one where you are."
        )
        return Where(near=place, is_contradictory=True, reasons=(Reason("zip_elsewhere", message, "zip"),))
    area = place.area if place else search.state
    return Where(area, place, lacks_area=bool(search.how) and not area)


def facets(search: Search, area: str, near: bool) -> dict[str, list[str]]:
    """The facets of a search by choice: a listing fits with any of each choice."""
    by_choice = {
        group.name: [f"{group.name}:{value}" for value in getattr(search, group.field)]
        for group in GROUPS
        if getattr(search, group.field)
    }
    if search.experience:
        by_choice["exp"] = [f"exp:{search.experience}"]
    if search.fee is not None:
        step = _step_below(search.fee)
        by_choice["fee"] = [f"fee:{step}"] if step else []
    if area:
        kind = {"telehealth": "tele", "in_person": "at"}.get(search.how, "tele" if near else "in")
        # Near a ZIP, an office is found by its distance, not by its state alone.
        by_choice["where"] = [] if near and kind == "at" else [f"{kind}:{area}"]
    return by_choice


def _step_below(fee: int) -> int:
    """The highest step of the fee that is no higher, in dollars; 0 when there is none."""
    return max((step for step in FEES if step * 100 <= fee), default=0)


def arguments(search: Search, at: Where, day: date, *, page_size: int = PER_PAGE) -> dict[str, Any]:
    """The arguments of the query."""
    by_choice = facets(search, at.area, at.near is not None)
    pairs = [("all", "all"), *((kind, facet) for kind, names in by_choice.items() for facet in names)]
    step = _step_below(search.fee) if search.fee is not None else 0
    between = search.fee is not None and search.fee > step * 100
    return {
        "kinds": [kind for kind, _ in pairs],
        "facets": [facet for _, facet in pairs],
        "choices": [*by_choice, *(["words"] if search.q else [])],
        "q": search.q,
        "fee_from": (step * 100 if step else -1) if between else None,
        "fee": search.fee if between else None,
        "area": at.area,
        "latitude": at.near.latitude if at.near else None,
        "longitude": at.near.longitude if at.near else None,
        "miles": float(search.within),
        "near_only": at.near is not None and search.how != "telehealth",
        "day": day.toordinal(),
        "max_ranked": MAX_RANKED,
        "several": [facet for names in by_choice.values() if len(names) > 1 for facet in names],
        "page_offset": (search.page - 1) * page_size,
        "page_size": page_size,
    }
