"""Telling the people of a list that they have an account, once their organizer says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from circles import bookings, imports
from circles.base.errors import Reason, Refused
from circles.base.settings import Settings
from circles.organizing.moving_in.actions import KINDS
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("organizing/moving_in")

# So many are told in one transaction, and in a minute: a mail server takes a community for a sender of advertising.
PER_BATCH: Final = 60
PAUSE: Final = timedelta(minutes=1)
SUBJECT: Final = "Your dates are here now"


async def tell(context: Context, *, actor_id: UUID, import_id: UUID) -> None:
    """Have the people of a written import told, and invited to their seats ahead. Idempotent.

    Raises NotFound, Refused while the import is not written.
    """
    async with context.db.transaction() as tx:
        file = await imports.actions.lock(tx, import_id, KINDS)
        if file["told_at"]:
            return
        if file["state"] != "done":
            raise Refused(Reason("not_ready", "Please confirm the list first: nobody of it is here yet."))
        counts = await SQL.tell_counts(tx, id=import_id)
        await SQL.set_told(tx, id=import_id, actor_id=actor_id)
        for row in await db.rows(SQL.tell_seats(tx, id=import_id)):
            await bookings.given_seats.invite_later(tx, row["bookings"])
        await jobs.enqueue(tx, "moving_in.tell", key=str(import_id), import_id=import_id)
        details = {"people": counts["people"], "seated": counts["seated"]}
        await audit.record(
            tx, "import.told", import_id, actor_id=actor_id, before="done", after="done", details=details
        )


@jobs.job("moving_in.tell")
async def send(context: Context, *, import_id: str) -> None:
    """Job: mail some people of an import that they have an account, and go on in a minute. Idempotent."""
    async with context.db.transaction() as tx:
        people = await db.rows(SQL.people_to_tell(tx, id=UUID(import_id), most=PER_BATCH))
        await SQL.end_silence(tx, people=[person["id"] for person in people])
        for person in people:
            composed = compose(context.settings, person["name"])
            await mail.enqueue(tx, context.settings, composed, to=person["email"], person_id=person["id"])
        if len(people) == PER_BATCH:
            await jobs.enqueue(tx, "moving_in.tell", after=PAUSE, import_id=import_id)


def compose(settings: Settings, to_name: str) -> mail.ComposedMail:
    """The mail, also for its preview."""
    return mail.compose(
        settings, "moved_in", to_name=to_name, subject=SUBJECT, link=f"{settings.base_url}/sign-in"
    )
