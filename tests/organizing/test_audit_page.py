"""The audit page: every kind has words, filters by person, group and date, pages, the export, what stays unread."""

from __future__ import annotations

import ast
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from circles.organizing.audit import rules, words
from circles.store import audit
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, value

ROOT = Path(__file__).parents[2]
# A whole kind; the beginning of one that is put together ends with a dot or an underline.
KIND = re.compile(r"[a-z_]+\.[a-z_]*[a-z]")


def recorded_kinds() -> tuple[set[str], set[str]]:
    """The kinds that the code records by name, and the families of those that it puts together."""
    kinds, families = set[str](), set[str]()
    for path in (ROOT / "circles").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record"):
                continue
            for part in ast.walk(node.args[1]):
                if isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
                    families.add(str(part.values[0].value))
                elif isinstance(part, ast.Constant) and KIND.fullmatch(str(part.value)):
                    kinds.add(str(part.value))
    return kinds, families


def test_every_kind_that_the_code_records_has_words() -> None:
    """A kind that is put together is checked by every test that records it (conftest), and its family here."""
    kinds, families = recorded_kinds()
    assert len(kinds) > 100
    assert {kind for kind in kinds if not words.has_words(kind)} == set()
    assert {one for one in families if not any(kind.startswith(one) for kind in words.WORDS)} <= set(
        words.CONFIDENTIAL_FAMILIES
    )


def test_no_kind_is_shown_and_hidden() -> None:
    grouped = [kind for _, kinds in words.GROUPS.values() for kind in kinds]
    assert sorted(grouped) == sorted(words.SHOWN)
    assert set(audit.WRITTEN_REASONS) <= set(words.WORDS)


async def add(context: Context, what: str, about: UUID, **more: object) -> None:
    async with context.db.transaction() as tx:
        await audit.record(tx, what, about, **more)  # pyright: ignore[reportArgumentType]


async def test_the_page_says_who_did_what_to_whom_and_why(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await add(cast.context, "booking.cancelled", booking, actor_id=cast.farid, why="taken_off")
    await add(cast.context, "circle.paused", cast.circle, actor_id=cast.odile)
    await add(cast.context, "role_request.granted", uuid4())
    async with browser(cast.odile) as page:
        shown = (await page.get("/organize/audit")).text
    assert not missing(shown, "Farid", "canceled a seat", "Mira", "First steps home", "taken off")
    assert not missing(shown, "Odile", "paused a circle", "The site")


async def test_only_organizers_read_it(cast: Cast, browser: OpenBrowser) -> None:
    for who in (cast.farid, cast.mira):
        async with browser(who) as page:
            assert (await page.get("/organize/audit")).status_code == 404
            assert (await page.post("/organize/audit.csv", data={})).status_code == 404


@pytest.mark.parametrize(
    "kind",
    [
        "introduction.asked",
        "introduction.accepted",
        "concern.raised",
        "complaint.made",
        "note.written",
        "request.declined",
    ],
)
async def test_what_is_confidential_is_neither_shown_nor_exported(
    cast: Cast, browser: OpenBrowser, kind: str
) -> None:
    await add(cast.context, kind, uuid4(), actor_id=cast.mira, why="confidential words")
    async with browser(cast.odile) as page:
        for query in ("", f"?person={cast.mira}", "?group=people"):
            assert "confidential words" not in (await page.get(f"/organize/audit{query}")).text
        file = await page.post("/organize/audit.csv", data={})
    assert "confidential words" not in file.text


async def test_a_person_is_searched_by_post_and_named_by_an_id(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await add(cast.context, "booking.moved", booking, actor_id=cast.farid, why="to a quieter room")
    await add(cast.context, "circle.paused", cast.circle, actor_id=cast.farid)
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/audit", data={"q": "Mira", "group": "seats"})
        assert answer.headers["location"] == f"/organize/audit?person={cast.mira}&group=seats"
        shown = (await page.get(answer.headers["location"])).text
        assert "to a quieter room" in shown
        assert "paused a circle" not in shown
        nobody = await page.post("/organize/audit", data={"q": "Nobody at all"})
        assert nobody.status_code == 422
        assert not missing(nobody.text, "Nobody has this name or address here", 'value="Nobody at all"')


async def test_of_two_people_of_one_name_the_right_one_is_chosen(cast: Cast, browser: OpenBrowser) -> None:
    other = await add_person(cast.context, "Mira", email="mira.lind@example.com")
    async with browser(cast.odile) as page:
        shown = (await page.post("/organize/audit", data={"q": "mira"})).text
    assert not missing(shown, "Several people match", "mira@example.org", "mira.lind@example.com")
    assert not missing(shown, f"/organize/audit?person={other}", f"/organize/audit?person={cast.mira}")


async def test_dates_are_the_days_of_the_reader(cast: Cast, browser: OpenBrowser) -> None:
    """Half past three on March 2 in UTC is still March 1 in New York."""
    at = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    await change(
        cast.context, "insert into events (what, about, at) values ('circle.paused', $1, $2)", cast.circle, at
    )
    async with browser(cast.odile) as page:
        page.cookies.set("zone", "America/New_York", domain="circles.test")
        here = (await page.get("/organize/audit?from=2026-03-01&to=2026-03-01")).text
        later = (await page.get("/organize/audit?from=2026-03-02&to=2026-03-02")).text
        turned = await page.get("/organize/audit?from=2026-03-02&to=2026-03-01")
        odd = await page.get("/organize/audit?from=yesterday&group=nothing&person=x&after=9.x")
    assert "paused a circle" in here
    assert "paused a circle" not in later
    assert (turned.status_code, missing(turned.text, "cannot be before the first")) == (422, [])
    assert (odd.status_code, missing(odd.text, "year-month-day")) == (422, [])


@pytest.mark.parametrize("query", ["", "?group=circles", "?person={odile}"])
async def test_pages_go_on_without_a_gap(cast: Cast, browser: OpenBrowser, query: str) -> None:
    """Also among events of the same moment."""
    count = rules.PER_PAGE * 2 + 5
    await change(
        cast.context,
        "insert into events (what, about, who, why, at) "
        "select 'circle.saved', $1, $2, 'n' || n || 'n', $3 from generate_series(1, $4) as n",
        cast.circle, cast.odile, datetime.now(UTC) - timedelta(days=1), count,
    )  # fmt: skip
    read = list[str]()
    async with browser(cast.odile) as page:
        url = f"/organize/audit{query.format(odile=cast.odile)}"
        for _ in range(3):
            shown = (await page.get(url)).text
            read += [cell for cell in shown.split('data-label="Why">') if cell.startswith("n")]
            url = "/organize/audit?" + _older(shown)
    numbers = [int(cell.split("n")[1]) for cell in read]
    assert numbers == list(range(count, 0, -1))


def _older(shown: str) -> str:
    links = [part.split('"')[0] for part in shown.split('href="/organize/audit?')[1:]]
    return next((link.replace("&amp;", "&") for link in links if "after=" in link), "")


async def test_the_export_has_all_of_it_and_is_a_line_itself(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("circles.organizing.audit.actions.ROWS_AT_ONCE", 3)
    for number in range(7):
        await add(cast.context, "circle.saved", cast.circle, actor_id=cast.odile, why=f"=cmd{number}")
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/audit.csv", data={"group": "circles"})
        log = (await page.get("/organize/audit")).text
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line["why"] for line in lines] == [f"'=cmd{number}" for number in range(6, -1, -1)]
    assert {(line["who"], line["what"], line["circle"]) for line in lines} == {
        ("Odile", "changed a circle", "First steps home")
    }
    assert await value(cast.context, "select row_count from exports where what = 'audit'") == 7
    assert "exported the audit log" in log


async def test_a_page_takes_three_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await add(cast.context, "booking.cancelled", booking, actor_id=cast.farid)
    async with browser(cast.odile) as page:
        await page.get("/organize/audit")
        queries.clear()
        await page.get(f"/organize/audit?person={cast.mira}")
    statements = [text for text in queries if text.lstrip().startswith(("select", "with", "--"))]
    assert len(statements) <= 4, statements
