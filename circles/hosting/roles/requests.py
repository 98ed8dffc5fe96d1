"""Requests for the facilitator's role: sent by people invited to host, declined by organizers, forgotten."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from circles import people
from circles.base import text
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.hosting.hosts import actions as hosts_actions
from circles.hosting.hosts import rules as hosts_rules
from circles.hosting.roles import mail as roles_mail
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("hosting/roles")

MAX_A_DAY = 3
MAX_NOTE = 500


async def ask(context: Context, actor: Person, token: str) -> None:
    """Ask the organizers for the facilitator's role, as the invitation of this link needs it. Idempotent.

    Raises NotFound; Refused for an invitation that cannot be answered, for somebody who needs no role, and beyond
    MAX_A_DAY.
    """
    async with context.db.transaction() as tx:
        invitation = await hosts_actions.invitation_by_token(tx, token, actor)
        refuse_if(hosts_rules.answer_refusals(invitation, actor))
        if not hosts_rules.accept_refusals(invitation, actor):
            raise Refused(Reason("no_need", "You can say yes to this invitation at once."))
        request_id = await SQL.add_request(tx, person_id=actor.id, invitation_id=invitation["id"])
        if request_id is None:
            return
        if not await limits.allow(tx, context.settings, f"role:{actor.id}", MAX_A_DAY, timedelta(days=1)):
            raise Refused(Reason("too_often", "You asked several times today. Please ask again tomorrow."))
        await audit.record(tx, "role_request.open", request_id, actor_id=actor.id, after="open")
        news = "Somebody who is invited to host asks for the facilitator’s role."
        await people.notify_organizers(tx, context, news, "/organize/people/requests")


async def decline(context: Context, actor: Person, request_id: UUID, *, note: str) -> str:
    """Decline a request and mail the person, with a note. Idempotent. Returns their name.

    Raises NotFound, and Refused for a note that is too long and for a request that was granted.
    """
    words = text.body(note, "note", max_length=MAX_NOTE, required=False)
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_request(tx, id=request_id))
        if row["state"] == "granted":
            raise Refused(Reason("granted", f"{row['name']} is a facilitator already."))
        if row["state"] == "open":
            await SQL.decline(tx, id=request_id, actor_id=actor.id)
            await audit.record(
                tx, "role_request.declined", request_id, actor_id=actor.id, before="open", after="declined"
            )
            person = (await people.by_ids(tx, [row["person_id"]]))[row["person_id"]]
            lines = [
                "You asked to be a facilitator here. The organizers thank you for asking, and cannot say yes now.",
                *([f"They write: {words}"] if words else []),
                "Your seats and everything else stay as they are.",
            ]
            await roles_mail.send_news(tx, context, person, lines, "/me")
    return row["name"]


@jobs.every("roles.forget_requests", "27 4 * * *")
async def forget_requests(context: Context) -> None:
    """Delete requests a month after they were decided."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_requests(tx)
