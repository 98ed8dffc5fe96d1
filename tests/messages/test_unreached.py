"""Where it shows that mail does not reach somebody: to them with the reason, to their hosts without it."""

from __future__ import annotations

from uuid import UUID

import pytest
from starlette.applications import Starlette

from circles.messages import sending
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_listing
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change
from tests.messages.test_messages import draft

FOR_HOSTS = "May not have had our mail"
CAME_BACK = "Mail to mira@example.org came back on"


async def note(context: Context, address: str = "mira@example.org", because: str = "refused") -> None:
    await change(
        context, "insert into unreached_addresses (address, because) values ($1, $2)", address, because
    )


async def paths_of_mira(cast: Cast) -> tuple[str, ...]:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    return (f"/bookings/{booking}", "/my/gatherings", "/me")


@pytest.mark.parametrize(
    ("because", "text"),
    [
        ("refused", "Please check that the address is right and still takes mail."),
        ("full", "the mailbox is full."),
        ("expired", "did not get through to mira@example.org"),
    ],
)
async def test_a_person_reads_that_mail_does_not_reach_them(
    context: Context, cast: Cast, browser: OpenBrowser, because: str, text: str
) -> None:
    paths = await paths_of_mira(cast)
    await note(context, because=because)
    async with browser(cast.mira) as page:
        for path in paths:
            assert text in (await page.get(path)).text, path
        await change(context, "delete from unreached_addresses")
        for path in paths:
            assert "Our mail does not reach you" not in (await page.get(path)).text, path


async def test_another_address_clears_it(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    paths = await paths_of_mira(cast)
    await note(context)
    async with browser(cast.mira) as page:
        assert CAME_BACK in (await page.get(paths[0])).text
        await change(context, "update people set email = 'mira.new@example.org' where id = $1", cast.mira)
        for path in paths:
            assert "came back" not in (await page.get(path)).text, path


async def test_nobody_else_reads_it(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await note(context)
    await add_booking(context, cast.gathering, cast.milo)
    async with browser(cast.milo) as page:
        for path in ("/my/gatherings", "/me", f"/gatherings/{cast.gathering}"):
            text = (await page.get(path)).text
            assert "came back" not in text
            assert FOR_HOSTS not in text


async def test_hosts_read_it_on_the_register_and_before_they_write(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    home = f"/host/gatherings/{cast.gathering}"
    async with browser(cast.farid) as page:
        assert FOR_HOSTS not in (await page.get(home)).text
        await note(context)
        register = (await page.get(home)).text
        form = (await page.get(f"{home}/messages/new")).text
    assert register.count(FOR_HOSTS) == 1
    assert "mira@example.org" not in register + form
    assert "Only Mira (she/her), may not have had our mail" in form
    assert form.count("may not have had our mail<") == 1
    assert "Mira may not have had our mail of late" in form


@pytest.mark.parametrize(
    ("state", "age", "text"),
    [
        ("refused", "1 minute", "Mira may not have had this mail."),
        ("expired", "1 minute", "Mira may not have had this mail."),
        ("waiting", "20 minutes", "The mail to Mira has not left yet."),
        ("waiting", "1 minute", ""),
        ("sent", "1 day", ""),
    ],
)
async def test_a_message_names_those_it_did_not_reach(
    context: Context, cast: Cast, browser: OpenBrowser, state: str, age: str, text: str
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    message_id = await draft(context, cast)
    await sending.send(context, actor_id=cast.farid, message_id=message_id)
    await jobs.drain(context)
    await change(
        context,
        "update mails set state = $2, sent_at = case $2 when 'sent' then now() end, "
        "created_at = now() - $3::text::interval where person_id = $1",
        cast.mira,
        state,
        age,
    )
    async with browser(cast.farid) as page:
        message = (await page.get(f"/host/messages/{message_id}")).text
        messages = (await page.get(f"/host/gatherings/{cast.gathering}/messages")).text
    assert ("Not everybody may have it" in message) == bool(text)
    assert text in message
    assert "Milo may" not in message
    assert ("1 person may not have had it" in messages) == bool(text)


@pytest.mark.parametrize(
    ("because", "text"),
    [
        ("refused", "Mail came back on"),
        ("full", "Mailbox full on"),
        ("expired", "Mail did not get through on"),
    ],
)
async def test_organizers_read_it_in_the_list_of_people(
    context: Context, cast: Cast, browser: OpenBrowser, because: str, text: str
) -> None:
    async with browser(cast.odile) as page:
        assert text not in (await page.get("/organize/people")).text
        await note(context, because=because)
        assert (await page.get("/organize/people")).text.count(text) == 1


async def test_an_open_invitation_and_a_listing_show_it(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(context, email="office@example.org", person_id=cast.milo)
    await note(context, "office@example.org")
    await note(context, "new@example.org")
    async with browser(cast.farid) as page:
        asked = await page.post(
            f"/host/circles/{cast.circle}/hosts", data={"email": "new@example.org", "part": "helper"}
        )
        assert asked.status_code == 303
        assert "did not get through" in (await page.get(f"/host/circles/{cast.circle}/hosts")).text
    for person, path in ((cast.milo, "/my/listing"), (cast.odile, f"/organize/therapists/{listing}")):
        async with browser(person) as page:
            assert "Mail came back on" in (await page.get(path)).text, path


async def test_the_browser_that_asked_for_a_code_reads_that_its_mail_came_back(
    context: Context, app: Starlette
) -> None:
    async with Browser(app) as page, Browser(app) as other:
        for one in (page, other):
            await one.post("/sign-in", data={"email": "nobody@example.org"})
        first: UUID = (await rows_of_codes(context))[0]
        await change(context, "update mails set state = 'refused' where id = $1", first)
        assert "came back" in (await page.get("/sign-in/code")).text
        assert "came back" not in (await other.get("/sign-in/code")).text


async def rows_of_codes(context: Context) -> list[UUID]:
    async with context.db.reading() as tx:
        return [row["id"] for row in await tx.fetch("select id from mails order by created_at")]
