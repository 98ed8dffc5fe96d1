"""What becomes of introductions when a therapist is no longer in the directory.

What each of the two expects, and so what is done:

- Somebody who asked and waits counts on an answer, and cannot when the page is gone, whatever took it away. So what
  waits is ended with its words deleted, and they learn of it and can ask somebody else. A page that comes back can be
  asked again.
- Somebody who got a yes counts on a call, and the therapist who gave it on seeing how to make it. A page that its
  therapist took off, or that the timetable hid (nobody confirmed it, or no license on it counts any more), takes
  nothing of that yes back: it stays, and the member learns once that the page is gone, reads why on the site, and can
  end it themselves. It may be back tomorrow, by one button in a mail.
- A page that organizers hid, because of a complaint or else, is one the house does not stand by: a yes ends too, and
  nothing that was told is shown there any more. What the two agreed on between them stays theirs.
- A therapist whose account is erased leaves nothing behind but the name, in what those who told them something keep
  of it: whom one told of oneself is one's own record. Everything ends, answers and words are deleted at once, and no
  mail goes to somebody who is forgotten.

Whoever is told gets a mail that says that there is news, and nothing else. A mail with their words that has not left
yet never will. Therapists get a mail that it is over, which names nobody.
"""

from __future__ import annotations

from uuid import UUID

from circles.base.settings import Settings
from circles.directory.introductions import access_log as accesses
from circles.directory.introductions import actions, rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/introductions")


async def page_hidden(tx: db.Tx, settings: Settings, listing_id: UUID, because: str) -> None:
    """A listing is hidden in the caller's transaction, which holds its lock. because: of words.HIDDEN."""
    for row in await db.rows(SQL.unforgotten_of(tx, listing=listing_id)):
        if rules.ends_with_page(row, because):
            await _end(tx, settings, row, rules.GONE_BECAUSE[because])
        elif rules.is_open(row) and not row["knows"]:
            await accesses.log(tx, row["person_id"], "introduction.page_gone", listing_id=listing_id)
            await actions.tell_member(tx, settings, row, "news")


async def _end(tx: db.Tx, settings: Settings, row: db.Record, because: str) -> None:
    """End an introduction for its member, who did not, and tell both. The one who left is not written to."""
    await SQL.finish(tx, id=row["id"], state="ended", because=because)
    await audit.record(tx, "introduction.closed", row["id"], before=row["state"], after="ended")
    await accesses.log(tx, row["person_id"], "introduction.closed", listing_id=row["listing_id"])
    await actions.tell_member(tx, settings, row, "news")
    if await actions.drop_mail(tx, row):
        await accesses.log(tx, row["person_id"], "introduction.unsent", listing_id=row["listing_id"])
    elif because != "left":
        await actions.tell_therapist(tx, settings, row, "hidden")


async def leave(tx: db.Tx, context: Context, person_id: UUID) -> None:
    """Somebody is erased in the caller's transaction: settle what was asked of their listing before it goes."""
    listing_id = await SQL.listing_of(tx, person=person_id)
    if listing_id:
        await settle(tx, context.settings, listing_id)


async def settle(tx: db.Tx, settings: Settings, listing_id: UUID) -> None:
    """A listing is about to be deleted in the caller's transaction, which holds its lock: nothing of it stays open."""
    for row in await db.rows(SQL.unforgotten_of(tx, listing=listing_id)):
        if rules.is_open(row):
            await _end(tx, settings, row, "left")
            await SQL.forget_words(tx, id=row["id"], state="ended")
        else:
            await actions.forget(tx, row, "expired" if row["state"] == "asked" else row["state"])
    await SQL.keep_name(tx, listing=listing_id)
