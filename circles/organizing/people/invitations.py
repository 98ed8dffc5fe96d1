"""Invitations to be a facilitator, by mail: send, withdraw, answer."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles import people
from circles.base.errors import NotFound, Reason, Refused, or_not_found, refuse_if
from circles.base.row import Row
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("organizing/invitations")
ROLES = db.queries("people/roles")

MAX_A_DAY: Final = 30
DAY: Final = timedelta(days=1)
_TOO_OFTEN = Reason("too_often", "Many people were invited today already. Please go on tomorrow.")
_OTHER_ADDRESS = Reason(
    "other_address",
    "This invitation went to another address than the one you are signed in with. Please confirm that it is for you.",
    "mine",
)


async def invite(context: Context, actor: Person, email: str) -> UUID:
    """Invite an address to be a facilitator, the same whether or not it has an account. Returns the invitation's id.

    An open invitation to the same address gives way to this one. Raises NotFound for who is no organizer, Refused.
    """
    token = secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, actor.id)
        if not await limits.allow(
            tx, context.settings, f"facilitator invitations {actor.id}", MAX_A_DAY, DAY
        ):
            raise Refused(_TOO_OFTEN)
        await SQL.replace_open(tx, email=email)
        invitation_id = await SQL.add(
            tx, email=email, token_hash=people.fingerprint(token), actor_id=actor.id
        )
        await audit.record(tx, "person.invited", invitation_id, actor_id=actor.id, after="open")
        await mail.send(
            tx,
            context.settings,
            "facilitator_invitation",
            to=email,
            subject="An invitation",
            inviter_name=actor.name,
            link=f"{context.settings.base_url}/facilitator-invitations/{token}",
        )
    return invitation_id


async def withdraw(context: Context, actor: Person, invitation_id: UUID) -> None:
    """Withdraw an open invitation. Raises NotFound."""
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, actor.id)
        or_not_found(await SQL.withdraw(tx, id=invitation_id))
        await audit.record(
            tx,
            "person.invitation_withdrawn",
            invitation_id,
            actor_id=actor.id,
            before="open",
            after="withdrawn",
        )


async def of_token(tx: db.Tx, token: str) -> db.Record:
    """The invitation of a link. Raises NotFound."""
    return or_not_found(await SQL.of_token(tx, token_hash=people.fingerprint(token)))


def answer_refusals(row: Row) -> list[Reason]:
    """Why an invitation can no longer be answered."""
    if row["state"] == "accepted":
        return [Reason("accepted", "This invitation was accepted already.")]
    if row["state"] != "open" or row["is_over"]:
        return [Reason("over", "This invitation is no longer open. The organizers can send another one.")]
    return []


async def answer(context: Context, actor: Person, token: str, *, accepts: bool, is_mine: bool) -> None:
    """Accept or decline an invitation, once. Who accepts is a facilitator from then on.

    is_mine: the actor confirmed that it is for them, which is needed where it went to another address. Raises NotFound,
    and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row = await of_token(tx, token)
        locked = or_not_found(await SQL.lock(tx, id=row["id"]))
        reasons = answer_refusals(locked)
        if accepts and row["email"] != actor.email and not is_mine:
            reasons = reasons or [_OTHER_ADDRESS]
        refuse_if(reasons)
        state = "accepted" if accepts else "declined"
        await SQL.end_invitation(tx, id=row["id"], state=state, actor_id=actor.id)
        await audit.record(
            tx, f"person.invitation_{state}", row["id"], actor_id=actor.id, before="open", after=state
        )
        if accepts:
            await _give_role(tx, actor, row["invited_by"])
        await _tell_inviter(tx, context, actor, row, accepts=accepts)


async def _give_role(tx: db.Tx, actor: Person, inviter_id: UUID | None) -> None:
    locked = dict(or_not_found(await ROLES.lock_person(tx, id=actor.id)))
    if await people.is_suspended(tx, actor.id):  # in this very moment
        raise NotFound
    await people.set_role(tx, Person(**locked), "facilitator", True, actor_id=inviter_id)
    for request in await db.rows(SQL.grant_requests(tx, person_id=actor.id, actor_id=inviter_id)):
        await audit.record(
            tx, "role_request.granted", request["id"], actor_id=inviter_id, before="open", after="granted"
        )


async def _tell_inviter(tx: db.Tx, context: Context, actor: Person, row: db.Record, *, accepts: bool) -> None:
    if not row["inviter_email"]:
        return
    text = "is a facilitator now" if accepts else "does not want to be a facilitator"
    await mail.send(
        tx,
        context.settings,
        "role_news",
        to=row["inviter_email"],
        to_name=row["inviter_name"],
        person_id=row["invited_by"],
        subject="About an invitation",
        lines=[f"{actor.name} answered your invitation, and {text}."],
        link=f"{context.settings.base_url}/organize/people/{actor.id}",
    )


@jobs.every("people.forget_facilitator_invitations", "21 4 * * *")
async def forget_old(context: Context) -> None:
    """Delete invitations a month after they ended."""
    async with context.db.transaction() as tx:
        await SQL.forget_old(tx)
