"""The log of requests, their ids, and what of a library's message is written."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette

from circles.commands.server import TrustedProxy
from circles.store import logs
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser

GIVEN = "0123456789abcdef.proxy-1"


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str], app: Starlette) -> Iterator[Any]:
    """What is logged from now on, in the format of production, at the level "info"."""
    logs.start(readable=False, level="info")
    yield lambda: [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    logs.start(readable=True)


async def test_a_request_is_logged_by_its_route(app: Starlette, cast: Cast, lines: Any) -> None:
    async with Browser(app) as page:
        answer = await page.get(f"/gatherings/{cast.gathering}?from=mira@example.org")
        await page.get("/feeds/a-secret-key.ics")
        await page.get("/nowhere/mira")
        await page.get("/static/circles.css")
        await page.get("/livez")
    logged = lines()
    assert [(line["route"], line["method"], line["status"]) for line in logged] == [
        ("/gatherings/{id}", "GET", 200),
        ("/feeds/{token}.ics", "GET", 404),
        ("no route", "GET", 404),
    ]
    assert logged[0]["request"] == answer.headers["x-request-id"]
    assert len({line["request"] for line in logged}) == 3
    assert all(line["ms"] >= 0 and line["event"] == "request" for line in logged)
    text = json.dumps(logged)
    assert not [words for words in ("mira", "secret", str(cast.gathering)) if words in text]


@pytest.mark.parametrize(
    ("given", "peer", "taken"),
    [
        (GIVEN, "10.1.2.3", True),
        (GIVEN, "203.0.113.5", False),
        ("short", "10.1.2.3", False),
        ("mira@example.org", "10.1.2.3", False),
        ("0123456789 <script>", "10.1.2.3", False),
        ("a" * 65, "10.1.2.3", False),
    ],
)
async def test_an_id_comes_from_the_trusted_proxy_alone(
    app: Starlette, given: str, peer: str, taken: bool
) -> None:
    site = TrustedProxy(app, "10.0.0.0/8")  # pyright: ignore[reportArgumentType]

    async def from_peer(scope: Any, receive: Any, send: Any) -> None:
        await site({**scope, "client": (peer, 1)}, receive, send)

    headers = {"X-Request-ID": given, "X-Forwarded-For": "10.9.9.9"}
    async with Browser(from_peer) as page:  # pyright: ignore[reportArgumentType]
        answer = (await page.get("/livez", headers=headers)).headers["x-request-id"]
    assert (answer == given) is taken
    assert taken or re.fullmatch("[0-9a-f]{32}", answer)


async def test_an_error_page_has_the_reference_that_the_log_has(
    app: Starlette, browser: OpenBrowser, cast: Cast, lines: Any
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("mira@example.org")

    app.state.find_person = broken
    async with browser(cast.mira) as page:
        answer = await page.get("/gatherings")
    fault, request = lines()
    assert (fault["event"], fault["error"], fault["route"]) == ("unexpected", "ValueError", "/gatherings")
    assert fault["places"][-1].startswith("web/test_request_log.py:")
    assert request["status"] == answer.status_code == 500
    reference = answer.headers["x-request-id"]
    assert fault["request"] == request["request"] == reference
    assert f"this number helps them: {reference}" in answer.text


async def test_an_expected_error_page_has_no_reference(app: Starlette) -> None:
    async with Browser(app) as page:
        assert "this number helps" not in (await page.get("/nowhere")).text


@pytest.mark.parametrize(
    ("level", "written"), [("error", ["error"]), ("info", ["error", "info"]), ("debug", ["error", "info"])]
)
def test_the_level_is_that_of_libraries_too(
    lines: Any, capfd: pytest.CaptureFixture[str], level: str, written: list[str]
) -> None:
    logs.start(readable=False, level=level)
    for name in written:
        logging.getLogger("some.library").log(logging.getLevelName(name.upper()), "Something of a library")
    logging.getLogger("httpx2").info("Chatter")
    assert [line["level"] for line in lines()] == written


def test_of_a_library_s_message_what_its_source_says_is_written(lines: Any) -> None:
    library = logging.getLogger("some.library")
    library.warning("Waited %d times, %.1f s, for %s", 3, 0.5, "mira@example.org")
    library.warning("Nothing in it")
    library.warning("%s", "mira@example.org")
    library.warning("@".join(("fern", "example.org")))  # which stands nowhere in this file
    library.warning(f"for {'mira'}@example.org")
    library.warning(ValueError("mira@example.org"))
    logged = lines()
    assert [line["event"] for line in logged] == [
        "Waited 3 times, 0.5 s, for ...",
        "Nothing in it",
        *["a message of a library"] * 4,
    ]
    assert logged[-1]["error"] == "ValueError"
    assert logged[0]["place"].startswith("web/test_request_log.py:")
    assert not re.search("mira|fern", json.dumps(logged))
