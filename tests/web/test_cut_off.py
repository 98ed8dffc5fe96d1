"""Requests that are not done when the time to stop of their process is over: 503, nothing typed is lost, one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any

import pytest
from starlette.applications import Starlette

from circles.store import db
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.web import test_request_log
from tests.web.test_unavailable import NOTE, guidelines_form, send

lines = test_request_log.lines


class Stuck(db.Database):
    """A database whose transactions never begin."""

    began: asyncio.Event

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[db.Tx]:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.began.set()
        await asyncio.Event().wait()
        yield  # pyright: ignore[reportReturnType]


@pytest.fixture
def stopping(app: Starlette) -> Iterator[asyncio.Event]:
    """The state of a process that was told to stop, which each test sets."""
    yield app.state.stopping
    app.state.stopping.clear()


@pytest.mark.parametrize("by_htmx", [False, True])
async def test_a_form_is_shown_with_all_that_was_typed(
    app: Starlette, cast: Cast, browser: OpenBrowser, stopping: asyncio.Event, lines: Any, by_htmx: bool
) -> None:
    stuck = await Stuck.open(cast.context.settings.database_url)
    assert isinstance(stuck, Stuck)
    stuck.began = asyncio.Event()
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        app.state.context = Context(cast.context.settings, stuck)
        headers = {"HX-Request": "true", "Sec-Fetch-Dest": "empty"} if by_htmx else {}
        sending = asyncio.create_task(send(page, form, **headers))
        await stuck.began.wait()
        stopping.set()
        sending.cancel()
        status, text, sent_back = await sending
    app.state.context = cast.context
    await stuck.close()
    assert (status, sent_back["retry-after"], sent_back["cache-control"]) == (503, "5", "no-store")
    assert sent_back["connection"] == "close"
    assert "so it may be saved or not" in text
    assert (escape(NOTE) in text) is not by_htmx  # htmx keeps the page, with its form
    fault = next(line for line in lines() if line["event"] != "request")
    assert (fault["event"], fault["error"]) == (
        "the process stops before a request is done",
        "CancelledError",
    )
    assert fault["route"] == "/host/circles/{id}/guidelines"
    assert any(place.startswith("guidelines/actions.py:") for place in fault["places"])


@pytest.fixture
def began(app: Starlette) -> asyncio.Event:
    """Set once a page has begun, which then never ends."""
    began = asyncio.Event()

    async def find_person(*_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    app.state.find_person = find_person
    return began


async def test_a_page_says_that_the_site_comes_back(
    cast: Cast, browser: OpenBrowser, stopping: asyncio.Event, began: asyncio.Event
) -> None:
    async with browser(cast.mira) as page:
        looking = asyncio.create_task(page.get("/gatherings"))
        await began.wait()
        stopping.set()
        looking.cancel()
        answer = await looking
    assert answer.status_code == 503
    assert "the site comes back by itself" in answer.text


async def test_a_request_that_is_canceled_otherwise_is_canceled(
    cast: Cast, browser: OpenBrowser, began: asyncio.Event
) -> None:
    async with browser(cast.mira) as page:
        looking = asyncio.create_task(page.get("/gatherings"))
        await began.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
