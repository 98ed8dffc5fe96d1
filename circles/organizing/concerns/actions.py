"""Writing to the organizers: sent, answered, written again, closed, reminded of, forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from circles import people
from circles.base import clock
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found
from circles.organizing.concerns import rules
from circles.organizing.concerns.rules import Concern
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits, tokens
from circles.web.limits import Limit

SQL = db.queries("organizing/concerns")

_DAY = timedelta(days=1)
MAX_A_DAY = 6
# One network may be a whole clinic; and nobody is written to in somebody else's name more often than this.
OF_NETWORK = ((20, timedelta(hours=1)), (60, _DAY))
MAX_OF_ADDRESS = 3


async def write(
    context: Context, actor: Person | None, concern: Concern, *, made_with: UUID, network: str
) -> date:
    """Send what somebody wrote to all organizers but the one it is about. Returns the date by which somebody answers.

    made_with: the id made with the form, which becomes the concern's: it is one however often it is sent. Neither the
    event nor the mail to the organizers has anything of it, and the event does not say who wrote. Raises Refused beyond
    the limits, and OutOfDate when the form sent another text.
    """
    actor_id = actor.id if actor else None
    async with context.db.transaction() as tx:
        if before := await SQL.sent_before(tx, id=made_with):
            return _sent_before(before, actor_id, concern)
        if await limits.count(tx, context.settings, *_limits(actor_id, concern.email, network)):
            raise Refused(rules.too_many())
        answer_by = await SQL.insert_concern(
            tx,
            id=made_with,
            person_id=actor_id,
            email=concern.email,
            is_unnamed=concern.is_unnamed,
            about_person=concern.about_person,
            body=concern.body,
            days=concern.days,
        )
        if answer_by is None:  # sent twice at once
            return _sent_before(or_not_found(await SQL.sent_before(tx, id=made_with)), actor_id, concern)
        await audit.record(tx, "concern.raised", made_with, after="open")
        await _notify(tx, context, made_with, concern.about_person, "Somebody wrote to you.", answer_by)
    return answer_by


def _sent_before(before: db.Record, actor_id: UUID | None, concern: Concern) -> date:
    """The date of what this form sent before. Raises OutOfDate where that was something else."""
    if (before["body"], before["person_id"], before["email"]) != (concern.body, actor_id, concern.email):
        message = "You sent this a moment ago and have changed it since. Send it again, and the organizers have both."
        raise OutOfDate(Reason("sent_before", message))
    return before["answer_by"]


def _limits(actor_id: UUID | None, email: str, network: str) -> list[Limit]:
    if actor_id:
        return [Limit(f"concern {actor_id}", MAX_A_DAY, _DAY)]
    return [
        Limit(f"concern {email}", MAX_OF_ADDRESS, _DAY),
        *limits.of_network("concern", network, OF_NETWORK),
    ]


async def _notify(
    tx: db.Tx, context: Context, concern_id: UUID, about_person: UUID | None, news: str, answer_by: date
) -> None:
    """Mail every organizer but the one it is about."""
    text = f"{news} They were promised an answer by {clock.format_date(answer_by)}."
    await people.notify_organizers(
        tx, context, text, f"/organize/concerns/{concern_id}", without=about_person
    )


async def reply(
    context: Context, concern_id: UUID, *, actor_id: UUID | None, body: str, network: str
) -> db.Record:
    """The person who wrote writes again, which opens it again; the date of an open one stays.

    The same words twice are one. Returns the date by which somebody answers, with whether it is late.
    actor_id: None for somebody who opened the link that was mailed to them. Raises NotFound, and Refused beyond the
    limits.
    """
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_own(tx, id=concern_id, person_id=actor_id))
        last = await SQL.last_step(tx, concern_id=concern_id)
        if last and (last["what"], last["body"]) == ("reply", body):
            return or_not_found(await SQL.sent_before(tx, id=concern_id))
        if await limits.count(tx, context.settings, *_limits(actor_id, str(concern_id), network)):
            raise Refused(rules.too_many())
        await SQL.add_step(
            tx, concern_id=concern_id, actor_id=actor_id, what="reply", body=body, answer_by=None
        )
        days = rules.DAYS_ABOUT_SOMEBODY if row["about_person"] else rules.DAYS
        promised = or_not_found(await SQL.reopen_concern(tx, id=concern_id, days=days))
        await audit.record(tx, "concern.replied", concern_id, before=row["state"], after="open")
        news = "Somebody wrote to you again."
        await _notify(tx, context, concern_id, row["about_person"], news, promised["answer_by"])
    return promised


async def _lock(tx: db.Tx, concern_id: UUID, actor: Person) -> db.Record:
    """A concern, locked, for an organizer whom it is not about. Raises NotFound."""
    return or_not_found(await SQL.lock_concern(tx, id=concern_id, actor_id=actor.id))


async def answer(context: Context, actor: Person, concern_id: UUID, *, body: str, stays_open: bool) -> None:
    """Answer the person who wrote, who gets a mail with a link; it is closed unless it stays open.

    The same words twice are one. Raises NotFound, also for what is about the actor.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, concern_id, actor)
        last = await SQL.last_step(tx, concern_id=concern_id)
        if last and (last["what"], last["body"], last["who"]) == ("answer", body, actor.id):
            return
        await SQL.add_step(
            tx, concern_id=concern_id, actor_id=actor.id, what="answer", body=body, answer_by=None
        )
        after = row["state"] if stays_open else "closed"
        if not stays_open:
            await SQL.close_concern(tx, id=concern_id)
        await audit.record(
            tx, "concern.answered", concern_id, actor_id=actor.id, before=row["state"], after=after
        )
        await _mail_answer(tx, context, row)


async def _mail_answer(tx: db.Tx, context: Context, row: db.Record) -> None:
    """Mail the person who wrote that there is an answer, which stands on the site alone.

    Somebody who cannot sign in, without an account or suspended, gets a link that opens it.
    """
    settings = context.settings
    sender = (await people.by_ids(tx, [row["person_id"]])).get(row["person_id"]) if row["person_id"] else None
    if sender is None and not row["email"]:
        return
    token = tokens.make(settings.signing_key(), rules.PURPOSE, row["id"])
    signs_in = sender is not None and not await people.is_suspended(tx, sender.id)
    await mail.send(
        tx,
        settings,
        "concern_answer",
        to=sender.email if sender else row["email"],
        to_name=sender.name if sender else "",
        person_id=sender.id if sender else None,
        subject="An answer for you",
        about=row["id"],
        link=f"{settings.base_url}/my/concerns/{row['id']}"
        if signs_in
        else f"{settings.base_url}/write/{token}",
    )


async def note(context: Context, actor: Person, concern_id: UUID, *, body: str) -> None:
    """Keep a note for organizers. The same note twice is one. Raises NotFound, also for what is about the actor."""
    async with context.db.transaction() as tx:
        row = await _lock(tx, concern_id, actor)
        last = await SQL.last_step(tx, concern_id=concern_id)
        if last and (last["what"], last["body"]) == ("note", body):
            return
        await SQL.add_step(
            tx, concern_id=concern_id, actor_id=actor.id, what="note", body=body, answer_by=None
        )
        await audit.record(
            tx, "concern.note", concern_id, actor_id=actor.id, before=row["state"], after=row["state"]
        )


async def set_answer_by(context: Context, actor: Person, concern_id: UUID, *, day: date) -> None:
    """Set the date by which somebody answers, which the person who wrote sees.

    Raises NotFound, and OutOfDate when it is closed.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, concern_id, actor)
        _check_open(row)
        if row["answer_by"] != day:
            await SQL.set_answer_by(tx, id=concern_id, answer_by=day)
            await SQL.add_step(
                tx, concern_id=concern_id, actor_id=actor.id, what="date", body="", answer_by=day
            )
            await audit.record(tx, "concern.date", concern_id, actor_id=actor.id, before="open", after="open")


def _check_open(row: db.Record) -> None:
    if row["state"] != "open":
        raise OutOfDate(Reason("closed", "This was closed already."))


async def shut(context: Context, actor: Person, concern_id: UUID, *, body: str) -> None:
    """Close it without an answer, such as what was sent to everybody; body: why, for organizers. Idempotent.

    Raises NotFound, also for what is about the actor.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, concern_id, actor)
        if row["state"] == "closed":
            return
        await SQL.close_concern(tx, id=concern_id)
        await SQL.add_step(
            tx, concern_id=concern_id, actor_id=actor.id, what="shut", body=body, answer_by=None
        )
        await audit.record(tx, "concern.shut", concern_id, actor_id=actor.id, before="open", after="closed")


@jobs.every("organizing.concerns_due", "27 8 * * *")
async def remind(context: Context) -> None:
    """Once a day: mail organizers about what is to be answered by today, once for each date."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.mark_reminded(tx)):
            await audit.record(tx, "concern.due", row["id"], before="open", after="open")
            news = "Somebody wrote to you, and is to have an answer by today."
            path = f"/organize/concerns/{row['id']}"
            await people.notify_organizers(tx, context, news, path, without=row["about_person"])


@jobs.every("organizing.forget_concerns", "38 4 * * *")
async def forget(context: Context) -> None:
    """Once a day: forget the words and the sender of what was closed a year ago. That it was there stays."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_concerns(tx, after=rules.FORGOTTEN_AFTER)):
            await audit.record(tx, "concern.forgotten", row["id"], before="closed", after="closed")
