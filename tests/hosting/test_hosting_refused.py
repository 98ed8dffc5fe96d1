"""Refusals of hosting: circles that ended, gatherings that began, were canceled, or have no schedule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, Refused
from circles.hosting.circle import actions, lifecycle
from circles.hosting.hosts import actions as hosts_actions
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, value


async def codes(doing: Awaitable[Any]) -> set[str]:
    with pytest.raises(Refused) as refused:
        await doing
    return refused.value.codes


async def is_now(context: Context, circle: UUID, state: str) -> None:
    await change(context, "update circles set state = $2 where id = $1", circle, state)


# The circle as a whole


async def test_pausing_resuming_and_ending_twice_is_once(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    for verb in (lifecycle.pause_circle, lifecycle.resume_circle, lifecycle.archive_circle):
        for _ in range(2):
            await verb(context, farid, cast.circle)
    events = await rows(context, "select what from events where about = $1 order by at", cast.circle)
    assert [row["what"] for row in events] == ["circle.paused", "circle.resumed", "circle.archived"]


@pytest.mark.parametrize(
    ("state", "verb", "code", "message"),
    [
        ("draft", "pause", "not_published", "Only a published circle can be paused."),
        ("archived", "resume", "not_paused", "This circle is not paused."),
        ("archived", "pause", "not_published", "Only a published circle can be paused."),
    ],
)
async def test_only_what_is_published_is_paused_and_only_that_resumed(
    context: Context, cast: Cast, browser: OpenBrowser, state: str, verb: str, code: str, message: str
) -> None:
    await is_now(context, cast.circle, state)
    do: Callable[..., Awaitable[Any]] = getattr(lifecycle, f"{verb}_circle")
    assert await codes(do(context, await person(context, cast.farid), cast.circle)) == {code}
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/circles/{cast.circle}/{verb}")
        assert message in (await page.get(answer.headers["Location"])).text


async def test_what_ended_is_not_published_again(context: Context, cast: Cast) -> None:
    await is_now(context, cast.circle, "archived")
    assert await codes(lifecycle.publish_circle(context, await person(context, cast.farid), cast.circle)) == {
        "not_draft"
    }


async def test_an_ended_circle_invites_no_host(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(context, cast.farid)
    await hosts_actions.invite(context, farid, cast.circle, email="fern@example.org", part="co")
    mail = await value(context, "select text_body from mails where kind = 'host_invitation'")
    address = next(word for word in mail.split() if "/host/invitations/" in word)
    await is_now(context, cast.circle, "archived")
    doing = hosts_actions.invite(context, farid, cast.circle, email="milo@example.org", part="helper")
    assert await codes(doing) == {"ended"}
    async with browser(cast.fern) as page:
        shown = await page.get(address)
        assert shown.status_code == 410
        assert "What this invitation was for is over." in shown.text


async def test_nobody_pauses_what_is_not_theirs(context: Context, cast: Cast) -> None:
    fern = await person(context, cast.fern)
    for verb in (lifecycle.pause_circle, lifecycle.archive_circle, actions.copy_circle):
        for circle in (cast.circle, uuid4()):
            with pytest.raises(NotFound):
                await verb(context, fern, circle)
