"""What members ask of therapists: sent once, answered once, withdrawn, ended, and forgotten in time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles import people
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.base.settings import Settings
from circles.directory.introductions import access_log as accesses
from circles.directory.introductions import rules, suggestions_actions
from circles.directory.introductions.rules import Answer, Told
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/introductions")

# How many overdue introductions one transaction of the timetable closes.
BATCH = 100
# Stands in the preview where the link will be: the real one is made when the mail is sent.
NO_TOKEN = "made-when-you-send-it"


@dataclass(frozen=True, slots=True)
class Key:
    """What opens an introduction to a therapist: the link of the mail, or the account their listing belongs to."""

    token: str = ""
    id: UUID | None = None
    person_id: UUID | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The key as the queries take it."""
        token_hash = people.fingerprint(self.token) if self.token else None
        return {"token_hash": token_hash, "id": self.id, "person": self.person_id}


# Asking


async def asking(tx: db.Tx, listing_id: UUID, person_id: UUID) -> db.Record:
    """A shown listing for somebody who would ask, with why they cannot, if so. Raises NotFound."""
    found = await SQL.asking(tx, listing=listing_id, person=person_id)
    if found is None:
        raise NotFound
    return found


def write(
    settings: Settings,
    *,
    introduction_id: UUID,
    therapist: str,
    told: Told,
    until: datetime,
    token: str = NO_TOKEN,
) -> mail.ComposedMail:
    """The mail a therapist gets: what was ticked and nothing else of the member."""
    return mail.compose(
        settings,
        "introduction_asked",
        to_name=therapist,
        subject=f"{settings.community_name}: somebody asks for your answer",
        told=told,
        until=until,
        reference=rules.reference(introduction_id),
        answers=rules.ANSWERS,
        link=f"{settings.base_url}/introductions/{token}",
    )


def preview(settings: Settings, introduction_id: UUID, therapist: str, told: Told) -> mail.ComposedMail:
    """The very mail, before it is sent: only its link is not made yet."""
    until = clock.now() + rules.LASTS
    return write(settings, introduction_id=introduction_id, therapist=therapist, told=told, until=until)


async def ask(
    context: Context, person: Person, *, introduction_id: UUID, listing_id: UUID, told: Told
) -> None:
    """Send what somebody tells a therapist, once. introduction_id: made with the form, so that it is one.

    Raises NotFound for a listing that is not shown, and Refused with every reason.
    """
    if not await limits.allow(context, f"introduction {person.id}", rules.MAX_A_DAY, timedelta(days=1)):
        raise Refused(rules.too_often())
    token = secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        await SQL.lock_person(tx, id=person.id)
        await SQL.hold_listing(tx, id=listing_id)
        if await SQL.sent_already(tx, id=introduction_id, person=person.id):
            return
        listing = await asking(tx, listing_id, person.id)
        refuse_if(rules.asking_reasons(listing))
        asked = await SQL.ask(
            tx,
            id=introduction_id,
            person=person.id,
            listing=listing_id,
            name=listing["name"],
            told=list(told.kinds),
            call_name=told.call_name,
            reach=told.reach,
            looking_for=told.looking_for,
            own_words=told.own_words,
            token_hash=people.fingerprint(token),
            lasts=rules.LASTS,
        )
        if asked is None:
            raise OutOfDate(
                Reason("id_taken", "This form is out of date. Please look at it and send it again.")
            )
        await _send_asked(tx, context, person.id, asked, listing_id, told, token)


async def _send_asked(
    tx: db.Tx, context: Context, person_id: UUID, asked: db.Record, listing_id: UUID, told: Told, token: str
) -> None:
    """Put the mail on its way, and write down for the member what is told to whom."""
    to = await SQL.address(tx, listing=listing_id)
    written = write(
        context.settings,
        introduction_id=asked["id"],
        therapist=to["name"],
        told=told,
        until=asked["expires_at"],
        token=token,
    )
    mail_id = await mail.enqueue(tx, context.settings, written, to=to["email"], person_id=to["person_id"])
    await SQL.keep_mail(tx, id=asked["id"], mail=mail_id)
    await audit.record(tx, "introduction.asked", asked["id"], actor_id=person_id, after="asked")
    await accesses.log(tx, person_id, "introduction.asked", listing_id=listing_id, details=told.kinds)
    await accesses.log(tx, person_id, "introduction.mailed", listing_id=listing_id)


# The therapist


async def for_therapist(tx: db.Tx, key: Key) -> db.Record:
    """An introduction for whoever holds its key. Raises NotFound."""
    found = await SQL.for_therapist(tx, **key.arguments)
    if found is None:
        raise NotFound
    return found


async def of_my_listing(tx: db.Tx, person_id: UUID) -> list[db.Record]:
    """What is asked of the listing somebody has, while it is open."""
    return await db.rows(SQL.of_my_listing(tx, person=person_id))


async def answer(context: Context, key: Key, said: Answer) -> None:
    """Answer an introduction; the first answer stands, and the same once more changes nothing.

    Raises NotFound, and Refused when another answer, a withdrawal or the end of its time came first, or when
    whoever they name cannot be named.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_for_therapist(tx, **key.arguments)
        if row is None:
            raise NotFound
        refuse_if(rules.answer_reasons(row, said.state))
        if row["state"] == said.state:
            return
        if said.other and not await suggestions_actions.chosen(tx, [said.other], row["listing_id"]):
            raise Refused(rules.not_to_be_named())
        await SQL.answer(tx, id=row["id"], state=said.state, words=said.words, other=said.other)
        what = f"introduction.{said.state}"
        await audit.record(tx, what, row["id"], actor_id=key.person_id, before=row["state"], after=said.state)
        await accesses.log(tx, row["person_id"], what, listing_id=row["listing_id"])
        await tell_member(tx, context.settings, row, "answered")


async def tell_member(tx: db.Tx, settings: Settings, row: db.Record, what: str) -> None:
    """Mail that there is something to read. What it is stands on the site alone. what: a key of rules.NEWS."""
    await mail.send(
        tx,
        settings,
        "introduction_news",
        to=row["member_email"],
        to_name=row["member_name"],
        person_id=row["person_id"],
        subject=f"{settings.community_name}: {rules.NEWS[what]}",
        what=what,
        link=f"{settings.base_url}/my/introductions/{row['id']}",
    )


# The member


async def mine(tx: db.Tx, person_id: UUID) -> list[db.Record]:
    """Everything somebody ever asked, newest first."""
    return await db.rows(SQL.mine(tx, person=person_id))


async def one_of_mine(tx: db.Tx, introduction_id: UUID, person_id: UUID) -> db.Record:
    """One introduction with everything that was shared in it. Raises NotFound."""
    found = await SQL.one_of_mine(tx, id=introduction_id, person=person_id)
    if found is None:
        raise NotFound
    return found


async def _lock_mine(tx: db.Tx, introduction_id: UUID, person_id: UUID) -> db.Record:
    row = await SQL.lock_mine(tx, id=introduction_id, person=person_id)
    if row is None:
        raise NotFound
    return row


async def withdraw(context: Context, person: Person, introduction_id: UUID) -> None:
    """Take back what was asked before it is answered; what was told is deleted at once. Twice is once.

    Raises NotFound, and Refused when the answer came first.
    """
    async with context.db.transaction() as tx:
        row = await _lock_mine(tx, introduction_id, person.id)
        if row["state"] != "withdrawn":
            refuse_if(rules.withdraw_reasons(row))
            await _finish(tx, context, row, "withdrawn")


async def end(context: Context, person: Person, introduction_id: UUID) -> None:
    """End an introduction that was accepted; what was told is deleted at once. Twice is once.

    Raises NotFound, and Refused for one that was not.
    """
    async with context.db.transaction() as tx:
        row = await _lock_mine(tx, introduction_id, person.id)
        if row["state"] != "ended":
            refuse_if(rules.end_reasons(row))
            await _finish(tx, context, row, "ended")


async def _finish(tx: db.Tx, context: Context, row: db.Record, state: str) -> None:
    await SQL.finish(tx, id=row["id"], state=state, because="")
    what = f"introduction.{state}"
    await audit.record(tx, what, row["id"], actor_id=row["person_id"], before=row["state"], after=state)
    await accesses.log(tx, row["person_id"], what, listing_id=row["listing_id"])
    if await drop_mail(tx, row):
        await accesses.log(tx, row["person_id"], "introduction.unsent", listing_id=row["listing_id"])
    else:
        await tell_therapist(tx, context.settings, row, state)


async def drop_mail(tx: db.Tx, row: db.Record) -> bool:
    """Delete the mail that told it. Returns whether it had not left yet, and so never will."""
    dropped = await SQL.drop_mail(tx, id=row["mail_id"]) if row["mail_id"] else None
    return bool(dropped and dropped["unsent"])


async def tell_therapist(tx: db.Tx, settings: Settings, row: db.Record, what: str) -> None:
    """Mail that it is over. It names nobody: a few signs say which mail it is about.

    what: withdrawn, ended, expired, or hidden, which is what the listing was.
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
        subject=f"{settings.community_name}: nothing more to answer",
        what=what,
        said_yes=row["state"] == "accepted",
        reference=rules.reference(row["id"]),
        asked_on=row["created_at"].date(),
    )


async def forget_words(context: Context, person: Person, introduction_id: UUID) -> None:
    """Delete what was told in an introduction that was answered with no. Twice is once.

    Raises NotFound, and Refused for one that is open.
    """
    async with context.db.transaction() as tx:
        row = await _lock_mine(tx, introduction_id, person.id)
        if row["state"] in ("asked", "accepted"):
            raise Refused(Reason("open", "This introduction is open. Withdraw or end it first."))
        if row["forgotten_at"] is None:
            await forget(tx, row, row["state"])


async def forget(tx: db.Tx, row: db.Record, state: str) -> None:
    """Delete what was told, its mail and its link, in the caller's transaction. state: as it stays from now on."""
    await SQL.forget_words(tx, id=row["id"], state=state)
    await drop_mail(tx, row)
    await audit.record(tx, "introduction.forgotten", row["id"], before=row["state"], after=state)
    if row["state"] not in ("withdrawn", "ended"):  # theirs went when they were withdrawn or ended
        await accesses.log(tx, row["person_id"], "introduction.forgotten", listing_id=row["listing_id"])


# The timetable


@jobs.every("directory.close_introductions", "9,39 * * * *")
async def close_overdue(context: Context) -> None:
    """Close introductions whose time is over: the unanswered ones expire and both sides are told; the words go."""
    while await _close_some(context) == BATCH:
        pass


async def _close_some(context: Context) -> int:
    """One batch in one transaction; rows that another worker has are left to it."""
    async with context.db.transaction() as tx:
        found = await db.rows(SQL.overdue(tx, most=BATCH))
        for row in found:
            expires = row["state"] == "asked"
            if expires:
                await audit.record(tx, "introduction.expired", row["id"], before="asked", after="expired")
                await accesses.log(tx, row["person_id"], "introduction.expired", listing_id=row["listing_id"])
                await tell_member(tx, context.settings, row, "expired")
                await tell_therapist(tx, context.settings, row, "expired")
            await forget(tx, row, "expired" if expires else row["state"])
        return len(found)
