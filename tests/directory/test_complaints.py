"""Complaints about listings over HTTP: sent once, limited, decided by an organizer who is not the therapist."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing, form_id, make_organizer, present
from tests.helpers import missing


async def test_a_complaint_hides_a_listing_at_once(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    async with browser(cast.mira) as page:
        assert (await page.post(f"/therapists/{listing}/complaint", data={"body": " "})).status_code == 422
        sent = await page.post(
            f"/therapists/{listing}/complaint", data={"body": "The license is somebody else's."}
        )
        assert sent.status_code == 303
        assert (await page.get("/organize/therapists")).status_code == 404
    async with browser(cast.odile) as page:
        listed = (await page.get("/organize/therapists")).text
        assert not missing(listed, "The license is somebody else", "Mira")
        assert "complaint" in (await page.get("/organize")).text.lower()
        async with cast.context.db.reading() as tx:
            complaint = await tx.fetchval("select id from complaints")
        response = await page.post(f"/organize/complaints/{complaint}", data={"then": "hidden"})
        assert response.status_code == 303
        again = await page.post(f"/organize/complaints/{complaint}", data={"then": "kept"})
        assert again.status_code == 422
    async with browser(cast.farid) as page:
        own = (await page.get("/my/listing")).text
        assert "The organizers hid this page" in own
        assert "Mira" not in own.split("<main")[1]
        assert (await page.post("/my/listing/return")).status_code == 422
    async with browser() as page:
        assert (await page.get(f"/therapists/{listing}")).status_code == 404


async def test_a_complaint_submitted_twice_is_created_once(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context)
    path = f"/therapists/{listing}/complaint"
    async with browser(cast.mira) as page:
        made_with = form_id((await page.get(path)).text)
        form = {"id": made_with, "body": "The fee is another one."}
        answers = await asyncio.gather(*(page.post(path, data=form) for _ in range(4)))
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
            (303, f"/therapists/{listing}")
        }
        assert (await page.post(path, data=form)).status_code == 303
        more = await page.post(path, data=form | {"body": "The fee is another one, and the name."})
        assert more.status_code == 422
        assert not missing(more.text, "have changed it since", "and the name.")
        assert form_id(more.text) != made_with
    async with browser(cast.milo) as page:
        assert (await page.post(path, data=form)).status_code == 404  # an id of somebody else's form
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from complaints where body like 'The fee%'") == 1
        assert await tx.fetchval("select count(*) from events where what = 'complaint.made'") == 1


async def test_a_complaint_about_an_own_listing_is_decided_by_another_organizer(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context, person=cast.fern)
    await make_organizer(cast.context, cast.fern)
    async with browser(cast.mira) as page:
        await page.post(f"/therapists/{listing}/complaint", data={"body": "Not what it says."})
    async with cast.context.db.reading() as tx:
        complaint = await tx.fetchval("select id from complaints")
    async with browser(cast.fern) as page:
        for path in ("/organize/therapists", f"/organize/therapists/{listing}"):
            text = (await page.get(path)).text.split("<main")[1]
            assert not present(text, "Not what it says", "Mira")
        listed = (await page.get("/organize/therapists?show=complaints")).text
        assert "One complaint is about your own listing" in listed
        kept = await page.post(f"/organize/complaints/{complaint}", data={"then": "kept"})
        assert kept.status_code == 404
    async with browser(cast.odile) as page:
        listed = (await page.get("/organize/therapists")).text
        assert "Not what it says" in listed
        assert "your own listing" not in listed
        response = await page.post(f"/organize/complaints/{complaint}", data={"then": "kept"})
        assert response.status_code == 303


async def test_complaints_are_limited_without_counting_a_double_press(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context)
    path = f"/therapists/{listing}/complaint"
    sent = [{"id": str(uuid4()), "body": f"{n}"} for n in range(7)]
    async with browser(cast.mira) as page:
        twice = [form for form in sent[:6] for _ in range(2)]
        answers = [(await page.post(path, data=form)).status_code for form in [*twice, sent[6]]]
    assert answers == [303] * 12 + [429]
