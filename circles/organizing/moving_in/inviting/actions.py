"""Invitations by mail: add a list, send them slowly, withdraw them, and no more mail to those who want none."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.base.settings import Settings
from circles.organizing.moving_in.inviting import rules
from circles.organizing.moving_in.inviting.rules import Addresses
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits, tokens

SQL = db.queries("organizing/inviting")

PURPOSE: Final = "account invitation"
PER_PAGE: Final = 100
DAY: Final = timedelta(days=1)
SUBJECT: Final = "An invitation"


def no_such_circle() -> Reason:
    """The refusal of a circle that is not offered."""
    return Reason("circle", "Please choose one of these circles, or none.", "circle")


async def invite(
    context: Context, *, actor_id: UUID, addresses: Addresses, circle_id: UUID | None = None
) -> UUID:
    """Invite a list of addresses, each once; they are mailed in turn. Returns the id of the list.

    Nothing tells the actor which address has an account, or wants no such mail. Raises Refused.
    """
    refuse_if(rules.refusals(addresses))
    batch = uuid4()
    async with context.db.transaction() as tx:
        circles = {row["id"] for row in await db.rows(SQL.circles(tx))}
        if circle_id and circle_id not in circles:
            raise Refused(no_such_circle())
        for _ in range(len(addresses.addresses) // 100 + 1):
            if not await limits.allow(
                tx, context.settings, "account invitations", rules.MAX_A_DAY // 100, DAY
            ):
                raise Refused(Reason("too_often", "Many people were invited today. Please go on tomorrow."))
        count = await SQL.add(
            tx, batch=batch, emails=list(addresses.addresses), circle_id=circle_id, actor_id=actor_id
        )
        if not count:
            text = "Each of these was invited in the last two weeks, so nobody is mailed again yet."
            raise Refused(Reason("invited", text, "addresses"))
        await audit.record(
            tx, "invitations.added", batch, actor_id=actor_id, after="waiting", details={"count": count}
        )
        await jobs.enqueue(tx, "invitations.send", key="all")
    return batch


@jobs.job("invitations.send")
async def send(context: Context) -> None:
    """Job: mail the next invitations, and go on in a minute while some wait. Idempotent."""
    async with context.db.transaction() as tx:
        rows = await db.rows(SQL.to_send(tx, most=rules.PER_MINUTE))
        for row in rows:
            if not row["unwanted"]:
                await _mail(tx, context.settings, row)
        states = ["unwanted" if row["unwanted"] else "sent" for row in rows]
        await SQL.set_states(tx, ids=[row["id"] for row in rows], states=states)
        if await SQL.how_many_wait(tx):
            await jobs.enqueue(tx, "invitations.send", after=timedelta(minutes=1))


@jobs.every("invitations.go_on", "*/5 * * * *")
async def go_on(context: Context) -> None:
    """Go on with invitations whose job is gone."""
    async with context.db.transaction() as tx:
        if await SQL.how_many_wait(tx):
            await jobs.enqueue(tx, "invitations.send", key="all")


async def _mail(tx: db.Tx, settings: Settings, row: db.Record) -> None:
    page = f"{settings.base_url}/invitations/{tokens.make(settings.signing_key(), PURPOSE, row['id'])}"
    circle = row["discreet_name"] if row["circle_state"] == "published" else ""
    composed = mail.compose(
        settings,
        "account_invitation",
        subject=SUBJECT,
        circle=circle,
        has_account=row["has_account"],
        link=page,
    )
    await mail.enqueue(
        tx,
        settings,
        composed,
        to=row["email"],
        person_id=row["person_id"],
        about=row["id"],
        unsubscribe_url=f"{page}/none",
    )


async def withdraw(
    context: Context, *, actor_id: UUID, batch: UUID, invitation_id: UUID | None = None
) -> int:
    """Withdraw one invitation of a list, or all of it: what waits is not sent, and links open nothing. Idempotent."""
    async with context.db.transaction() as tx:
        count = await SQL.withdraw(tx, batch=batch, id=invitation_id)
        if count:
            details = {"count": count}
            await audit.record(
                tx, "invitations.withdrawn", batch, actor_id=actor_id, after="withdrawn", details=details
            )
    return count


async def opened(context: Context, token: str) -> db.Record:
    """The invitation of a link. Raises NotFound for one that was withdrawn or forgotten."""
    invitation_id = or_not_found(tokens.read(context.settings.signing_keys, PURPOSE, token))
    async with context.db.reading() as tx:
        return or_not_found(await SQL.invitation(tx, id=invitation_id))


async def refuse_mail(context: Context, token: str) -> None:
    """No invitation is sent to the address of a link any more. Idempotent.

    Raises NotFound for what is no link, and once the address is forgotten: nothing was promised then.
    """
    invitation_id = or_not_found(tokens.read(context.settings.signing_keys, PURPOSE, token))
    async with context.db.transaction() as tx:
        or_not_found(await SQL.refuse_mail(tx, id=invitation_id))


@jobs.every("invitations.forget", "19 4 * * *")
async def forget(context: Context) -> None:
    """Forget invitations of 60 days ago."""
    async with context.db.transaction() as tx:
        await SQL.forget(tx)
