"""A line of the host's own in mails about a change: shown before, once in each mail, and to nobody who booked later."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser
from tests.helpers import rows, send_invites, value

LINE = "The lift is mended.\nSorry for the fuss."


async def changed_mails(context: Context) -> list[Any]:
    await jobs.drain(context)
    return await rows(
        context, "select * from mails where kind in ('changed', 'withdrawn') order by created_at, to_address"
    )


def fields_of(html: str) -> dict[str, str]:
    """What the form of a page would send, as a browser reads it."""
    form = html[html.index("<form", html.index("<main")) :]
    fields = dict(re.findall(r'<input(?=[^>]*name="(\w+)")[^>]*\svalue="([^"]*)"', form))
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\s*([^<]*)</textarea>', form):
        fields[name] = text
    return fields


async def press(page: Browser, path: str, **fields: str) -> Any:
    """Change what a form shows, look at what it does, and do it."""
    typed = fields_of((await page.get(path)).text) | fields
    looked = await page.post(path, data=typed | {"then": "look"})
    assert looked.status_code == 200, looked.text
    seen = re.search(r'name="seen" value="(\w+)"', looked.text)
    assert seen
    return await page.post(path, data=typed | {"then": "do", "seen": seen[1]})


async def booked_gathering(context: Context, cast: Cast) -> UUID:
    await add_booking(context, cast.gathering, cast.mira)
    await send_invites(context)
    return cast.gathering


async def test_it_is_in_the_mail_about_the_change_and_in_no_later_one(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = f"/host/gatherings/{await booked_gathering(context, cast)}/change"
    async with browser(cast.farid) as page:
        assert (await press(page, path, time="19:00", line=LINE)).status_code == 303
        (mail,) = await changed_mails(context)
        for part in ("text_body", "html_body"):
            assert "Your host writes:" in mail[part]
            assert "The lift is mended." in mail[part]
        assert "lift" not in mail["subject"]
        await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
        await send_invites(context)
        assert (await press(page, path, time="20:00", line="")).status_code == 303
        later = (await changed_mails(context))[1:]
    assert len(later) == 2
    assert all("lift" not in mail["text_body"] for mail in later)


async def test_who_did_not_get_the_mail_in_between_reads_both_lines(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = f"/host/gatherings/{await booked_gathering(context, cast)}/change"
    async with browser(cast.farid) as page:
        await press(page, path, time="19:00", line="First line.")
        await press(page, path, time="20:00", line="Second line.")
    (mail,) = await changed_mails(context)
    assert re.search(r"First line\.\s+Second line\.", mail["text_body"])


async def test_the_preview_holds_for_the_line_that_was_shown(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = f"/host/gatherings/{await booked_gathering(context, cast)}/change"
    async with browser(cast.farid) as page:
        typed = fields_of((await page.get(path)).text) | {"time": "19:00", "line": "One."}
        looked = await page.post(path, data=typed | {"then": "look"})
        seen = re.search(r'name="seen" value="(\w+)"', looked.text)
        assert seen
        other = await page.post(path, data=typed | {"then": "do", "seen": seen[1], "line": "Another."})
        assert other.status_code == 422
        assert "Another." in other.text
        long = await page.post(path, data=typed | {"then": "look", "line": "x" * 501})
        assert long.status_code == 422
    assert await changed_mails(context) == []


async def test_who_gives_up_a_seat_reads_it_too(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    gathering = await add_gathering(context, cast.circle, days=9, capacity=2)
    await add_booking(context, gathering, cast.mira, kind="paid", amount=4500)
    leaves = await add_booking(context, gathering, cast.milo, kind="paid", amount=4500)
    await send_invites(context)
    path = f"/host/gatherings/{gathering}/change"
    async with browser(cast.farid) as page:
        done = await press(page, path, capacity="1", community_seats="0", line=LINE, give_up=str(leaves))
        assert done.status_code == 303, done.text
    (mail,) = await changed_mails(context)
    assert mail["to_address"] == "milo@example.org"
    assert "The lift is mended." in mail["text_body"]


async def test_a_change_of_the_circle_has_one_as_well_and_each_mail_once(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await booked_gathering(context, cast)
    second = await add_gathering(context, cast.circle, days=14)
    await add_booking(context, second, cast.mira, kind="paid", amount=4500)
    await send_invites(context)
    path = f"/host/circles/{cast.circle}/edit"
    async with browser(cast.farid) as page:
        typed = fields_of((await page.get(path)).text)
        typed |= {"discreet_name": "Thursday group", "line": LINE, "format": "facilitated", "place": "online"}
        typed |= {"zone": "America/New_York", "currency": "USD"}
        looked = await page.post(path, data=typed | {"then": "save"})
        seen = re.search(r'name="seen" value="(\w+)"', looked.text)
        assert seen, looked.text
        done = await page.post(path, data=typed | {"then": "do", "seen": seen[1]})
        assert done.status_code == 303, done.text
    (mail,) = await changed_mails(context)
    assert mail["text_body"].count("The lift is mended.") == 1


async def test_it_is_exported_and_erased_with_its_writer(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = f"/host/gatherings/{await booked_gathering(context, cast)}/change"
    async with browser(cast.farid) as page:
        await press(page, path, time="19:00", line=LINE)
    assert len((await personal_data.export(context, "farid@example.org"))["change_lines"]) == 1
    await jobs.drain(context)
    await rows(context, "update change_lines set written_at = now() - interval '91 days'")
    await jobs.run_timetable(context, "invites.send_missed_changes")
    assert await value(context, "select count(*) from change_lines") == 0
