"""One process of a race: opens its own pool, waits for the start, runs its tries, prints their results.

Started as `python -m tests.races.runner`; reads its order as one JSON object from its standard input:
{"url", "verb", "naive", "version", "rounds": [[[target, person], ...], ...]}. After it is ready it prints
"ready", and before each round it waits for a line. It answers each round with one line, a JSON list of the
result of each try.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import aiosql

from circles import bookings, payments, people
from circles.attendance.afterwards import actions as afterwards
from circles.attendance.register import actions as marks
from circles.attendance.walk_ins import actions as walk_ins
from circles.attendance.walk_ins.rules import WalkIn
from circles.base.errors import Refused
from circles.base.settings import Settings
from circles.bookings import actions, moving, queries
from circles.organizing.payments import actions as refunds
from circles.organizing.payments.rules import HandRefund
from circles.payments.rules import Line
from circles.store import db
from circles.store.context import Context

NAIVE = Path(__file__).with_name("naive.sql")

Verb = Callable[[Context, UUID, people.Person, UUID], Awaitable[str]]


async def book(context: Context, target: UUID, person: people.Person, version: UUID) -> str:
    """Book a free seat. Returns "seat", or the codes of the refusals."""
    try:
        await actions.book(
            context, person, target, choice="amount", amount=0, version_id=version, agreed=True
        )
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    return "seat"


async def hold(context: Context, target: UUID, person: people.Person, __: UUID) -> str:
    """Book a seat for $45, which is held then. Returns "held", or the codes of the refusals."""
    async with context.db.reading() as tx:
        _, eligibility = await queries.eligibility(tx, person.id, target)
    version = eligibility.version_id
    try:
        await actions.book(
            context, person, target, choice="amount", amount=4500, version_id=version, agreed=True
        )
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    return "held"


async def cancel(context: Context, target: UUID, person: people.Person, _: UUID) -> str:
    """Cancel a booking of $45, refunded in full."""
    try:
        return f"refund {(await actions.cancel(context, person, target, shown=4500)).amount}"
    except Refused as refused:
        return ",".join(sorted(refused.codes))


async def come(context: Context, target: UUID, person: people.Person, version: UUID) -> str:
    """Book a free seat at a gathering; who has a booking moves it there, or cancels it where that is the target.

    Returns "seat", "moved", "canceled", the codes of the refusals, or the kind of another error.
    """
    async with context.db.reading() as tx:
        booking = await tx.fetchval("select id from bookings where person_id = $1", person.id)
    try:
        if booking is None:
            return await book(context, target, person, version)
        if booking == target:
            await actions.cancel(context, person, booking, shown=0)
            return "canceled"
        await moving.move(context, person, booking, target)
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    except Exception as error:
        return type(error).__name__
    return "moved"


async def crowd(context: Context, target: UUID, person: people.Person, version: UUID) -> str:
    """Book a seat, be given one by the lead, or come without one, by the letter of the name. Returns as `book`."""
    if person.name[0] == "B":
        return await book(context, target, person, version)
    async with context.db.reading() as tx:
        lead = await people.by_email(tx, "farid@example.org")
    assert lead
    try:
        if person.name[0] == "G":
            await bookings.given_seats.give_seat(
                context, lead, target, bookings.Gift(uuid4(), person.email, person.name)
            )
        else:
            await walk_ins.add(
                context,
                actor_id=lead.id,
                gathering_id=target,
                walk_in=WalkIn(person.id, person.name, counts=True),
            )
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    return "seat"


async def register(context: Context, target: UUID, person: people.Person, _: UUID) -> str:
    """Close the register of a gathering, or mark a booking: "came" by Farid, "absent" by any other host.

    Returns "shut", "marked", or the codes of the refusals.
    """
    async with context.db.reading() as tx:
        gathering = await tx.fetchval("select gathering_id from bookings where id = $1", target)
    try:
        if gathering is None:
            await afterwards.close_register(
                context, actor_id=person.id, gathering_id=target, rest_absent=True
            )
            return "shut"
        mark = "came" if person.name == "Farid" else "absent"
        await marks.mark(context, actor_id=person.id, gathering_id=gathering, booking_id=target, mark=mark)
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    return "marked"


async def settle(context: Context, target: UUID, _: people.Person, __: UUID) -> str:
    async with context.db.transaction() as tx:
        await bookings.settle(tx, context, payments.Settled(target, "booking", (Line(target, 4500),), "paid"))
    return "settled"


async def refund(context: Context, target: UUID, person: people.Person, _: UUID) -> str:
    """Send all of a payment of $45 back by hand. Returns "done", or the codes of the refusals."""
    wish = HandRefund(uuid4(), None, None, 4500, "They could not come in")
    try:
        return await refunds.refund(context, person, target, wish)
    except Refused as refused:
        return ",".join(sorted(refused.codes))


VERBS: dict[str, Verb] = {
    "book": book,
    "hold": hold,
    "cancel": cancel,
    "come": come,
    "settle": settle,
    "crowd": crowd,
    "register": register,
    "refund": refund,
}


def use_naive_statement() -> None:
    """Take seats the naive way instead: read which are taken, then insert. And mark without holding the register,
    and refund without holding the payment."""
    naive: Any = aiosql.from_path(NAIVE, "asyncpg")
    marks.SQL.lock_register = naive.lock_register
    actions.SQL = SimpleNamespace(take_seat=naive.take_seat)
    refunds.SQL.lock_payment = naive.lock_payment
    refunds.SQL.other_organizers = naive.other_organizers


async def main(orders: dict[str, Any]) -> None:
    if orders["naive"]:
        use_naive_statement()
    context = Context(Settings(database_url=orders["url"]), await db.Database.open(orders["url"], size=8))
    verb, version = VERBS[orders["verb"]], UUID(orders["version"])
    person_ids = {UUID(person) for tries in orders["rounds"] for _, person in tries}
    async with context.db.reading() as tx:
        known = await people.by_ids(tx, person_ids)
    print("ready", flush=True)
    for tries in orders["rounds"]:
        await asyncio.to_thread(sys.stdin.readline)
        answers = [verb(context, UUID(target), known[UUID(person)], version) for target, person in tries]
        print(json.dumps(await asyncio.gather(*answers)), flush=True)
    await context.db.close()


if __name__ == "__main__":
    import app

    app.connect_features()  # declares the jobs of every feature
    asyncio.run(main(json.loads(sys.stdin.readline())))
