"""Complaints about listings: sent by members, closed by organizers with an answer to both sides."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from circles import people
from circles.base import clock
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found
from circles.directory.listing import organize_actions
from circles.directory.upkeep.complaints_rules import Closing
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/upkeep")
MAX_CHARACTERS = 2000
MAX_A_DAY = 6


async def complain(context: Context, *, actor_id: UUID, made_with: UUID, listing_id: UUID, body: str) -> date:
    """Send a complaint about a shown listing to the organizers. Returns the date by which somebody answers.

    made_with: the id made with the form, which becomes the complaint's: it is one however often it is sent. Neither the
    event nor the mail to the organizers has anything of its text. Raises NotFound, Refused beyond MAX_A_DAY, OutOfDate
    when the form sent another text.
    """
    async with context.db.reading() as tx:
        sent = await _sent_before(tx, made_with, actor_id, body)
    if sent:
        return sent
    async with context.db.transaction() as tx:
        answer_by = await SQL.insert_complaint(
            tx, id=made_with, listing_id=listing_id, person_id=actor_id, body=body
        )
        if answer_by is None:
            return or_not_found(await _sent_before(tx, made_with, actor_id, body))
        if not await limits.allow(
            tx, context.settings, f"complaint:{actor_id}", MAX_A_DAY, timedelta(days=1)
        ):
            raise Refused(too_many())
        details = {"listing": str(listing_id)}
        await audit.record(tx, "complaint.made", made_with, after="open", details=details)
        day = clock.format_date(answer_by)
        news = f"Somebody says that something is wrong with a listing. They were promised an answer by {day}."
        therapist_id = await SQL.therapist_of(tx, listing_id=listing_id)
        path = f"/organize/complaints/{made_with}"
        await people.notify_organizers(tx, context, news, path, without=therapist_id)
    return answer_by


async def _sent_before(tx: db.Tx, made_with: UUID, actor_id: UUID, body: str) -> date | None:
    """The date by which somebody answers what this form sent before; None if it sent nothing."""
    before = await SQL.sent_complaint(tx, id=made_with, person_id=actor_id)
    if before is None:
        return None
    if before["body"] != body:
        message = "You sent this a moment ago and have changed it since. Send it again, and the organizers have both."
        raise OutOfDate(Reason("sent_before", message))
    return before["answer_by"]


def too_many() -> Reason:
    """The refusal of more than MAX_A_DAY complaints."""
    return Reason(
        "too_many", "You told us of several listings today. Please wait until tomorrow with the next one."
    )


async def note(context: Context, complaint_id: UUID, *, actor_id: UUID, body: str) -> None:
    """Keep a note about a complaint, for organizers. The same note twice is one.

    Raises NotFound, also for a complaint about the actor's own listing, and OutOfDate when it is decided already.
    """
    async with context.db.transaction() as tx:
        await _lock_open(tx, complaint_id, actor_id)
        if await SQL.last_note(tx, complaint_id=complaint_id) != body:
            await _add_step(tx, complaint_id, actor_id, "note", note=body)


async def _lock_open(tx: db.Tx, complaint_id: UUID, actor_id: UUID) -> db.Record:
    row = or_not_found(await SQL.lock_complaint(tx, id=complaint_id, actor_id=actor_id))
    if row["state"] != "open":
        raise OutOfDate(Reason("decided", "This was closed already."))
    return row


async def _add_step(
    tx: db.Tx,
    complaint_id: UUID,
    actor_id: UUID,
    what: str,
    *,
    note: str = "",
    answer_by: date | None = None,
) -> None:
    """Add to the history of a complaint. Its event has none of the words."""
    await SQL.add_step(
        tx, complaint_id=complaint_id, actor_id=actor_id, what=what, note=note, answer_by=answer_by
    )
    if what in ("note", "date"):
        await audit.record(
            tx, f"complaint.{what}", complaint_id, actor_id=actor_id, before="open", after="open"
        )


async def set_answer_by(context: Context, complaint_id: UUID, *, actor_id: UUID, day: date) -> None:
    """Set the date by which somebody answers, which the person who wrote sees. Raises as `note`."""
    async with context.db.transaction() as tx:
        row = await _lock_open(tx, complaint_id, actor_id)
        if row["answer_by"] != day:
            await SQL.set_answer_by(tx, id=complaint_id, answer_by=day)
            await _add_step(tx, complaint_id, actor_id, "date", answer_by=day)


async def close(context: Context, complaint_id: UUID, closing: Closing, *, actor_id: UUID) -> None:
    """Close a complaint with an answer; "hidden" hides the listing at once. Both sides get a mail.

    The same decision by the same organizer twice is one. Raises NotFound, also for a complaint about the actor's own
    listing, and OutOfDate when it is decided already.
    """
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_complaint(tx, id=complaint_id, actor_id=actor_id))
        if (row["state"], row["decided_by"]) == (closing.decision, actor_id):
            return
        if row["state"] != "open":
            raise OutOfDate(Reason("decided", "Another organizer has closed this already."))
        await _notify_therapist(tx, context, row["listing_id"], closing, actor_id)
        await SQL.decide_complaint(
            tx, id=complaint_id, state=closing.decision, actor_id=actor_id, answer=closing.answer
        )
        await _add_step(tx, complaint_id, actor_id, closing.decision, note=closing.note)
        await audit.record(
            tx, "complaint.decided", complaint_id, actor_id=actor_id, before="open", after=closing.decision
        )
        await _notify_sender(tx, context, row["person_id"], complaint_id)


async def _notify_therapist(
    tx: db.Tx, context: Context, listing_id: UUID, closing: Closing, actor_id: UUID
) -> None:
    """Hide the listing or keep it, and mail its therapist, who never learns who wrote."""
    settings, was_mailed = context.settings, False
    if closing.decision == "hidden":
        was_mailed = await organize_actions.hide(
            tx, listing_id, actor_id=actor_id, reason="complaint", settings=settings, message=closing.note
        )
    if was_mailed or closing.is_silent:
        return
    stays = "stays off the directory for now" if closing.decision == "hidden" else "stays as it is"
    news = f"The organizers were told something about your page. They looked into it, and the page {stays}."
    await organize_actions.notify_therapist(
        tx, settings, listing_id, news, "/my/listing", message=closing.note
    )


async def _notify_sender(tx: db.Tx, context: Context, person_id: UUID | None, complaint_id: UUID) -> None:
    """Mail the person who wrote that there is an answer, which stands on the site alone."""
    for sender in (await people.by_ids(tx, [person_id] if person_id else [])).values():
        await mail.send(
            tx,
            context.settings,
            "complaint_answer",
            to=sender.email,
            to_name=sender.name,
            person_id=sender.id,
            subject="An answer for you",
            link=f"{context.settings.base_url}/my/complaints/{complaint_id}",
        )


@jobs.every("directory.complaints_due", "23 8 * * *")
async def remind(context: Context) -> None:
    """Once a day: mail organizers about complaints whose date has come, once for each date."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.mark_reminded(tx)):
            await audit.record(tx, "complaint.due", row["id"], before="open", after="open")
            news = "Somebody told you of a listing, and is to have an answer by today."
            path = f"/organize/complaints/{row['id']}"
            await people.notify_organizers(tx, context, news, path, without=row["therapist_id"])
