"""Introductions: asked by a member, answered by a therapist, withdrawn, ended, and forgotten after their time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles import people
from circles.base import clock
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.moves import check_move
from circles.base.settings import Settings
from circles.directory.introductions import access_log, rules, suggestions_actions
from circles.directory.introductions.rules import Answer, Shared
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/introductions")

# Overdue introductions closed per transaction.
BATCH_SIZE = 100
# In the preview, in the place of the token: the real one is made when the mail is sent.
NO_TOKEN = "made-when-you-send-it"


@dataclass(frozen=True, slots=True)
class Key:
    """What gives a therapist access to an introduction: the token of the mail, or the account of their listing."""

    token: str = ""
    id: UUID | None = None
    actor_id: UUID | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The key as the queries take it."""
        token_hash = people.fingerprint(self.token) if self.token else None
        return {"token_hash": token_hash, "id": self.id, "actor_id": self.actor_id}


# Asking


async def listing_to_ask(tx: db.Tx, listing_id: UUID, actor_id: UUID) -> db.Record:
    """A shown listing, with what `rules.ask_refusals` needs to know of this member. Raises NotFound."""
    return or_not_found(await SQL.listing_to_ask(tx, listing_id=listing_id, actor_id=actor_id))


def preview(settings: Settings, introduction_id: UUID, therapist: str, shared: Shared) -> mail.ComposedMail:
    """The mail as it will be sent, without its token."""
    until = clock.now() + rules.LIFETIME
    return write_mail(
        settings, introduction_id=introduction_id, therapist=therapist, shared=shared, until=until
    )


def write_mail(
    settings: Settings,
    *,
    introduction_id: UUID,
    therapist: str,
    shared: Shared,
    until: datetime,
    token: str = NO_TOKEN,
) -> mail.ComposedMail:
    """The mail to the therapist: what the member shares and nothing else about them."""
    return mail.compose(
        settings,
        "introduction_asked",
        to_name=therapist,
        subject=f"{settings.mail_name}: somebody asks for your answer",
        shared=shared,
        until=until,
        reference=rules.reference(introduction_id),
        answers=rules.ANSWERS,
        link=f"{settings.base_url}/introductions/{token}",
    )


async def ask(
    context: Context, actor: Person, *, introduction_id: UUID, listing_id: UUID, shared: Shared
) -> None:
    """Send what a member shares to a therapist. introduction_id: made with the form; a second request changes nothing.

    Raises NotFound for a listing that is not shown, and Refused with every reason.
    """
    token = secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        await SQL.lock_person(tx, id=actor.id)
        await SQL.share_lock_listing(tx, id=listing_id)
        if await SQL.is_sent(tx, id=introduction_id, actor_id=actor.id):
            return
        listing = await listing_to_ask(tx, listing_id, actor.id)
        refuse_if(rules.ask_refusals(listing))
        key = f"introduction {actor.id}"
        if not await limits.allow(tx, context.settings, key, rules.MAX_A_DAY, timedelta(days=1)):
            raise Refused(rules.too_often())
        introduction = await SQL.ask(
            tx,
            id=introduction_id,
            actor_id=actor.id,
            listing_id=listing_id,
            name=listing["name"],
            kinds=list(shared.kinds),
            call_name=shared.call_name,
            reach=shared.reach,
            looking_for=shared.looking_for,
            own_words=shared.own_words,
            token_hash=people.fingerprint(token),
            lifetime=rules.LIFETIME,
        )
        if introduction is None:
            raise OutOfDate(
                Reason("id_taken", "This form is out of date. Please look at it and send it again.")
            )
        await _send_mail(tx, context, actor.id, introduction, listing_id, shared, token)


async def _send_mail(
    tx: db.Tx,
    context: Context,
    actor_id: UUID,
    introduction: db.Record,
    listing_id: UUID,
    shared: Shared,
    token: str,
) -> None:
    """Enqueue the mail to the therapist, and log it for the member."""
    recipient = await SQL.recipient(tx, listing_id=listing_id)
    written = write_mail(
        context.settings,
        introduction_id=introduction["id"],
        therapist=recipient["name"],
        shared=shared,
        until=introduction["expires_at"],
        token=token,
    )
    mail_id = await mail.enqueue(
        tx,
        context.settings,
        written,
        to=recipient["email"],
        person_id=recipient["person_id"],
        useful_until=introduction["expires_at"],
    )
    await SQL.set_mail(tx, id=introduction["id"], mail_id=mail_id)
    await audit.record(tx, "introduction.asked", introduction["id"], actor_id=actor_id, after="asked")
    await access_log.log(tx, actor_id, "introduction.asked", listing_id=listing_id, details=shared.kinds)
    await access_log.log(tx, actor_id, "introduction.mailed", listing_id=listing_id)


# The therapist


async def read_for_therapist(tx: db.Tx, key: Key) -> db.Record:
    """An introduction, for its therapist. Raises NotFound."""
    return or_not_found(await SQL.for_therapist(tx, **key.arguments))


async def open_for_therapist(tx: db.Tx, actor_id: UUID) -> list[db.Record]:
    """The open introductions of a therapist's own listing."""
    return await db.rows(SQL.open_of_own_listing(tx, actor_id=actor_id))


async def answer(context: Context, key: Key, given: Answer) -> None:
    """Answer an introduction. The first answer stays; the same answer again changes nothing.

    Raises NotFound, and Refused when another answer, a withdrawal or the end of its time came first, or when the
    listing they recommend cannot be named.
    """
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_for_therapist(tx, **key.arguments))
        refuse_if(rules.answer_refusals(row, given.state))
        if row["state"] == given.state:
            return
        if given.other and not await suggestions_actions.read_nameable(tx, [given.other], row["listing_id"]):
            raise Refused(rules.not_to_be_named())
        check_move(rules.MOVES, row["state"], given.state)
        await SQL.answer(tx, id=row["id"], state=given.state, words=given.words, other_id=given.other)
        kind = f"introduction.{given.state}"
        await audit.record(tx, kind, row["id"], actor_id=key.actor_id, before=row["state"], after=given.state)
        await access_log.log(tx, row["person_id"], kind, listing_id=row["listing_id"])
        await notify_member(tx, context.settings, row, "answered")


async def notify_member(tx: db.Tx, settings: Settings, row: db.Record, news: str) -> None:
    """Mail the member that there is something to read on the site. news: a key of rules.NEWS."""
    await mail.send(
        tx,
        settings,
        "introduction_news",
        to=row["member_email"],
        to_name=row["member_name"],
        person_id=row["person_id"],
        subject=f"{settings.mail_name}: {rules.NEWS[news]}",
        what=news,
        link=f"{settings.base_url}/my/introductions/{row['id']}",
    )


# The member


async def list_own(tx: db.Tx, actor_id: UUID) -> list[db.Record]:
    """All introductions a member asked for, newest first."""
    return await db.rows(SQL.own_introductions(tx, actor_id=actor_id))


async def read_own(tx: db.Tx, introduction_id: UUID, actor_id: UUID) -> db.Record:
    """A member's own introduction. Raises NotFound."""
    return or_not_found(await SQL.own_introduction(tx, id=introduction_id, actor_id=actor_id))


async def _lock_own(tx: db.Tx, introduction_id: UUID, actor_id: UUID) -> db.Record:
    return or_not_found(await SQL.lock_own(tx, id=introduction_id, actor_id=actor_id))


async def withdraw(context: Context, actor: Person, introduction_id: UUID) -> None:
    """Withdraw an unanswered introduction and delete its words. Idempotent.

    Raises NotFound, and Refused when the answer came first.
    """
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, introduction_id, actor.id)
        if row["state"] != "withdrawn":
            refuse_if(rules.withdraw_refusals(row))
            await finish(tx, context, row, "withdrawn")


async def end(context: Context, actor: Person, introduction_id: UUID) -> None:
    """End an accepted introduction and delete its words. Idempotent.

    Raises NotFound, and Refused for one that is not accepted.
    """
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, introduction_id, actor.id)
        if row["state"] != "ended":
            refuse_if(rules.end_refusals(row))
            await finish(tx, context, row, "ended")


async def finish(tx: db.Tx, context: Context, row: db.Record, state: str) -> None:
    """End a locked introduction for its member, with its mail to the therapist where that was not sent yet."""
    check_move(rules.MOVES, row["state"], state)
    await SQL.finish(tx, id=row["id"], state=state, reason="")
    kind = f"introduction.{state}"
    await audit.record(tx, kind, row["id"], actor_id=row["person_id"], before=row["state"], after=state)
    await access_log.log(tx, row["person_id"], kind, listing_id=row["listing_id"])
    if await delete_mail(tx, row):
        await access_log.log(tx, row["person_id"], "introduction.unsent", listing_id=row["listing_id"])
    else:
        await notify_therapist(tx, context.settings, row, state)


async def delete_mail(tx: db.Tx, row: db.Record) -> bool:
    """Delete the mail to the therapist from our tables. Returns whether it was not sent yet, and so never will be."""
    deleted = await SQL.delete_mail(tx, id=row["mail_id"]) if row["mail_id"] else None
    return bool(deleted and deleted["unsent"])


async def notify_therapist(tx: db.Tx, settings: Settings, row: db.Record, event: str) -> None:
    """Mail the therapist that an introduction is over, by its reference and without names.

    event: withdrawn, ended, expired, or hidden (their listing).
    """
    if not row["email"]:
        return
    await mail.send(
        tx,
        settings,
        "introduction_over",
        to=row["email"],
        to_name=row["listing_name"],
        person_id=row["therapist_id"],
        subject=f"{settings.mail_name}: nothing more to answer",
        what=event,
        said_yes=row["state"] == "accepted",
        reference=rules.reference(row["id"]),
        asked_on=row["created_at"].date(),
    )


async def forget_words(context: Context, actor: Person, introduction_id: UUID) -> None:
    """Delete the words of an introduction that is over, before its time. Idempotent.

    Raises NotFound, and Refused for an open one.
    """
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, introduction_id, actor.id)
        if row["state"] in ("asked", "accepted"):
            raise Refused(Reason("open", "This introduction is open. Withdraw or end it first."))
        if row["forgotten_at"] is None:
            await forget(tx, row, row["state"])


async def forget(tx: db.Tx, row: db.Record, state: str) -> None:
    """Delete words, mail and token of an introduction, in the caller's transaction. state: the last one."""
    if state != row["state"]:
        check_move(rules.MOVES, row["state"], state)
    await SQL.forget_words(tx, id=row["id"], state=state)
    await delete_mail(tx, row)
    await audit.record(tx, "introduction.forgotten", row["id"], before=row["state"], after=state)
    if row["state"] not in ("withdrawn", "ended"):  # these were logged, and their words deleted, at that time
        await access_log.log(tx, row["person_id"], "introduction.forgotten", listing_id=row["listing_id"])


# The timetable


@jobs.every("directory.close_introductions", "9,39 * * * *")
async def close_overdue(context: Context) -> None:
    """Expire unanswered introductions after their time, with a mail to both sides, and forget the words of all."""
    while await _close_batch(context) == BATCH_SIZE:
        pass


async def _close_batch(context: Context) -> int:
    """Close a batch in one transaction; rows locked by another worker are skipped."""
    async with context.db.transaction() as tx:
        overdue = await db.rows(SQL.overdue(tx, batch_size=BATCH_SIZE))
        for row in overdue:
            expires = row["state"] == "asked"
            if expires:
                await audit.record(tx, "introduction.expired", row["id"], before="asked", after="expired")
                await access_log.log(
                    tx, row["person_id"], "introduction.expired", listing_id=row["listing_id"]
                )
                await notify_member(tx, context.settings, row, "expired")
                await notify_therapist(tx, context.settings, row, "expired")
            await forget(tx, row, "expired" if expires else row["state"])
        return len(overdue)
