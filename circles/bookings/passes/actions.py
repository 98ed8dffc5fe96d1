"""The verbs of the person who buys a pass: buy it, come back from paying, let a held one go."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from circles import payments
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.bookings import rules as booking_rules
from circles.bookings.passes import queries, rules
from circles.bookings.passes.queries import CircleToBuy
from circles.bookings.rules import BookingInput
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/passes")

# The request that began a payment has ended by then: all its calls to Stripe together have ten seconds.
LEFT_AFTER = timedelta(seconds=15)

_HELD = Reason(
    "pass_held",
    "A pass with another amount is being paid for already. Please pay for it or let it go first: see My gatherings.",
)


@dataclass(frozen=True, slots=True)
class Bought:
    """A pass that is held until it is paid, and where to pay."""

    id: UUID
    checkout_url: str = ""


async def buy(
    context: Context, actor: Person, circle_id: UUID, *, offer_id: UUID | None, sent: BookingInput
) -> Bought:
    """Hold a pass of a circle, with a checkout to pay at. Pressed twice, it is one pass.

    offer_id: the version of the offer that the form showed; sent: the amount and the agreement.
    Raises NotFound, OutOfDate when the offer or the guidelines changed meanwhile, or Refused with every reason; also
    Refused "no_checkout" when Stripe cannot be reached, and then nothing is held.
    """
    async with context.db.transaction() as tx:
        circle = await queries.circle_to_buy(tx, actor.id, circle_id)
        amount = amount_due(circle, offer_id, sent)
        if circle.held is None:
            row = await SQL.add_pass(
                tx,
                circle_id=circle_id,
                person_id=actor.id,
                offer_id=offer_id,
                amount=amount,
                version_id=circle.version_id,
                hold_minutes=payments.HOLD_MINUTES,
            )
            if row is None:  # another request was faster, or a host: read what is so now
                raise OutOfDate(rules.CHANGED)
            await payments.prepare_pass(tx, row["id"], row["amount"], row["currency"], row["held_until"])
            pass_id = row["id"]
        elif (circle.held.amount, circle.held.offer_id) == (amount, offer_id):
            pass_id = circle.held.id
        else:
            raise Refused(_HELD)
    return await _with_checkout(context, Bought(pass_id), circle.discreet_name, amount)


def amount_due(circle: CircleToBuy, offer_id: UUID | None, sent: BookingInput) -> int:
    """The amount that somebody pays for a pass, in minor units. Raises OutOfDate or Refused with every reason."""
    reasons = list(rules.buy_refusals(circle.offer, circle.state, sent_offer=offer_id, own=circle.usable))
    reasons += queries.admission_refusals(circle)
    amount = 0
    if circle.offer is not None:
        try:
            amount = booking_rules.read_amount(circle.offer.scale, sent)
        except Refused as refused:
            reasons.extend(refused.reasons)
    reasons += booking_rules.guidelines_refusals(circle.version_id, sent.version_id, agreed=sent.agreed)
    if any(reason.code in ("guidelines_changed", "offer_changed") for reason in reasons):
        raise OutOfDate(reasons)
    refuse_if(reasons)
    return amount


async def _with_checkout(context: Context, bought: Bought, name: str, amount: int) -> Bought:
    return replace(bought, checkout_url=await _checkout_address(context, name, bought.id, amount))


async def _checkout_address(
    context: Context, name: str, pass_id: UUID, amount: int, *, is_repeat: bool = False
) -> str:
    """Start the checkout of a held pass, outside any transaction; without one the pass lapses."""
    page = f"{context.settings.base_url}/passes/{pass_id}"
    try:
        return await payments.start(
            context,
            pass_id,
            amount=amount,
            currency="",  # its checkout has been prepared with it
            name=name,
            statement=context.settings.statement_name,
            success_url=f"{page}/paid",
            cancel_url=f"{page}/stopped",
            is_repeat=is_repeat,
        )
    except payments.Unreachable:
        return await _lapse_unless_open(context, pass_id)


async def _lapse_unless_open(context: Context, pass_id: UUID) -> str:
    """End a held pass that has no checkout. Raises Refused.

    Where another request got one meanwhile, its address; empty where it is paid already.
    """
    async with context.db.transaction() as tx:
        if address := await payments.open_address(tx, context, pass_id):  # which locks the checkout
            return address
        row = await queries.lock(tx, pass_id)
        if row["state"] == "active":
            return ""
        if row["state"] == "held":
            await lapse(tx, row, "no_checkout")
    raise Refused(rules.NO_CHECKOUT)


async def lapse(tx: db.Tx, row: db.Record, cause: str) -> None:
    """A locked pass that is held is not paid: it never begins."""
    await SQL.end_pass(tx, pass_id=row["id"], state="lapsed", cause=cause)
    await audit.record(tx, "pass.lapsed", row["id"], before="held", after="lapsed", why=cause)


async def start_again(context: Context, pass_id: UUID) -> bool:
    """Start the checkout of a held pass where the request that made it ended before that was done. Idempotent.

    False while another call to Stripe is under way. Raises Refused "no_checkout": then the pass has lapsed.
    """
    async with context.db.reading() as tx:
        row = await SQL.one(tx, pass_id=pass_id)
    if row is None or row["state"] != "held" or row["checkout_url"]:
        return True
    return bool(
        await _checkout_address(context, row["discreet_name"], pass_id, row["amount"], is_repeat=True)
    )


@jobs.job("passes.start_checkout", group="money")
async def start_left_checkout(context: Context, *, pass_id: str) -> None:
    """Job: start the checkout of a held pass whose request ended before it could, or else let the pass go."""
    with suppress(Refused):
        if not await start_again(context, UUID(pass_id)):
            raise jobs.TryAgain(LEFT_AFTER)


async def look(context: Context, actor: Person, pass_id: UUID, *, is_back: bool) -> None:
    """Have Stripe asked about the checkout of a held pass. Idempotent. Raises NotFound.

    is_back: the person came back from the payment page as having paid, which is noted.
    """
    async with context.db.transaction() as tx:
        row = await queries.own_pass(tx, actor, pass_id)
        if row["state"] != "held":
            return
        if await SQL.left_checkout(tx, pass_id=pass_id, after=LEFT_AFTER):
            await jobs.enqueue(tx, "passes.start_checkout", pass_id=pass_id, key=str(pass_id))
        elif is_back and await SQL.note_return(tx, pass_id=pass_id, actor_id=actor.id):
            await payments.sync_checkout_soon(tx, pass_id)
        else:
            await payments.sync_checkout_for_page(tx, pass_id)


async def let_go(context: Context, actor: Person, pass_id: UUID) -> str:
    """Give up a held pass. Returns how it is then: a key of rules.LET_GO_NOTICES, or a state. Raises NotFound."""
    async with context.db.transaction() as tx:
        if not await SQL.note_let_go(tx, pass_id=pass_id, actor_id=actor.id):
            return (await queries.own_pass(tx, actor, pass_id))["state"]
        await audit.record(tx, "pass.let_go_asked", pass_id, actor_id=actor.id, before="held", after="held")
    await payments.release(context, pass_id)
    async with context.db.reading() as tx:
        row = await queries.own_pass(tx, actor, pass_id)
    return _WAITING.get(str(row["payment_waits"]), row["state"])


_WAITING: Mapping[str, str] = {"bank": "undecided", "person": "looked_at"}


@jobs.job("passes.let_go", group="money")
async def release_let_go(context: Context, *, pass_id: str) -> None:
    """Job: end the checkout of a pass that was let go while Stripe was away. The timetable repeats it."""
    await payments.release(context, UUID(pass_id))


@jobs.every("passes.lapse", "* * * * *")
async def sync_overdue(context: Context) -> None:
    """Sync the checkouts of held passes past their time, and start those that a request left behind."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.left_checkouts(tx, after=LEFT_AFTER, most=200)):
            pass_id = str(row["pass_id"])
            await jobs.enqueue(tx, "passes.start_checkout", pass_id=pass_id, key=pass_id)
        for row in await db.rows(SQL.overdue(tx, most=200)):
            if row["is_let_go"]:
                await jobs.enqueue(tx, "passes.let_go", pass_id=row["id"], key=str(row["id"]))
            else:
                await payments.sync_checkout_soon(tx, row["id"])
