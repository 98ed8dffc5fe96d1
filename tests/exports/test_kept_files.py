"""Files that a job makes: progress, restarts, who may fetch them, how long they are kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from circles.commands import personal_data
from circles.exports import actions, files, rules
from circles.exports.kinds import Format
from circles.store import jobs
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.exports.test_files import NAMED, chosen
from tests.helpers import change, rows, value

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that two rows go beyond, and parts of some bytes."""
    monkeypatch.setattr(rules, "MAX_STREAMED", {Format.XLSX: 1})
    monkeypatch.setattr(rules, "MAX_STREAMED_ROWS", 1)
    monkeypatch.setattr(files, "PART_BYTES", 64)


async def two_rows(cast: Cast) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")


async def begin(browser: OpenBrowser, cast: Cast, **query: str) -> str:
    """Ask for a file. Returns the address of its page."""
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=NAMED | query)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def state(cast: Cast) -> str:
    return await value(cast.context, "select state from export_files")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("written_as", ["csv", "jsonl", "xlsx"])
async def test_a_long_file_is_made_by_a_job_and_fetched(
    cast: Cast, browser: OpenBrowser, drain: Drain, written_as: str
) -> None:
    await two_rows(cast)
    here = await begin(browser, cast, format=written_as)
    async with browser(cast.odile) as page:
        waiting = (await page.get(here)).text
        assert "Your file is being made" in waiting
        assert "0 of about 2 rows" in waiting
        assert (await page.post(f"{here}/file")).status_code == 404, "there is nothing to fetch yet"
        await drain()
        ready = (await page.get(here)).text
        assert "Your file is ready" in ready
        assert "2 rows" in ready
        answer = await page.post(f"{here}/file")
    assert answer.headers["cache-control"] == "no-store"
    content = answer.content
    if written_as == "xlsx":
        assert len(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()) == 3
    elif written_as == "csv":
        names = [row["Name"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
        assert names == ["Mira", "Milo"]
    else:
        assert len(content.splitlines()) == 2
    if written_as == "csv":
        assert await value(cast.context, "select count(*) from export_chunks") == 2, "it is kept in parts"
    assert await value(cast.context, "select row_count from exports") == 2
    assert await value(cast.context, "select count(*) from export_downloads") == 1, "the fetch is noted"


@pytest.mark.usefixtures("small")
async def test_a_file_is_for_whoever_asked_for_it(cast: Cast, browser: OpenBrowser, drain: Drain) -> None:
    await two_rows(cast)
    here = await begin(browser, cast)
    await drain()
    other = await add_person(cast.context, "Olga", is_organizer=True)
    for person in (other, cast.farid, cast.mira):
        async with browser(person) as page:
            assert (await page.get(here)).status_code == 404
            for action in ("file", "delete"):
                assert (await page.post(f"{here}/{action}")).status_code == 404
    assert await state(cast) == "ready"
    async with browser(other) as page:
        log = (await page.get("/organize/exports")).text
        assert here not in log
        assert "Odile" in log
    assert await value(cast.context, "select count(*) from export_downloads") == 0


@pytest.mark.usefixtures("small")
async def test_a_file_is_deleted_after_seven_days(cast: Cast, browser: OpenBrowser, drain: Drain) -> None:
    await two_rows(cast)
    here = await begin(browser, cast)
    await drain()
    async with browser(cast.odile) as page:
        await change(cast.context, "update export_files set expires_at = now() + interval '1 minute'")
        await jobs.run_timetable(cast.context, "exports.tidy")
        assert (await page.post(f"{here}/file")).status_code == 200
        await change(cast.context, "update export_files set expires_at = now()")
        assert (await page.post(f"{here}/file")).status_code == 404, "past its time, though not deleted yet"
        for address in (here, "/organize/exports"):
            assert not re.search("Your file is ready|Fetch it", (await page.get(address)).text)
        await jobs.run_timetable(cast.context, "exports.tidy")
        assert "This file was deleted" in (await page.get(here)).text
    assert await value(cast.context, "select count(*) from export_chunks") == 0
    assert await value(cast.context, "select count(*) from exports") == 1, "the log stays"


@pytest.mark.usefixtures("small")
async def test_a_file_is_kept_for_seven_days_from_when_it_was_made(
    cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    await two_rows(cast)
    await begin(browser, cast)
    await drain()
    assert await value(cast.context, "select expires_at - made_at = interval '7 days' from export_files")


@pytest.mark.usefixtures("small")
async def test_a_file_can_be_deleted_at_once(cast: Cast, browser: OpenBrowser, drain: Drain) -> None:
    await two_rows(cast)
    here = await begin(browser, cast)
    async with browser(cast.odile) as page:
        await page.post(f"{here}/delete")
        await drain()
        assert await state(cast) == "deleted", "a job that still waits makes nothing"
        assert (await page.post(f"{here}/file")).status_code == 404


@pytest.mark.usefixtures("small")
async def test_a_run_that_was_cut_short_is_followed_by_a_whole_file(cast: Cast, browser: OpenBrowser) -> None:
    """As after kill -9 of a worker: parts of the first run are there, and its process may even come back."""
    await two_rows(cast)
    here = await begin(browser, cast)
    export_id = UUID(here.rsplit("/", 1)[1])
    async with cast.context.db.transaction() as tx:
        first = await files.SQL.begin_file(tx, export_id=export_id, kept_for=rules.KEPT_FOR)
    lost = files._Run(cast.context, export_id, first["attempt"])
    await lost.add(b"half of a line " * 10)
    assert await value(cast.context, "select count(*) from export_chunks") == 1
    await files.make(cast.context, str(export_id))
    for came_back in (lost.add(b"the other half " * 10), lost.end("ready")):
        with pytest.raises(files.Superseded):
            await came_back
    assert await state(cast) == "ready"
    content = b"".join([chunk async for chunk in files.stored(cast.context, export_id)])
    assert content.decode("utf-8-sig").splitlines()[0].startswith("Circle,Date,")
    assert b"half" not in content
    await files.make(cast.context, str(export_id))
    assert await value(cast.context, "select attempt from export_files") == 2, (
        "one that is ready is not made again"
    )


@pytest.mark.usefixtures("small")
async def test_a_file_that_never_comes_about_is_given_up(cast: Cast, browser: OpenBrowser) -> None:
    await two_rows(cast)
    here = await begin(browser, cast)
    await change(cast.context, "update export_files set attempt = $1, state = 'being_made'", files.MAX_RUNS)
    await files.make(cast.context, here.rsplit("/", 1)[1])
    assert await state(cast) == "failed"
    async with browser(cast.odile) as page:
        assert "could not be made" in (await page.get(here)).text


async def test_short_files_are_streamed(cast: Cast, browser: OpenBrowser) -> None:
    await two_rows(cast)
    async with browser(cast.odile) as page:
        for written_as in Format:
            answer = await page.post("/organize/exports", data=NAMED | {"format": written_as.value})
            assert answer.status_code == 200
    assert await rows(cast.context, "select * from export_files") == []


@pytest.mark.usefixtures("small")
async def test_who_is_erased_is_in_no_kept_file(cast: Cast, drain: Drain) -> None:
    await two_rows(cast)
    begun = await actions.begin(cast.context, actor_id=cast.odile, choices=chosen())
    assert begun.is_long
    await drain()
    async with cast.context.db.transaction() as tx:
        await personal_data.SQL.erase_export_files(tx, person=uuid4())
    assert await state(cast) == "ready"
    async with cast.context.db.transaction() as tx:
        await personal_data.SQL.erase_export_files(tx, person=cast.milo)
    assert await state(cast) == "deleted"
    assert await value(cast.context, "select count(*) from export_chunks") == 0
