"""The verbs of standing in: step in at one gathering, ask somebody by mail, step back; and telling whom it concerns."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, refuse_if
from circles.base.settings import Settings
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.stand_in import rules
from circles.hosting.stand_in.rules import Asking, Held, Holder, Seat, Swap
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("hosting/hosts")


async def look(tx: db.Tx, gathering_id: UUID, person: Person, *, to_change: bool = True) -> Held:
    """Who holds a gathering. Raises NotFound; for its stand-in too, if to decide who does."""
    row = await SQL.held(tx, id=gathering_id, person=person.id)
    if row is None or (to_change and row["part"] not in ("lead", "co")):
        raise NotFound
    return Held.read(row)


async def _locked(tx: db.Tx, gathering_id: UUID, person: Person, *, to_change: bool = True) -> Held:
    await SQL.lock_gathering(tx, id=gathering_id)
    return await look(tx, gathering_id, person, to_change=to_change)


def foresee(held: Held, person: Person, host_id: UUID) -> Swap:
    """What it does when one of the circle's facilitators holds this gathering. Raises NotFound and Refused."""
    to = next((each for each in held.usual if each.id == host_id), None)
    if to is None:
        raise NotFound
    refuse_if(rules.over_reasons(held))
    return Swap(held, to, person.id)


async def step_in(context: Context, person: Person, gathering_id: UUID, host_id: UUID, *, seen: str) -> Swap:
    """Let one of the circle's facilitators hold this gathering, and tell whom it concerns. Twice does no more.

    seen: the fingerprint of what was shown. Raises NotFound for somebody who is none of them, OutOfDate when it
    would do another thing by now, and Refused for a gathering that is over.
    """
    async with context.db.transaction() as tx:
        swap = foresee(await _locked(tx, gathering_id, person), person, host_id)
        await _do(tx, context, person, swap, seen)
    return swap


async def _do(tx: db.Tx, context: Context, person: Person, swap: Swap, seen: str) -> None:
    if swap.nothing:
        return
    if swap.seen != seen:
        raise OutOfDate(rules.out_of_date())
    await _carry_out(tx, context, person, swap)


async def _carry_out(
    tx: db.Tx, context: Context, person: Person, swap: Swap, *, told_already: UUID | None = None
) -> None:
    """Write who holds it and tell everybody, in the same transaction, so that it is told once."""
    before, after, about = swap.held.stand_in, swap.to, swap.held.id
    if after:
        await SQL.put_stand_in(tx, gathering_id=about, person_id=after.id, by=person.id)
    else:
        await SQL.drop_stand_in(tx, gathering_id=about)
    told = {"hosts": len(swap.hosts), "members": len(swap.members)}
    states = {"before": str(before.id) if before else "", "after": str(after.id) if after else ""}
    await audit.record(tx, "gathering.stand_in", about, actor_id=person.id, **states, details={"told": told})
    await _withdraw(tx, person, swap)
    when = clock.format_when(swap.held.starts_at, swap.held.zone)
    for host in swap.hosts:
        if host.id != told_already:
            says = rules.news(swap, host, person.name, when)
            name = swap.held.discreet_name
            await hosts_mail.tell(tx, context, host.email, host.name, host.id, name, says)
    for seat in swap.members:
        written = member_mail(context.settings, swap, seat)
        await mail.enqueue(tx, context.settings, written, to=seat.email, person_id=seat.person)


async def _withdraw(tx: db.Tx, person: Person, swap: Swap) -> None:
    """Take back the invitations that have no use any more."""
    ended = await db.rows(SQL.withdraw_asked(tx, ids=[each.id for each in swap.ends]))
    for row in ended:
        await audit.record(
            tx, "host.withdrawn", row["id"], actor_id=person.id, before="open", after="withdrawn", why="held"
        )


def member_mail(settings: Settings, swap: Swap, seat: Seat) -> mail.ComposedMail:
    """What somebody with a seat is told. No calendar comes with it: an entry there names no host."""
    held = swap.held
    day = clock.format_date(held.starts_at.astimezone(ZoneInfo(held.zone)).date())
    return mail.compose(
        settings,
        "your_host",
        to_name=seat.name,
        subject=f"{held.discreet_name}, {day}: your host",
        held=held,
        to=swap.to,
        hold=swap.holds,
        usually=rules.hold(held.usual),
        zone=seat.zone,
        about=f"{settings.base_url}/facilitators/{swap.to.id}" if swap.to else "",
        page=f"{settings.base_url}/bookings/{seat.booking}",
    )


def foresee_asking(held: Held, person: Person, email: str) -> Asking:
    """What it does to ask somebody by mail. Raises Refused for a host, who can be put in at once."""
    reasons = rules.over_reasons(held)
    reasons += [rules.hosts_already(each.name) for each in held.usual if each.email == email]
    refuse_if(reasons)
    return Asking(held, email, person.id)


async def ask(context: Context, person: Person, gathering_id: UUID, *, email: str, seen: str) -> None:
    """Ask a facilitator who is no host of the circle to hold one gathering, by mail. Twice asks once.

    Raises NotFound; OutOfDate when it would do another thing by now than was shown; Refused for a gathering that
    is over, for a host of the circle, and after a great many invitations in a day.
    """
    await hosts_mail.within_limit(context, person)
    async with context.db.transaction() as tx:
        asking = foresee_asking(await _locked(tx, gathering_id, person), person, email)
        if asking.again and asking.seen_before == seen:
            return
        if asking.seen != seen:
            raise OutOfDate(rules.out_of_date())
        await SQL.replace_invitation(
            tx, circle_id=asking.held.circle_id, gathering_id=gathering_id, email=email
        )
        await hosts_mail.ask(
            tx,
            context,
            person,
            asking.held.circle_id,
            asking.held.discreet_name,
            part="stand_in",
            email=email,
            gathering=asking.held,
        )


def foresee_back(held: Held, person: Person) -> Swap:
    """What it does to give a gathering back to its usual hosts. Raises NotFound for whoever may not, and Refused."""
    theirs = held.stand_in is None or held.stand_in.id == person.id
    if not held.may_change and not theirs:
        raise NotFound
    swap = Swap(held, None, person.id)
    refuse_if([] if swap.nothing else rules.over_reasons(held))
    return swap


async def step_back(context: Context, person: Person, gathering_id: UUID, *, seen: str) -> Swap:
    """The circle's own hosts hold the gathering again, and whom it concerns is told. Twice does no more.

    Raises NotFound; OutOfDate when it would do another thing by now; Refused for a gathering that is over.
    """
    async with context.db.transaction() as tx:
        swap = foresee_back(await _locked(tx, gathering_id, person, to_change=False), person)
        await _do(tx, context, person, swap, seen)
    return swap


async def accepted(tx: db.Tx, context: Context, person: Person, asked: db.Record) -> None:
    """Somebody said yes to holding one gathering: whom it concerns is told, and nobody else is asked any more.

    The caller has locked the gathering and ended this invitation; its inviter is told by the answer itself.
    """
    row = await SQL.held(tx, id=asked["gathering_id"], person=None)
    swap = Swap(Held.read(row), Holder(person.id, person.name, person.email), person.id)
    if not swap.nothing:
        await _carry_out(tx, context, person, swap, told_already=asked["invited_by"])


async def called_off(tx: db.Tx, context: Context, gathering_id: UUID, person: Person) -> None:
    """Tell whoever would hold a gathering in the place of its hosts that it was cancelled."""
    row = await SQL.stand_in_of(tx, gathering_id=gathering_id, but=person.id)
    if row:
        when = clock.format_when(row["starts_at"], row["zone"])
        said = f"{person.name} cancelled the gathering of {when}, so you need not hold it."
        await hosts_mail.tell(tx, context, row["email"], row["name"], row["id"], row["discreet_name"], said)
