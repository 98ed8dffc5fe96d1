"""Every list by name over HTTP in the order of its letters, and every search of names without accents."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio

from circles.directory.introductions import suggestions_actions
from circles.gatherings import nearby
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_listing, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, look_up

# In the order in which they are added; the lists show them as in ORDER.
NAMES = ("Zoe", "Łukasz", "Ángel", "Adam", "Sørensen", "josé", "Łucja", "zara", "Ørsted", "Étienne")
ORDER = ("Adam", "Ángel", "Étienne", "josé", "Łucja", "Łukasz", "Ørsted", "Sørensen", "zara", "Zoe")


def in_order(text: str, names: tuple[str, ...] = ORDER) -> list[str]:
    """The names as they come in a page, each where it is first."""
    found = re.findall("|".join(f"(?<![^\\W_]){name}(?![^\\W_])" for name in names), text)
    return list(dict.fromkeys(found))


async def everybody(context: Context) -> dict[str, UUID]:
    return {
        name: await add_person(context, name, email=f"p{number}@example.org")
        for number, name in enumerate(NAMES)
    }


@pytest_asyncio.fixture
async def full(context: Context, cast: Cast) -> UUID:
    """A gathering at which all of them have a seat."""
    gathering = await add_gathering(context, cast.circle, days=9, capacity=12, community_seats=12)
    for person in (await everybody(context)).values():
        await add_booking(context, gathering, person)
    return gathering


async def test_the_people_of_a_gathering(
    context: Context, full: UUID, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        for path in (f"/host/gatherings/{full}", f"/host/gatherings/{full}/messages/new"):
            assert tuple(in_order((await page.get(path)).text)) == ORDER, path


async def test_the_list_of_people_and_its_search(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await everybody(context)
    async with browser(cast.odile) as page:
        people = (await page.get("/organize/people")).text
        assert tuple(in_order(people)) == ORDER
        for typed, name in (
            ("jose", "josé"),
            ("JOSÉ", "josé"),
            ("lucja", "Łucja"),
            ("ŁUCJA", "Łucja"),
            ("sorensen", "Sørensen"),
            ("orst", "Ørsted"),
            ("etienne", "Étienne"),
            ("angel", "Ángel"),
        ):
            text = (await look_up(page, typed)).text
            assert in_order(text) == [name], typed
        assert in_order((await look_up(page, "P3@Example.org")).text) == ["Adam"]
        assert "Nobody matches" in (await look_up(page, "…")).text


async def test_pages_of_people_follow_one_another(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await everybody(context)
    for number in range(40):
        await add_person(context, f"Éva {number:02}", email=f"eva{number}@example.org")
    async with browser(cast.odile) as page:
        first, second = [(await page.get(f"/organize/people?page={n}")).text for n in (1, 2)]
    assert in_order(first + second) == list(ORDER)
    assert "Éva 39" in second


async def test_circles_by_name(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    for name in NAMES:
        circle = await add_circle(context, cast.farid, name=name)
        await add_gathering(context, circle)
    async with browser(cast.farid) as page:
        assert tuple(in_order((await page.get("/host/circles")).text)) == ORDER
    async with browser(cast.odile) as page:
        for path in ("/organize/circles", "/organize/exports"):
            assert tuple(in_order((await page.get(path)).text)) == ORDER, path


async def test_hosts_by_name(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    for person in (await everybody(context)).values():
        await change(context, "update people set is_facilitator = true where id = $1", person)
        await change(
            context,
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')",
            cast.circle,
            person,
        )
    async with browser(cast.farid) as page:
        for path in (
            f"/host/circles/{cast.circle}/hosts",
            f"/host/gatherings/{cast.gathering}/stand-in",
            f"/gatherings/{cast.gathering}",
            f"/circles/{cast.circle}",
            "/gatherings",
        ):
            assert tuple(in_order((await page.get(path)).text)) == ORDER, path


async def test_listings_of_organizers(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    for name in NAMES:
        await add_listing(context, name=name)
    async with browser(cast.odile) as page:
        assert tuple(in_order((await page.get("/organize/therapists?show=all")).text)) == ORDER
        for typed, name in (
            ("jose", "josé"),
            ("lucja", "Łucja"),
            ("SORENSEN", "Sørensen"),
            ("łuk", "Łukasz"),
        ):
            text = (await look_up(page, typed, "/organize/therapists")).text
            assert in_order(text) == [name], typed


async def test_the_directory_finds_names_and_cities(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_listing(context, name="Łucja Sørensen", city="Łódź")
    await add_listing(context, name="José Peña", city="São Paulo")
    async with browser() as page:
        for typed, name in (
            ("lucja", "Łucja Sørensen"),
            ("Łucja", "Łucja Sørensen"),
            ("sorensen", "Łucja Sørensen"),
            ("lodz", "Łucja Sørensen"),
            ("jose pena", "José Peña"),
            ("sao paulo", "José Peña"),
        ):
            text = (await page.get("/therapists", params={"q": typed})).text
            assert in_order(text, ("Łucja Sørensen", "José Peña")) == [name], typed


async def test_a_therapist_is_suggested_by_a_name_without_accents(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    for name in ("Łukasz Żak", "Lukas Adam", "Sørensen"):
        await add_listing(context, name=name)
    async with context.db.reading() as tx:
        for typed, names in (
            ("luk", ["Lukas Adam", "Łukasz Żak"]),
            ("Łuk za", ["Łukasz Żak"]),
            ("sorensen", ["Sørensen"]),
            ("Ь", []),
        ):
            found = await suggestions_actions.find_nameable(tx, typed)
            assert [row["name"] for row in found] == names, typed


async def test_a_city_is_found_without_accents(context: Context, cast: Cast) -> None:
    circle = await add_circle(
        context,
        cast.farid,
        name="In person",
        place="in_person",
        city="Łódź",
        address="ul. Piotrkowska 1",
        join_link="",
    )
    await add_gathering(context, circle, days=2)
    now = datetime.now(UTC)
    for typed in ("lodz", "Łódź", "ŁÓDŹ", "łod"):
        async with context.db.reading() as tx:
            between = await nearby.open_between(tx, None, now, now + timedelta(days=5), typed, 10, None)
            nearest = await nearby.open_nearest(
                tx,
                [now],
                timedelta(days=5),
                nearby.PlaceFilter(online=False, in_person=True, city=typed),
                None,
            )
        assert [card.city for card in (*between, *filter(None, nearest))] == ["Łódź", "Łódź"], typed
