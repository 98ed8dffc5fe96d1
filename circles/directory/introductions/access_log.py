"""A member's own access log: who was told or saw what of theirs, and when. Only ever added to.

Whom they told something stays in it by name, even after that therapist has left: it is the member's own record of
where their words went. Whom a facilitator suggested does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from circles.base.row import Row
from circles.directory.introductions.rules import TOLD
from circles.directory.listing.cards import listed
from circles.store import db

SQL = db.queries("directory/introductions")

# what: in words. {who} is the person, {listing} the therapist, {details} what else there is to say.
WORDS: Mapping[str, str] = {
    "introduction.asked": "You asked to be introduced to {listing}, and told them {details}.",
    "introduction.mailed": "A mail with what you told was put on its way to {listing}.",
    "introduction.accepted": "{listing} answered you: yes.",
    "introduction.full": "{listing} answered you: no room.",
    "introduction.not_a_fit": "{listing} answered you: not a fit.",
    "introduction.withdrawn": "You withdrew what you asked of {listing}. What you told was deleted here.",
    "introduction.unsent": "The mail to {listing} had not left yet, and never will.",
    "introduction.ended": "You ended the introduction to {listing}. What you told was deleted here.",
    "introduction.closed": "{listing} was no longer in the directory, so the introduction was closed. "
    "What you told was deleted here.",
    "introduction.page_gone": "The page of {listing} was taken off the directory. Their yes still stands.",
    "introduction.expired": "{listing} did not answer in time, so the introduction closed.",
    "introduction.forgotten": "What you told {listing} was deleted here.",
    "suggestion.directory": "{who} suggested that you look at the directory.",
    "suggestion.listing": "{who} suggested {listing} to you.",
    "suggestion.forgotten": "A suggestion made to you was deleted after 30 days.",
}
SOMEBODY = "somebody who left"
A_LISTING = "a therapist who is no longer listed"

PAGE = 50


async def log(
    tx: db.Tx,
    person_id: UUID,
    what: str,
    *,
    who: UUID | None = None,
    listing_id: UUID | None = None,
    details: Sequence[str] = (),
) -> None:
    """Add a line to somebody's own access log, in the caller's transaction.

    what: a key of WORDS; who: the other person, if it was one; listing_id: the therapist it is about; details:
    kinds of things, counts or codes, never words that somebody told.
    """
    if what not in WORDS:
        raise KeyError(f"the access log has no words for {what}")
    await SQL.log_access(tx, person=person_id, what=what, who=who, listing=listing_id, details=list(details))


async def page(tx: db.Tx, person_id: UUID, number: int) -> list[db.Record]:
    """One page of somebody's own log, newest first; every row says how many there are in all."""
    skip = (number - 1) * PAGE
    return await db.rows(SQL.accesses(tx, person=person_id, most=PAGE, skip=skip))


def say(row: Row) -> str:
    """A line of the log in plain words."""
    said = WORDS[row["what"]].format(
        who=row["who_name"] or SOMEBODY,
        listing=row["listing_name"] or A_LISTING,
        details=listed([TOLD.get(each, each) for each in row["details"]]),
    )
    return said[:1].upper() + said[1:]
