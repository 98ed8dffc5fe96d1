"""What a phone keeps of the room for a reload without a network, as far as the site decides it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import missing

KEPT_SECONDS = re.compile(r'data-kept-seconds="(\d+)"')


@pytest_asyncio.fixture
async def tonight(cast: Cast) -> UUID:
    """A gathering of Farid's circle that began ten minutes ago, with Mira."""
    start = datetime.now(UTC) - timedelta(minutes=10)
    gathering = await add_gathering(cast.context, cast.circle, starts_at=start)
    await add_booking(cast.context, gathering, cast.mira, kind="paid", amount=3750)
    return gathering


async def test_the_offline_page_is_the_same_for_everybody_and_holds_no_names(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host, browser() as nobody:
        shell = await host.get("/host/room-shell")
        assert shell.status_code == 200
        assert shell.text == (await nobody.get("/host/room-shell")).text
    assert not missing(shell.text, "Crisis card", "988", "There is no network right now.")
    for private in ("Farid", "Mira", str(tonight), "/practice/", "Tuesday"):
        assert private not in shell.text, private


async def test_the_service_worker_caches_the_offline_page(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        answer = await page.get("/host/room-worker.js")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" not in answer.headers["cache-control"]
        line, _, script = answer.text.partition("\n")
        keeps: dict[str, Any] = json.loads(line.removeprefix("const KEEPS = ").removesuffix(";"))
        assert 'addEventListener("fetch"' in script
        shell = (await page.get(keeps["shell"])).text
        assert {file.partition("?")[0] for file in keeps["files"]} >= {
            "/static/circles.css",
            "/static/circles.js",
            "/static/room.js",
            "/static/icons/dusk-ring.svg",
        }
        assert set(keeps["files"]) >= set(re.findall(r'(?:src|href)="(/static/[^"]+)"', shell))
        for file in keeps["files"]:
            assert (await page.get(file)).status_code == 200


async def test_another_crisis_line_makes_another_worker(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser() as page:
        before = (await page.get("/host/room-worker.js")).text
        assert (await page.get("/host/room-worker.js")).text == before
        monkeypatch.setattr(cast.context.settings.crisis_lines[0], "how", "Call 0800 111 0 111")
        assert "0800 111 0 111" in (await page.get("/host/room-shell")).text
        assert (await page.get("/host/room-worker.js")).text != before


async def test_only_the_room_may_start_a_worker(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as host:
        for path in ("/", "/host", f"/host/gatherings/{tonight}", f"/host/gatherings/{tonight}/after"):
            answer = await host.get(path)
            assert "worker-src 'none'" in answer.headers["content-security-policy"], path
            assert "room.js" not in answer.text, path
        room = await host.get(f"/host/gatherings/{tonight}/room")
    assert "worker-src 'self'" in room.headers["content-security-policy"]
    assert room.headers["cache-control"] == "no-store"


async def test_the_page_states_how_long_to_keep_it(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as host:

        async def kept_seconds(gathering: UUID) -> int:
            match = KEPT_SECONDS.search((await host.get(f"/host/gatherings/{gathering}/room")).text)
            assert match
            return int(match[1])

        assert (
            timedelta(hours=4)
            < timedelta(seconds=await kept_seconds(tonight))
            < timedelta(hours=4, minutes=30)
        )
        assert await kept_seconds(cast.gathering) == 0  # next week
        await host.post(f"/host/gatherings/{tonight}/close", data={"rest": "absent"})
        assert await kept_seconds(tonight) == 0
        # The page of a closed register makes the tab delete what it kept.
        after = (await host.get(f"/host/gatherings/{tonight}/after")).text
        assert f'data-room="{tonight}"' in after
        assert "room.js" in after


@pytest.mark.parametrize("path", ["/sign-out", "/sign-out/everywhere"])
async def test_signing_out_leaves_nothing_on_the_phone(cast: Cast, browser: OpenBrowser, path: str) -> None:
    async with browser(cast.farid) as host:
        answer = await host.post(path)
    assert answer.headers["clear-site-data"] == '"storage"'
