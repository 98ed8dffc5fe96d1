"""Rows of a file as listings: which listing each belongs to, its faults, and what it would change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from circles.base import clock
from circles.base.english import plural
from circles.base.errors import Reason
from circles.base.row import Row
from circles.directory.imports.changes import Line, changed
from circles.directory.imports.fields import BY_KEY
from circles.directory.imports.licensing import bare
from circles.directory.imports.rows import Read, known_by_license
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.values import Draft, License, Way
from circles.sheets import fold

# The columns that may have caused a reason for a field of the listing.
_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "first_name", "last_name"),
    "meets": ("meets", "telehealth", "in_person"),
    "city": ("city", "area", "zip"),
    "email": ("email", "links"),
    "fee_minimum": ("fee_minimum", "fee", "fee_maximum"),
    "fee_maximum": ("fee_maximum", "fee", "fee_minimum"),
    "sliding_floor": ("sliding_floor", "fee_minimum", "fee"),
}


# What is left out together when the rules refuse one of them.
_LEFT_TOGETHER: Final[Mapping[str, tuple[str, ...]]] = {
    "fee_minimum": ("fee_minimum", "fee_maximum"),
    "fee_maximum": ("fee_minimum", "fee_maximum"),
    "meets": ("telehealth", "in_person"),
    "city": ("in_person",),
}


@dataclass(frozen=True, slots=True)
class Existing:
    """A listing in the directory. owned: it belongs to the account of its therapist."""

    id: UUID
    version: int
    state: str
    owned: bool
    draft: Draft


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a row (new, changed, same or refused), with its faults, warnings or changes.

    lacks: what a new listing must be given before it can be shown.
    """

    outcome: str
    faults: Sequence[Line] = ()
    warnings: Sequence[Line] = ()
    changes: Sequence[Line] = ()
    draft: Draft | None = None
    existing: Existing | None = None
    lacks: Sequence[str] = ()


def summary(file: Row) -> str:
    """What a file would write, or has written, in a sentence. file: an import with its counts."""
    if file["state"] == "done":
        new = f"{file['written_new']:,} new"
        if file["written_new"]:
            new += ", shown at once" if file["starts_as"] == "shown" else ", waiting for an organizer’s look"
        return f"{new}; {file['written_changed']:,} changed; {file['same']:,} the same; {file['refused']:,} refused."
    parts = [f"{file[outcome]:,} {outcome}" for outcome in ("new", "changed") if file[outcome]]
    refused = f" The {plural(file['refused'], 'row')} refused stay out." if file["refused"] else ""
    return f"{', '.join(parts)}.{refused} A listing somebody changes before you confirm is left as it is, and named."


# Which listing a row is


class Known:
    """Listings of the directory, by NPI and by name with license."""

    def __init__(self, listings: Iterable[Existing]) -> None:
        self.listings = list(listings)
        self._by_npi: dict[str, Existing] = {}
        self._by_license: dict[tuple[str, str, str, str], dict[UUID, Existing]] = defaultdict(dict)
        for listing in self.listings:
            if listing.draft.npi:
                self._by_npi[listing.draft.npi] = listing
            for license in listing.draft.licenses:
                key = known_by_license(listing.draft.name, license.kind, license.area, license.number)
                self._by_license[key][listing.id] = listing

    def find(self, row: Read) -> tuple[Existing | None, str]:
        """The listing a row belongs to, or None; and the fault where several could be meant."""
        by_npi = self._by_npi.get(row.npi) if row.npi else None
        by_license: dict[UUID, Existing] = {}
        for key in row.known_by:
            by_license |= self._by_license.get(key, {})
        if len(by_license.keys() | ({by_npi.id} if by_npi else set())) > 1:
            return (
                None,
                "Two listings fit this row: one by its NPI or license, one by another. Please correct the row.",
            )
        match = by_npi or next(iter(by_license.values()), None)
        if match and row.npi and match.draft.npi not in ("", row.npi):
            return None, f"The listing of this name and license has another NPI, {match.draft.npi}."
        return match, ""


def rows_of_same_therapist(rows: Iterable[Read], known: Known) -> dict[int, list[tuple[str, int]]]:
    """Rows of the same therapist: by row number, the kind of key and the number of each other row.

    Of rows that say the same in every column, the first counts; for the others the kind is "copy".
    """
    by: dict[object, list[int]] = defaultdict(list)
    copies: dict[tuple[tuple[str, str], ...], int] = {}
    others_by_row: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        first = copies.setdefault(tuple(sorted(row.cells.items())), row.number)
        if first != row.number and row.given.get("name"):
            others_by_row[row.number].append(("copy", first))
            continue
        listing, _ = known.find(row)
        marks: set[object] = {("npi", row.npi)} if row.npi else set()
        marks |= {("license", key) for key in row.known_by} | (
            {("listing", listing.id)} if listing else set()
        )
        for mark in marks:
            by[mark].append(row.number)
    for mark, numbers in by.items():
        kind = mark[0] if isinstance(mark, tuple) else ""
        for number in numbers if len(numbers) > 1 else ():
            others_by_row[number] += [(kind, other) for other in numbers if other != number]
    return others_by_row


def warn_of_namesakes(rows: Sequence[Read], same: Mapping[int, Sequence[tuple[str, int]]]) -> None:
    """Warn where rows of another license have one name: two people, or one person in two rows."""
    by_name: dict[str, list[Read]] = defaultdict(list)
    for row in rows:
        if row.name and row.number not in same:
            by_name[fold(row.name)].append(row)
    for group in by_name.values():
        for row in group if len(group) > 1 else ():
            others = ", ".join(str(other.number) for other in group[:6] if other is not row)
            message = f"Row {others} has this name too. One person with several licenses belongs in one row."
            row.warn("name", message, value=row.name)


# The decision


def decide(
    row: Read, known: Known, zips: Mapping[str, Any], same: Sequence[tuple[str, int]] = ()
) -> Decision:
    """Decide a row. zips: the place of each ZIP, None for an unknown one. same: other rows of its therapist.

    What the rules of listings refuse is left out, with a warning; only the name and the licenses refuse the row.
    """
    existing, unclear = known.find(row)
    if unclear:
        row.refuse("npi" if row.npi else "row", unclear)
    _refuse_same_therapist(row, same)
    before = existing.draft if existing else None
    draft = _acceptable(row, existing, zips)
    changes = changed(before, draft) if before else []
    if existing and existing.owned and changes and not row.faults:
        row.refuse("owner", _owned(existing), column="The row", value=existing.draft.name)
    if row.faults:
        return Decision("refused", row.faults, row.warnings, existing=existing)
    outcome = "new" if before is None else "changed" if changes else "same"
    missing = listing_rules.missing_refusals(draft, clock.now().date()) if before is None else []
    lacks = [reason.text for reason in missing]
    return Decision(outcome, (), row.warnings, changes, draft, existing, lacks)


def _acceptable(row: Read, existing: Existing | None, zips: Mapping[str, Any]) -> Draft:
    """The listing as the row would have it, without what the rules of listings refuse."""
    before = existing.draft if existing else None
    while True:
        draft, origins = _merged(row, before, zips)
        reasons = _reasons(draft, existing, zips)
        left_out = False
        for reason in reasons:
            keys = _keys(row, reason.field, origins)
            if _is_refusing(reason):
                _name_reason(row, reason, keys)
            elif not left_out:
                left_out = _leave_out(row, reason, keys, draft)
                if not left_out:
                    row.refuse("row", reason.text, column="The row", value=row.name)
        if not left_out:
            return draft


def _reasons(draft: Draft, existing: Existing | None, zips: Mapping[str, Any]) -> list[Reason]:
    """What the rules have against a listing. A new one may lack what it can be given later."""
    reasons = listing_rules.draft_refusals(draft)
    missing = listing_rules.missing_refusals(draft, clock.now().date())
    if existing is None:
        reasons += [
            reason for reason in missing if reason.code in ("no_license", "no_license_counts", "met_nowhere")
        ]
    elif existing.state in ("waiting", "shown"):
        lacked = {reason.code for reason in listing_rules.publish_refusals(existing.draft)}
        reasons += [reason for reason in missing if existing.state == "shown" or reason.code not in lacked]
    place = zips.get(draft.zip)
    return reasons + (listing_rules.zip_refusals(draft, place.area if place else None) if draft.zip else [])


def _is_refusing(reason: Reason) -> bool:
    """Whether a reason is about the name or a license; the last day and the source of one may be left out."""
    if reason.code in ("no_license", "no_license_counts"):
        return True
    is_license = reason.field.startswith("license_") and not reason.field.endswith(("_expires_on", "_source"))
    return reason.field == "name" or is_license


def _leave_out(row: Read, reason: Reason, keys: Sequence[str], draft: Draft) -> bool:
    """Leave out what a reason is about, with a warning; whether the row had anything of it."""
    part = re.fullmatch(r"(license|way)_(\d+)_(\w+)", reason.field)
    if part and part[1] == "way":
        gone = _leave_way(row, draft.ways[int(part[2]) - 1], reason)
    elif part:
        gone = [parts.pop(part[3], None) for _, parts in row.licenses if part[3] in parts]
    else:
        gone = [
            row.given.pop(field_)
            for field_ in _LEFT_TOGETHER.get(reason.field, (reason.field,))
            if field_ in row.given
        ]
    if gone:
        key = next((key for key in keys if key in row.cells), keys[0])
        value = "" if key in row.cells else None
        if reason.code in ("fees_order", "floor_above"):
            value = ", ".join(f"{row.headings[key_]} {row.cells[key_]}" for key_ in keys if key_ in row.cells)
        row.warn(
            key,
            reason.text,
            value=value or row.cells.get(key, ""),
            column="" if key in row.headings else _label(reason.field),
        )
    return bool(gone)


def _leave_way(row: Read, refused: Way, reason: Reason) -> list[Way]:
    """Leave a credential or a year out of a way; the whole way where that is what is refused."""
    at = next((n for n, (_, way) in enumerate(row.ways) if _same_way(refused, way)), None)
    if at is None:
        return []
    column, way = row.ways[at]
    part = reason.field.rpartition("_")[2]
    if part in ("credential", "year") and getattr(way, part):
        row.ways[at] = (column, replace(way, **{part: "" if part == "credential" else None}))
    else:
        row.ways.pop(at)
    return [way]


def _owned(existing: Existing) -> str:
    return (
        f"{existing.draft.name} keeps this listing with an account of their own, so a file does not change it. "
        "Ask them, or change it by hand on its own page."
    )


def _refuse_same_therapist(row: Read, same: Sequence[tuple[str, int]]) -> None:
    copies = [number for mark, number in same if mark == "copy"]
    if copies:
        message = f"Row {copies[0]} says the same in every column, so that one is taken."
        row.refuse("twin", message, column="The row", value=row.name)
        return
    named: set[int] = set()
    for kind, what in (("npi", "NPI"), ("license", "name and license"), ("listing", "listing")):
        others = sorted({number for mark, number in same if mark == kind} - named)
        if not others:
            continue
        named.update(others)
        rows = ", ".join(str(number) for number in others[:5]) + (" and more" if len(others) > 5 else "")
        message = f"The same {what} is in row {rows} too. Please keep one row for each therapist."
        if kind == "npi":
            row.refuse("npi", message)
        else:
            row.refuse("twin", message, column="The row", value=row.name)


def _merged(row: Read, before: Draft | None, zips: Mapping[str, Any]) -> tuple[Draft, dict[str, str]]:
    """The listing as the row would have it, and which columns its licenses and ways come from."""
    values = {key: value for key, value in row.given.items() if key in Draft.__dataclass_fields__}
    base = before or Draft(name="")
    for one, other in (("fee_minimum", "fee_maximum"), ("fee_maximum", "fee_minimum")):
        if one in values and other not in values and getattr(base, other) is None:
            if other in row.faulty:  # the one alone would say something else
                del values[one]
            else:
                values[other] = values[one]
    origins: dict[str, str] = {}
    values["licenses"] = _merged_licenses(row, base.licenses, origins)
    values["ways"] = _merged_ways(row, base.ways, origins)
    place = zips.get(values.get("zip", ""))
    if place and "zip" not in row.faulty:
        values.setdefault("city", base.city if before and base.zip == place.zip else place.city)
        if "area" not in row.faulty:
            values.setdefault("area", base.area if before and base.zip == place.zip else place.area)
    return listing_rules.tidy(replace(base, **values)), origins


def _merged_licenses(row: Read, before: Sequence[License], origins: dict[str, str]) -> tuple[License, ...]:
    """The listing's licenses, changed where the row names them; then the others of the row."""
    licenses = list(before)
    matched: set[int] = set()
    for number, parts in row.licenses:
        at = next(
            (n for n, license in enumerate(licenses) if n not in matched and _same_license(license, parts)),
            len(licenses),
        )
        if at == len(licenses):
            licenses.append(replace(License("", "", "", status_said=False), **parts))
        else:
            licenses[at] = replace(licenses[at], **(parts | {"number": licenses[at].number}))
        matched.add(at)
        origins[f"license_{at + 1}"] = number
    return tuple(licenses)


def _same_license(license: License, parts: Mapping[str, Any]) -> bool:
    key = (parts.get("kind"), parts.get("area"), bare(parts.get("number", "")))
    return key == (license.kind, license.area, bare(license.number))


def _same_way(known: Way, way: Way) -> bool:
    return known.way == way.way and (way.way != "other" or fold(known.school) == fold(way.school))


def _merged_ways(row: Read, before: Sequence[Way], origins: dict[str, str]) -> tuple[Way, ...]:
    ways = list(before)
    matched: set[int] = set()
    for number, way in row.ways:
        at = next(
            (n for n, known in enumerate(ways) if n not in matched and _same_way(known, way)), len(ways)
        )
        if at == len(ways):
            ways.append(way)
        else:
            was = ways[at]
            ways[at] = Way(
                way.way, way.credential or was.credential, way.school or was.school, way.year or was.year
            )
        matched.add(at)
        origins[f"way_{at + 1}"] = number
    return tuple(ways)


# Faults, by column


def _name_reason(row: Read, reason: Reason, keys: Sequence[str]) -> None:
    """Turn a reason from the rules of listings into a fault of its column, unless the column has a fault already."""
    if reason.code in ("no_license", "no_license_counts"):
        faulty = any(key.startswith("license") for key in row.faulty)
    else:
        faulty = bool(row.faulty & set(keys)) or (reason.code == "missing" and reason.field in row.faulty)
    if not faulty:
        key = next((key for key in keys if key in row.cells), keys[0])
        row.refuse(key, reason.text, column="" if key in row.headings else _label(reason.field))


def _keys(row: Read, field: str, origins: Mapping[str, str]) -> tuple[str, ...]:
    part = re.fullmatch(r"(license|way)_(\d+)_(\w+)", field)
    if not part:
        return _CAUSES.get(field, (field,))
    whole = "licenses" if part[1] == "license" else "ways"
    number = origins.get(f"{part[1]}_{part[2]}", "") or ("1" if whole not in row.headings else "")
    if not number:
        return (whole,)
    return (f"license_{part[3]}_{number}" if whole == "licenses" else f"{part[3]}_{number}",)


def _label(field: str) -> str:
    part = re.fullmatch(r"(license|way)_\d+_(\w+)", field)
    key = field if not part else f"license_{part[2]}" if part[1] == "license" else part[2]
    return {"meets": "How they meet"}.get(key) or (BY_KEY[key].label if key in BY_KEY else "The row")
