"""Listings written, read, and moved between states; what therapists and organizers do builds on these."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.moves import check_move
from circles.directory.listing import places, rules, words
from circles.directory.listing.values import Draft, License, Way
from circles.store import audit, db

SQL = db.queries("directory/listing")
# The fields of a draft that are rows of tables of their own.
_ROW_FIELDS = ("licenses", "ways")
# What nobody said: a name in listings.unsaid, and the fields of the draft with what their columns hold meanwhile.
_UNSAID: Mapping[str, Mapping[str, Any]] = {
    "room": {"room": "now"},
    "insurance": {"takes_insurance": False},
    "languages": {"languages": ("en",)},
    "fee": {"fee_minimum": words.USUAL_FEES[0], "fee_maximum": words.USUAL_FEES[1]},
    "telehealth": {"telehealth": False},
    "in_person": {"in_person": False},
}


@dataclass(frozen=True, slots=True)
class OwnListing:
    """The listing of a person, in short."""

    id: UUID
    state: str
    name: str


async def write_once(tx: db.Tx, draft: Draft, *, made_with: UUID, actor_id: UUID, **more: Any) -> UUID:
    """Write a new listing from a form; the same form sent again changes nothing. Returns the listing's id.

    made_with: the id made with the form, which becomes the listing's. more: as for `write_listing`.
    Raises OutOfDate when the form sent something else before, and what `write_listing` raises.
    """
    if await is_written(tx, draft, made_with=made_with, actor_id=actor_id):
        return made_with
    return await write_listing(tx, draft, actor_id=actor_id, new_id=made_with, **more)


async def is_written(tx: db.Tx, draft: Draft, *, made_with: UUID, actor_id: UUID) -> bool:
    """Whether this form has written this very draft before; a second request waits for the first to commit.

    Raises OutOfDate when the form wrote something else.
    """
    await SQL.lock_form(tx, id=made_with)
    row = await SQL.listing(tx, id=made_with)
    if row is None:
        return False
    if row["source_by"] != actor_id:
        raise OutOfDate(Reason("id_taken", "This form is out of date. Please look at it and send it again."))
    if _in_order(draft_of(row)) != _in_order(rules.tidy(draft)):
        raise OutOfDate(kept_before())
    return True


def _in_order(draft: Draft) -> Draft:
    """The draft with its licenses and ways sorted, for comparing."""
    licenses = sorted(draft.licenses, key=lambda license: (license.kind, license.area, license.number))
    return replace(draft, licenses=tuple(licenses), ways=tuple(sorted(draft.ways, key=lambda way: way.way)))


def kept_before() -> Reason:
    """The refusal of a form that was saved, changed and sent again."""
    return Reason(
        "kept_before",
        "You kept this page a moment ago and have typed more since. What you typed is still here: keep it once more, "
        "and it takes the place of what was kept.",
    )


async def write_listing(
    tx: db.Tx,
    draft: Draft,
    *,
    source: str,
    actor_id: UUID | None,
    source_note: str = "",
    person_id: UUID | None = None,
    state: str = "draft",
    listing_id: UUID | None = None,
    version: int | None = None,
    new_id: UUID | None = None,
    refresh_facets: bool = True,
    may_lack: bool = False,
) -> UUID:
    """Insert or replace a listing in the caller's transaction. Returns its id.

    source: of words.SOURCES. person_id, state, new_id (if known before): of a new listing. listing_id, version: the
    listing to replace, and its version when it was read (None: any). refresh_facets: False when the caller does it.
    A shown listing must be complete, a waiting one unless may_lack. Raises Refused (every reason), OutOfDate, NotFound.
    """
    draft = rules.tidy(draft)
    before = await lock(tx, listing_id, version, changed_meanwhile()) if listing_id else None
    after = before["state"] if before else state
    whole = ("shown",) if may_lack else ("shown", "waiting")
    point = await _check_draft(tx, draft, listing_id, is_complete=after in whole)
    origin = {"source": source, "source_note": source_note, "actor_id": actor_id}
    written = listing_id or new_id or uuid4()
    with _unique_refusals():
        if listing_id:
            await SQL.replace_listing(tx, id=listing_id, fields=columns_of(draft), **origin, **point)
        else:
            new = {"id": written, "person_id": person_id, "state": state}
            await SQL.insert_listing(tx, fields=columns_of(draft), **new, **origin, **point)
    await _save_rows(tx, written, draft)
    if refresh_facets:
        await SQL.refresh_facets(tx, ids=[written])
    more = {"actor_id": actor_id, "details": {"source": source}, "after": after}
    await audit.record(tx, "listing.written", written, before=before["state"] if before else "", **more)
    return written


async def lock(tx: db.Tx, listing_id: UUID, version: int | None, changed: Reason) -> db.Record:
    """A listing, locked. Raises NotFound, and OutOfDate with `changed` when its version is another (None: any)."""
    row = or_not_found(await SQL.lock_listing(tx, id=listing_id))
    if version is not None and version != row["version"]:
        raise OutOfDate(changed)
    return row


def changed_meanwhile() -> Reason:
    """The refusal of a form whose listing was changed since it was read."""
    return Reason(
        "changed_meanwhile",
        "This listing was changed while you were writing. What you typed is still here: look at the page in "
        "another window, then keep yours if it is still right.",
    )


async def _check_draft(
    tx: db.Tx, draft: Draft, listing_id: UUID | None, *, is_complete: bool
) -> dict[str, float | None]:
    """Return the latitude and longitude of the draft's ZIP. Raises Refused with every reason."""
    reasons = rules.publish_refusals(draft) if is_complete else rules.draft_refusals(draft)
    place = places.find(draft.zip) if draft.zip else None
    if draft.zip:
        reasons += rules.zip_refusals(draft, place.area if place else None)
    if draft.npi and await SQL.npi_holder(tx, npi=draft.npi, except_id=listing_id):
        reasons.append(npi_taken())
    refuse_if(reasons)
    return {"latitude": place.latitude if place else None, "longitude": place.longitude if place else None}


def npi_taken() -> Reason:
    """The refusal of an NPI that another listing has."""
    return Reason("npi_taken", "Another listing has this NPI already. An organizer can help.", "npi")


def columns_of(draft: Draft) -> dict[str, Any]:
    """The columns of a draft's listing; `unsaid` names those that hold something only because a column must."""
    # Not asdict(): it copies every value, and imports write thousands of listings at once.
    columns = {
        field.name: getattr(draft, field.name) for field in fields(draft) if field.name not in _ROW_FIELDS
    }
    unsaid = []
    for name, stand_ins in _UNSAID.items():
        if all(columns[field] in (None, "", ()) for field in stand_ins):
            columns |= stand_ins
            unsaid.append(name)
    if "fee" in unsaid and draft.sliding_floor is not None:  # listing_floor_below
        columns["fee_minimum"] = max(columns["fee_minimum"], draft.sliding_floor)
        columns["fee_maximum"] = max(columns["fee_maximum"], draft.sliding_floor)
    return columns | {"found_by": rules.search_text(draft), "unsaid": unsaid}


@contextmanager
def _unique_refusals() -> Iterator[None]:
    """Turn violated unique constraints into refusals: another request wrote the same in the meantime."""
    try:
        yield
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) == "listing_npi_once":
            raise Refused(npi_taken()) from None
        if db.violated_constraint(error) == "listing_person_once":
            raise Refused(Reason("has_one", "You have a listing already. Each account has one.")) from None
        raise


async def _save_rows(tx: db.Tx, listing_id: UUID, draft: Draft) -> None:
    licenses, ways = draft.licenses, draft.ways
    await SQL.save_rows(
        tx,
        listing_id=listing_id,
        kinds=[license.kind for license in licenses],
        areas=[license.area for license in licenses],
        numbers=[license.number for license in licenses],
        statuses=[license.status for license in licenses],
        expiries=[license.expires_on for license in licenses],
        sources=[license.source for license in licenses],
        statuses_said=[license.status_said for license in licenses],
        ways=way_codes(ways),
        credentials=[way.credential for way in ways],
        schools=[way.school for way in ways],
        years=[way.year for way in ways],
    )


def way_codes(ways: Iterable[Way]) -> list[str]:
    """The code of each way in the table, which has each once: of several others the second is other_2."""
    codes: list[str] = []
    for way in ways:
        others = sum(code.startswith("other") for code in codes)
        codes.append(f"other_{others + 1}" if way.way == "other" and others else way.way)
    return codes


async def read_draft(tx: db.Tx, listing_id: UUID) -> Draft:
    """The content of a listing as a draft. Raises NotFound."""
    row = or_not_found(await SQL.listing(tx, id=listing_id))
    return draft_of(row)


def draft_of(row: db.Record) -> Draft:
    """The content of a whole listing's row as a draft."""
    values = {name: row[name] for name in Draft.__dataclass_fields__ if name not in _ROW_FIELDS}
    for name in row["unsaid"]:
        values |= dict.fromkeys(_UNSAID[name], None)
    values |= {"room": values["room"] or "", "languages": values["languages"] or ()}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Draft(
        **values,
        licenses=tuple(_license(license) for license in row["licenses"]),
        ways=tuple(Way(way["way"], way["credential"], way["school"], way["year"]) for way in row["ways"]),
    )


def _license(columns: dict[str, Any]) -> License:
    expires = columns["expires_on"]
    return License(
        columns["kind"],
        columns["area"],
        columns["number"],
        columns["status"],
        date.fromisoformat(expires) if expires else None,
        columns["source"],
        columns["status_said"],
    )


async def set_state(
    tx: db.Tx, before: db.Record, state: str, *, actor_id: UUID | None, reason: str = "", message: str = ""
) -> None:
    """Move a locked listing to another state, with an event. reason: a key of words.HIDDEN, of a hidden one.

    message: what organizers write to its therapist; kept with the listing, not in the event, which stays for ever.
    """
    if state != before["state"]:  # hidden again: with the newer reason
        check_move(rules.MOVES, before["state"], state)
    await SQL.set_state(tx, id=before["id"], state=state, hidden_because=reason, hidden_words=message)
    await audit.record(
        tx,
        f"listing.{state}",
        before["id"],
        actor_id=actor_id,
        before=before["state"],
        after=state,
        details={"because": reason} if reason else {},
    )


async def save_picture(tx: db.Tx, listing_id: UUID, jpeg: bytes, *, actor_id: UUID) -> str:
    """Save the picture of a locked listing, replacing the one before. Returns its hash."""
    # The hash covers the listing's id, so that two listings may have the same picture.
    name = hashlib.sha256(listing_id.bytes + jpeg).hexdigest()[:32]
    await SQL.save_picture(tx, listing_id=listing_id, hash=name, jpeg=jpeg)
    await audit.record(tx, "listing.picture_kept", listing_id, actor_id=actor_id, after=name)
    return name


async def delete_picture(tx: db.Tx, listing_id: UUID, *, actor_id: UUID) -> None:
    """Delete the picture of a locked listing."""
    await SQL.delete_picture(tx, listing_id=listing_id)
    await audit.record(tx, "listing.picture_dropped", listing_id, actor_id=actor_id)


async def own_listing(tx: db.Tx, person_id: UUID) -> OwnListing | None:
    """The listing of a person, or None."""
    row = await SQL.own_listing(tx, person_id=person_id)
    return OwnListing(**row) if row else None
