"""Rows of a file as listings: whose each is, what is wrong with it, and what it would change. Pure decisions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from circles.base.errors import Reason
from circles.directory.imports.changes import Line, changed
from circles.directory.imports.fields import BY_KEY
from circles.directory.imports.rows import Read, bare, known_by_licence
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.values import Draft, Licence, Way

_FEES: Final = ("fee", "fee_minimum", "fee_maximum")
# Which columns may be the cause of what is said of a field of the listing.
_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "first_name", "last_name"),
    "meets": ("meets", "telehealth", "in_person"),
    "city": ("city", "area", "zip"),
    "email": ("email", "links"),
    "fee_minimum": ("fee_minimum", "fee", "fee_maximum"),
    "fee_maximum": ("fee_maximum", "fee", "fee_minimum"),
    "sliding_floor": ("sliding_floor", "fee_minimum", "fee"),
}


@dataclass(frozen=True, slots=True)
class Existing:
    """A listing that is there. owned: a therapist keeps it with an account of their own."""

    id: UUID
    version: int
    state: str
    owned: bool
    draft: Draft


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a row: new, changed, same or refused; with why, or with what changes."""

    outcome: str
    faults: Sequence[Line] = ()
    changes: Sequence[Line] = ()
    draft: Draft | None = None
    existing: Existing | None = None


# Which listing a row is


class Known:
    """The listings that are there, found by NPI, or by the name with a licence."""

    def __init__(self, listings: Iterable[Existing]) -> None:
        self.listings = list(listings)
        self._by_npi: dict[str, Existing] = {}
        self._by_licence: dict[tuple[str, str, str, str], dict[UUID, Existing]] = defaultdict(dict)
        for each in self.listings:
            if each.draft.npi:
                self._by_npi[each.draft.npi] = each
            for licence in each.draft.licences:
                key = known_by_licence(each.draft.name, licence.kind, licence.area, licence.number)
                self._by_licence[key][each.id] = each

    def find(self, row: Read) -> tuple[Existing | None, str]:
        """The listing a row is, or none; and what is wrong where several could be meant."""
        by_npi = self._by_npi.get(row.npi) if row.npi else None
        by_licence: dict[UUID, Existing] = {}
        for key in row.known_by:
            by_licence |= self._by_licence.get(key, {})
        if len(by_licence.keys() | ({by_npi.id} if by_npi else set())) > 1:
            return (
                None,
                "Two listings fit this row: one by its NPI or licence, one by another. Please mend the row.",
            )
        found = by_npi or next(iter(by_licence.values()), None)
        if found and row.npi and found.draft.npi not in ("", row.npi):
            return None, f"The listing of this name and licence has another NPI, {found.draft.npi}."
        return found, ""


def twins(rows: Iterable[Read], known: Known) -> dict[int, list[tuple[str, int]]]:
    """Rows that are the same therapist: for each its key and the other rows' numbers."""
    by: dict[object, list[int]] = defaultdict(list)
    for row in rows:
        listing, _ = known.find(row)
        marks: set[object] = {("npi", row.npi)} if row.npi else set()
        marks |= {("licence", each) for each in row.known_by} | (
            {("listing", listing.id)} if listing else set()
        )
        for mark in marks:
            by[mark].append(row.number)
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for mark, numbers in by.items():
        kind = mark[0] if isinstance(mark, tuple) else ""
        for number in numbers if len(numbers) > 1 else ():
            found[number] += [(kind, other) for other in numbers if other != number]
    return found


# What becomes of a row


def decide(
    row: Read, known: Known, zips: Mapping[str, Any], same: Sequence[tuple[str, int]] = ()
) -> Decision:
    """What becomes of a row. zips: the place of every ZIP there is (None: there is none). same: its twins."""
    existing, unclear = known.find(row)
    if unclear:
        row.fault("npi", unclear)
    _name_twins(row, same)
    before = existing.draft if existing else None
    draft, origins = _merged(row, before, zips)
    whole = existing is None or existing.state in ("waiting", "shown")
    reasons = listing_rules.problems(draft) if whole else listing_rules.broken(draft)
    place = zips.get(draft.zip)
    reasons += listing_rules.zip_problems(draft, place.area if place else None) if draft.zip else []
    if before is None and not set(_FEES) & (row.given.keys() | row.faulty):
        reasons.append(Reason("no_fee", "Please give the fee. We would not make one up.", "fee_minimum"))
    for reason in reasons:
        _name_reason(row, reason, origins)
    changes = changed(before, draft) if before else []
    if existing and existing.owned and changes and not row.faults:
        row.fault("owner", _owned(existing), column="The row", value=existing.draft.name)
    if row.faults:
        return Decision("refused", row.faults, existing=existing)
    outcome = "new" if before is None else "changed" if changes else "same"
    return Decision(outcome, changes=changes, draft=draft, existing=existing)


def _owned(existing: Existing) -> str:
    return (
        f"{existing.draft.name} keeps this listing with an account of their own, so a file does not change it. "
        "Ask them, or change it by hand on its own page."
    )


def _name_twins(row: Read, same: Sequence[tuple[str, int]]) -> None:
    named: set[int] = set()
    for kind, what in (("npi", "NPI"), ("licence", "name and licence"), ("listing", "listing")):
        others = sorted({number for each, number in same if each == kind} - named)
        if not others:
            continue
        named.update(others)
        rows = ", ".join(str(number) for number in others[:5]) + (" and more" if len(others) > 5 else "")
        says = f"The same {what} stands in row {rows} too. Please keep one row for each therapist."
        if kind == "npi":
            row.fault("npi", says)
        else:
            row.fault("twin", says, column="The row", value=row.name)


def _merged(row: Read, before: Draft | None, zips: Mapping[str, Any]) -> tuple[Draft, dict[str, str]]:
    """The listing as the row would have it, and which columns its licences and ways come from."""
    said = {key: value for key, value in row.given.items() if key in Draft.__dataclass_fields__}
    if "fee_minimum" in said and "fee_maximum" not in said and before is None:
        said["fee_maximum"] = said["fee_minimum"]
    elif "fee_maximum" in said and "fee_minimum" not in said and before is None:
        said["fee_minimum"] = said["fee_maximum"]
    origins: dict[str, str] = {}
    base = before or Draft(name="")
    said["licences"] = _merged_licences(row, base.licences, origins)
    said["ways"] = _merged_ways(row, base.ways, origins)
    place = zips.get(said.get("zip", ""))
    if place and "zip" not in row.faulty:
        said.setdefault("city", base.city if before and base.zip == place.zip else place.city)
        if "area" not in row.faulty:
            said.setdefault("area", base.area if before and base.zip == place.zip else place.area)
    return listing_rules.tidy(replace(base, **said)), origins


def _merged_licences(row: Read, before: Sequence[Licence], origins: dict[str, str]) -> tuple[Licence, ...]:
    """Those the listing has, changed where the row names them, and the row's others behind."""
    found = list(before)
    seen: set[int] = set()
    for number, parts in row.licences:
        at = next(
            (n for n, each in enumerate(found) if n not in seen and _same_licence(each, parts)), len(found)
        )
        if at == len(found):
            found.append(replace(Licence("", "", ""), **parts))
        else:
            found[at] = replace(found[at], **(parts | {"number": found[at].number}))
        seen.add(at)
        origins[f"licence_{at + 1}"] = number
    return tuple(found)


def _same_licence(licence: Licence, parts: Mapping[str, Any]) -> bool:
    said = (parts.get("kind"), parts.get("area"), bare(parts.get("number", "")))
    return said == (licence.kind, licence.area, bare(licence.number))


def _merged_ways(row: Read, before: Sequence[Way], origins: dict[str, str]) -> tuple[Way, ...]:
    found = list(before)
    seen: set[int] = set()
    for number, way in row.ways:
        at = next((n for n, each in enumerate(found) if n not in seen and each.way == way.way), len(found))
        if at == len(found):
            found.append(way)
        else:
            was = found[at]
            found[at] = Way(
                way.way, way.credential or was.credential, way.school or was.school, way.year or was.year
            )
        seen.add(at)
        origins[f"way_{at + 1}"] = number
    return tuple(found)


# Saying why, by the column


def _name_reason(row: Read, reason: Reason, origins: Mapping[str, str]) -> None:
    """A reason the listing's own rules give, said of the column it comes from; not where that is said already."""
    keys = _keys(row, reason.field, origins)
    if reason.code in ("no_licence", "no_licence_counts"):
        faulty = any(key.startswith("licence") for key in row.faulty)
    elif reason.code == "zip_elsewhere":
        faulty = bool(row.faulty & {"zip", "area"})
    else:
        faulty = bool(row.faulty & set(keys)) or (reason.code == "missing" and reason.field in row.faulty)
    if not faulty:
        key = next((key for key in keys if key in row.cells), keys[0])
        if reason.code in ("fees_order", "floor_above"):
            both = ", ".join(f"{row.headings[each]} {row.cells[each]}" for each in keys if each in row.cells)
            row.fault(key, reason.text, value=both)
            return
        row.fault(key, reason.text, column="" if key in row.headings else _label(reason.field))


def _keys(row: Read, said: str, origins: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that may be the cause of what is said of a field."""
    part = re.fullmatch(r"(licence|way)_(\d+)_(\w+)", said)
    if not part:
        return _CAUSES.get(said, (said,))
    whole = "licences" if part[1] == "licence" else "ways"
    number = origins.get(f"{part[1]}_{part[2]}", "") or ("1" if whole not in row.headings else "")
    if not number:
        return (whole,)
    return (f"licence_{part[3]}_{number}" if whole == "licences" else f"{part[3]}_{number}",)


def _label(said: str) -> str:
    part = re.fullmatch(r"(licence|way)_\d+_(\w+)", said)
    key = said if not part else f"licence_{part[2]}" if part[1] == "licence" else part[2]
    return {"meets": "How they meet"}.get(key) or (BY_KEY[key].label if key in BY_KEY else "The row")
