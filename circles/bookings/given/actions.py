"""The verbs of hosts and organizers for one person's seat: give it, take it back, note cash, note why somebody left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from circles import payments, people
from circles.base.errors import NotFound, Reason, Refused, or_not_found, refuse_if
from circles.bookings import end_rules, transitions
from circles.bookings.given import rules
from circles.bookings.given.rules import Gift
from circles.bookings.waiting_list import offers
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("bookings/given")

DAY = timedelta(days=1)
NOTES_KEPT = timedelta(days=366)
# After its gathering, for a seat that nobody ever answered.
UNANSWERED_KEPT = timedelta(days=31)

# What else is written in the same transaction once a verb was done: what is told of it above this package.
Also = Callable[[db.Tx], Awaitable[None]]


async def nothing(tx: db.Tx) -> None:
    """Nothing else is written."""


async def give_seat(
    context: Context, actor: Person, gathering_id: UUID, gift: Gift, *, also: Also = nothing
) -> UUID:
    """Give somebody a seat, by their address, and invite them. Returns the booking's id.

    The actor learns nothing of the address but whether it has a seat at this very gathering. Raises NotFound, and
    Refused with every reason; "newcomers" asks once more.
    """
    async with context.db.transaction() as tx:
        gathering = or_not_found(await SQL.lock_gathering(tx, gathering=gathering_id, actor_id=actor.id))
        standing = await SQL.standing(tx, gathering=gathering_id, email=gift.email)
        refuse_if(rules.give_refusals(gathering, standing, gift))
        if not await limits.allow(tx, context.settings, f"given seat {actor.id}", rules.MAX_GIVEN_A_DAY, DAY):
            raise Refused(_TOO_OFTEN)
        person, is_new = await people.account_for(tx, email=gift.email, name=gift.name, actor_id=actor.id)
        wait_id = await offers.accept(tx, gathering_id, person.id)
        booking_id = await _give(tx, gathering, person.id, actor.id)
        await SQL.note_given(
            tx, booking=booking_id, actor_id=actor.id, name=gift.name, email=gift.email, made_account=is_new
        )
        await SQL.note_asked(tx, person=person.id, guidelines=gathering["guidelines_id"])
        if gift.cash:
            await payments.note_cash(
                tx, gift.key, booking_id, "received", gift.cash, gathering["currency"], actor_id=actor.id
            )
        if wait_id:
            await offers.note_booking(tx, gathering_id, wait_id, booking_id)
        await transitions.send_invite(tx, booking_id)
        await also(tx)
    return booking_id


# To a host, who is not told why.
_NOT_TO_THEM = Reason(
    "not_to_them", "No seat can be given to this address. Please ask the organizers.", "email"
)
_TOO_OFTEN = Reason("too_often", "Many seats were given today already. Please go on tomorrow.")


async def move_in(
    tx: db.Tx, actor_id: UUID, gathering_id: UUID, gift: Gift, person_id: UUID, *, kind: str, is_new: bool
) -> UUID:
    """Give a seat that a list brings, of kind free or community, in the caller's transaction. Nobody is mailed.

    is_new: the account was made by the list. Returns the booking's id. Raises NotFound, and Refused with every reason.
    """
    gathering = or_not_found(await SQL.lock_gathering(tx, gathering=gathering_id, actor_id=actor_id))
    standing = await SQL.standing(tx, gathering=gathering_id, email=gift.email)
    refuse_if(rules.give_refusals(gathering, standing, gift))
    if kind == "community" and gathering["community_taken"] >= gathering["community_seats"]:
        raise Refused(Reason("no_community", "Every community seat is taken.", "seat"))
    wait_id = await offers.accept(tx, gathering_id, person_id)
    booking_id = await _give(tx, gathering, person_id, actor_id, kind)
    await SQL.note_given(
        tx, booking=booking_id, actor_id=actor_id, name=gift.name, email=gift.email, made_account=is_new
    )
    if gift.cash:
        await payments.note_cash(
            tx, gift.key, booking_id, "received", gift.cash, gathering["currency"], actor_id=actor_id
        )
    if wait_id:
        await offers.note_booking(tx, gathering_id, wait_id, booking_id)
    return booking_id


async def invite_later(tx: db.Tx, booking_ids: Sequence[UUID]) -> None:
    """Invite somebody to seats that a list brought, in one mail, and what is known of them counts from now on."""
    await SQL.know_facts(tx, ids=list(booking_ids))
    await transitions.send_invites(tx, booking_ids)


async def _give(tx: db.Tx, gathering: db.Record, person_id: UUID, actor_id: UUID, kind: str = "free") -> UUID:
    booking_id = await SQL.give(
        tx,
        kind=kind,
        gathering=gathering["id"],
        person=person_id,
        currency=gathering["currency"],
        maximum=gathering["maximum"],
        refund_hours=gathering["refund_hours"],
        late_percent=gathering["late_refund_percent"],
        actor_id=actor_id,
    )
    if booking_id is None:  # there was a free seat, so the address is one that is suspended
        raise Refused(_NOT_TO_THEM)
    return booking_id


async def answer(tx: db.Tx, booking_id: UUID, person_id: UUID, version_id: UUID) -> None:
    """Note that the person of a given seat agreed and has taken it. The caller wrote the acceptance. Idempotent."""
    await SQL.answer(tx, booking=booking_id, person=person_id, version=version_id)


async def seat(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    """One seat as a host or an organizer may know it. Raises NotFound for anybody else."""
    return or_not_found(await SQL.seat(tx, booking=booking_id, actor_id=actor.id))


async def seats(tx: db.Tx, actor: Person, gathering_id: UUID) -> tuple[db.Record, list[db.Record]]:
    """A gathering, its seats, and who left it of themselves or was taken off. Raises NotFound."""
    row = or_not_found(await SQL.gathering(tx, gathering=gathering_id, actor_id=actor.id))
    return row, await db.rows(SQL.seats(tx, gathering=gathering_id))


@dataclass(frozen=True, slots=True)
class TakenOff:
    """How somebody is taken off. refund: one of rules.REFUNDS; cash_back: whether all noted cash was given back."""

    key: UUID
    refund: str
    message: str
    note: str = ""
    cash_back: bool = False


async def take_off(
    context: Context, actor: Person, booking_id: UUID, how: TakenOff, *, also: Also = nothing
) -> bool:
    """Take one person off before the start: free the seat, request the refund chosen, tell them. Idempotent.

    Returns whether they were on until now. Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, actor, booking_id)
        if row["state"] == "cancelled" and row["end_cause"] == "taken_off":
            return False
        if how.refund == "all" and row["person_id"] == actor.id:
            raise Refused(rules.OWN_SEAT)
        await take_off_locked(tx, actor.id, row, how)
        await also(tx)
    return True


async def lock_seats(tx: db.Tx, booking_ids: Sequence[UUID]) -> list[db.Record]:
    """Lock several bookings after their gatherings, in the order in which everybody locks several."""
    await transitions.SQL.lock_gatherings(tx, booking_ids=list(booking_ids))
    return [await transitions.lock(tx, booking_id) for booking_id in booking_ids]


async def take_off_locked(tx: db.Tx, actor_id: UUID, row: db.Record, how: TakenOff) -> None:
    """Take the person of a locked booking off; see `take_off`. Raises Refused with every reason."""
    booking_id = row["id"]
    refuse_if(rules.take_off_refusals(row["state"], row["starts_at"], row["now"]))
    terms = end_rules.refund_for(row)
    await transitions.end(tx, row, "cancelled", "taken_off", actor_id=actor_id)
    if how.refund == "all":
        await payments.refund_everything(tx, booking_id, "taken_off")
    elif how.refund == "terms" and terms.amount:
        await payments.refund(tx, booking_id, terms.amount, "taken_off")
    cash = await payments.cash_of(tx, booking_id)
    if how.cash_back and cash > 0:
        await payments.note_cash(
            tx, how.key, booking_id, "given_back", cash, row["currency"], actor_id=actor_id
        )
    if how.note:
        await SQL.write_note(tx, booking=booking_id, body=how.note, actor_id=actor_id)
    await audit.record(
        tx,
        "booking.taken_off",
        booking_id,
        actor_id=actor_id,
        before="confirmed",
        after="cancelled",
        why=how.note,
        details={"refund": how.refund, "cash_back": how.cash_back},
    )
    await transitions.withdraw_invite(tx, booking_id, "taken_off", how.message)


async def _lock(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    if not await SQL.may_act(tx, booking=booking_id, actor_id=actor.id):
        raise NotFound
    return await transitions.lock(tx, booking_id)


async def note_seat_cash(
    context: Context,
    actor: Person,
    booking_id: UUID,
    key: UUID,
    kind: str,
    typed: str,
    note: str,
    *,
    also: Also = nothing,
) -> None:
    """Note cash of a seat: received, given back, or the sum that is right. Idempotent by its key.

    Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, actor, booking_id)
        if row["state"] == "held" or row["kind"] == "paid":
            text = "This seat is paid by card. Cash is noted for seats that were given."
            raise Refused(Reason("by_card", text, "cash"))
        amount = payments.parse_cash(typed, row["currency"], zero=kind == "correction")
        if kind not in ("received", "given_back", "correction"):
            raise Refused(Reason("kind", "Please choose what happened.", "kind"))
        if kind == "correction" and not note:
            raise Refused(Reason("no_note", "Please write why the sum was wrong.", "note"))
        if await payments.note_cash(
            tx, key, booking_id, kind, amount, row["currency"], actor_id=actor.id, note=note
        ):
            await also(tx)


async def note_leaving(
    context: Context, actor: Person, booking_id: UUID, body: str, *, also: Also = nothing
) -> None:
    """Note why somebody left, or delete the note (an empty one). Raises NotFound, Refused while they have the seat."""
    async with context.db.transaction() as tx:
        row = await _lock(tx, actor, booking_id)
        refuse_if(rules.left_note_refusals(row["state"]))
        if body:
            await SQL.write_note(tx, booking=booking_id, body=body, actor_id=actor.id)
        else:
            await SQL.delete_note(tx, booking=booking_id)
        await audit.record(
            tx, "booking.left_note", booking_id, actor_id=actor.id, after="noted" if body else ""
        )
        await also(tx)


@jobs.every("bookings.forget_given", "52 4 * * *")
async def forget_given(context: Context) -> None:
    """Forget accounts made for seats that nobody answered, the names seats were given under, and old notes."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.unanswered_people(tx, age=UNANSWERED_KEPT)):
            await SQL.forget_person(tx, person=row["id"])
            await audit.record(tx, "person.forgotten", row["id"], before="invited", after="unknown")
        await SQL.forget_names(tx, age=UNANSWERED_KEPT)
        await SQL.forget_notes(tx, age=NOTES_KEPT)
