"""Upkeep of listings: the due step, tokens, and the jobs on a real database, in two workers too."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.directory.listing import actions, cards, organize_actions
from circles.directory.listing.values import License
from circles.directory.upkeep import rules as upkeep_rules
from circles.directory.upkeep import timetable
from circles.directory.upkeep.rules import Confirmation, next_step
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
FAR = License("lmft", "FL", "1", expires_on=NOW.date() + timedelta(days=400))
GONE = License("lmft", "GA", "2", expires_on=NOW.date() - timedelta(days=1))
SOON = License("lmft", "NY", "3", expires_on=NOW.date() + timedelta(days=30))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def confirmation(
    confirmed: float = 1, asked: float | None = None, marked: float | None = None, *licenses: License
) -> Confirmation:
    return Confirmation(
        ago(confirmed),
        None if asked is None else ago(asked),
        None if marked is None else ago(marked),
        licenses or (FAR,),
    )


@pytest.mark.parametrize(
    ("listing", "step"),
    [
        (confirmation(179.9), ""),
        (confirmation(180), "ask"),
        (confirmation(190, 10), ""),
        (confirmation(194, 14), "mark"),
        (confirmation(200, 20, 6), ""),
        (confirmation(210, 30, 16), "hide"),
        (confirmation(300, 100), "mark"),
        (confirmation(1, None, None, SOON), "ask"),
        (confirmation(1, 14, None, SOON), "mark"),
        (confirmation(1, 30, 16, SOON), ""),
        (confirmation(1, None, None, License("lmft", "NY", "3")), ""),
        (confirmation(1, 31, 17, GONE), "hide"),
        (confirmation(1, 31, 17, GONE, FAR), "clear"),
        (confirmation(1, None, None, GONE, FAR), ""),
        (confirmation(1, None, None, GONE), "ask"),
        # A request for a license came before; the one for the confirmation has thirty days of its own.
        (confirmation(181, 40, 20, GONE, FAR), ""),
        (confirmation(211, 70, 50, GONE, FAR), "hide"),
    ],
)
def test_the_due_step(listing: Confirmation, step: str) -> None:
    assert next_step(listing, NOW) == step


days = st.integers(0, 400)
some_license = st.builds(
    License,
    st.just("lmft"),
    st.just("FL"),
    st.just("1"),
    status=st.sampled_from(["active", "inactive"]),
    expires_on=st.none() | st.integers(-60, 400).map(lambda n: NOW.date() + timedelta(days=n)),
)


@given(days, st.lists(some_license, max_size=3).map(tuple))
def test_hiding_needs_thirty_days_since_the_request_and_a_mark(
    confirmed: int, licenses: tuple[License, ...]
) -> None:
    """All steps, a day at a time, without any confirmation."""
    listing = Confirmation(ago(confirmed), None, None, licenses)
    asked: datetime | None = None
    marked: datetime | None = None
    for day in range(400):
        now = NOW + timedelta(days=day)
        step = next_step(listing, now)
        if step == "ask":
            assert asked is None
            asked = now
        elif step == "mark":
            assert asked is not None
            assert now - asked >= timedelta(days=14)
            marked = now
        elif step == "clear":
            asked = marked = None
        elif step == "hide":
            assert asked is not None
            assert marked is not None
            assert now - asked >= timedelta(days=30)
            assert upkeep_rules.hide_reason(listing, now)
            return
        listing = Confirmation(listing.confirmed_at, asked, marked, licenses)
    assert all(upkeep_rules.has_valid_license(licenses, NOW + timedelta(days=d)) for d in (0, 300))


@given(days, days, days)
def test_a_confirmed_listing_with_a_valid_license_has_no_step(a: int, b: int, c: int) -> None:
    asked, marked = max(b, c), min(b, c)
    assert next_step(confirmation(min(a, 179), asked, marked), NOW) == "clear"
    assert next_step(confirmation(min(a, 179)), NOW) == ""


@given(st.uuids(), st.uuids(), st.binary(min_size=16, max_size=32), st.text(max_size=50))
def test_a_token_is_valid_for_one_listing_and_one_request(
    one: UUID, other: UUID, key: bytes, junk: str
) -> None:
    token = upkeep_rules.confirm_token(key, one, NOW)
    assert upkeep_rules.listing_of_token(token) == one
    assert upkeep_rules.is_token_valid(key, token, one, NOW)
    assert not upkeep_rules.is_token_valid(key, token, one, NOW + timedelta(microseconds=1))
    assert not upkeep_rules.is_token_valid(key, token, one, None)
    assert not upkeep_rules.is_token_valid(key + b"x", token, one, NOW)
    assert one == other or not upkeep_rules.is_token_valid(key, token, other, NOW)
    upkeep_rules.listing_of_token(junk)
    assert not upkeep_rules.is_token_valid(key, junk, one, NOW)


async def age(context: Context, listing: UUID, **days_ago: float) -> None:
    """Backdate columns of the listing."""
    async with context.db.transaction() as tx:
        for column, days_before in days_ago.items():
            await tx.execute(
                f"update listings set {column} = now() - $2::interval where id = $1",
                listing,
                timedelta(days=days_before),
            )


async def row_of(context: Context, listing: UUID) -> Any:
    async with context.db.reading() as tx:
        return await tx.fetchrow("select * from listings where id = $1", listing)


async def mails(context: Context) -> list[Any]:
    async with context.db.reading() as tx:
        return await tx.fetch("select * from mails order by created_at, id")


def link(mail: Any) -> str:
    match = re.search(r"http://circles.test(/listing/confirm/\S+)", mail["text_body"])
    assert match
    return match[1]


async def test_the_steps_of_upkeep_until_confirmed(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    listing = await add_listing(context)
    await timetable.take_due_steps(context)
    assert await mails(context) == []

    await age(context, listing, confirmed_at=181)
    await timetable.take_due_steps(context)
    await timetable.take_due_steps(context)
    asked = await mails(context)
    assert [(mail["to_address"], mail["subject"]) for mail in asked] == [
        ("river@example.org", "Is your page still right?")
    ]

    await age(context, listing, asked_at=15)
    await timetable.take_due_steps(context)
    await timetable.take_due_steps(context)
    row = await row_of(context, listing)
    assert row["marked_at"] is not None
    assert len(await mails(context)) == 2
    async with browser() as page:
        assert "Not confirmed lately" in (await page.get(f"/therapists/{listing}")).text

    await age(context, listing, confirmed_at=212, asked_at=31)
    await timetable.take_due_steps(context)
    await timetable.take_due_steps(context)
    row = await row_of(context, listing)
    assert (row["state"], row["hidden_because"]) == ("hidden", "unconfirmed")
    last = (await mails(context))[-1]
    assert len(await mails(context)) == 3
    assert "hidden now" in last["text_body"]

    async with browser() as page:
        assert (await page.get(f"/therapists/{listing}")).status_code == 404
        assert "Still true today" in (await page.get(link(last))).text
        assert (await row_of(context, listing))["state"] == "hidden"
        assert (await page.post(link(last), data={"room": "perhaps"})).status_code == 422
        done = await page.post(link(last), data={"room": "waiting"})
        assert (done.status_code, done.headers["location"]) == (303, f"/therapists/{listing}")
        assert (await page.post(link(last), data={"room": "now"})).status_code == 404
        assert "nothing to confirm" in (await page.get(link(asked[0]))).text
        shown = (await page.get(f"/therapists/{listing}")).text
    assert "Not confirmed lately" not in shown
    row = await row_of(context, listing)
    assert (row["state"], row["room"], row["asked_at"]) == ("shown", "waiting", None)
    await timetable.take_due_steps(context)
    assert len(await mails(context)) == 3


async def test_an_expiring_license_is_extended_by_mail(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    soon = datetime.now(UTC).date() + timedelta(days=20)
    listing = await add_listing(context, licenses=(License("lmft", "FL", "1", expires_on=soon),))
    await timetable.take_due_steps(context)
    (mail,) = await mails(context)
    assert "runs out on" in mail["text_body"]
    async with context.db.reading() as tx:
        license = await tx.fetchval("select id from licences")
    async with browser() as page:
        form = (await page.get(link(mail))).text
        assert f"expires_{license}" in form
        # Confirmed but not renewed yet: the request stays open.
        assert (await page.post(link(mail), data={"room": "now"})).status_code == 303
        assert (await row_of(context, listing))["asked_at"] is not None
        wrong = await page.post(link(mail), data={"room": "now", f"expires_{license}": "soon"})
        assert wrong.status_code == 422
        new = {f"expires_{license}": str(soon + timedelta(days=700)), "room": "now"}
        assert (await page.post(link(mail), data=new)).status_code == 303
    row = await row_of(context, listing)
    assert (row["asked_at"], row["state"]) == (None, "shown")
    await timetable.take_due_steps(context)
    assert len(await mails(context)) == 1


async def test_an_expired_license_leaves_the_search_and_then_hides_the_listing(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    listing = await add_listing(context)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    async with context.db.transaction() as tx:
        await tx.execute("update licences set expires_on = $1", yesterday)
    await timetable.expire_licenses(context)
    await timetable.expire_licenses(context)
    facets = (await row_of(context, listing))["facets"]
    assert not {"tele:FL", "at:FL", "in:FL"} & set(facets)
    assert "way:ifs" in facets
    await timetable.take_due_steps(context)
    await age(context, listing, asked_at=32)
    await timetable.take_due_steps(context)
    await timetable.take_due_steps(context)
    row = await row_of(context, listing)
    assert (row["state"], row["hidden_because"]) == ("hidden", "licence")
    last = (await mails(context))[-1]
    async with browser() as page:
        stays = await page.post(link(last), data={"room": "now"})
        assert stays.headers["location"] == "/therapists"
        assert (await row_of(context, listing))["state"] == "hidden"
        async with context.db.reading() as tx:
            license = await tx.fetchval("select id from licences")
        new = {f"expires_{license}": str(yesterday + timedelta(days=700)), "room": "now"}
        assert (await page.post(link(last), data=new)).status_code == 303
    row = await row_of(context, listing)
    assert row["state"] == "shown"
    assert "in:FL" in row["facets"]


async def test_confirming_does_not_show_a_listing_hidden_at_the_same_moment(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    listing = await add_listing(context)
    await age(context, listing, confirmed_at=181)
    await timetable.take_due_steps(context)
    await age(context, listing, confirmed_at=212, asked_at=31)
    await timetable.take_due_steps(context)
    await timetable.take_due_steps(context)
    assert (await row_of(context, listing))["hidden_because"] == "unconfirmed"
    here = link((await mails(context))[-1])
    async with browser() as page:
        async with context.db.transaction() as tx:
            await organize_actions.hide(
                tx, listing, actor_id=cast.odile, reason="complaint", settings=context.settings
            )
            pressed = asyncio.create_task(page.post(here, data={"room": "now"}))
            await asyncio.sleep(0.5)
        assert (await pressed).headers["location"] == "/therapists"
    row = await row_of(context, listing)
    assert (row["state"], row["hidden_because"]) == ("hidden", "complaint")


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])
async def test_days_do_not_depend_on_the_time_zone_of_the_database(cast: Cast, zone: str) -> None:
    today = datetime.now(UTC).date()
    last = License("lmft", "FL", "MT1", expires_on=today)
    over = License("lmft", "GA", "MT2", expires_on=today - timedelta(days=1))
    listing = await add_listing(cast.context, licenses=(last, over))
    async with cast.context.db.transaction() as tx:
        await tx.execute(f"set local time zone '{zone}'")
        await tx.execute("update listings set facets = '{}'")
        await actions.SQL.refresh_facets(tx, ids=[listing])
        card = (await cards.cards(tx, [listing]))[listing]
        facets = await tx.fetchval("select facets from listings")
    assert card.licensed == ("FL",)
    assert [facet for facet in facets if facet.startswith("in:")] == ["in:FL"]


async def test_two_workers_take_a_step_once(cast: Cast) -> None:
    context = cast.context
    listings = [await add_listing(context, email=f"t{n}@example.org") for n in range(5)]
    for listing in listings:
        await age(context, listing, confirmed_at=200)
    await asyncio.gather(*(timetable.take_due_steps(context) for _ in range(3)))
    assert len(await mails(context)) == 5


async def test_more_than_one_batch(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "BATCH_SIZE", 2)
    context = cast.context
    for n in range(5):
        await age(context, await add_listing(context, email=f"t{n}@example.org"), confirmed_at=200)
    await timetable.take_due_steps(context)
    assert len(await mails(context)) == 5


async def test_mail_goes_to_the_account_of_a_listing_without_an_address(cast: Cast) -> None:
    listing = await add_listing(cast.context, person=cast.mira, email="")
    nobody = await add_listing(cast.context, email="")
    for one in (listing, nobody):
        await age(cast.context, one, confirmed_at=200)
    await timetable.take_due_steps(cast.context)
    assert [mail["to_address"] for mail in await mails(cast.context)] == ["mira@example.org"]
    assert (await row_of(cast.context, nobody))["asked_at"] is not None


async def test_confirming_on_the_own_page(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.mira)
    await age(cast.context, listing, confirmed_at=200, asked_at=15, marked_at=1)
    async with browser(cast.mira) as page:
        assert "Marked as not confirmed lately" in (await page.get("/my/listing")).text
        assert (await page.post("/my/listing/confirm", data={"room": "x"})).status_code == 422
        assert (await page.post("/my/listing/confirm", data={"room": "closed"})).status_code == 303
    row = await row_of(cast.context, listing)
    assert (row["room"], row["asked_at"], row["marked_at"]) == ("closed", None, None)
    assert row["confirmed_at"] == row["room_confirmed_at"]


@pytest.mark.parametrize("token", ["x", "AAAA", "%00", "a" * 43, "é"])
async def test_an_invalid_token_is_404(cast: Cast, browser: OpenBrowser, token: str) -> None:
    async with browser() as page:
        assert (await page.get(f"/listing/confirm/{token}")).status_code == 404
        assert (await page.post(f"/listing/confirm/{token}", data={"room": "now"})).status_code == 404


async def test_the_mail_about_a_license_does_not_claim_that_nobody_confirmed(cast: Cast) -> None:
    context = cast.context
    listing = await add_listing(context)
    async with context.db.transaction() as tx:
        await tx.execute("update licences set expires_on = current_date - 5")
    await timetable.expire_licenses(context)
    await age(context, listing, asked_at=15)
    await timetable.take_due_steps(context)
    await age(context, listing, asked_at=31)
    await timetable.take_due_steps(context)
    marked, hidden = await mails(context)
    assert "no later last day" in marked["text_body"]
    assert "In about two weeks it will be hidden" in " ".join(marked["text_body"].split())
    assert hidden["subject"] == "Your page is hidden for now"
    assert "Give the new last day" in hidden["text_body"]
    assert "waited for an answer of yours has been told" in hidden["text_body"]
    for mail in (marked, hidden):
        assert "not heard from you" not in mail["text_body"] + mail["html_body"]
