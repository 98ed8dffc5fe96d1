"""The public page of a facilitator, their picture, their training and the organizers' mark on it."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.commands import personal_data
from circles.people import actions, picture_upload, rules
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import demoted, missing, person, value
from tests.uploads import image, send_in_chunks

SECRET = b"taken at 40.7128 north by Farid"


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims this size, with almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


async def send(page: Browser, sent: bytes, name: str = "me.jpg") -> Any:
    return await page.post("/me/picture", files={"picture": (name, sent, "image/jpeg")})


# Pictures


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")],
)
async def test_a_picture_becomes_a_square_jpeg(kind: str, mode: str) -> None:
    made = await picture_upload.normalize(image(kind, mode=mode))
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (512, 512), "RGB")
    assert len(made) < 500_000


async def test_nothing_but_the_picture_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x8825] = {1: "N", 2: (40.0, 42.0, 46.0)}
    made = await picture_upload.normalize(
        image(
            "JPEG",
            exif=exif,
            comment=SECRET,
            xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
            icc_profile=SECRET,
        )
    )
    assert SECRET not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert not picture.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile"} & picture.info.keys()


async def test_a_picture_is_turned_upright_by_its_exif() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to the right (TIFF: Orientation)
    with Image.open(io.BytesIO(await picture_upload.normalize(image("JPEG", exif=exif)))) as picture:
        above: Any = picture.getpixel((256, 20))
        below: Any = picture.getpixel((256, 490))
    assert above[0] > above[2]
    assert below[2] > below[0]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GIF89a no", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"%PDF-1.7", "not_a_picture"),
        (image()[:900], "not_a_picture"),
        (image("PNG")[:60], "not_a_picture"),
        (image("GIF", mode="P"), "not_a_picture"),
        (image("TIFF"), "not_a_picture"),
        (image(size=(20, 300)), "too_small"),
        (bomb(8000, 6000), "too_many_pixels"),
        (bomb(60_000, 60_000), "too_many_pixels"),
        (bomb(2_000_000_000, 2_000_000_000), "too_many_pixels"),
    ],
)
async def test_what_is_no_picture_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await picture_upload.normalize(sent)
    assert caught.value.codes == {code}


async def test_a_picture_from_the_form_to_everybody(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        assert "Add a picture" in (await page.get("/me")).text
        assert (await send(page, image())).status_code == 303
        assert "Change your picture" in (await page.get("/me")).text
    kept = await value(cast.context, "select hash from pictures")
    async with browser() as page:
        for url in (f"/circles/{cast.circle}", f"/facilitators/{cast.farid}"):
            assert f"/pictures/{kept}.jpg" in (await page.get(url)).text
        answer = await page.get(f"/pictures/{kept}.jpg")
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await page.get(f"/pictures/{'0' * 32}.jpg")).status_code == 404
        assert (await page.get("/pictures/x'.jpg")).status_code == 404
    async with browser(cast.farid) as page:
        assert (await page.post("/me/picture/remove")).status_code == 303
        assert (await page.post("/me/picture/remove")).status_code == 404
        assert (await page.get(f"/pictures/{kept}.jpg")).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        (b"hello", 422, "not a picture we can read"),
        (b"", 422, "choose a picture first"),
        (bomb(60_000, 60_000), 422, "40 million pixels"),
        (b"\xff\xd8" + b"x" * 5_000_000, 413, "This file is larger than 5 MB"),
    ],
)
async def test_a_refused_picture_has_a_reason(
    cast: Cast, browser: OpenBrowser, sent: bytes, status: int, message: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await send(page, sent)
    assert answer.status_code == status
    assert message in answer.text
    assert await value(cast.context, "select count(*) from pictures") == 0


async def test_a_hundred_megabytes_are_not_read(cast: Cast, browser: OpenBrowser) -> None:
    """Sent piece by piece, without saying how much it will be: reading stops at 5 MB."""
    async with browser(cast.farid) as page:
        answer, taken = await send_in_chunks(page, "/me/picture", "picture", megabytes=100)
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.text
    assert taken < 100
    assert await value(cast.context, "select count(*) from pictures") == 0


async def test_only_this_route_takes_large_bodies(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post("/me", data={"name": "x" * 300_000})
    assert answer.status_code == 413


async def test_an_overlong_name_is_refused_and_kept_in_the_form(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        typed = {"name": "a" * 10_000, "about": "Kept words.", "approach": "Slowly.", "languages": "English"}
        answer = await page.post("/me", data=typed)
    assert answer.status_code == 422
    assert "10,000 characters long; please keep it to 80" in answer.text
    for words in typed.values():
        assert words in answer.text


async def test_members_have_no_picture(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert (await page.get("/me/picture")).status_code == 404
        assert (await send(page, image())).status_code == 404
    with pytest.raises(NotFound):
        await actions.save_picture(cast.context, await person(cast.context, cast.mira), b"x")


async def test_an_erased_facilitator_has_no_picture_and_no_page(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.save_picture(cast.context, farid, await picture_upload.normalize(image()))
    assert (await personal_data.export(cast.context, "farid@example.org"))["pictures"][0]["hash"]
    async with cast.context.db.transaction() as tx:
        await tx.execute("update hosts set person_id = $1 where person_id = $2", cast.fern, cast.farid)
    await personal_data.erase(cast.context, "farid@example.org")
    assert await value(cast.context, "select count(*) from pictures") == 0
    async with browser() as page:
        assert (await page.get(f"/facilitators/{cast.farid}")).status_code == 404


# The page


async def test_a_circles_page_names_its_hosts(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with browser(cast.farid) as page:
        typed = {
            "name": "Farid",
            "about": "From hospice work.",
            "approach": "I keep the time <and> listen.",
            "languages": "English,  Dari , English",
        }
        assert (await page.post("/me", data=typed)).status_code == 303
        credential = {"kind": "LCSW", "body": "New York", "year": "2011", "link": "https://example.org/lcsw"}
        assert (await page.post("/me/credentials", data=credential)).status_code == 303
    async with browser() as page:
        await page.get(f"/facilitators/{cast.farid}")  # the driver asks once for types it has not met
        queries.clear()
        answer = await page.get(f"/facilitators/{cast.farid}")
        assert len(queries) <= 3
    assert answer.status_code == 200
    assert not missing(
        answer.text,
        "From hospice work.",
        "I keep the time &lt;and&gt; listen.",
        "English, Dari</dd>",
        "LCSW",
        'href="https://example.org/lcsw"',
        f"/circles/{cast.circle}",
        "First steps home",
        f"/gatherings/{cast.gathering}",
    )
    assert "We saw the papers" not in answer.text
    assert "farid@example.org" not in answer.text


async def test_hosts_are_linked_where_they_are_named(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        for url in (f"/circles/{cast.circle}", f"/gatherings/{cast.gathering}"):
            assert f'href="/facilitators/{cast.farid}"' in (await page.get(url)).text


async def test_only_facilitators_have_a_page(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        for who in (cast.mira, cast.odile, uuid4(), "x"):
            assert (await page.get(f"/facilitators/{who}")).status_code == 404
        async with demoted(cast.context, cast.farid):
            assert (await page.get(f"/facilitators/{cast.farid}")).status_code == 404
            assert "/facilitators/" not in (await page.get(f"/circles/{cast.circle}")).text


# Training, and the organizers' mark


async def test_a_mark_is_made_by_organizers_and_ends_with_a_change(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    credential = await actions.add_credential(cast.context, farid, kind="LCSW", body="New York", year=None)
    mark = {"version": "1", "seen": "yes"}
    here, public = f"/organize/credentials/{credential}/seen", f"/facilitators/{cast.farid}"
    for who in (cast.farid, cast.mira):
        async with browser(who) as page:
            assert (await page.post(here, data=mark)).status_code == 404
    async with browser(cast.odile) as page:
        assert "We saw the papers" in (await page.get(public)).text
        assert (await page.post(here, data=mark)).status_code == 303
        assert "Remove the mark" in (await page.get(public)).text
    async with browser() as page:
        assert "Seen by the organizers on" in (await page.get(public)).text
        assert "Seen by the organizers on" in (await page.get(f"/circles/{cast.circle}")).text
    async with browser(cast.farid) as page:
        url = f"/me/credentials/{credential}"
        assert 'value="LCSW"' in (await page.get(url)).text
        changed = {"kind": "LMFT", "body": "New York", "year": "", "link": ""}
        assert (await page.post(url, data=changed)).status_code == 303
    async with browser(cast.odile) as page:
        shown = (await page.get(public)).text
        assert "LMFT" in shown
        assert "Seen by the organizers on" not in shown
        late = await page.post(here, data=mark)
        assert late.status_code == 422
        assert "changed meanwhile" in late.text
    assert await value(cast.context, "select count(*) from events where about = $1", credential) == 3


async def test_a_mark_can_be_taken_back(cast: Cast) -> None:
    farid, odile = await person(cast.context, cast.farid), await person(cast.context, cast.odile)
    credential = await actions.add_credential(cast.context, farid, kind="RN", body="Ohio", year=2004)
    for checked in (True, False):
        await actions.mark_credential(cast.context, odile, credential, version=1, seen=checked)
        marked = await value(cast.context, "select seen_by from credentials where id = $1", credential)
        assert (marked == cast.odile) is checked
    with pytest.raises(OutOfDate):
        await actions.mark_credential(cast.context, odile, credential, version=7, seen=True)
    with pytest.raises(NotFound):
        await actions.mark_credential(cast.context, odile, uuid4(), version=1, seen=True)
    with pytest.raises(NotFound):
        await actions.mark_credential(cast.context, farid, credential, version=1, seen=True)


async def test_nobody_vouches_for_themselves(cast: Cast, browser: OpenBrowser) -> None:
    async with cast.context.db.transaction() as tx:
        await tx.execute("update people set is_organizer = true where id = $1", cast.farid)
    farid = await person(cast.context, cast.farid)
    credential = await actions.add_credential(cast.context, farid, kind="RN", body="Ohio", year=2004)
    async with browser(cast.farid) as page:
        shown = (await page.get(f"/facilitators/{cast.farid}")).text
        assert "We saw the papers" not in shown
        assert "Another organizer has to see yours" in shown
        own = await page.post(
            f"/organize/credentials/{credential}/seen", data={"version": "1", "seen": "yes"}
        )
        assert own.status_code == 422
        assert "another organizer has to see the papers" in own.text
    assert await value(cast.context, "select seen_by from credentials where id = $1", credential) is None
    async with browser(cast.odile) as page:
        assert "We saw the papers" in (await page.get(f"/facilitators/{cast.farid}")).text


async def test_nobody_changes_the_training_of_another(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    credential = await actions.add_credential(cast.context, farid, kind="RN", body="Ohio", year=None)
    async with browser(cast.fern) as page:
        url = f"/me/credentials/{credential}"
        assert (await page.get(url)).status_code == 404
        assert (await page.post(url, data={"kind": "x", "body": "y"})).status_code == 404
    async with browser(cast.farid) as page:
        bad = await page.post(url, data={"kind": "", "body": "y", "link": "http://example.org"})
        assert bad.status_code == 422
        assert "begins with https://" in bad.text
        assert 'value="http://example.org"' in bad.text


@pytest.mark.parametrize(
    "typed",
    ["http://a.example", "https://", "https://a b.example", "javascript:alert(1)", "https://[", "a" * 501],
)
def test_a_link_is_https_or_nothing(typed: str) -> None:
    with pytest.raises(Refused):
        rules.parse_link(typed)


def test_a_link_is_kept_as_it_is() -> None:
    assert rules.parse_link("") == ""
    assert rules.parse_link(" https://example.org/a?b=c ") == "https://example.org/a?b=c"
