"""The permanent cast of the tests, and helpers that add rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from circles.payments.rules import Line, Outcome, Settled
from circles.store import db
from circles.store.context import Context

GUIDELINES = (
    "## What we agree\n\nWhat is said here stays here. Speak from your own experience. You may always pass."
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The ids of the people, circles and gatherings of most tests."""

    context: Context
    mira: UUID  # a member
    milo: UUID  # another member
    farid: UUID  # facilitator, lead of `circle`
    fern: UUID  # facilitator, lead of `other_circle`
    odile: UUID  # organizer
    circle: UUID  # Tuesday group: online, New York, $30 / $45 / $80, 8 seats, 1 community seat
    other_circle: UUID  # Open door: asks nothing, in person, Denver, 6 seats
    gathering: UUID  # of `circle`, open, in seven days at 18:00
    free_gathering: UUID  # of `other_circle`, open, in eight days at 18:00
    version: UUID  # the published guidelines of `circle`

    @classmethod
    async def assemble(cls, context: Context) -> Cast:
        """Add the cast to an empty database."""
        mira = await add_person(context, "Mira", pronouns="she/her")
        milo = await add_person(context, "Milo")
        farid = await add_person(context, "Farid", is_facilitator=True, pronouns="he/him")
        fern = await add_person(context, "Fern", is_facilitator=True)
        odile = await add_person(context, "Odile", is_organizer=True)
        circle = await add_circle(context, farid)
        other = await add_circle(
            context,
            fern,
            name="Open door",
            discreet_name="Wednesday group",
            format="peer",
            place="in_person",
            city="Denver",
            address="12 Elm Street",
            join_link="",
            zone="America/Denver",
            capacity=6,
            minimum=0,
            suggested=0,
            maximum=0,
            community_seats=0,
        )
        return cls(
            context,
            mira,
            milo,
            farid,
            fern,
            odile,
            circle,
            other,
            await add_gathering(context, circle, days=7),
            await add_gathering(context, other, days=8),
            await version_of(context, circle),
        )


async def _insert(context: Context, table: str, values: dict[str, Any]) -> UUID:
    names = ", ".join(values)
    places = ", ".join(f"${i}" for i in range(1, len(values) + 1))
    async with context.db.transaction() as tx:
        return await tx.fetchval(
            f"insert into {table} ({names}) values ({places}) returning id", *values.values()
        )


async def add_person(context: Context, name: str, **more: Any) -> UUID:
    """One more person, at example.org."""
    email = more.pop("email", f"{name.lower().replace(' ', '.')}@example.org")
    return await _insert(context, "people", {"name": name, "email": email, **more})


async def add_circle(context: Context, lead: UUID, **more: Any) -> UUID:
    """One more published circle with guidelines, led by somebody."""
    guidelines = await _insert(context, "guidelines", {"created_at": datetime.now(UTC)})
    await _insert(
        context, "guidelines_versions", {"guidelines_id": guidelines, "number": 1, "body": GUIDELINES}
    )
    values: dict[str, Any] = {
        "name": "First steps home",
        "discreet_name": "Tuesday group",
        "purpose": "For the weeks after a medicine session.",
        "format": "facilitated",
        "place": "online",
        "join_link": "https://meet.example.org/tuesday",
        "zone": "America/New_York",
        "capacity": 8,
        "length_minutes": 90,
        "minimum": 3000,
        "suggested": 4500,
        "maximum": 8000,
        "community_seats": 1,
        "guidelines_id": guidelines,
        "state": "published",
    } | more
    circle = await _insert(context, "circles", values)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'lead')", circle, lead
        )
    return circle


async def add_gathering(
    context: Context,
    circle: UUID,
    *,
    days: float = 7,
    hour: int = 18,
    starts_at: datetime | None = None,
    **more: Any,
) -> UUID:
    """One more open gathering, `days` from now at `hour` in its zone, or exactly at `starts_at`."""
    async with context.db.reading() as tx:
        row: Any = await tx.fetchrow("select * from circles where id = $1", circle)
    zone = ZoneInfo(row["zone"])
    if starts_at is None:
        day = (datetime.now(zone) + timedelta(days=days)).date()
        starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
    length = more.pop("length_minutes", row["length_minutes"])
    values = {
        "circle_id": circle,
        "wall_start": starts_at.astimezone(zone).replace(tzinfo=None),
        "zone": row["zone"],
        "length_minutes": length,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=length),
        "capacity": row["capacity"],
        "community_seats": row["community_seats"],
        "state": "open",
    } | more
    return await _insert(context, "gatherings", values)


async def open_the_room(context: Context, gathering: UUID) -> None:
    """Its host has opened the room half an hour before the start."""
    async with context.db.transaction() as tx:
        await tx.execute(
            "update gatherings set opened_at = starts_at - interval '30 minutes', checks = '{\"co\": \"here\"}' "
            "where id = $1",
            gathering,
        )


async def version_of(context: Context, circle: UUID) -> UUID:
    """The newest published version of a circle's guidelines."""
    async with context.db.reading() as tx:
        return await tx.fetchval(
            "select guidelines_versions.id from guidelines_versions join circles using (guidelines_id) "
            "where circles.id = $1 order by number desc limit 1",
            circle,
        )


async def accept(context: Context, person: UUID, version: UUID) -> UUID:
    """Somebody's acceptance of a version."""
    async with context.db.transaction() as tx:
        return await tx.fetchval(
            "insert into acceptances (person_id, version_id, sha256) "
            "select $1, id, sha256 from guidelines_versions where id = $2 "
            "on conflict (person_id, version_id) do update set accepted_at = acceptances.accepted_at returning id",
            person,
            version,
        )


async def add_booking(
    context: Context,
    gathering: UUID,
    person: UUID,
    *,
    kind: str = "community",
    amount: int = 0,
    state: str = "confirmed",
    paid_at: datetime | None = None,
) -> UUID:
    """One more booking on the lowest free seat, with an event row to match.

    A `paid` one that is confirmed gets its checkout and ledger row too, so that every invariant holds.
    paid_at: when its money came, now by default.
    """
    async with context.db.reading() as tx:
        row: Any = await tx.fetchrow(
            "select gatherings.capacity, circles.* from gatherings join circles on circles.id = circle_id "
            "where gatherings.id = $1",
            gathering,
        )
        taken = {
            each["seat"]
            for each in await tx.fetch(
                "select seat from bookings where gathering_id = $1 and state in ('held', 'confirmed')",
                gathering,
            )
        }
    if state == "held" and kind == "community":  # only a seat that is to be paid is held
        kind, amount = "paid", row["suggested"]
    acceptance = await accept(context, person, await version_of(context, row["id"]))
    now = datetime.now(UTC)
    booking = await _insert(
        context,
        "bookings",
        {
            "gathering_id": gathering,
            "person_id": person,
            "seat": next(n for n in range(1, 25) if n not in taken),
            "kind": kind,
            "state": state,
            "amount": amount,
            "currency": row["currency"],
            "scale_minimum": row["minimum"],
            "scale_maximum": row["maximum"],
            "acceptance_id": acceptance,
            "held_until": now + timedelta(minutes=36) if state == "held" else None,
            "confirmed_at": now if state == "confirmed" else None,
            "ended_at": now if state in ("cancelled", "lapsed") else None,
            "end_cause": {"cancelled": "by_member", "lapsed": "not_paid"}.get(state, ""),
        },
    )
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into events (what, about, who, after) values ($1, $2, $3, $4)",
            f"booking.{state}",
            booking,
            person,
            state,
        )
    if kind == "paid" and state == "confirmed":
        await _pay(context, booking, amount, row["currency"], paid_at)
    return booking


async def _pay(context: Context, booking: UUID, amount: int, currency: str, at: datetime | None) -> None:
    stripe_id = "cs_test_" + hashlib.sha256(booking.bytes).hexdigest()[:24]
    intent = f"pi_{uuid4().hex[:24]}"
    # The look-alike of Stripe knows the payment too, so that it can be paid back.
    body = {"id": intent, "object": "payment_intent", "amount": amount, "amount_received": amount}
    body |= {"currency": currency.lower(), "status": "succeeded"}
    await _insert(
        context,
        "practice_objects",
        {"id": intent, "kind": "payment_intent", "body": body | {"latest_charge": f"ch_{uuid4().hex[:24]}"}},
    )
    checkout = await _insert(
        context,
        "checkouts",
        {
            "booking_id": booking,
            "amount": amount,
            "currency": currency,
            "state": "paid",
            "stripe_id": stripe_id,
            "payment_intent": intent,
            "expires_at": datetime.now(UTC) + timedelta(minutes=36),
        },
    )
    await _insert(
        context,
        "money_rows",
        {
            "booking_id": booking,
            "checkout_id": checkout,
            "kind": "payment",
            "amount": amount,
            "currency": currency,
            "stripe_id": stripe_id,
        }
        | ({"at": at} if at else {}),
    )


LICENSE = {"kind": "lcsw", "area": "FL", "number": "SW1001", "expires_on": None}


async def add_listing(context: Context, **more: Any) -> UUID:
    """One more shown listing: Ines Calder in Miami, by telehealth and in person, licensed in Florida.

    licenses: each a dict of the license's columns, over LICENSE; areas: short for one license in each. ways: each a
    dict of the way's columns, or the way alone. Everything else is a column of the listing.
    """
    areas = more.pop("areas", None)
    licenses = more.pop("licenses", [{"area": area} for area in areas or [more.get("area", "FL")]])
    ways = [{"way": each} if isinstance(each, str) else each for each in more.pop("ways", ["ifs"])]
    values: dict[str, Any] = {
        "state": "shown",
        "name": "Ines Calder",
        "letters": "LCSW",
        "headline": "Room for what came up",
        "approach": "I work slowly, with parts and with the body.",
        "experience": "over_10",
        "works_with": ["trauma", "depression"],
        "for_whom": ["adults"],
        "languages": ["en"],
        "telehealth": True,
        "in_person": True,
        "city": "Miami",
        "area": "FL",
        "zip": "33130",
        "latitude": 25.77,
        "longitude": -80.2,
        "fee_minimum": 15_000,
        "fee_maximum": 20_000,
        "room": "now",
        "email": f"office-{uuid4().hex[:12]}@example.org",
        "source": "organizer",
        "shown_at": datetime.now(UTC),
    } | more
    listing = await _insert(context, "listings", values)
    async with context.db.transaction() as tx:
        for number, license in enumerate(licenses):
            columns = LICENSE | {"number": f"SW{1001 + number}"} | license | {"listing_id": listing}
            await _add_row(tx, "licences", columns)
        for way in ways:
            await _add_row(tx, "listing_ways", way | {"listing_id": listing})
        await db.queries("directory/listing").refresh_facets(tx, ids=[listing])
    return listing


async def _add_row(tx: db.Tx, table: str, values: dict[str, Any]) -> None:
    places = ", ".join(f"${i}" for i in range(1, len(values) + 1))
    await tx.execute(f"insert into {table} ({', '.join(values)}) values ({places})", *values.values())


def settled(booking_id: UUID, outcome: Outcome) -> Settled:
    """A checkout of one booking that was settled, as bookings learn of it."""
    return Settled(booking_id, "booking", (Line(booking_id, 4500),), outcome)
