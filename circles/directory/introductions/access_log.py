"""A member's own access log: who was sent or saw what of theirs, and when. Append-only.

It keeps the name of a therapist they shared something with, even after that therapist has left: it is the member's
record of who has their words. It does not keep the names of therapists that a facilitator suggested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from circles.base.english import Labels, join_names
from circles.base.row import Row
from circles.directory.introductions.rules import SHAREABLE
from circles.store import db

SQL = db.queries("directory/introductions")

# Kind of entry (accesses.what): its text. {who}: the other person, {listing}: the therapist, {details}: the rest.
TEXTS: Mapping[str, str] = Labels(
    {
        "introduction.asked": "You asked to be introduced to {listing}, and told them {details}.",
        "introduction.mailed": "A mail with what you told was put on its way to {listing}.",
        "introduction.accepted": "{listing} answered you: yes.",
        "introduction.full": "{listing} answered you: not taking new people now.",
        "introduction.not_a_fit": "{listing} answered you: not a fit.",
        "introduction.withdrawn": "You withdrew what you asked of {listing}. What you told was deleted here.",
        "introduction.unsent": "The mail to {listing} had not left yet, and never will.",
        "introduction.ended": "You ended the introduction to {listing}. What you told was deleted here.",
        "introduction.closed": "{listing} was no longer in the directory, so the introduction was closed. "
        "What you told was deleted here.",
        "introduction.page_gone": "The page of {listing} was taken off the directory. Their yes still counts.",
        "introduction.expired": "{listing} did not answer in time, so the introduction closed.",
        "introduction.forgotten": "What you told {listing} was deleted here.",
        "suggestion.directory": "{who} suggested that you look at the directory.",
        "suggestion.listing": "{who} suggested {listing} to you.",
        "suggestion.forgotten": "A suggestion made to you was deleted after 30 days.",
    }
)
SOMEBODY = "somebody who left"
A_LISTING = "a therapist who is no longer listed"

PER_PAGE = 50


async def log(
    tx: db.Tx,
    person_id: UUID,
    kind: str,
    *,
    actor_id: UUID | None = None,
    listing_id: UUID | None = None,
    details: Sequence[str] = (),
) -> None:
    """Add an entry to a person's access log, in the caller's transaction.

    kind: a key of TEXTS. actor_id: the other person, if any. listing_id: the therapist. details: codes or counts,
    never words that somebody typed.
    """
    if kind not in TEXTS:
        raise KeyError(f"the access log has no text for {kind}")
    await SQL.log_access(
        tx, person_id=person_id, kind=kind, actor_id=actor_id, listing_id=listing_id, details=list(details)
    )


async def read_page(tx: db.Tx, person_id: UUID, number: int) -> list[db.Record]:
    """A page of a person's access log, newest first; every row has the `total`."""
    skip = (number - 1) * PER_PAGE
    return await db.rows(SQL.accesses(tx, person_id=person_id, per_page=PER_PAGE, skip=skip))


def text_of(row: Row) -> str:
    """The text of an entry."""
    text = TEXTS[row["what"]].format(
        who=row["who_name"] or SOMEBODY,
        listing=row["listing_name"] or A_LISTING,
        details=join_names([SHAREABLE.get(kind, kind) for kind in row["details"]]),
    )
    return text[:1].upper() + text[1:]
