"""Listings over HTTP: written by therapists and organizers, shown, hidden, assigned, pictures."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.directory import own_listing
from circles.directory.listing import actions
from circles.directory.listing.values import License
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.directory.helpers import RIVER, add_listing, form_id, make_organizer, present
from tests.helpers import missing
from tests.uploads import image


async def test_a_listing_is_read_as_it_was_written(context: Context) -> None:
    listing = await add_listing(context)
    async with context.db.reading() as tx:
        assert await actions.read_draft(tx, listing) == RIVER
        facets = await tx.fetchval("select facets from listings where id = $1", listing)
        point = await tx.fetchrow("select latitude, longitude from listings where id = $1", listing)
    assert {"tele:FL", "at:FL", "in:FL", "way:ifs", "cred:ifs_2", "fee:60", "exp:over_10"} <= set(facets)
    assert point is not None
    assert 25 < point["latitude"] < 26.5


def form(**more: str) -> dict[str, str]:
    """A whole form of a listing, as a browser sends it."""
    return {
        "name": "Wren Hill",
        "letters": "LCSW",
        "languages": "en",
        "for_whom": "adults",
        "meets": "telehealth",
        "currency": "USD",
        "room": "now",
        "experience": "some",
        "email": "wren@example.org",
        "licenses": "1",
        "license_1_kind": "lcsw",
        "license_1_area": "FL",
        "license_1_number": "SW55",
        "license_1_status": "active",
        "ways": "1",
        "way_1_credential": "kap_trained",
        "way_1_school": "Fluence",
        "links": "https://wren.example.org\nhttps://two.example.org",
    } | more


async def listing_of(context: Context, person: UUID) -> Any:
    async with context.db.reading() as tx:
        return await tx.fetchrow("select * from listings where person_id = $1", person)


async def test_a_therapist_applies_and_the_organizers_show_it(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert "Are you a therapist?" in (await page.get("/my/listing")).text
        empty = (await page.get("/my/listing/edit")).text
        assert "mira@example.org" in empty
        sent = await page.post("/my/listing/edit", data=form(then="send"))
        assert (sent.status_code, sent.headers["location"]) == (303, "/my/listing")
        mine = (await page.get("/my/listing")).text
        assert "With the organizers" in mine
        row = await listing_of(cast.context, cast.mira)
        assert (row["state"], row["unsaid"]) == ("waiting", ["insurance", "fee"])
        assert "Not said. Ask before you book one." in (await page.get(f"/therapists/{row['id']}")).text
        assert (
            "Only you and the organizers can see this page"
            in (await page.get(f"/therapists/{row['id']}")).text
        )
    async with browser(cast.milo) as page:
        assert (await page.get(f"/therapists/{row['id']}")).status_code == 404
    async with browser(cast.odile) as page:
        assert "Wren Hill" in (await page.get("/organize/therapists")).text
        shown = await page.post(
            f"/organize/therapists/{row['id']}/show", data={"version": str(row["version"])}
        )
        assert shown.status_code == 303
    async with browser() as page:
        public = (await page.get(f"/therapists/{row['id']}")).text
    assert not missing(public, "Wren Hill", "KAP training, Fluence", "Not checked by us yet")
    assert "wren@example.org" not in public
    async with cast.context.db.reading() as tx:
        mails = await tx.fetch("select to_address, subject, text_body from mails")
    assert [(mail["to_address"], mail["subject"]) for mail in mails] == [
        ("wren@example.org", "About your page")
    ]
    assert f"/therapists/{row['id']}" in mails[0]["text_body"]


async def test_fees_and_digits_are_read_as_they_are_typed(cast: Cast, browser: OpenBrowser) -> None:
    typed = form(
        fee_minimum="$182,50", fee_maximum="２５０.-", sliding_floor=" 80 USD", zip="３３１３０\u200b"
    )
    async with browser(cast.mira) as page:
        assert (await page.post("/my/listing/edit", data=typed)).status_code == 303
        refused = await page.post("/my/listing/edit", data=form(fee_minimum="€180", fee_maximum="1.500"))
    async with cast.context.db.reading() as tx:
        row = await tx.fetchrow("select fee_minimum, fee_maximum, sliding_floor, zip from listings")
    assert row
    assert tuple(row) == (18_250, 25_000, 8_000, "33130")
    assert refused.status_code == 422
    assert "“€” is another currency" in refused.text
    assert "1.500 can be read in two ways. Please write 1500 or 1.50." in refused.text


async def test_a_form_shows_all_refusals_and_keeps_what_was_typed(cast: Cast, browser: OpenBrowser) -> None:
    wrong = form(
        then="send",
        approach="a" * 10_000,
        npi="1234567890",
        fee_minimum="300",
        fee_maximum="100",
        sliding_floor="400",
        zip="00000",
        links="javascript:alert(1)",
        license_1_area="ZZ",
        license_1_expires_on="31/12/2027",
        way_2_way="ifs",
        way_2_year="last",
        pro_bono_places="many",
    )
    async with browser(cast.mira) as page:
        answer = await page.post("/my/listing/edit", data=wrong)
    assert answer.status_code == 422
    text = answer.text
    for message in (
        "a whole one that begins with https://",
        "This is no NPI",
        "10,000 characters",
        "The highest fee is below",
    ):
        assert message in text, message
    for field in (
        "links",
        "npi",
        "approach",
        "fee_maximum",
        "license_1_area",
        "license_1_expires_on",
        "way_2_year",
    ):
        assert f'href="#f-{field}"' in text, field
        assert f'id="f-{field}"' in text, field
    for kept in ("javascript:alert(1)", "31/12/2027", "1234567890", "Wren Hill", "a" * 10_000):
        assert kept in text
    assert await listing_of(cast.context, cast.mira) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"zip": "00000"}, "zip"),
        ({"zip": "10001", "area": "FL"}, "zip"),
        ({"license_1_number": ""}, "license_1_number"),
    ],
)
async def test_each_refusal_alone(
    cast: Cast, browser: OpenBrowser, wrong: dict[str, str], field: str
) -> None:
    async with browser(cast.mira) as page:
        answer = await page.post("/my/listing/edit", data=form(then="send", **wrong))
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text


async def test_rows_are_added_and_removed_without_losing_text(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        more = await page.post("/my/listing/edit", data=form(more="license"))
        assert more.status_code == 200
        assert not missing(more.text, 'name="license_2_number"', "SW55")
        two = form(license_2_kind="lmft", license_2_area="GA", license_2_number="MF77", drop="license_1")
        less = await page.post("/my/listing/edit", data=two)
    assert "MF77" in less.text
    assert not present(less.text, "SW55", 'name="license_2_number"')
    assert await listing_of(cast.context, cast.mira) is None


async def test_a_draft_may_lack_fields_and_is_sent_when_complete(cast: Cast, browser: OpenBrowser) -> None:
    gaps = form(then="keep", license_1_number="", license_1_kind="", license_1_area="")
    async with browser(cast.mira) as page:
        assert (await page.post("/my/listing/edit", data=gaps)).status_code == 303
        assert "Before it can be shown" in (await page.get("/my/listing")).text
        refused = await page.post("/my/listing/edit", data=gaps | {"then": "send", "version": "1"})
        assert refused.status_code == 422
        assert "at least one license" in refused.text
        assert (await listing_of(cast.context, cast.mira))["state"] == "draft"
        sent = await page.post("/my/listing/edit", data=form(then="send", version="1"))
        assert sent.status_code == 303
    assert (await listing_of(cast.context, cast.mira))["state"] == "waiting"


async def test_a_changed_license_loses_its_check_and_an_unchanged_one_keeps_it(
    cast: Cast, browser: OpenBrowser
) -> None:
    two = (RIVER.licenses[0], License("lmft", "GA", "G1", expires_on=RIVER.licenses[0].expires_on))
    listing = await add_listing(cast.context, person=cast.mira, licenses=two)
    async with cast.context.db.reading() as tx:
        ids = {row["area"]: row["id"] for row in await tx.fetch("select id, area from licences")}
    async with browser(cast.odile) as page:
        for license in ids.values():
            checked = await page.post(
                f"/organize/licenses/{license}/checked",
                data={"version": "1", "against": "https://board.example.org"},
            )
            assert checked.status_code == 303
    async with browser() as page:
        assert (await page.get(f"/therapists/{listing}")).text.count("Checked by the organizers") == 2
    changed = (two[0], replace(two[1], number="G2"))
    async with cast.context.db.transaction() as tx:
        await actions.write_listing(
            tx,
            replace(RIVER, licenses=changed),
            source="applied",
            actor_id=cast.mira,
            listing_id=listing,
            version=1,
        )
    async with browser() as page:
        text = (await page.get(f"/therapists/{listing}")).text
    assert text.count("Checked by the organizers") == 1
    assert text.count("Not checked by us yet") == 1
    async with browser(cast.odile) as page:
        late = await page.post(
            f"/organize/licenses/{ids['FL']}/checked",
            data={"version": "1", "against": "https://board.example.org"},
        )
    assert late.status_code == 422
    assert "changed meanwhile" in late.text


async def test_two_windows_with_the_same_form(cast: Cast, browser: OpenBrowser) -> None:
    await add_listing(cast.context, person=cast.mira, source="applied")
    async with browser(cast.mira) as page:
        response = await page.post("/my/listing/edit", data=form(version="1", headline="first"))
        assert response.status_code == 303
        second = await page.post("/my/listing/edit", data=form(version="1", headline="second"))
        assert second.status_code == 422
        assert "changed while you were writing" in second.text
        assert "second" in second.text
        assert 'name="version" value="2"' in second.text
    row = await listing_of(cast.context, cast.mira)
    assert (row["headline"], row["state"], row["name"]) == ("first", "shown", "Wren Hill")


async def test_a_listing_is_withdrawn_and_shown_again(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.mira)
    async with browser(cast.mira) as page:
        assert (await page.post("/my/listing/withdraw")).status_code == 303
        assert "You took this page off" in (await page.get("/my/listing")).text
    async with browser(cast.odile) as page:
        against = await page.post(f"/organize/therapists/{listing}/show", data={"version": "1"})
        assert against.status_code == 422
        assert "Only they can bring it back" in against.text
    async with browser() as page:
        assert (await page.get(f"/therapists/{listing}")).status_code == 404
    async with browser(cast.mira) as page:
        assert (await page.post("/my/listing/return")).status_code == 303
    async with cast.context.db.reading() as tx:
        assert await own_listing(tx, cast.mira)
    async with browser() as page:
        assert "River Stone" in (await page.get(f"/therapists/{listing}")).text


@pytest.mark.parametrize(
    ("state", "because", "first"),
    [
        ("draft", "", "Change it"),
        ("waiting", "", ""),
        ("shown", "", "Still true today"),
        ("hidden", "therapist", "Show it again"),
        ("hidden", "unconfirmed", "Still true today"),
        ("hidden", "licence", "Change it"),
        ("hidden", "organizer", ""),
    ],
)
async def test_the_own_page_has_one_primary_button(
    cast: Cast, browser: OpenBrowser, state: str, because: str, first: str
) -> None:
    listing = await add_listing(cast.context, person=cast.mira)
    async with cast.context.db.transaction() as tx:
        sql = "update listings set state = $2, hidden_because = $3 where id = $1"
        await tx.execute(sql, listing, state, because)
    async with browser(cast.mira) as page:
        text = (await page.get("/my/listing")).text.split("<main")[1]
    buttons = re.findall(r'class="button button-primary"[^>]*>([^<]+)', text)
    assert buttons == ([first] if first else [])


async def test_an_organizer_cannot_show_a_listing_taken_back_meanwhile(
    cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        await page.post("/my/listing/edit", data=form(then="send"))
        row = await listing_of(cast.context, cast.mira)
        assert (await page.post("/my/listing/withdraw")).status_code == 303
    here = f"/organize/therapists/{row['id']}"
    async with browser(cast.odile) as page:
        assert "Show it to everybody" not in (await page.get(here)).text
        late = await page.post(f"{here}/show", data={"version": str(row["version"])})
        assert late.status_code == 422
        assert "has not sent this page, or took it back" in late.text
        by_form = form(then="show", version=str(row["version"]))
        assert (await page.post(f"{here}/edit", data=by_form)).status_code == 422
    assert (await listing_of(cast.context, cast.mira))["state"] == "draft"


async def test_a_form_with_thousands_of_unknown_choices_gets_a_short_answer(
    cast: Cast, browser: OpenBrowser
) -> None:
    every = [str(n) for n in range(9_000)]
    many = form(works_with=",".join(every), links="\n".join(every[:5_000]))
    async with browser(cast.mira) as page:
        answer = await page.post("/my/listing/edit", data=many)
    assert answer.status_code == 422
    assert answer.text.count("is none of the choices here") < 50
    assert len(answer.text) < 500_000


@pytest.mark.parametrize("then", ["keep", "show"])
async def test_an_organizers_listing_submitted_twice_is_created_once(
    cast: Cast, browser: OpenBrowser, then: str
) -> None:
    path = "/organize/therapists/new"
    async with browser(cast.odile) as page:
        sent = form(then=then, id=form_id((await page.get(path)).text), npi="1234567893")
        answers = await asyncio.gather(*(page.post(path, data=sent) for _ in range(4)))
        assert {item.status_code for item in answers} == {303}
        assert {item.headers["location"] for item in answers} == {f"/organize/therapists/{sent['id']}"}
        assert (await page.post(path, data=sent)).status_code == 303
        # Text added after the first submit is kept by the second.
        more = await page.post(path, data=sent | {"headline": "Slow and kind"})
        assert more.status_code == 422
        assert "keep it once more" in more.text
        assert 'value="Slow and kind"' in more.text
        assert f'action="/organize/therapists/{sent["id"]}/edit"' in more.text
        kept = sent | {"headline": "Slow and kind", "version": "1"}
        assert (await page.post(f"/organize/therapists/{sent['id']}/edit", data=kept)).status_code == 303
    async with cast.context.db.reading() as tx:
        listings = await tx.fetch("select headline, state from listings")
        assert [tuple(item) for item in listings] == [
            ("Slow and kind", {"keep": "draft", "show": "shown"}[then])
        ]
        events = await tx.fetchval("select count(*) from events where what = 'listing.written'")
        assert events == 2
        assert await tx.fetchval("select count(*) from mails") == (then == "show")


async def test_a_form_cannot_use_the_id_of_another_listing(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context)
    async with browser(cast.odile) as page:
        taken = await page.post("/organize/therapists/new", data=form(id=str(listing)))
        assert taken.status_code == 422
        assert "out of date" in taken.text
        again = form(id=form_id(taken.text))
        assert again["id"] != str(listing)
        assert (await page.post("/organize/therapists/new", data=again)).status_code == 303
        response = await page.post("/organize/therapists/new", data=form(id="no id", license_1_number="SW56"))
        assert response.status_code == 303
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select name from listings where id = $1", listing) == "River Stone"
        assert await tx.fetchval("select count(*) from listings") == 3


async def test_an_own_listing_submitted_twice_is_created_once(cast: Cast, browser: OpenBrowser) -> None:
    path = "/my/listing/edit"
    async with browser(cast.mira) as page:
        sent = form(then="send", id=form_id((await page.get(path)).text))
        answers = await asyncio.gather(*(page.post(path, data=sent) for _ in range(4)))
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
            (303, "/my/listing")
        }
        assert (await page.post(path, data=sent)).status_code == 303
        more = await page.post(path, data=sent | {"headline": "Slow and kind"})
        assert more.status_code == 422
        assert "keep it once more" in more.text
        response = await page.post(path, data=sent | {"headline": "Slow and kind", "version": "1"})
        assert response.status_code == 303
    row = await listing_of(cast.context, cast.mira)
    assert (row["state"], row["headline"], row["version"]) == ("waiting", "Slow and kind", 2)
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from events where what = 'listing.written'") == 2


async def test_a_draft_saved_and_then_sent_waits_for_review(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        sent = form(id=form_id((await page.get("/my/listing/edit")).text))
        for then in ("keep", "send"):
            assert (await page.post("/my/listing/edit", data=sent | {"then": then})).status_code == 303
    assert (await listing_of(cast.context, cast.mira))["state"] == "waiting"


async def test_two_first_forms_in_two_windows_make_one_listing(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        two = [form(id=str(uuid4()), headline=f"window {n}") for n in range(2)]
        answers = await asyncio.gather(*(page.post("/my/listing/edit", data=sent) for sent in two))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    lost = next(answer for answer in answers if answer.status_code == 422)
    assert "window " in lost.text
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from listings") == 1


async def test_an_organizer_cannot_check_their_own_license(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.fern)
    await make_organizer(cast.context, cast.fern)
    async with cast.context.db.reading() as tx:
        license = await tx.fetchval("select id from licences")
    here, check = f"/organize/therapists/{listing}", {"version": "1", "against": "https://board.example.org"}
    async with browser(cast.fern) as page:
        text = (await page.get(here)).text
        assert "Another organizer has to look its licenses up" in text
        assert "Checked today" not in text
        refused = await page.post(f"/organize/licenses/{license}/checked", data=check)
        assert refused.status_code == 422
        assert "another organizer has to look the license up" in refused.text
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select checked_at from licences") is None
    async with browser(cast.odile) as page:
        assert "Checked today" in (await page.get(here)).text
        assert (await page.post(f"/organize/licenses/{license}/checked", data=check)).status_code == 303


async def test_own_checks_are_cleared_when_the_listing_is_assigned_to_the_checker(
    cast: Cast, browser: OpenBrowser
) -> None:
    two = (RIVER.licenses[0], replace(RIVER.licenses[0], area="GA", number="G1"))
    listing = await add_listing(cast.context, licenses=two)
    await make_organizer(cast.context, cast.fern)
    async with cast.context.db.reading() as tx:
        ids = {row["area"]: row["id"] for row in await tx.fetch("select id, area from licences")}
    for person, area in ((cast.odile, "FL"), (cast.fern, "GA")):
        async with browser(person) as page:
            checked = {"version": "1", "against": "https://board.example.org"}
            response = await page.post(f"/organize/licenses/{ids[area]}/checked", data=checked)
            assert response.status_code == 303
    async with browser(cast.fern) as page:
        own = {"email": "fern@example.org"}
        assert (await page.post(f"/organize/therapists/{listing}/hand-over", data=own)).status_code == 303
    async with cast.context.db.reading() as tx:
        checked_by = await tx.fetch(
            "select area, checked_by, checked_against <> '' from licences order by area"
        )
    assert [tuple(row) for row in checked_by] == [("FL", cast.odile, True), ("GA", None, False)]


async def test_an_organizer_writes_shows_hides_and_assigns(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        assert (await page.get("/organize/therapists/new")).status_code == 200
        made = await page.post("/organize/therapists/new", data=form(then="show"))
        assert made.status_code == 303
        here = made.headers["location"]
        assert "Written by the organizers" in (await page.get(here)).text
        nobody = await page.post(f"{here}/hand-over", data={"email": "nobody@example.org"})
        assert nobody.status_code == 422
        assert (await page.post(f"{here}/hand-over", data={"email": "Fern@example.org"})).status_code == 303
        assert (await page.post(f"{here}/hide", data={"why": " "})).status_code == 422
        response = await page.post(f"{here}/hide", data={"why": "We could not find the license."})
        assert response.status_code == 303
        assert (await page.get(f"{here}/edit")).status_code == 200
        kept = await page.post(f"{here}/edit", data=form(then="keep", version="1", city="Tampa"))
        assert kept.status_code == 303
        assert (await page.post(f"{here}/edit", data=form(then="keep", version="1"))).status_code == 422
    async with browser(cast.fern) as page:
        assert "Wren Hill" in (await page.get("/my/listing")).text
    row = await listing_of(cast.context, cast.fern)
    expected = ("hidden", "organizer", "Tampa", "organizer")
    assert (row["state"], row["hidden_because"], row["city"], row["source"]) == expected


async def test_a_therapist_who_also_hosts_has_both_pages_linked(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    async with browser() as page:
        assert f'href="/facilitators/{cast.farid}"' in (await page.get(f"/therapists/{listing}")).text
        assert f'href="/therapists/{listing}"' in (await page.get(f"/facilitators/{cast.farid}")).text
        assert (
            "/therapists/"
            not in (await page.get(f"/facilitators/{cast.fern}")).text.split("<main")[1].split("</main")[0]
        )
    async with browser(cast.farid) as page:
        await page.post("/my/listing/withdraw")
    async with browser() as page:
        assert f"/therapists/{listing}" not in (await page.get(f"/facilitators/{cast.farid}")).text


async def send_picture(page: Browser, path: str, sent: bytes) -> Any:
    return await page.post(path, files={"picture": ("me.png", sent, "image/png")})


async def test_a_picture_is_re_encoded_and_deleted(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.mira)
    path = "/my/listing/picture"
    async with browser(cast.mira) as page:
        sent = await send_picture(page, path, image("PNG"))
        assert (sent.status_code, sent.headers["location"]) == (303, path)
        picture = await page.get(f"/therapists/pictures/{await picture_of(page, listing)}")
        assert picture.headers["content-type"] == "image/jpeg"
        wrong = await send_picture(page, path, b"no picture")
        assert wrong.status_code == 422
        large = await send_picture(page, path, b"x" * 6_000_000)
        assert large.status_code == 413
        assert "This file is larger than 5 MB" in large.text
        removed = await page.post(f"{path}/remove")
        assert (removed.status_code, removed.headers["location"]) == (303, path)
        assert (await page.get(str(picture.url))).status_code == 404
    async with browser(cast.milo) as page:
        assert (await page.get(path)).status_code == 404
        assert (await send_picture(page, path, image())).status_code == 404


async def picture_of(page: Browser, listing: UUID) -> str:
    """The file of the picture that a listing's page shows."""
    shown = (await page.get(f"/therapists/{listing}")).text
    return shown.split('src="/therapists/pictures/')[1].split('"')[0]


async def test_an_organizer_saves_the_picture_of_a_listing_without_an_account(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context)
    here = f"/organize/therapists/{listing}"
    async with browser(cast.odile) as page:
        assert f'href="{here}/picture"' in (await page.get(here)).text
        assert "The picture of River Stone" in (await page.get(f"{here}/picture")).text
        assert (await send_picture(page, f"{here}/picture", image())).status_code == 303
        file = await picture_of(page, listing)
        wrong = await send_picture(page, f"{here}/picture", b"no picture")
        assert wrong.status_code == 422
        assert "not a picture we can read" in wrong.text
        assert (await page.post(f"{here}/picture/remove")).status_code == 303
        assert (await page.get(f"/therapists/pictures/{file}")).status_code == 404
        assert (await send_picture(page, f"{here}/picture", image())).status_code == 303
        assert (await page.post(f"{here}/hand-over", data={"email": "fern@example.org"})).status_code == 303
        # From here on it is the therapist's own; so is the picture.
        assert "/picture" not in (await page.get(here)).text.split("<main")[1]
        assert (await page.get(f"{here}/picture")).status_code == 404
        assert (await send_picture(page, f"{here}/picture", image())).status_code == 404
        assert (await page.post(f"{here}/picture/remove")).status_code == 404
        assert await picture_of(page, listing) == file
    for person in (cast.mira, cast.farid):
        async with browser(person) as page:
            assert (await page.get(f"{here}/picture")).status_code == 404
            assert (await send_picture(page, f"{here}/picture", image())).status_code == 404
    async with cast.context.db.reading() as tx:
        events = await tx.fetch(
            "select what, who from events where about = $1 and what like '%picture%'", listing
        )
    assert [tuple(event) for event in events] == [
        ("listing.picture_kept", cast.odile),
        ("listing.picture_dropped", cast.odile),
        ("listing.picture_kept", cast.odile),
    ]


async def test_unknown_listings_are_404(cast: Cast, browser: OpenBrowser) -> None:
    nowhere = uuid4()
    async with browser(cast.odile) as page:
        for path in (f"/therapists/{nowhere}", "/therapists/nobody-x", f"/therapists/{nowhere}/complaint"):
            assert (await page.get(path)).status_code == 404
        for path in (f"/organize/therapists/{nowhere}", f"/organize/therapists/{nowhere}/edit"):
            assert (await page.get(path)).status_code == 404
        response = await page.post(f"/organize/licenses/{nowhere}/checked", data={"against": "x"})
        assert response.status_code == 404
        assert (await page.post(f"/organize/complaints/{nowhere}", data={"then": "kept"})).status_code == 404
        assert (await page.post("/my/listing/withdraw")).status_code == 404


async def test_a_page_takes_few_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    async with browser(cast.mira) as page:
        queries.clear()
        await page.get(f"/therapists/{listing}")
        assert len(queries) == 3
    async with browser(cast.odile) as page:
        queries.clear()
        await page.get("/organize/therapists?show=all")
        assert len(queries) == 3


async def test_an_npi_belongs_to_one_listing(cast: Cast) -> None:
    await add_listing(cast.context, npi="1234567893")
    with pytest.raises(Refused) as refused:
        await add_listing(cast.context, npi="1234 567 893")
    assert refused.value.codes == {"npi_taken"}


async def test_writing_refuses_an_unknown_or_changed_listing(cast: Cast) -> None:
    listing = await add_listing(cast.context)
    async with cast.context.db.transaction() as tx:
        with pytest.raises(OutOfDate):
            await actions.write_listing(
                tx, RIVER, source="import", actor_id=None, listing_id=listing, version=7
            )
        with pytest.raises(NotFound):
            await actions.write_listing(tx, RIVER, source="import", actor_id=None, listing_id=uuid4())
        with pytest.raises(NotFound):
            await actions.read_draft(tx, uuid4())
