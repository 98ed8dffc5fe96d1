"""Ending introductions when a listing leaves the directory.

- Listing hidden, whatever the reason: introductions that wait for an answer end and their words are deleted. The
  member is notified and may ask another therapist, or the same one once the page is back.
- Hidden by its therapist or by upkeep (unconfirmed, no valid license): an accepted introduction stays, since the
  member counts on a call and the therapist on the contact. The member is notified once, reads the reason on the site,
  and may end it.
- Hidden by organizers (complaint or other): accepted introductions end too.
- Listing deleted, or its therapist erased: everything ends, answers and words are deleted, and the therapist gets no
  mail. Members keep the therapist's name in their own lists and access log: it is their record of who has what they
  shared.

Members get a mail with no more in it than that there is news. A mail with their words that was not sent yet is deleted.
Therapists get a mail that names nobody.
"""

from __future__ import annotations

from uuid import UUID

from circles.base.moves import check_move
from circles.base.settings import Settings
from circles.directory.introductions import access_log, actions, rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/introductions")


async def end_for_hidden(tx: db.Tx, settings: Settings, listing_id: UUID, reason: str) -> None:
    """A listing is hidden in the caller's transaction, which holds its lock. reason: a key of words.HIDDEN."""
    for row in await db.rows(SQL.unforgotten_of_listing(tx, listing_id=listing_id)):
        if rules.ends_with_listing(row, reason):
            await _end(tx, settings, row, rules.END_REASONS[reason])
        elif rules.is_open(row) and not row["is_notified"]:
            await access_log.log(tx, row["person_id"], "introduction.page_gone", listing_id=listing_id)
            await actions.notify_member(tx, settings, row, "news")


async def _end(tx: db.Tx, settings: Settings, row: db.Record, reason: str) -> None:
    """End an introduction and notify both sides; a therapist who left is not mailed."""
    check_move(rules.MOVES, row["state"], "ended")
    await SQL.finish(tx, id=row["id"], state="ended", reason=reason)
    await audit.record(tx, "introduction.closed", row["id"], before=row["state"], after="ended")
    await access_log.log(tx, row["person_id"], "introduction.closed", listing_id=row["listing_id"])
    await actions.notify_member(tx, settings, row, "news")
    if await actions.delete_mail(tx, row):
        await access_log.log(tx, row["person_id"], "introduction.unsent", listing_id=row["listing_id"])
    elif reason != "left":
        await actions.notify_therapist(tx, settings, row, "hidden")


async def end_for_erased(tx: db.Tx, context: Context, person_id: UUID) -> None:
    """A person is erased in the caller's transaction: end the introductions of their listing, before it is deleted."""
    listing_id = await SQL.lock_listing_of(tx, person_id=person_id)
    if listing_id:
        await end_for_deleted(tx, context.settings, listing_id)


async def end_for_deleted(tx: db.Tx, settings: Settings, listing_id: UUID) -> None:
    """A listing is about to be deleted in the caller's transaction, which holds its lock: end all its introductions."""
    for row in await db.rows(SQL.unforgotten_of_listing(tx, listing_id=listing_id)):
        if rules.is_open(row):
            await _end(tx, settings, row, "left")
            await SQL.forget_words(tx, id=row["id"], state="ended")
        else:
            await actions.forget(tx, row, "expired" if row["state"] == "asked" else row["state"])
    await SQL.keep_listing_name(tx, listing_id=listing_id)


async def end_double_introductions(tx: db.Tx, context: Context, kept_id: UUID, gone_id: UUID) -> None:
    """Two locked accounts become one: of two open introductions to one therapist, one ends as if its member ended it.

    The one that the therapist accepted stays; of two alike that of the account that is kept.
    """
    for row in await db.rows(SQL.lock_doubles(tx, kept_id=kept_id, gone_id=gone_id)):
        await actions.finish(tx, context, row, "withdrawn" if row["state"] == "asked" else "ended")
