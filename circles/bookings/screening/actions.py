"""The verbs of who comes: a circle asks first, somebody answers, a host decides; and who is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.bookings import actions
from circles.bookings.screening import rules
from circles.bookings.screening.rules import Screening
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("bookings/screening")

MAX_A_DAY = 20
# A request that nobody moved for so long is ended, so that what was said in it does not lie about for ever.
STALE_DAYS = 90


async def save_screening(
    context: Context, person: Person, circle_id: UUID, screening: Screening, *, version: int
) -> None:
    """Decide how a circle takes in people. version: the one the person saw.

    Raises NotFound for anybody but a lead or co-host, and OutOfDate when somebody saved it meanwhile.
    """
    async with context.db.transaction() as tx:
        if await SQL.hosted(tx, circle_id=circle_id, person=person.id) is None:
            raise NotFound
        values = asdict(screening) | {"questions": list(screening.questions)}
        if await SQL.save(tx, circle_id=circle_id, **values, version=version) is None:
            says = "Somebody else saved this while you were writing. Saving again replaces theirs."
            raise OutOfDate(Reason("out_of_date", says))
        await audit.record(
            tx,
            "screening.saved",
            circle_id,
            actor_id=person.id,
            after=screening.asks,
            details={"newcomers": [screening.newcomers_most, screening.newcomers_days]},
        )


# The person who asks


async def send_request(
    context: Context, person: Person, gathering_id: UUID, values: Mapping[str, str], *, version: int
) -> UUID:
    """Ask to come to the circle of a gathering, with the answers a1, a2, ... Returns the request's id.

    version: of the questions they saw. Raises NotFound, OutOfDate when the questions changed meanwhile, and
    Refused with every reason.
    """
    await _within_limit(context, person)
    async with context.db.transaction() as tx:
        offer, desk = await actions.desk(tx, person.id, gathering_id)
        room = desk.room
        rules.may_send(room)
        if room.version != version:
            says = "The questions changed while this page was open. Please look at them again."
            raise OutOfDate(Reason("questions_changed", says))
        answers = rules.read_answers(room.asked, values)
        request_id = await SQL.add_request(
            tx, circle_id=offer.circle_id, person_id=person.id, gathering_id=gathering_id, kind=room.asks
        )
        if request_id is None:
            raise Refused(Reason("sent_already", "Your request is with the hosts already."))
        await SQL.add_answers(tx, request_id=request_id, questions=list(room.asked), answers=answers)
        await audit.record(tx, "request.waiting", request_id, actor_id=person.id, after="waiting")
        await _tell_hosts(tx, context, offer.circle_id, request_id, offer.discreet_name)
    return request_id


async def _within_limit(context: Context, person: Person) -> None:
    if not await limits.allow(context, f"request {person.id}", MAX_A_DAY, timedelta(days=1)):
        says = "That is very many requests for one day. Please wait for the first answers, and try again tomorrow."
        raise Refused(Reason("too_often", says))


async def _tell_hosts(
    tx: db.Tx, context: Context, circle_id: UUID, request_id: UUID, discreet_name: str
) -> None:
    for host in await db.rows(SQL.hosts_to_tell(tx, circle_id=circle_id)):
        await mail.send(
            tx,
            context.settings,
            "request",
            to=host["email"],
            to_name=host["name"],
            subject=f"{discreet_name}: a request is waiting",
            person_id=host["id"],
            what="waiting",
            discreet_name=discreet_name,
            link=f"{context.settings.base_url}/host/requests/{request_id}",
        )


async def my_request(tx: db.Tx, person: Person, request_id: UUID) -> db.Record:
    """A request of this person with all that was said. Raises NotFound."""
    row = await SQL.mine(tx, id=request_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def answer(context: Context, person: Person, request_id: UUID, typed: str) -> None:
    """Answer what a host asked back. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = await _lock_mine(tx, person, request_id)
        rules.may_decide(row["state"])
        if row["state"] != "asked":
            raise Refused(Reason("not_asked", "Your answer is with the hosts already."))
        words = rules.read_words({"answer": typed}, "answer")
        await SQL.answer(tx, id=request_id, answer=words)
        await audit.record(
            tx, "request.waiting", request_id, actor_id=person.id, before="asked", after="waiting"
        )
        await _tell_hosts(tx, context, row["circle_id"], request_id, row["discreet_name"])


async def withdraw(context: Context, person: Person, request_id: UUID) -> None:
    """Take a request back; what was said in it is deleted at once. Twice is once. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = await _lock_mine(tx, person, request_id)
        if row["state"] == "withdrawn":
            return
        rules.may_decide(row["state"])
        await SQL.withdraw(tx, id=request_id)
        await audit.record(
            tx, "request.withdrawn", request_id, actor_id=person.id, before=row["state"], after="withdrawn"
        )


async def _lock_mine(tx: db.Tx, person: Person, request_id: UUID) -> db.Record:
    row = await SQL.lock_mine(tx, id=request_id, person=person.id)
    if row is None:
        raise NotFound
    return row


# The hosts


async def decide(
    context: Context, person: Person, request_id: UUID, *, approve: bool, words: str = ""
) -> None:
    """Answer a request with yes or no. words: what the person reads. The first answer stands.

    Raises NotFound for anybody but a lead or co-host, and Refused when it was answered already.
    """
    state = "approved" if approve else "declined"
    async with context.db.transaction() as tx:
        row = await _lock_hosted(tx, person, request_id)
        rules.may_decide(row["state"])
        said = rules.read_words({"words": words}, "words") if words.strip() or not approve else ""
        await SQL.decide(tx, id=request_id, state=state, words=said, by=person.id)
        await audit.record(
            tx, f"request.{state}", request_id, actor_id=person.id, before=row["state"], after=state
        )
        await _tell_person(tx, context, row, "decided", "an answer")


async def ask_back(context: Context, person: Person, request_id: UUID, question: str) -> None:
    """Ask the person one thing more. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        row = await _lock_hosted(tx, person, request_id)
        rules.may_ask_again(row["state"], row["asked"])
        words = rules.read_words({"question": question}, "question", most=500)
        await SQL.ask_back(tx, id=request_id, question=words)
        await audit.record(
            tx, "request.asked", request_id, actor_id=person.id, before=row["state"], after="asked"
        )
        await _tell_person(tx, context, row, "asked", "a question for you")


async def _lock_hosted(tx: db.Tx, person: Person, request_id: UUID) -> db.Record:
    row = await SQL.lock_hosted(tx, id=request_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def _tell_person(tx: db.Tx, context: Context, row: db.Record, what: str, subject: str) -> None:
    """Mail that there is something to read. What it is stands on the site alone."""
    await mail.send(
        tx,
        context.settings,
        "request",
        to=row["email"],
        to_name=row["name"],
        subject=f"About {row['discreet_name']}: {subject}",
        person_id=row["person_id"],
        what=what,
        discreet_name=row["discreet_name"],
        link=f"{context.settings.base_url}/my/requests/{row['id']}",
    )


@jobs.every("bookings.forget_requests", "41 * * * *")
async def forget(context: Context) -> None:
    """Delete what was said in requests decided 30 days ago, and end those that nobody moved for 90 days."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.to_end(tx, days=STALE_DAYS, most=200)):
            await SQL.withdraw(tx, id=row["id"])
            await audit.record(
                tx,
                "request.withdrawn",
                row["id"],
                before=row["state"],
                after="withdrawn",
                why="nobody moved it",
            )
        for row in await db.rows(SQL.forget(tx, days=rules.KEEP_DAYS)):
            await audit.record(tx, "request.forgotten", row["id"], before=row["state"], after=row["state"])


# Who is kept apart


async def kept(tx: db.Tx, person: Person, circle_id: UUID) -> db.Record:
    """A circle for one of its hosts, or an organizer. Raises NotFound for everybody else."""
    row = await SQL.kept(tx, circle_id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def keep_apart(context: Context, person: Person, circle_id: UUID, one: str, other: str) -> None:
    """Never seat two people together in a circle. one, other: their ids, as text.

    Both must be known to the circle: whoever had a seat in it, or asked for one. Raises NotFound and Refused.
    """
    async with context.db.transaction() as tx:
        await kept(tx, person, circle_id)
        known = {
            str(row["id"]) for row in await db.rows(SQL.known(tx, circle_id=circle_id, person=person.id))
        }
        reasons = [
            Reason("nobody", "Please choose somebody.", field)
            for field, each in (("one", one), ("other", other))
            if each not in known
        ]
        if one == other and not reasons:
            reasons.append(Reason("same", "Please choose two different people.", "other"))
        if reasons:
            raise Refused(reasons)
        pair = await SQL.keep_apart(tx, circle_id=circle_id, one=UUID(one), other=UUID(other), by=person.id)
        if pair:
            await audit.record(tx, "apart.set", pair, actor_id=person.id, after="apart")


async def let_together(context: Context, person: Person, pair_id: UUID) -> UUID:
    """Let two people sit together again. Returns the circle's id. Raises NotFound."""
    async with context.db.transaction() as tx:
        row = await SQL.let_together(tx, id=pair_id, person=person.id)
        if row is None:
            raise NotFound
        await audit.record(tx, "apart.ended", pair_id, actor_id=person.id, before="apart")
    return row["circle_id"]
