"""The community's settings over HTTP: preview, publish, two organizers at once, bad input, versions, effects."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from circles.base.settings import colors, crisis_lines
from circles.community import forms
from circles.store import mail
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, rows, value
from tests.people.test_picture_bombs import with_chunks
from tests.uploads import image, send_in_chunks

PAGE = "/organize/settings"


@pytest_asyncio.fixture
async def anonymous(browser: OpenBrowser) -> AsyncIterator[Browser]:
    """A browser of somebody who is not signed in."""
    async with browser() as page:
        yield page


def typed(context: Context, basis: int | str = 0, **changes: str) -> dict[str, str]:
    """The form as it is filled in at first, with some fields typed anew."""
    values = forms.values_of(context.environment.community)
    return values | {"basis": str(basis), "put_back": "", "why": "", "then": "publish"} | changes


async def publish(page: Browser, context: Context, basis: int | str = 0, **changes: str) -> Any:
    answer = await page.post(PAGE, data=typed(context, basis, **changes))
    assert answer.status_code == 303, answer.text
    return answer


def errors(text: str) -> str:
    return unescape(" ".join(re.findall(r'class="field-error"[^>]*>(.*?)</p>', text, re.DOTALL)))


async def test_only_organizers_open_it(cast: Cast, browser: OpenBrowser) -> None:
    for person, status in ((cast.odile, 200), (cast.farid, 404), (cast.mira, 404)):
        async with browser(person) as page:
            assert (await page.get(PAGE)).status_code == status
            assert (await page.get(f"{PAGE}/versions")).status_code == status
    assert await value(cast.context, "select count(*) from community_versions") == 0


async def test_a_preview_changes_nothing_and_publishing_changes_everything(
    cast: Cast, browser: OpenBrowser, anonymous: Browser
) -> None:
    changes = {
        "community_name": "Circles of the lake",
        "mail_name": "Lake office",
        "calendar_name": "Lake dates",
        "statement_name": "lake",
        "contact_address": "hello@lake.example.org",
        "mail_footer": "Lake Street 1\r\nDuluth",
        "ground": "#eef3f7",
        "accent": "#1d4d7a",
        "line_1_name": "Lake line",
        "line_1_how": "Call 555 0100",
        "line_1_href": "555 0100",
        "why": "A name of our own",
    }
    async with browser(cast.odile) as page:
        shown = await page.post(PAGE, data=typed(cast.context, **changes) | {"then": "preview"})
        assert shown.status_code == 200
        for words in ("Circles of the lake", "YOUR ACCOUNT* LAKE", "Lake Street 1", "in-light", "in-dark"):
            assert words in shown.text
        assert "Circles of the lake" not in (await anonymous.get("/gatherings")).text
        assert await value(cast.context, "select count(*) from community_versions") == 0
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', shown.text))
        hidden = {name: unescape(text) for name, text in hidden.items()}
        for _ in range(2):  # the button is pressed twice
            assert (await page.post(PAGE, data=hidden | {"then": "publish"})).status_code == 303
        assert await value(cast.context, "select count(*) from community_versions") == 1
        page_now = (await page.get("/gatherings")).text
    for text in (page_now, (await anonymous.get("/")).text, (await anonymous.get("/nowhere")).text):
        assert "Circles of the lake" in text
        assert 'href="tel:5550100">Call 555 0100' in text
        assert 'href="mailto:hello@lake.example.org"' in text
        sheet = re.search(r'href="(/colors/[^"]+)"', text)
        assert sheet
    styles = await anonymous.get(sheet[1])
    assert "--act: #1d4d7a" in styles.text
    assert "immutable" in styles.headers["cache-control"]
    assert "X-WR-CALNAME:Lake dates" in (await anonymous.get("/gatherings/feed.ics")).text
    event = (await rows(cast.context, "select * from events where what = 'community.published'"))[0]
    assert (event["who"], event["before"], event["after"], event["why"]) == (
        cast.odile,
        "0",
        "1",
        "A name of our own",
    )
    settings = cast.context.settings
    assert (settings.mail_name, settings.statement_name) == ("Lake office", "LAKE")


BAD_INPUT: list[tuple[dict[str, str], str]] = [
    ({"community_name": ""}, "Please"),
    ({"mail_name": "Ketamine circle"}, "leave out “ketamine”"),
    ({"calendar_name": "Integration"}, "leave out “integration”"),
    ({"statement_name": "Zürich*"}, "letters A to Z"),
    ({"statement_name": "12345"}, "at least one letter"),
    ({"statement_name": "THE LONG NAME"}, "up to 10 characters"),
    ({"contact_address": "Lake <hello@example.org>"}, "Please give a mail address"),
    ({"line_1_href": "javascript:alert(1)"}, "begin with tel:"),
    ({"line_1_href": "ftp://example.org"}, "begin with tel:"),
    (
        {f"line_{n}_{part}": "" for n in (1, 2, 3) for part in ("name", "how", "href")},
        "at least one crisis line",
    ),
    ({"accent": "red"}, "like #3f5e30"),
    ({"accent": "#ffcc00"}, "The nearest color that passes is #"),
    ({"ground": "#808080"}, "The nearest color that passes is #"),
    ({"ground_dark": "#ffffff"}, "The nearest color that passes is #"),
    ({"minimum": "90"}, "suggested"),
    ({"minimum": "0.10"}, "A card cannot be charged less"),
    ({"refund_hours": "9999"}, "0 to 720"),
    ({"zone": "Mars/Olympus"}, "from the list"),
    ({"asks": "pronouns,shoe_size"}, "choose from these"),
    ({"mail_footer": "\n".join("abcdefg")}, "six lines"),
]


async def test_bad_input_says_what_to_do_and_keeps_what_was_typed(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        for changes, sentence in BAD_INPUT:
            for then in ("preview", "publish"):
                data = typed(cast.context, why="Because of <b>") | changes | {"then": then}
                answer = await page.post(PAGE, data=data)
                assert answer.status_code == 422, changes
                assert sentence in errors(answer.text), changes
                assert 'value="Because of &lt;b&gt;"' in answer.text
                for name, text in changes.items():
                    if name not in ("zone", "asks", "mail_footer"):
                        assert text in unescape(answer.text), changes
    assert await value(cast.context, "select count(*) from community_versions") == 0


async def test_the_nearest_colors_are_put_in_with_one_button(cast: Cast, browser: OpenBrowser) -> None:
    bad = {"accent": "#ffcc00", "ground": "#808080", "accent_dark": "#222266", "ground_dark": "#557799"}
    async with browser(cast.odile) as page:
        refused = await page.post(PAGE, data=typed(cast.context, **bad) | {"then": "preview"})
        assert "Use the nearest colors that pass" in refused.text
        preview = await page.post(PAGE, data=typed(cast.context, **bad) | {"then": "nearest"})
    assert preview.status_code == 200
    shown = dict(re.findall(r'name="(accent|ground|accent_dark|ground_dark)" value="([^"]+)"', preview.text))
    assert set(shown) == set(bad)
    assert all(shown[name] != color for name, color in bad.items())
    assert colors.is_accent("light", shown["accent"], shown["ground"])
    assert colors.is_accent("dark", shown["accent_dark"], shown["ground_dark"])


async def test_crisis_lines_are_added_moved_and_removed_without_losing_a_word(
    cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.odile) as page:

        async def press(then: str, data: dict[str, str]) -> dict[str, str]:
            answer = await page.post(PAGE, data=data | {"then": then})
            assert answer.status_code == 200
            return data | {
                name: unescape(text)
                for name, text in re.findall(r'name="(line_\d_\w+)" value="([^"]*)"', answer.text)
            }

        data = typed(cast.context, why="typed") | {"line_3_name": "Far <away>", "mail_footer": "kept"}
        data = await press("up-3", data)
        assert (data["line_2_name"], data["line_3_name"]) == ("Far <away>", "Danger to life")
        data = await press("add", data)
        assert data["line_4_name"] == ""
        removed = await page.post(PAGE, data=data | {"then": "remove-1"})
        assert "988 Suicide" not in removed.text.split("<footer")[0]
        assert ">\nkept</textarea>" in removed.text
        for strange in ("up-1", "remove-99", "up-", "add-x"):
            assert (await page.post(PAGE, data=data | {"then": strange})).status_code == 200


async def test_the_second_of_two_organizers_is_told_and_nothing_is_lost(
    cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.odile) as page:
        await publish(page, cast.context)
        await publish(page, cast.context, 1, mail_name="First of two", zone="America/Chicago")
        both = {"contact_address": "second@example.org", "zone": "America/Denver"}
        answer = await page.post(PAGE, data=typed(cast.context, 1, **both))
        assert answer.status_code == 422
        assert "Somebody else published a version" in answer.text
        assert "First of two" in answer.text
        assert await value(cast.context, "select max(number) from community_versions") == 2
        kept = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', answer.text))
        assert (kept["mail_name"], kept["contact_address"], kept["basis"]) == (
            "First of two",
            "second@example.org",
            "2",
        )
        assert '<option value="America/Denver" selected>' in answer.text
        await publish(page, cast.context, 2, **both, mail_name="First of two")
    newest = cast.context.settings.community
    assert (newest.mail_name, newest.contact_address, newest.zone) == (
        "First of two",
        "second@example.org",
        "America/Denver",
    )


async def test_versions_stay_and_an_older_one_is_put_back(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        await publish(page, cast.context, mail_name="The first")
        await publish(page, cast.context, 1, mail_name="The second", why="Tried")
        listed = (await page.get(f"{PAGE}/versions")).text
        assert listed.index("Version 2") < listed.index("Version 1")
        one = (await page.get(f"{PAGE}/versions/1")).text
        assert "The second" in one
        assert f'href="{PAGE}?from=1"' in one
        form = (await page.get(f"{PAGE}?from=1")).text
        assert 'name="basis" value="2"' in form
        assert 'value="The first"' in form
        await publish(page, cast.context, 2, mail_name="The first", put_back="1")
        for gone in ("/versions/0", "/versions/4", "/versions/x", "?from=9", "?logo=nothing"):
            assert (await page.get(f"{PAGE}{gone}")).status_code == 404
    stored = await rows(cast.context, "select number, put_back, mail_name from community_versions order by 1")
    assert [tuple(row) for row in stored] == [
        (1, None, "The first"),
        (2, None, "The second"),
        (3, 1, "The first"),
    ]
    with pytest.raises(Exception, match="append-only"):
        await change(cast.context, "update community_versions set mail_name = 'x'")


def logo(**more: Any) -> bytes:
    return image("PNG", (2000, 500), "RGBA", **more)


async def test_a_logo_is_scaled_cleaned_and_shown_on_pages_alone(
    cast: Cast, browser: OpenBrowser, anonymous: Browser
) -> None:
    async with browser(cast.odile) as page:
        sent = await page.post(f"{PAGE}/logo", files={"picture": ("logo.png", logo())})
        assert sent.status_code == 303
        chosen = sent.headers["location"].partition("?logo=")[2]
        assert chosen in (await page.get(sent.headers["location"])).text
        assert chosen not in (await anonymous.get("/")).text
        await publish(page, cast.context, logo=chosen)
        mails = await page.post(f"{PAGE}/mail", data=typed(cast.context, 1, logo=chosen))
    shown = (await anonymous.get("/")).text
    assert f'src="/logo/{chosen}.png" width="640" height="160"' in shown
    served = await anonymous.get(f"/logo/{chosen}.png")
    assert served.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(served.content)) as picture:
        assert (picture.size, picture.mode, picture.info) == ((640, 160), "RGBA", {})
    assert "logo" not in mails.text
    assert "<img" not in mails.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "choose a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture we can read"),
        (b"GIF89a" + bytes(64), "not a picture we can read"),
        (image("PNG", (20, 20)), "at least 24 by 24"),
        (image("PNG", (2400, 30)), "more than 20 times"),
        (image("PNG", (8000, 8000), "1"), "more than 40 million pixels"),
        (with_chunks(b"zTXt", 60_000_000), "a picture"),
    ],
)
async def test_a_logo_that_is_none_is_refused(
    cast: Cast, browser: OpenBrowser, content: bytes, sentence: str
) -> None:
    async with browser(cast.odile) as page:
        answer = await page.post(f"{PAGE}/logo", files={"picture": ("logo.png", content)})
        assert answer.status_code == 422
        assert sentence in unescape(answer.text)
    assert await value(cast.context, "select count(*) from community_logos") == 0


async def test_a_logo_that_is_too_large_is_refused_before_it_is_read(
    cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.odile) as page:
        answer, _ = await send_in_chunks(page, f"{PAGE}/logo", "picture", megabytes=9)
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.text


async def test_a_logo_never_published_is_deleted_and_another_kept(cast: Cast, browser: OpenBrowser) -> None:
    from circles.community.actions import delete_logos

    async with browser(cast.odile) as page:
        sent = [
            await page.post(f"{PAGE}/logo", files={"picture": ("a.png", image("PNG", (300, side)))})
            for side in (100, 200)
        ]
        names = [answer.headers["location"].partition("?logo=")[2] for answer in sent]
        await publish(page, cast.context, logo=names[0])
    await change(cast.context, "update community_logos set sent_at = now() - interval '25 hours'")
    await delete_logos(cast.context)
    assert [row["hash"] for row in await rows(cast.context, "select hash from community_logos")] == names[:1]


async def test_new_circles_begin_with_the_terms_and_only_what_is_wanted_is_asked(
    cast: Cast, browser: OpenBrowser, anonymous: Browser
) -> None:
    changes = {
        "zone": "Europe/Zurich",
        "currency": "CHF",
        "minimum": "10",
        "suggested": "20",
        "maximum": "40",
        "refund_hours": "24",
        "late_refund_percent": "0",
        "asks": "",
    }
    async with browser(cast.odile) as page:
        assert 'name="pronouns"' in (await anonymous.get("/sign-in")).text
        await publish(page, cast.context, **changes)
    async with browser(cast.farid) as page:
        form = (await page.get("/host/circles/new")).text
        account = (await page.get("/me")).text
    assert '<option value="Europe/Zurich" selected>' in form
    shown = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', form))
    expected = {name: changes[name] for name in ("minimum", "suggested", "maximum", "refund_hours")}
    assert {name: shown[name] for name in expected} == expected
    assert 'name="pronouns"' not in (await anonymous.get("/sign-in")).text
    assert "Say what your hosts should know" not in account
    assert 'action="/me/credentials"' not in account


async def test_mail_follows_at_once_also_what_waits_in_the_queue(cast: Cast, browser: OpenBrowser) -> None:
    async with cast.context.db.transaction() as tx:
        mail_id = await mail.send(
            tx,
            cast.context.settings,
            "organizers_todo",
            to="mira@example.org",
            to_name="Mira",
            subject="Something waits",
            text="See it",
            link="https://circles.test/",
        )
        row = await mail.one(tx, mail_id)
    assert row
    async with browser(cast.odile) as page:
        await publish(page, cast.context, mail_name="Lake office", contact_address="hello@example.org")
    message = mail.message(cast.context.settings, row)
    assert message["From"].addresses[0].display_name == "Lake office"
    assert message["Reply-To"].addresses[0].addr_spec == "hello@example.org"
    with_calendar = dict(row) | {"calendar": "BEGIN:VCALENDAR", "calendar_method": "REQUEST"}
    assert mail.message(cast.context.settings, with_calendar)["Reply-To"] is None  # pyright: ignore
    own = mail.message(cast.context.settings, dict(row) | {"reply_to": "farid@example.org"})  # pyright: ignore
    assert own["Reply-To"].addresses[0].addr_spec == "farid@example.org"


@pytest.mark.parametrize(
    "href",
    ["tel:988", "sms:741741", "mailto:help@example.org", "http://help.example", "https://help.example"],
)
def test_crisis_links_of_the_environment_can_be_published(href: str) -> None:
    (line,) = crisis_lines.parse_lines(f"Help | Write to us | {href}")
    assert crisis_lines.read_link(line.href) == href


@pytest.mark.parametrize(
    "typed", ["mailto:", "mailto:help@example.org?bcc=all@example.org", "http://a:b@help.example"]
)
def test_a_link_that_hides_something_is_none(typed: str) -> None:
    assert crisis_lines.read_link(typed) is None
