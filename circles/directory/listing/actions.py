"""What happens to listings: written, read, and the few things other rooms ask of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.directory.listing import places
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.values import Draft, License, Way
from circles.store import audit, db

SQL = db.queries("directory/listing")
# What of a draft stands in rows of its own.
_IN_ROWS = ("licenses", "ways")


@dataclass(frozen=True, slots=True)
class OwnListing:
    """The listing somebody has of their own."""

    id: UUID
    state: str
    name: str


async def write_listing(
    tx: db.Tx,
    draft: Draft,
    *,
    source: str,
    by: UUID | None,
    source_note: str = "",
    person_id: UUID | None = None,
    state: str = "draft",
    listing_id: UUID | None = None,
    version: int | None = None,
    new_id: UUID | None = None,
    found_now: bool = True,
) -> UUID:
    """Write a listing in the caller's transaction: a new one, or another one's words anew. Returns its id.

    source: of words.SOURCES; by: who writes. person_id, state: of a new listing; one that exists keeps its own.
    listing_id, version: the one to change, and which version of it was seen (None: whichever stands there now).
    new_id: of a new listing, where it is known before. found_now: False for one of many, whose writer refreshes the
    facets of all of them at once. A draft may still lack things; anything else has to be whole.

    Raises Refused with every problem, OutOfDate when it was changed meanwhile, NotFound.
    """
    draft = listing_rules.tidy(draft)
    before = await _lock(tx, listing_id, version) if listing_id else None
    now_in = before["state"] if before else state
    point = await _check(tx, draft, listing_id, whole=now_in in ("waiting", "shown"))
    said = {"source": source, "source_note": source_note, "by": by, "told": _told(draft), **point}
    written = listing_id or new_id or uuid4()
    with _once():
        if listing_id:
            await SQL.replace_listing(tx, id=listing_id, **said)
        else:
            await SQL.insert_listing(tx, id=written, person=person_id, state=state, **said)
    await _keep_rows(tx, written, draft)
    if found_now:
        await SQL.refresh_facets(tx, ids=[written])
    moved = {"before": before["state"] if before else "", "after": now_in}
    await audit.record(tx, "listing.written", written, actor_id=by, **moved, details={"source": source})
    return written


def _told(draft: Draft) -> dict[str, Any]:
    """What the row of a listing holds of a draft."""
    # Not asdict(): it copies every value, and a list of thousands is written at once.
    told = {each.name: getattr(draft, each.name) for each in fields(draft) if each.name not in _IN_ROWS}
    return told | {"found_by": listing_rules.found_by(draft)}


async def write_once(tx: db.Tx, draft: Draft, *, made_with: UUID, by: UUID, **more: Any) -> UUID:
    """Write a new listing from a form that may be sent twice: the second time it is the one that stands there.

    made_with: the id that was made with the form, which becomes the listing's; more: as for `write_listing`.
    Raises OutOfDate when the form sent something else before, and what `write_listing` raises.
    """
    if await is_written(tx, draft, made_with=made_with, by=by):
        return made_with
    return await write_listing(tx, draft, by=by, new_id=made_with, **more)


async def is_written(tx: db.Tx, draft: Draft, *, made_with: UUID, by: UUID) -> bool:
    """Whether a form has written this very draft before. The same form sent at once waits until that is done.

    Raises OutOfDate when it wrote something else.
    """
    await SQL.hold_form(tx, id=made_with)
    stands = await SQL.listing(tx, id=made_with)
    if stands is None:
        return False
    if stands["source_by"] != by:
        raise OutOfDate(Reason("id_taken", "This form is out of date. Please look at it and send it again."))
    if _in_order(draft_of(stands)) != _in_order(listing_rules.tidy(draft)):
        raise OutOfDate(kept_before())
    return True


def _in_order(draft: Draft) -> Draft:
    """The same with its licenses and ways in one order, however they were typed."""
    licenses = sorted(draft.licenses, key=lambda each: (each.kind, each.area, each.number))
    return replace(draft, licenses=tuple(licenses), ways=tuple(sorted(draft.ways, key=lambda each: each.way)))


def kept_before() -> Reason:
    """Said of a form that was kept, changed and sent once more."""
    return Reason(
        "kept_before",
        "You kept this page a moment ago and have typed more since. What you typed is still here: keep it once more, "
        "and it takes the place of what was kept.",
    )


async def _lock(tx: db.Tx, listing_id: UUID, version: int | None) -> db.Record:
    """The listing to change, locked. Raises NotFound, OutOfDate."""
    found = await SQL.lock_listing(tx, id=listing_id)
    if found is None:
        raise NotFound
    if version is not None and version != found["version"]:
        raise OutOfDate(changed_meanwhile())
    return found


def changed_meanwhile() -> Reason:
    """Said when a listing moved while somebody was writing."""
    return Reason(
        "changed_meanwhile",
        "This listing was changed while you were writing. What you typed is still here: look at the page in "
        "another window, then keep yours if it still holds.",
    )


async def _check(tx: db.Tx, draft: Draft, listing_id: UUID | None, *, whole: bool) -> dict[str, float | None]:
    """Raise Refused with every reason there is; answer the point on the map."""
    reasons = listing_rules.problems(draft) if whole else listing_rules.broken(draft)
    place = places.find(draft.zip) if draft.zip else None
    if draft.zip:
        reasons += listing_rules.zip_problems(draft, place.area if place else None)
    if draft.npi and await SQL.npi_holder(tx, npi=draft.npi, but=listing_id):
        reasons.append(npi_taken())
    refuse_if(reasons)
    return {
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
    }


def npi_taken() -> Reason:
    """Said of an NPI that another listing has."""
    return Reason("npi_taken", "Another listing has this NPI already. An organizer can help.", "npi")


@contextmanager
def _once() -> Iterator[None]:
    """Say in words what a row that stands there already means; another one came in between."""
    try:
        yield
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) == "listing_npi_once":
            raise Refused(npi_taken()) from None
        if db.violated_constraint(error) == "listing_person_once":
            raise Refused(Reason("has_one", "You have a listing already. Each account has one.")) from None
        raise


async def _keep_rows(tx: db.Tx, listing_id: UUID, draft: Draft) -> None:
    await SQL.keep_rows(
        tx,
        listing=listing_id,
        kinds=[each.kind for each in draft.licenses],
        areas=[each.area for each in draft.licenses],
        numbers=[each.number for each in draft.licenses],
        statuses=[each.status for each in draft.licenses],
        expiries=[each.expires_on for each in draft.licenses],
        sources=[each.source for each in draft.licenses],
        ways=[each.way for each in draft.ways],
        credentials=[each.credential for each in draft.ways],
        schools=[each.school for each in draft.ways],
        years=[each.year for each in draft.ways],
    )


async def read_draft(tx: db.Tx, listing_id: UUID) -> Draft:
    """Everything a listing tells, as it would be written again. Raises NotFound."""
    found = await SQL.listing(tx, id=listing_id)
    if found is None:
        raise NotFound
    return draft_of(found)


def draft_of(row: db.Record) -> Draft:
    """A draft out of a listing's whole row."""
    told = {name: row[name] for name in Draft.__dataclass_fields__ if name not in _IN_ROWS}
    told |= {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return Draft(
        **told,
        licenses=tuple(_license(each) for each in row["licenses"]),
        ways=tuple(
            Way(each["way"], each["credential"], each["school"], each["year"]) for each in row["ways"]
        ),
    )


def _license(told: dict[str, Any]) -> License:
    expires = told["expires_on"]
    return License(
        told["kind"],
        told["area"],
        told["number"],
        told["status"],
        date.fromisoformat(expires) if expires else None,
        told["source"],
    )


async def own_listing(tx: db.Tx, person_id: UUID) -> OwnListing | None:
    """The listing somebody has of their own, or None."""
    found = await SQL.own_listing(tx, person=person_id)
    return OwnListing(**found) if found else None


async def to_do(tx: db.Tx) -> db.Record:
    """What organizers have to look at: how many listings are `waiting`, how many `complaints` are open."""
    return await SQL.to_do(tx)
