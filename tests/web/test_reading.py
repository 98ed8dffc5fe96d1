"""A GET reads: no page of the site writes anything, as a database shows that refuses to; and each has one heading."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from starlette.applications import Starlette

from circles import people
from circles.invites.feeds import make_feed
from circles.people.sign_in_actions import request_mail
from circles.people.sign_in_rules import SignInRequest
from circles.practice import demo
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import Cast
from tests.conftest import Browser
from tests.helpers import change, rows, value
from tests.web.walk import WHO, Walk, signed_in, site_routes, walk

# So many GET routes the demo community reaches by links at least.
LINKED = 80

# Pages that no link of the demo community leads to, with who opens them: an address and an id for each.
OF_BOOKINGS = (
    "select people.email, bookings.id from bookings join people on people.id = person_id "
    "join gatherings on gatherings.id = gathering_id where bookings.state = '{state}' and starts_at > now() limit 2"
)
UNLINKED = {
    **dict.fromkeys(
        (
            "/bookings/{id}",
            "/bookings/{id}/paid",
            "/bookings/{id}/pay",
            "/bookings/{id}/state",
            "/bookings/{id}/stopped",
        ),
        OF_BOOKINGS.format(state="held"),
    ),
    **dict.fromkeys(
        ("/bookings/{id}/guidelines", "/bookings/{id}/invite.ics"), OF_BOOKINGS.format(state="confirmed")
    ),
    **dict.fromkeys(
        ("/host/messages/{id}/edit", "/host/messages/{id}/mail"),
        "select email, messages.id from messages join people on people.id = written_by limit 2",
    ),
    "/host/circles/{id}/lead": "select 'odile@example.org', id from circles limit 2",
    "/host/gatherings/{id}/stand-in/back": (
        "select email, gathering_id from stand_ins join people on people.id = person_id limit 2"
    ),
    "/my/complaints/{id}": "select email, complaints.id from complaints join people on people.id = person_id limit 2",
    "/my/requests/{id}": "select email, requests.id from requests join people on people.id = person_id limit 2",
    **dict.fromkeys(
        ("/practice/mail/{id}", "/practice/mail/{id}/html", "/practice/mail/{id}/invite.ics"),
        "(select '', id from mails where calendar is not null limit 1) union all (select '', id from mails limit 1)",
    ),
    "/practice/checkout/{id}": "select '', id from practice_objects where kind = 'checkout.session' limit 2",
    "/pictures/{id}.jpg": "select '', hash from pictures limit 1",
    "/therapists/pictures/{id}.jpg": "select '', hash from listing_pictures limit 1",
    "/organize/attendance.csv": "select 'odile@example.org', ''",
    "/sign-in/code": "select '', ''",
    "/sign-in/name": "select '', ''",
}


@pytest_asyncio.fixture
async def reading_app(context: Context, app: Starlette) -> AsyncIterator[Starlette]:
    """The site on a database connection that can only read."""
    url = context.settings.database_url
    only_reads = f"{url}{'&' if '?' in url else '?'}default_transaction_read_only=on"
    database = await Database.open(only_reads)
    app.state.context = Context(context.settings, database)
    yield app
    await database.close()


async def test_no_get_writes(context: Context, reading_app: Starlette) -> None:
    await demo.load(context)
    routes = site_routes(reading_app)
    opened: set[str] = set()
    wrong: list[str] = []
    for who in ("", *WHO):
        walked = Walk()
        async with Browser(reading_app) as page:
            if who:
                await signed_in(page, context, who)
            async for path, answer in walk(page, routes, walked):
                if answer.status_code >= 500:
                    wrong.append(f"{who} {path}: {answer.status_code}")
                if "<main" in answer.text and answer.text.count("<h1") != 1:
                    wrong.append(f"{who} {path}: {answer.text.count('<h1')} headings of the page")
        opened |= walked.counts.keys()
    assert not wrong
    assert len(opened) > LINKED


async def test_no_get_that_is_not_linked_writes(context: Context, reading_app: Starlette) -> None:
    await demo.load(context)
    email, name = "mira@example.org", "Mira"
    async with context.db.transaction() as tx:
        mira = await people.by_email(tx, email)
        assert mira
        feed = (await make_feed(context, tx, mira.id)).webcal
    asked = await request_mail(context, SignInRequest(email, name), network="")
    link = await value(
        context, "select substring(text_body from '/sign-in/link/.{43}') from mails where kind = 'sign_in'"
    )
    # Not /readyz and /healthz: whether the database can be written they learn by writing this process's heartbeat.
    opened = [("", f"/feeds/{feed.rpartition('/')[2]}"), ("", link), ("", "/livez")]
    for path, query in UNLINKED.items():
        found = await rows(context, query)
        opened += [(row[0], path.format(id=row[1])) for row in found]
    statuses = {}
    for who, path in opened:
        async with Browser(reading_app) as page:
            page.cookies.set("asked", asked, domain="circles.test")
            if who:
                await signed_in(page, context, who.partition("@")[0])
            for headers in ({}, {"HX-Request": "true"}):
                answer = await page.get(path, headers=headers)
                statuses[path, answer.status_code] = who
    assert not [path for path, status in statuses if status >= 500]
    assert not [path for path, status in statuses if status == 404 and "/invite.ics" not in path]


async def test_another_person_s_kept_form_is_forgotten_without_writing(
    cast: Cast, reading_app: Starlette
) -> None:
    async with Browser(reading_app) as page:
        reading, reading_app.state.context = reading_app.state.context, cast.context
        await signed_in(page, cast.context, "mira")
        await change(cast.context, "update sign_ins set ended_at = now()")
        await page.post(f"/gatherings/{cast.gathering}/book", data={"amount": "25"})
        assert page.cookies["kept"]
        reading_app.state.context = reading
        await signed_in(page, cast.context, "milo")
        answer = await page.get(f"/gatherings/{cast.gathering}/book")
    assert answer.status_code == 200
    assert "kept" not in page.cookies
