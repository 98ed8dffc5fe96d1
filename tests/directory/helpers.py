"""Helpers for the tests of the directory: a complete listing, shown by default."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from circles.directory.listing import actions
from circles.directory.listing.values import Draft, License, Way
from circles.store.context import Context

RIVER = Draft(
    name="River Stone",
    letters="LMFT",
    headline="Slow work with parts and with the body",
    approach="We go at the pace of what is ready.",
    experience="over_10",
    works_with=("trauma", "depression"),
    for_whom=("adults",),
    languages=("en",),
    fee_minimum=15_000,
    fee_maximum=30_000,
    takes_insurance=False,
    room="now",
    telehealth=True,
    in_person=True,
    city="Miami",
    area="FL",
    zip="33101",
    sliding_floor=6_000,
    gives_superbills=True,
    free_consultation=20,
    answer_experience="About thirty people since 2021.",
    links=("https://river.example.org",),
    email="river@example.org",
    licenses=(License("lmft", "FL", "MT1234", expires_on=datetime.now(UTC).date() + timedelta(days=400)),),
    ways=(Way("ifs", "ifs_2"), Way("kap", "kap_trained", "Fluence", 2022)),
)


async def add_listing(
    context: Context,
    *,
    state: str = "shown",
    person: UUID | None = None,
    source: str = "organizer",
    **fields: Any,
) -> UUID:
    """Add a listing: River's, with these fields changed."""
    async with context.db.transaction() as tx:
        return await actions.write_listing(
            tx, replace(RIVER, **fields), source=source, actor_id=person, person_id=person, state=state
        )


async def make_organizer(context: Context, person: UUID) -> None:
    async with context.db.transaction() as tx:
        await tx.execute("update people set is_organizer = true where id = $1", person)


def present(text: str, *parts: str) -> list[str]:
    """The parts that are in a text."""
    return [part for part in parts if part in text]


def form_id(text: str) -> str:
    """The id in the hidden field of a form."""
    return text.split('name="id" value="')[1].split('"')[0]
