"""What the pages say of a listing, out of its whole row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from circles.base import clock
from circles.directory.listing import actions, cards, words
from circles.directory.listing import rules as listing_rules
from circles.directory.upkeep import rules as checking_rules
from circles.store import db


@dataclass(frozen=True, slots=True)
class LicenseView:
    """One license in words. counts: whether somebody may be found by it today.

    checked_against: the source in words; checked_link: its address, where it is one.
    """

    id: UUID
    kind: str
    area: str
    number: str
    status: str
    is_active: bool
    expires_on: date | None
    source: str
    counts: bool
    has_run_out: bool
    runs_out_soon: bool
    checked_at: datetime | None
    checked_against: str
    checked_link: str
    checker: str
    look_up: str


@dataclass(frozen=True, slots=True)
class WayView:
    """One way of working in words."""

    name: str
    credential: str
    school: str
    year: int | None


# Where a state's board lets anybody look a license up: one address for every profession of these pages.
LOOK_UPS: Mapping[str, str] = {
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
# Physicians of these states have a board of their own elsewhere.
_OWN_BOARD = {("NY", "psychiatrist")}


def look_up(kind: str, area: str, source: str) -> str:
    """Where a license can be looked up: what was entered with it, else the board's own page, where we know it."""
    return source or ("" if (area, kind) in _OWN_BOARD else LOOK_UPS.get(area, ""))


def licenses(row: db.Record) -> list[LicenseView]:
    """Every license of a listing; those that count first."""
    now = row["now"]
    soon = checking_rules.running_out(actions.draft_of(row).licenses, now)
    found = []
    for told, license in zip(row["licenses"], actions.draft_of(row).licenses, strict=True):
        checked, against = told["checked_at"], told["checked_against"]
        is_link = bool(against) and listing_rules.is_link(against)
        found.append(
            LicenseView(
                id=UUID(told["id"]),
                kind=words.LICENSES[license.kind][1] if license.kind in words.LICENSES else license.kind,
                area=words.AREAS.get(license.area, license.area),
                number=license.number,
                status=words.LICENSE_STATUS[license.status],
                is_active=license.status == "active",
                expires_on=license.expires_on,
                source=license.source,
                counts=listing_rules.counts(license, now.date()),
                has_run_out=license.expires_on is not None and license.expires_on < now.date(),
                runs_out_soon=license in soon,
                checked_at=datetime.fromisoformat(checked) if checked else None,
                checked_against=_host(against) if is_link else against,
                checked_link=against if is_link else "",
                checker=told.get("checker") or "",
                look_up=look_up(license.kind, license.area, license.source),
            )
        )
    return sorted(found, key=lambda each: not each.counts)


def _host(link: str) -> str:
    return urlsplit(link).hostname or link


def ways(row: db.Record) -> list[WayView]:
    """Every way of working of a listing, in that school's own terms."""
    return [_way(each) for each in row["ways"]]


def _way(told: Mapping[str, Any]) -> WayView:
    way, school = told["way"], told["school"]
    named = school if way == "other" and school else words.WAYS.get(way, way)
    credential = words.CREDENTIALS.get(way, {}).get(told["credential"], "")
    return WayView(named, credential, "" if way == "other" else school, told["year"])


_EXPERIENCE: Mapping[str, str] = {
    "none": "Nobody yet",
    "": "",
    **{code: words.EXPERIENCE[code] for code in ("some", "over_10", "over_50")},
}


def in_short(row: db.Record) -> dict[str, str]:
    """What the listing itself answers to the three questions, in a few words; the own words stand beside it."""
    told = [
        (cards.way_words(each["way"], each["credential"], each["school"]), each["credential"])
        for each in row["ways"]
    ]
    trained = " · ".join(said for said, credential in told if credential)
    untrained = f"{cards.listed(said for said, _ in told)}, with no credential stated" if told else ""
    return {
        "answer_experience": _EXPERIENCE[row["experience"]],
        "answer_training": trained or untrained,
        "answer_medicine": "",
    }


def fee_words(row: db.Record) -> str:
    """What an hour costs: $150 to $300."""
    return cards.full_fee_words(row["fee_minimum"], row["fee_maximum"], row["currency"])


def meets_words(row: db.Record) -> str:
    """How they meet, in words."""
    where = ", ".join(part for part in (row["city"], words.AREAS.get(row["area"], row["area"])) if part)
    in_person = f"in person in {where}" if where else "in person"
    if row["telehealth"] and row["in_person"]:
        return f"By telehealth, and {in_person}"
    return (
        "By telehealth"
        if row["telehealth"]
        else in_person.capitalize()
        if row["in_person"]
        else "Not said yet"
    )


def said(codes: list[str], known: Mapping[str, str]) -> list[str]:
    """Codes as the words they stand for, in the order of the list."""
    return [text for code, text in known.items() if code in codes]


def mark_words(row: db.Record) -> str:
    """What a marked page says of itself; empty for one that is not marked."""
    if row["marked_at"] is None:
        return ""
    if checking_rules.stale(row["confirmed_at"], row["now"]):
        since = clock.format_date(row["confirmed_at"].date(), row["now"].date())
        return f"Nobody has confirmed this page since {since}. Ask before you count on what it says."
    if not any(each.counts for each in licenses(row)):
        return "No license on this page counts today. Ask about it before you meet."
    return "A license on this page runs out soon and was not renewed here yet. Ask about it before you meet."
