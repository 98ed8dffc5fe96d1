"""Views of a whole listing's row for the pages: licenses, ways, fees and other texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from circles.base import clock, money
from circles.base.english import Labels, join_names
from circles.directory.listing import actions, cards, rules, words
from circles.directory.listing.values import License
from circles.directory.upkeep import rules as upkeep_rules
from circles.store import db


@dataclass(frozen=True, slots=True)
class LicenseView:
    """One license as pages show it. is_valid: active and not expired.

    checked_against: the source as text; checked_link: its address, if it is one.
    """

    id: UUID
    kind: str
    area: str
    number: str
    status: str
    is_active: bool
    expires_on: date | None
    source: str
    is_valid: bool
    has_run_out: bool
    runs_out_soon: bool
    checked_at: datetime | None
    checked_against: str
    checked_link: str
    checker: str
    lookup_link: str

    @property
    def expires_words(self) -> str:
        """When it expires: "runs out on Friday 1 May"; empty without a last day."""
        if self.expires_on is None:
            return ""
        return f"{'ran' if self.has_run_out else 'runs'} out on {clock.format_date(self.expires_on)}"

    @property
    def status_words(self) -> str:
        """Its status and last day as a sentence: "Active, runs out on Friday 1 May."."""
        if self.has_run_out or not self.status:
            return f"R{self.expires_words[1:]}." if self.expires_words else ""
        return ", ".join(part for part in (self.status, self.expires_words) if part) + "."


@dataclass(frozen=True, slots=True)
class WayView:
    """One way of working as pages show it."""

    name: str
    credential: str
    school: str
    year: int | None


# Public license searches of states that have one for all professions of the directory.
LOOKUP_LINKS: Mapping[str, str] = {
    "CA": "https://search.dca.ca.gov/",
    "CO": "https://apps2.colorado.gov/dora/licensing/lookup/licenselookup.aspx",
    "CT": "https://www.elicense.ct.gov/lookup/licenselookup.aspx",
    "FL": "https://mqa-internet.doh.state.fl.us/MQASearchServices/HealthCareProviders",
    "IL": "https://online-dfpr.micropact.com/lookup/licenselookup.aspx",
    "MI": "https://val.apps.lara.state.mi.us/License/Search",
    "NJ": "https://newjersey.mylicense.com/verification/",
    "NY": "https://www.op.nysed.gov/verification-search",
    "OH": "https://elicense.ohio.gov/oh_verifylicense",
    "PA": "https://www.pals.pa.gov/#!/page/search",
    "UT": "https://secure.utah.gov/llv/search/index.html",
    "VA": "https://dhp.virginiainteractive.org/Lookup/Index",
    "WA": "https://fortress.wa.gov/doh/providercredentialsearch/",
    "WI": "https://licensesearch.wi.gov/",
}
# State and profession with a board, and a search, of its own.
_OTHER_BOARD = {("NY", "psychiatrist")}


def lookup_link(kind: str, area: str, source: str) -> str:
    """Where a license can be looked up: the link entered with it, else the state's search; empty if not known."""
    return source or ("" if (area, kind) in _OTHER_BOARD else LOOKUP_LINKS.get(area, ""))


def licenses(row: db.Record) -> list[LicenseView]:
    """All licenses of a listing, valid ones first."""
    own = actions.draft_of(row).licenses
    expiring = upkeep_rules.expiring_licenses(own, row["now"])
    views = [
        _license_view(license, columns, row["now"].date(), runs_out_soon=license in expiring)
        for columns, license in zip(row["licenses"], own, strict=True)
    ]
    return sorted(views, key=lambda view: not view.is_valid)


def _license_view(
    license: License, columns: Mapping[str, Any], today: date, *, runs_out_soon: bool
) -> LicenseView:
    checked, against = columns["checked_at"], columns["checked_against"]
    is_link = bool(against) and rules.is_link(against)
    return LicenseView(
        id=UUID(columns["id"]),
        kind=words.LICENSES[license.kind][1] if license.kind in words.LICENSES else license.kind,
        area=words.AREAS.get(license.area, license.area),
        number=license.number,
        status=words.LICENSE_STATUS[license.status] if license.status_said else "",
        is_active=license.status == "active",
        expires_on=license.expires_on,
        source=license.source,
        is_valid=rules.is_license_valid(license, today),
        has_run_out=license.expires_on is not None and license.expires_on < today,
        runs_out_soon=runs_out_soon,
        checked_at=datetime.fromisoformat(checked) if checked else None,
        checked_against=_host(against) if is_link else against,
        checked_link=against if is_link else "",
        checker=columns.get("checker") or "",
        lookup_link=lookup_link(license.kind, license.area, license.source),
    )


def licensed_areas(views: Iterable[LicenseView]) -> str:
    """The areas with a valid license: "Florida, Georgia"."""
    areas = dict.fromkeys(license.area for license in views if license.is_valid)
    return ", ".join(areas) or "No license counts today"


def ending_licenses(row: db.Record) -> list[LicenseView]:
    """The active licenses whose new last day upkeep asks for: expiring soon, or expired."""
    return [
        license
        for license in licenses(row)
        if license.is_active and (license.runs_out_soon or not license.is_valid)
    ]


def _host(link: str) -> str:
    return urlsplit(link).hostname or link


def ways(row: db.Record) -> list[WayView]:
    """All ways of working of a listing."""
    return [_way_view(way) for way in row["ways"]]


def _way_view(columns: Mapping[str, Any]) -> WayView:
    way, school = columns["way"], columns["school"]
    name = school if way == "other" and school else words.WAYS.get(way, way)
    credential = words.CREDENTIALS.get(way, {}).get(columns["credential"], "")
    return WayView(name, credential, "" if way == "other" else school, columns["year"])


_EXPERIENCE: Mapping[str, str] = Labels(
    {
        "none": "Nobody yet",
        "": "",
        **{code: words.EXPERIENCE[code] for code in ("some", "over_10", "over_50")},
    }
)


def short_answers(row: db.Record) -> dict[str, str]:
    """Answers to words.QUESTIONS out of the listing's fields; the therapist's own answers are fields of their own."""
    ways = [
        (cards.way_words(way["way"], way["credential"], way["school"]), way["credential"])
        for way in row["ways"]
    ]
    trained = " · ".join(name for name, credential in ways if credential)
    untrained = f"{join_names(name for name, _ in ways)}, with no credential stated" if ways else ""
    return {
        "answer_experience": _EXPERIENCE[row["experience"]],
        "answer_training": trained or untrained,
        "answer_medicine": "",
    }


def fee_words(row: db.Record) -> str:
    """The fee for an hour: $150 to $300; empty when nobody said it."""
    if "fee" in row["unsaid"]:
        return ""
    return cards.full_fee_words(row["fee_minimum"], row["fee_maximum"], row["currency"])


def slides_below(row: db.Record) -> bool:
    """Whether the fee slides down to a stated amount below the full fee."""
    floor = row["sliding_floor"]
    return floor is not None and ("fee" in row["unsaid"] or floor < row["fee_minimum"])


def amount(row: db.Record, minor_units: int) -> str:
    """An amount in the listing's currency; "nothing" for zero."""
    return money.format_amount(minor_units, row["currency"]) if minor_units else "nothing"


def insurance_words(row: db.Record) -> str:
    """Whether they take insurance, and which; empty when nobody said it."""
    if "insurance" in row["unsaid"]:
        return row["insurance_words"]
    taken = "Takes insurance" if row["takes_insurance"] else "Takes no insurance directly"
    return f"{taken}: {row['insurance_words']}" if row["insurance_words"] else taken


def languages_words(row: db.Record) -> str:
    """The languages they work in; empty when nobody said them."""
    return "" if "languages" in row["unsaid"] else ", ".join(labels(row["languages"], words.LANGUAGES))


def room_words(row: db.Record) -> str:
    """Whether they have room for new people, or that nobody said so."""
    return "Not said whether they take new people" if "room" in row["unsaid"] else words.ROOM[row["room"]]


def room_value(row: db.Record) -> str:
    """The room as a form holds it: empty when nobody said it."""
    return "" if "room" in row["unsaid"] else row["room"]


def room_options(row: db.Record) -> list[tuple[str, str]]:
    """What the therapist may say about room when confirming; it has to be said."""
    choose = [("", "Please choose")] if "room" in row["unsaid"] else []
    return [*choose, *words.ROOM.items()]


def room_note(row: db.Record) -> str:
    """Who said so and when: only their therapist's own word counts as said by them."""
    if "room" in row["unsaid"]:
        return "Ask them."
    on = clock.format_date(row["room_confirmed_at"].date(), row["now"].date())
    by_therapist = row["therapist_confirmed_at"] and row["room_confirmed_at"] <= row["therapist_confirmed_at"]
    return f"Said on {on}." if by_therapist else f"Written here by the organizers on {on}."


def confirmed_words(row: db.Record) -> str:
    """When their therapist last confirmed the listing; organizers and their lists confirm nothing."""
    if row["therapist_confirmed_at"] is None:
        return "Its therapist has not confirmed it here yet."
    on = clock.format_date(row["therapist_confirmed_at"].date(), row["now"].date())
    return f"Last confirmed by its therapist on {on}."


def meets_words(row: db.Record) -> str:
    """How they meet: "By telehealth, and in person in Miami, Florida"."""
    where = ", ".join(part for part in (row["city"], words.AREAS.get(row["area"], row["area"])) if part)
    in_person = f"in person in {where}" if where else "in person"
    if row["telehealth"] and row["in_person"]:
        return f"By telehealth, and {in_person}"
    if row["telehealth"]:
        return "By telehealth"
    if row["in_person"]:
        return f"I{in_person[1:]}"
    ruled_out = "" if "telehealth" in row["unsaid"] else "Not by telehealth"
    at = f"{'the' if ruled_out else 'The'} practice is in {where}" if where else ""
    return "; ".join(part for part in (ruled_out, at) if part) or "Not said yet"


def labels(codes: list[str], known: Mapping[str, str]) -> list[str]:
    """The texts of codes, in the order of `known`."""
    return [text for code, text in known.items() if code in codes]


def mark_words(row: db.Record) -> str:
    """The warning on the page of a listing that upkeep has marked; empty for others."""
    if row["marked_at"] is None:
        return ""
    if upkeep_rules.is_stale(row["confirmed_at"], row["now"]):
        if row["therapist_confirmed_at"] is None:
            return "Its therapist has not confirmed this page. Ask before you count on what it says."
        since = clock.format_date(row["therapist_confirmed_at"].date(), row["now"].date())
        return f"Nobody has confirmed this page since {since}. Ask before you count on what it says."
    if not any(license.is_valid for license in licenses(row)):
        return "No license on this page counts today. Ask about it before you meet."
    return "A license on this page runs out soon and was not renewed here yet. Ask about it before you meet."
