"""What nobody said about a therapist is stated nowhere: on pages, in the search, and about lists of yesterday."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from circles import imports
from circles.directory.imports import actions as import_actions
from circles.directory.listing import actions
from circles.store import db, migrate
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.database import with_database
from tests.directory.helpers import add_listing, present
from tests.helpers import change, missing, rows, value

BARE = b"Name,License type,License #,License state,E-mail\nAlma Whitfield,LCSW,SW1,FL,alma@example.org\n"
STATED = (
    "Is taking new people",
    "Said on",
    "Takes no insurance",
    "English",
    "Adults",
    "Last confirmed",
    "Active",
    "$150",
)


async def brought_in(cast: Cast, sent: bytes, *, shown: bool = True) -> list[UUID]:
    """The listings that a file becomes, with its columns as they are guessed."""
    context = cast.context
    import_id = await imports.actions.begin(
        context,
        import_actions.KIND,
        actor_id=cast.odile,
        file_name="list.csv",
        sent=sent,
        reading=await import_actions.read(sent),
    )
    matches = await value(context, "select matches from listing_imports where id = $1", import_id)
    await imports.actions.match(
        context, import_actions.KINDS, actor_id=cast.odile, import_id=import_id, **matches
    )
    await import_actions.confirm(context, actor_id=cast.odile, import_id=import_id, shown=shown)
    return [row["id"] for row in await rows(context, "select id from listings order by name")]


async def test_a_bare_list_states_nothing_of_its_own(cast: Cast, browser: OpenBrowser) -> None:
    (listing,) = await brought_in(cast, BARE)
    async with browser() as page:
        text = (await page.get(f"/therapists/{listing}")).text
        found = (await page.get("/therapists?state=FL")).text
        nobody = [
            (await page.get(f"/therapists?state=FL&{query}")).text
            for query in (
                "room=now",
                "lang=en",
                "for=adults",
                "pay=insurance",
                "fee=300",
                "amount=299",
                "how=telehealth",
            )
        ]
        unsaid = (await page.get("/therapists?state=FL&room=unsaid")).text
    main = text.split("<main")[1].split("</main>")[0]
    assert present(main, *STATED) == []
    assert not missing(
        main,
        "Not said whether they take new people",
        "Ask them.",
        "Not said. Ask before you book one.",
        "Not said. Ask.",
        "Not said yet",
        "Its therapist has not confirmed it here yet.",
    )
    card = found.split('class="therapist"')[1].split("</article>")[0]
    assert present(card, "Taking new people", "$", "elehealth") == []
    assert not missing(card, "Alma Whitfield", "Ask about room", "Fee not said", "How they meet is not said")
    assert [text.count('class="therapist"') for text in nobody] == [0] * len(nobody)
    assert unsaid.count('class="therapist"') == 1


async def test_what_a_list_says_is_stated_as_the_organizers(cast: Cast, browser: OpenBrowser) -> None:
    sent = BARE.replace(b"E-mail\n", b"E-mail,Accepting,Insurance,Fee\n").replace(
        b".org\n", b".org,yes,no,150\n"
    )
    (listing,) = await brought_in(cast, sent)
    async with browser() as page:
        text = (await page.get(f"/therapists/{listing}")).text
    assert not missing(
        text, "Is taking new people", "Written here by the organizers on", "Takes no insurance", "$150"
    )
    assert present(text, "Said on", "Last confirmed") == []


async def test_only_the_therapist_confirms(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    (listing,) = await brought_in(cast, BARE)
    await change(
        context, "update listings set asked_at = now(), marked_at = now(), person_id = $1", cast.mira
    )
    async with browser(cast.mira) as page:
        mine = (await page.get("/my/listing")).text
        assert not missing(mine, "You have not confirmed it yet", "Please choose")
        assert (await page.post("/my/listing/confirm", data={"room": ""})).status_code == 422
        await page.post("/my/listing/confirm", data={"room": "waiting"})
        text = (await page.get(f"/therapists/{listing}")).text
    assert not missing(text, "Has a waiting list", "Said on", "Last confirmed by its therapist on")
    assert await value(context, "select unsaid @> array['room'] from listings") is False


async def test_a_file_leaves_the_question_of_upkeep_open(cast: Cast) -> None:
    context = cast.context
    await brought_in(cast, BARE)
    await change(
        context,
        "update listings set asked_at = now(), marked_at = now(), confirmed_at = now() - interval '200 days'",
    )
    await brought_in(cast, BARE.replace(b"E-mail\n", b"E-mail,City\n").replace(b".org\n", b".org,Miami\n"))
    kept = (
        "select city, marked_at is not null, confirmed_at < now() - interval '199 days', therapist_confirmed_at "
        "from listings"
    )
    assert [tuple(row) for row in await rows(context, kept)] == [("Miami", True, True, None)]


async def test_a_correction_does_not_renew_what_was_said_of_room(cast: Cast) -> None:
    listing = await add_listing(cast.context)
    await change(cast.context, "update listings set room_confirmed_at = now() - interval '50 days'")
    async with cast.context.db.transaction() as tx:
        draft = await actions.read_draft(tx, listing)
        await actions.write_listing(tx, draft, source="organizer", actor_id=cast.odile, listing_id=listing)
    assert await value(cast.context, "select room_confirmed_at < now() - interval '49 days' from listings")


async def test_a_row_that_cannot_be_shown_yet_waits(cast: Cast, browser: OpenBrowser) -> None:
    (listing,) = await brought_in(cast, BARE.replace(b"alma@example.org", b"not-an-email"))
    assert await value(cast.context, "select state from listings") == "waiting"
    async with browser(cast.odile) as page:
        text = (await page.get(f"/organize/therapists/{listing}")).text
    assert not missing(text, "What it lacks", "Please give a mail address for introductions, or a link")


# Lists of yesterday


@pytest_asyncio.fixture
async def yesterday(server: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database before the migration, with what lists and people had written."""
    for step in sorted(migrate.FOLDER.glob("*.sql")):
        if "not_said" in step.name:
            break
        shutil.copy(step, tmp_path)
    name = f"m_{uuid4().hex}"
    connection = await db.connect(server)
    await connection.execute(f'create database "{name}"')
    url = with_database(server, name)
    await migrate.migrate(url, folder=tmp_path)
    yield url
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


async def _listing(
    connection: Any, name: str, cells: dict[str, str], *events: tuple[str, str], **more: Any
) -> None:
    """A shown listing of yesterday, its import, and what happened to it."""
    columns = {
        "state": "shown",
        "telehealth": True,
        "source": "import",
        "fee_minimum": 15_000,
        "fee_maximum": 15_000,
    }
    columns |= {"name": name, "for_whom": ["adults"], "facets": ["for:adults", "lang:en", "room:now"]} | more
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    insert = f"insert into listings ({', '.join(columns)}) values ({places}) returning id"
    listing = await connection.fetchval(insert, *columns.values())
    insert = "insert into licences (listing_id, kind, area, number) values ($1, 'lcsw', 'FL', $2)"
    await connection.execute(insert, listing, name)
    if cells:
        insert = (
            "insert into listing_imports (file_name, headings, matches, state, ended_at) "
            "values ('a', $1, jsonb_build_object('keys', $1::text []), 'done', now()) returning id"
        )
        import_id = await connection.fetchval(insert, list(cells))
        insert = (
            "insert into listing_import_rows (import_id, number, cells, outcome, listing_id) "
            "values ($1, 2, $2, 'written', $3)"
        )
        await connection.execute(
            insert, import_id, [] if "forgotten" in name else list(cells.values()), listing
        )
    for what, source in events:
        insert = "insert into events (what, about, details) values ($1, $2, jsonb_build_object('source', $3::text))"
        await connection.execute(insert, what, listing, source)


async def test_the_migration_mends_what_is_provable(yesterday: str) -> None:
    connection = await db.connect(yesterday)
    wrote = ("listing.written", "import")
    await _listing(connection, "bare", {"name": "a"}, wrote)
    stated = {
        "room": "yes",
        "languages": "English",
        "takes_insurance": "no",
        "for_whom": "Adults",
        "meets": "t",
    }
    await _listing(connection, "said", {"name": "a", "licence_status_1": "active"} | stated, wrote)
    await _listing(connection, "blank", {"name": "a", "room": " – ", "languages": "n/a"}, wrote)
    await _listing(connection, "forgotten", {"name": "a", "room": ""}, wrote)
    await _listing(connection, "waits", {"name": "a"}, wrote, room="waiting")
    await _listing(connection, "confirmed", {"name": "a"}, wrote, ("listing.confirmed", ""))
    await _listing(connection, "corrected", {"name": "a"}, wrote, ("listing.written", "organizer"))
    await _listing(connection, "applied", {}, ("listing.written", "applied"), source="applied")
    await migrate.migrate(yesterday)
    query = (
        "select name, unsaid, for_whom, facets, therapist_confirmed_at is not null as confirmed, "
        "(select status_said from licences where listing_id = listings.id) as status_said from listings"
    )
    mended = {row["name"]: tuple(row)[1:] for row in await connection.fetch(query)}
    await connection.close()
    facets = ["for:adults", "lang:en", "room:now"]
    untouched = ([], ["adults"], facets)
    assert mended == {
        "bare": (["room", "insurance", "languages", "in_person"], [], ["room:unsaid"], False, False),
        "said": (*untouched, False, True),
        "blank": (["room", "insurance", "languages", "in_person"], [], ["room:unsaid"], False, False),
        "forgotten": (["insurance", "languages", "in_person"], [], ["room:now"], False, False),
        "waits": (["insurance", "languages", "in_person"], [], ["room:now"], False, False),
        "confirmed": (*untouched, True, True),
        "corrected": (*untouched, False, True),
        "applied": (*untouched, True, True),
    }


async def test_yesterday_s_code_still_writes(cast: Cast) -> None:
    """A process of the release before inserts and changes listings without the new columns."""
    context: Context = cast.context
    await change(
        context,
        "insert into listings (state, name, telehealth, fee_minimum, fee_maximum, source) "
        "values ('draft', 'Old', true, 1, 2, 'applied')",
    )
    assert [tuple(row) for row in await rows(context, "select unsaid, fee_slides from listings")] == [
        ([], False)
    ]


@pytest.mark.parametrize("unsaid", ["{pony}", "{room,pony}"])
async def test_only_known_fields_can_be_unsaid(cast: Cast, unsaid: str) -> None:
    await add_listing(cast.context)
    with pytest.raises(Exception, match="listing_unsaid_known"):
        await change(cast.context, f"update listings set unsaid = '{unsaid}'")
