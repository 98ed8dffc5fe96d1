"""The verbs of screening: settings of a circle, requests of people, decisions of hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.row import Row
from circles.bookings import queries
from circles.bookings.screening import rules
from circles.bookings.screening.rules import Screening
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("bookings/screening")

MAX_REQUESTS_PER_DAY = 20
# A request that nobody moved for so long is ended, so that what was written in it is not kept forever.
STALE_DAYS = 90


async def save_screening(
    context: Context, actor: Person, circle_id: UUID, screening: Screening, *, version: int
) -> None:
    """Save how a circle admits people. version: the one the actor saw.

    Raises NotFound for anybody but a lead or co-host, and OutOfDate when somebody saved it meanwhile.
    """
    async with context.db.transaction() as tx:
        or_not_found(await SQL.hosted_circle(tx, circle_id=circle_id, actor_id=actor.id))
        values = asdict(screening) | {"questions": list(screening.questions)}
        if await SQL.save_screening(tx, circle_id=circle_id, **values, version=version) is None:
            text = "Somebody else saved this while you were writing. Saving again replaces theirs."
            raise OutOfDate(Reason("out_of_date", text))
        await audit.record(
            tx,
            "screening.saved",
            circle_id,
            actor_id=actor.id,
            after=screening.asks,
            details={"newcomers": [screening.newcomers_most, screening.newcomers_days]},
        )


# The person who sends a request


async def send_request(
    context: Context, actor: Person, gathering_id: UUID, values: Mapping[str, str], *, version: int
) -> UUID:
    """Send a request to the circle of a gathering, with the answers a1, a2, ... Returns the request's id.

    version: of the questions they saw. Raises NotFound, OutOfDate when the questions changed meanwhile, and
    Refused with every reason.
    """
    async with context.db.transaction() as tx:
        gathering, eligibility = await queries.eligibility(tx, actor.id, gathering_id)
        admission = eligibility.admission
        refuse_if(rules.request_refusals(admission))
        if admission.version != version:
            text = "The questions changed while this page was open. Please look at them again."
            raise OutOfDate(Reason("questions_changed", text))
        answers = rules.read_answers(admission.questions, values, optional=admission.answers_optional)
        request_id = await SQL.add_request(
            tx,
            circle_id=gathering.circle_id,
            actor_id=actor.id,
            gathering_id=gathering_id,
            kind=admission.asks,
        )
        if request_id is None:
            raise Refused(Reason("sent_already", "Your request is with the hosts already."))
        await _count_request(tx, context, actor)
        await SQL.add_answers(tx, request_id=request_id, questions=list(admission.questions), answers=answers)
        await audit.record(tx, "request.waiting", request_id, actor_id=actor.id, after="waiting")
        await _notify_hosts(tx, context, request_id, gathering.discreet_name)
        subject, path = f"About {gathering.discreet_name}: your request is sent", f"/my/requests/{request_id}"
        to = {"email": actor.email, "name": actor.name}
        await _mail(tx, context, to, actor.id, subject, "sent", gathering.discreet_name, path)
    return request_id


async def _count_request(tx: db.Tx, context: Context, actor: Person) -> None:
    key, day = f"request {actor.id}", timedelta(days=1)
    if not await limits.allow(tx, context.settings, key, MAX_REQUESTS_PER_DAY, day):
        text = "That is very many requests for one day. Please wait for the first answers, and try again tomorrow."
        raise Refused(Reason("too_often", text))


async def answer(context: Context, actor: Person, request_id: UUID, typed: str) -> None:
    """Answer a question of the hosts. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_own_request(tx, id=request_id, actor_id=actor.id))
        refuse_if(rules.answer_refusals(row["state"]))
        await SQL.answer(tx, id=request_id, answer=rules.read_text(typed, "answer"))
        await _record(tx, request_id, row["state"], "waiting", actor)
        await _notify_hosts(tx, context, request_id, row["discreet_name"])


async def withdraw(context: Context, actor: Person, request_id: UUID) -> None:
    """Take a request back and delete what was written in it. Idempotent. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_own_request(tx, id=request_id, actor_id=actor.id))
        if row["state"] == "withdrawn":
            return
        refuse_if(rules.decision_refusals(row["state"]))
        await SQL.withdraw(tx, id=request_id)
        await _record(tx, request_id, row["state"], "withdrawn", actor)


async def _record(
    tx: db.Tx, request_id: UUID, before: str, after: str, actor: Person | None = None, why: str = ""
) -> None:
    actor_id = actor.id if actor else None
    await audit.record(
        tx, f"request.{after}", request_id, actor_id=actor_id, before=before, after=after, why=why
    )


async def _notify_hosts(tx: db.Tx, context: Context, request_id: UUID, discreet_name: str) -> None:
    for host in await db.rows(SQL.hosts_to_notify(tx, request_id=request_id)):
        subject = f"{discreet_name}: a request is waiting"
        path = f"/host/requests/{request_id}"
        await _mail(tx, context, host, host["id"], subject, "waiting", discreet_name, path)


async def _mail(
    tx: db.Tx, context: Context, to: Row, person_id: UUID, subject: str, what: str, name: str, path: str
) -> None:
    """Mail that there is something to read on the site. name: the circle's discreet one."""
    await mail.send(
        tx,
        context.settings,
        "request",
        to=to["email"],
        to_name=to["name"],
        subject=subject,
        person_id=person_id,
        what=what,
        discreet_name=name,
        link=f"{context.settings.base_url}{path}",
    )


# The hosts


async def decide(
    context: Context, actor: Person, request_id: UUID, *, approve: bool, words: str = ""
) -> None:
    """Approve or decline a request. words: what the person will read. The first decision is final.

    Raises NotFound for anybody but a lead or co-host, and Refused when it was decided already.
    """
    state = "approved" if approve else "declined"
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_hosted_request(tx, id=request_id, actor_id=actor.id))
        refuse_if(rules.decision_refusals(row["state"]))
        if approve and row["kind"] == "seat":
            await SQL.lock_gathering_of(tx, id=request_id)
            kept = await db.rows(SQL.kept_from(tx, id=request_id))
            refuse_if(rules.seat_refusals([other["name"] for other in kept]))
        text = rules.read_text(words, "words") if words.strip() or not approve else ""
        await _decide(tx, context, actor, row, state, text)


async def _decide(
    tx: db.Tx, context: Context, actor: Person, row: db.Record, state: str, words: str = ""
) -> None:
    await SQL.decide(tx, id=row["id"], state=state, words=words, actor_id=actor.id)
    await _record(tx, row["id"], row["state"], state, actor)
    await _notify_person(tx, context, row, "decided", "an answer")


async def approve_seat(tx: db.Tx, context: Context, actor: Person, request_id: UUID) -> None:
    """Approve an open request for a seat, for an actor who may: its person needs to ask for none any more."""
    row = await SQL.lock_request(tx, id=request_id)
    if not rules.is_decided(row["state"]):
        await _decide(tx, context, actor, row, "approved")


async def revoke_seat(tx: db.Tx, actor: Person, request_id: UUID) -> None:
    """Take back the yes to a seat that was not booked yet; its person may ask again."""
    await SQL.withdraw(tx, id=request_id)
    await _record(tx, request_id, "approved", "withdrawn", actor, "kept apart since")


async def ask_back(context: Context, actor: Person, request_id: UUID, question: str) -> None:
    """Ask the person one question more. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_hosted_request(tx, id=request_id, actor_id=actor.id))
        refuse_if(rules.question_back_refusals(row["state"], row["asked"]))
        text = rules.read_text(question, "question", max_length=rules.MAX_QUESTION_BACK)
        await SQL.ask_back(tx, id=request_id, question=text)
        await _record(tx, request_id, row["state"], "asked", actor)
        await _notify_person(tx, context, row, "asked", "a question for you")


async def _notify_person(tx: db.Tx, context: Context, row: db.Record, what: str, subject: str) -> None:
    name, path = row["discreet_name"], f"/my/requests/{row['id']}"
    await _mail(tx, context, row, row["person_id"], f"About {name}: {subject}", what, name, path)


@jobs.every("bookings.forget_requests", "41 * * * *")
async def forget_requests(context: Context) -> None:
    """Delete what was written in requests decided KEEP_DAYS ago; withdraw those not moved for STALE_DAYS."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.stale_requests(tx, days=STALE_DAYS, most=200)):
            await SQL.withdraw(tx, id=row["id"])
            await _record(tx, row["id"], row["state"], "withdrawn", why="nobody moved it")
            await _notify_person(tx, context, row, "closed", "your request is closed")
        for row in await db.rows(SQL.forget_requests(tx, days=rules.KEEP_DAYS)):
            await audit.record(tx, "request.forgotten", row["id"], before=row["state"], after=row["state"])
