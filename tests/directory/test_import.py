"""Imports over HTTP and by their actions: sent, matched, previewed, confirmed once, forgotten."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles import imports
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.commands import personal_data
from circles.directory.imports import actions as import_actions
from circles.directory.imports import outcomes as import_outcomes
from circles.directory.imports import pages as import_pages
from circles.directory.listing import actions
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.directory import import_helpers as samples
from tests.helpers import change, missing, rows, value
from tests.uploads import send_in_chunks

HOME = import_pages.HOME


async def post_file(page: Browser, sent: bytes, name: str = "therapists.csv") -> Any:
    return await page.post(HOME, files={"file": (name, sent, "text/csv")})


async def previewed(page: Browser, sent: bytes, name: str = "therapists.csv") -> str:
    """Send a file and keep the columns as guessed. Returns the address of the preview."""
    columns = (await post_file(page, sent, name)).headers["Location"]
    text = (await page.get(columns)).text
    chosen = {}
    for part in re.split('<select id="f-(?=column_|also_)', text)[1:]:
        chosen[part.split('"')[0]] = part.split("</select>")[0].split('" selected')[0].split('value="')[-1]
    answer = await page.post(columns, data=chosen)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


async def begin(cast: Cast, sent: bytes) -> UUID:
    """The same by the actions."""
    import_id = await imports.actions.begin(
        cast.context,
        import_actions.KIND,
        actor_id=cast.odile,
        file_name="list.csv",
        sent=sent,
        reading=await import_actions.read(sent),
    )
    keys = (await rows(cast.context, "select matches from listing_imports where id = $1", import_id))[0][
        "matches"
    ]
    await imports.actions.match(
        cast.context, import_actions.KINDS, actor_id=cast.odile, import_id=import_id, **keys
    )
    return import_id


async def confirm(cast: Cast, import_id: UUID, **more: Any) -> str:
    return await import_actions.confirm(cast.context, actor_id=cast.odile, import_id=import_id, **more)


async def outcomes(context: Context, import_id: UUID) -> dict[int, str]:
    outcomes_ = await rows(
        context, "select number, outcome from listing_import_rows where import_id = $1 order by 1", import_id
    )
    return dict(map(tuple, outcomes_))


# From the file to the listings


async def test_a_file_is_written_only_when_confirmed(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        assert "No file has been sent yet" in (await page.get(HOME)).text
        preview = await previewed(page, samples.csv_file([samples.row(1), samples.row(2)]))
        text = (await page.get(preview)).text
        assert not missing(text, "Nothing is written yet", "LCSW FL SW0000001, expires")
        assert await value(context, "select count(*) from listings") == 0
        answer = await page.post(f"{preview}/confirm")
        assert (answer.status_code, answer.headers["Location"]) == (303, preview)
        text = (await page.get(preview)).text
        assert not missing(text, "2 listings written", "2 new, waiting for an organizer’s look")
        assert "therapists.csv" in (await page.get(HOME)).text
    listings = await rows(context, "select * from listings order by name")
    assert [
        (row["name"], row["state"], row["source"], row["source_note"], row["source_by"]) for row in listings
    ] == [
        (f"Alma Whitfield {n}", "waiting", "import", f"therapists.csv, row {n + 1}", cast.odile)
        for n in (1, 2)
    ]
    assert listings[0]["came_at"].date() == datetime.now(UTC).date()
    expected = ("33101", samples.npi(1), True)
    assert (listings[0]["zip"], listings[0]["npi"], listings[0]["latitude"] is not None) == expected


async def test_all_faults_are_shown_and_exported(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await previewed(page, samples.twenty_faults())
        text = (await page.get(preview)).text
        assert not missing(text, "Refused, 5", "New, 15", "15 warnings, in 15 rows")
        text += (await page.get(f"{preview}?show=refused")).text + (
            await page.get(f"{preview}?show=new")
        ).text
        for heading, cell, message in samples.FAULTS:
            assert message.replace("'", "&#39;").replace('"', "&#34;") in text, heading
            assert cell.replace("'", "&#39;").replace('"', "&#34;") in text, heading
        file = await page.get(f"{preview}/refused.csv")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert lines[0] == ["Row", "Why it was refused", *samples.HEADINGS]
    refused = sorted(samples.REFUSING)
    assert [line[0] for line in lines[1:]] == [str(n + 2) for n in refused]
    for line, n in zip(lines[1:], refused, strict=True):
        assert samples.FAULTS[n][2] in line[1]
    assert not any(cell[:1] in ("=", "+", "-", "@") for line in lines for cell in line)
    assert await value(cast.context, "select count(*) from listings") == 0


async def test_a_file_of_refused_rows_has_nothing_to_write(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await previewed(page, samples.csv_file([samples.row(1, License_type="Wizard")]))
        assert "Nothing to write" in (await page.get(preview)).text
        answer = await page.post(f"{preview}/confirm")
    assert answer.status_code == 422
    assert "there is nothing to write" in answer.text


async def test_refused_rows_can_be_corrected_and_imported(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await previewed(
            page, samples.csv_file([samples.row(1, License_type="Wizard"), samples.row(2)])
        )
        await page.post(f"{preview}/confirm", data={"shown": "on"})
        file = (await page.get(f"{preview}/refused.csv")).text.replace("Wizard", "LCSW")
        again = await previewed(page, file.encode())
        assert "New, 1" in (await page.get(again)).text
        await page.post(f"{again}/confirm")
    listings = await rows(cast.context, "select name, state from listings order by name")
    assert list(map(tuple, listings)) == [("Alma Whitfield 1", "waiting"), ("Alma Whitfield 2", "shown")]


async def test_a_workbook_with_numbers_days_and_formulas(cast: Cast, browser: OpenBrowser) -> None:
    row = samples.row(1)
    cells: list[Any] = list(row.values())
    cells[samples.HEADINGS.index("ZIP")] = 33101.0
    cells[samples.HEADINGS.index("NPI")] = int(row["NPI"])
    cells[samples.HEADINGS.index("Expires")] = datetime(2040, 1, 31)
    at = samples.HEADINGS.index("Lowest fee")
    cells[at] = 0
    sent = samples.xlsx_file([samples.HEADINGS, cells], formulas={(1, at): ("=100+50", 150)})
    async with browser(cast.odile) as page:
        preview = await previewed(page, sent, "list.xlsx")
        text = (await page.get(preview)).text
        assert "Lowest fee contains a formula; what it last showed was read: “150”." in text
        assert "Nothing is calculated here" in text
        await page.post(f"{preview}/confirm")
    listing = (await rows(cast.context, "select fee_minimum, zip, npi, source_note from listings"))[0]
    assert tuple(listing) == (15_000, "33101", row["NPI"], "list.xlsx, row 2")


async def test_a_second_file_updates_only_its_own_cells(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(n) for n in (1, 2, 3)])), shown=True)
    listing = await value(context, "select id from listings where name = 'Alma Whitfield 1'")
    await change(context, "update licences set checked_at = now() where listing_id = $1", listing)
    file = samples.csv_file([samples.row(1, City="", Languages="English"), samples.row(2), samples.row(4)])
    async with browser(cast.odile) as page:
        preview = await previewed(page, file)
        text = (await page.get(f"{preview}?show=changed")).text
        assert "<del>English, Spanish</del>" in text
        assert "<ins>English</ins>" in text
        assert f"/organize/therapists/{listing}" in text
        assert "The same, 1" in text
        await page.post(f"{preview}/confirm")
        text = (await page.get(preview)).text
        assert "1 new, waiting for an organizer’s look; 1 changed; 1 the same; 0 refused." in text
    row = (await rows(context, "select * from listings where id = $1", listing))[0]
    expected = ("Miami", ["en"], "shown", 2)
    assert (row["city"], row["languages"], row["state"], row["version"]) == expected
    assert await value(context, "select checked_at is not null from licences where listing_id = $1", listing)
    assert await value(context, "select count(*) from listings") == 4


async def test_two_rows_of_one_npi_are_both_refused(cast: Cast) -> None:
    file = samples.csv_file([samples.row(1), samples.row(2), samples.row(3, NPI=samples.npi(1))])
    import_id = await begin(cast, file)
    assert await outcomes(cast.context, import_id) == {2: "refused", 3: "new", 4: "refused"}
    message = await value(
        cast.context,
        "select says -> 'faults' -> 0 ->> 'says' from listing_import_rows where import_id = $1 and number = 4",
        import_id,
    )
    assert "is in row 2 too" in message


async def test_a_listing_with_an_owner_is_refused(cast: Cast) -> None:
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(1)])))
    await change(cast.context, "update listings set person_id = $1", cast.mira)
    import_id = await begin(cast, samples.csv_file([samples.row(1, City="Hialeah")]))
    assert await outcomes(cast.context, import_id) == {2: "refused"}


# Confirming


async def test_concurrent_confirmations_write_once(cast: Cast) -> None:
    import_id = await begin(cast, samples.csv_file([samples.row(n) for n in range(5)]))
    assert await asyncio.gather(confirm(cast, import_id), confirm(cast, import_id)) == ["done", "done"]
    assert await value(cast.context, "select count(*) from listings") == 5
    events = "select count(*) from events where what = 'import.written'"
    assert await value(cast.context, events) == 1
    with pytest.raises(OutOfDate):
        await imports.actions.match(
            cast.context, import_actions.KINDS, actor_id=cast.odile, import_id=import_id, keys=["name"]
        )
    with pytest.raises(OutOfDate):
        await imports.actions.discard(
            cast.context, import_actions.KINDS, actor_id=cast.odile, import_id=import_id
        )


async def test_rows_changed_since_the_preview_are_refused_with_a_reason(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(n) for n in (1, 2, 3)])))
    file = samples.csv_file([samples.row(n, City="Hialeah") for n in (1, 2, 3)] + [samples.row(4)])
    import_id = await begin(cast, file)
    async with context.db.transaction() as tx:
        first = await tx.fetchval("select id from listings where name = 'Alma Whitfield 1'")
        draft = await actions.read_draft(tx, first)
        await actions.write_listing(
            tx, replace(draft, phone="555"), source="organizer", actor_id=cast.odile, listing_id=first
        )
        await tx.execute("delete from listings where name = 'Alma Whitfield 2'")
        other = replace(draft, name="Somebody else", npi=samples.npi(4), licenses=draft.licenses)
        await actions.write_listing(tx, other, source="organizer", actor_id=cast.odile)
    assert await confirm(cast, import_id) == "done"
    assert await outcomes(context, import_id) == {2: "refused", 3: "refused", 4: "written", 5: "refused"}
    async with browser(cast.odile) as page:
        text = (await page.get(f"{HOME}/{import_id}?show=refused")).text
    assert "Somebody changed this listing after the preview" in text
    assert "The listing of this row is gone since the preview" in text
    assert "A listing of this therapist was added after the preview" in text
    assert "1 listing written" in text


async def test_a_long_list_is_written_by_a_job(
    cast: Cast, browser: OpenBrowser, drain: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_actions, "MAX_AT_ONCE", 3)
    import_id = await begin(cast, samples.csv_file([samples.row(n) for n in range(6)]))
    assert await asyncio.gather(confirm(cast, import_id), confirm(cast, import_id)) == ["writing", "writing"]
    assert await value(cast.context, "select count(*) from listings") == 0
    async with browser(cast.odile) as page:
        text = (await page.get(f"{HOME}/{import_id}")).text
        assert not missing(text, "Your list is being written", 'hx-trigger="every 2s"')
        await drain()
        text = (await page.get(f"{HOME}/{import_id}")).text
        assert "6 listings written" in text
        assert "every 2s" not in text
    await import_actions.write(cast.context, str(import_id), str(cast.odile))
    assert await value(cast.context, "select count(*) from listings") == 6


async def test_a_failed_write_leaves_no_listing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = await begin(cast, samples.csv_file([samples.row(n) for n in range(3)]))
    real = actions.write_listing
    calls = 0

    async def fails(*given: Any, **more: Any) -> UUID:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError
        return await real(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(actions, "write_listing", fails)
        with pytest.raises(RuntimeError):
            await confirm(cast, import_id)
    assert await value(cast.context, "select count(*) from listings") == 0
    assert await confirm(cast, import_id) == "done"
    assert await value(cast.context, "select count(*) from listings") == 3


async def test_an_unmatched_import_cannot_be_confirmed(cast: Cast) -> None:
    sent = samples.csv_file([samples.row(1)])
    read = await import_actions.read(sent)
    import_id = await imports.actions.begin(
        cast.context, import_actions.KIND, actor_id=cast.odile, file_name="list.csv", sent=sent, reading=read
    )
    with pytest.raises(Refused) as caught:
        await confirm(cast, import_id)
    assert caught.value.codes == {"not_ready"}
    with pytest.raises(NotFound):
        await confirm(cast, uuid4())


# The pages


async def test_only_organizers_can_import(cast: Cast, browser: OpenBrowser) -> None:
    import_id = await begin(cast, samples.csv_file([samples.row(1)]))
    paths = (
        "",
        "/help",
        "/template.csv",
        f"/{import_id}",
        f"/{import_id}/columns",
        f"/{import_id}/refused.csv",
    )
    for person in (cast.mira, cast.farid):
        async with browser(person) as page:
            for path in paths:
                assert (await page.get(HOME + path)).status_code == 404
            for verb in ("columns", "confirm", "drop"):
                assert (await page.post(f"{HOME}/{import_id}/{verb}")).status_code == 404
            assert (await post_file(page, b"Name\nAlma")).status_code == 404
    async with browser(cast.odile) as page:
        for path in paths:
            answer = await page.get(HOME + path)
            assert answer.status_code == 200, path
            assert answer.headers["Cache-Control"] == "no-store"
        for odd in (uuid4(), "nonsense"):
            assert (await page.get(f"{HOME}/{odd}")).status_code == 404
            assert (await page.get(f"{HOME}/{odd}/refused.csv")).status_code == 404
            assert (await page.post(f"{HOME}/{odd}/confirm")).status_code == 404
            assert (await page.post(f"{HOME}/{odd}/columns", data={"column_0": "name"})).status_code == 404
    assert await value(cast.context, "select count(*) from listings") == 0


async def test_a_refused_match_keeps_the_chosen_columns(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        columns = (await post_file(page, b"Who,Where\nAlma,33101\n")).headers["Location"]
        text = (await page.get(columns)).text
        assert "Alma" in text
        answer = await page.post(columns, data={"column_0": "zip", "column_1": "zip"})
        assert answer.status_code == 422
        assert "Two columns cannot both be “ZIP code”" in answer.text
        assert "which column has the name" in answer.text
        assert answer.text.count('<option value="zip" selected>') == 2
        assert (await page.get(columns.removesuffix("/columns"))).headers["Location"] == columns
        answer = await page.post(columns, data={"column_0": "name", "column_1": "zip"})
        assert answer.status_code == 303
        assert '<option value="name" selected>' in (await page.get(columns)).text


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        (b"", 422, "This file is empty"),
        (b"Name\n", 422, "no row under its headings"),
        (b"PK\x03\x04 no workbook", 422, "damaged or is no XLSX file"),
        (b"Name\n" + b"x" * 50_000_000, 413, "This file is larger than 5 MB"),
    ],
)
async def test_an_unreadable_file_is_refused_with_a_reason(
    cast: Cast, browser: OpenBrowser, sent: bytes, status: int, message: str
) -> None:
    async with browser(cast.odile) as page:
        answer = await post_file(page, sent)
        assert (await page.post(HOME, data={"file": "no file"})).status_code == 422
    assert answer.status_code == status
    assert message in answer.text
    assert await value(cast.context, "select count(*) from listing_imports") == 0


async def test_a_chunked_upload_stops_at_the_limit(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        answer, taken = await send_in_chunks(page, HOME, "file", megabytes=50)
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.text
    assert taken < 50
    assert await value(cast.context, "select count(*) from listing_imports") == 0


async def test_names_are_escaped(cast: Cast, browser: OpenBrowser) -> None:
    odd = "<script>alert(1)</script>"
    async with browser(cast.odile) as page:
        preview = await previewed(page, samples.csv_file([samples.row(1, Name=odd)]), name=f"{odd}.csv")
        for path in (preview, f"{preview}/columns", HOME):
            assert odd not in (await page.get(path)).text
        await page.post(f"{preview}/confirm")
        assert odd not in (await page.get(preview)).text


async def test_long_previews_are_paginated(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    import_id = await begin(cast, samples.csv_file([samples.row(n) for n in range(60)]))
    async with browser(cast.odile) as page:
        queries.clear()
        text = (await page.get(f"{HOME}/{import_id}?show=new&page=3")).text
        assert len(queries) <= 3  # who it is, the import with its counts, the rows
        assert "Page 3 of 3" in text
        assert text.count('class="import-row"') == 10
        for odd in ("0", "-1", "x", "99999", "٣", ""):
            assert (await page.get(f"{HOME}/{import_id}?show={odd}&page={odd}")).status_code == 200


async def test_matching_takes_a_constant_number_of_queries(cast: Cast, queries: list[str]) -> None:
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(n) for n in range(20)])))
    queries.clear()
    await begin(cast, samples.csv_file([samples.row(n) for n in range(40)]))
    assert len([query for query in queries if not query.startswith(("BEGIN", "COMMIT"))]) <= 12


async def test_a_long_list_is_worked_on_in_pieces(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the outcomes of a list in one piece, and with no more cells in memory than are matched."""
    # Only the last row says that its days come before their months; the first two are one therapist.
    days = ["3.4.2028", "3.4.2028", *["5.6.2028"] * 20, "25.6.2028"]
    table = samples.csv_file([samples.row(max(n, 1), Expires=day) for n, day in enumerate(days)]).decode()
    heading, *lines = table.splitlines()
    sent = "\n".join([f"{heading},Diary", *(f"{line},{'x' * 50}" for line in lines)]).encode()
    read_rows = import_outcomes._read_rows
    pieces: list[list[Any]] = []

    def counted(piece: Any, *more: Any) -> Any:
        pieces.append(list(piece))
        return read_rows(piece, *more)

    monkeypatch.setattr(import_outcomes, "_read_rows", counted)
    kept = []
    for size in (100, 10):
        pieces.clear()
        monkeypatch.setattr(imports.queries, "PIECE", size)
        import_id = await begin(cast, sent)
        assert [len(piece) for piece in pieces] == ([23] if size == 100 else [10, 10, 3])
        assert not any("x" * 50 in row["cells"] for piece in pieces for row in piece)
        kept.append(
            await value(
                cast.context,
                "select jsonb_agg(jsonb_build_array(number, outcome, says) order by number)::text "
                "from listing_import_rows where import_id = $1",
                import_id,
            )
        )
    assert kept[0] == kept[1]
    assert "April 3, 2028" in kept[0]
    assert "June 25, 2028" in kept[0]
    assert "March 4" not in kept[0]


# Leaving and forgetting


async def test_an_import_can_be_discarded(cast: Cast, browser: OpenBrowser) -> None:
    import_id = await begin(cast, samples.csv_file([samples.row(1)]))
    async with browser(cast.odile) as page:
        for _ in range(2):
            answer = await page.post(f"{HOME}/{import_id}/drop")
            assert (answer.status_code, answer.headers["Location"]) == (303, HOME)
        assert "This file was left" in (await page.get(f"{HOME}/{import_id}")).text
        assert (await page.post(f"{HOME}/{import_id}/confirm")).status_code == 422
    assert await value(cast.context, "select count(*) from listings") == 0


async def test_contents_of_a_file_are_deleted_after_30_days(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    done = await begin(cast, samples.csv_file([samples.row(1), samples.row(2, License_type="Wizard")]))
    await confirm(cast, done)
    waiting = await begin(cast, samples.csv_file([samples.row(3)]))
    await jobs.run_timetable(context, "imports.forget")
    assert await value(context, "select count(*) from listing_import_rows where cells <> '{}'") == 3
    month = "- interval '31 days'"
    await change(
        context, f"update listing_imports set created_at = created_at {month}, ended_at = ended_at {month}"
    )
    await jobs.run_timetable(context, "imports.forget")
    assert await value(context, "select state from listing_imports where id = $1", waiting) == "dropped"
    assert (
        await value(
            context, "select count(*) from listing_import_rows where import_id = $1 and cells <> '{}'", done
        )
        == 0
    )
    async with browser(cast.odile) as page:
        text = (await page.get(f"{HOME}/{done}")).text
        assert "deleted after 30 days" in text
        assert "1 new, waiting for an organizer’s look" in text
        assert (await page.get(HOME)).status_code == 200
    await change(
        context, "update listing_imports set ended_at = now() - interval '31 days' where id = $1", waiting
    )
    await jobs.run_timetable(context, "imports.forget")
    assert await value(context, "select count(*) from listing_import_rows where cells <> '{}'") == 0


async def test_erasure_deletes_the_rows_of_a_person(cast: Cast) -> None:
    done = await begin(cast, samples.csv_file([samples.row(1), samples.row(2)]))
    await confirm(cast, done)
    await change(
        cast.context, "update listings set person_id = $1 where name = 'Alma Whitfield 1'", cast.mira
    )
    await personal_data.erase(cast.context, "mira@example.org")
    kept = await rows(cast.context, "select cells::text, says::text from listing_import_rows order by number")
    assert ["alma1@" in str(row) or "Alma Whitfield 1" in str(row) for row in kept] == [False, False]
    assert "Alma Whitfield 2" in str(kept[1])


async def test_a_preview_works_after_a_person_in_it_is_erased(cast: Cast, browser: OpenBrowser) -> None:
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(1), samples.row(2)])))
    sent = [samples.row(1, City="Hialeah"), samples.row(2, City="Hialeah"), samples.row(3)]
    preview = await begin(cast, samples.csv_file(sent))
    await change(
        cast.context, "update listings set person_id = $1 where name = 'Alma Whitfield 1'", cast.mira
    )
    await personal_data.erase(cast.context, "mira@example.org")
    async with browser(cast.odile) as page:
        for show in ("refused", "new", "changed", "same"):
            answer = await page.get(f"{HOME}/{preview}?show={show}")
            assert answer.status_code == 200
            assert "Alma Whitfield 1" not in answer.text
        assert (await page.post(f"{HOME}/{preview}/confirm")).status_code == 303
        assert (await page.get(f"{HOME}/{preview}?show=refused")).status_code == 200
    assert await outcomes(cast.context, preview) == {2: "refused", 3: "written", 4: "written"}


async def test_an_import_stuck_in_writing_is_discarded(cast: Cast) -> None:
    stuck = await begin(cast, samples.csv_file([samples.row(1)]))
    await change(
        cast.context,
        "update listing_imports set state = 'writing', created_at = now() - interval '31 days' where id = $1",
        stuck,
    )
    await jobs.run_timetable(cast.context, "imports.forget")
    assert await value(cast.context, "select state from listing_imports where id = $1", stuck) == "dropped"
    await import_actions.write(cast.context, str(stuck), str(cast.odile))
    assert await value(cast.context, "select count(*) from listings") == 0
