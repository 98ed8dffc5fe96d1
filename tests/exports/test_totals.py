"""Totals tell nobody apart: folding, rounding, and an attack that subtracts files from each other."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from circles.base.errors import Refused
from circles.exports import rules, totals
from circles.exports.kinds import KINDS, Depth, Group
from circles.exports.totals import FOLDED, LEAST, MEASURES, Cell
from circles.store.context import Context
from tests.cast import Cast, add_circle, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, value

COUNTS = ("People who booked", "People who came", "Attendances")
CELLS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 6), st.integers(0, 40), st.integers(0, 60)), max_size=24
)


def cells_of(drawn: Iterable[tuple[int, int, int, int]]) -> list[Cell]:
    """Cells of four circles and six months, each once."""
    once = {(circle, month): (people, number) for circle, month, people, number in drawn}
    return [
        Cell(
            UUID(int=circle), f"Circle {circle}", "peer", date(2026, month, 1), 4, 0, 32, 4, 360,
            {"people_came": [people, people], "attendances": [people, people + number]},
        )
        for (circle, month), (people, number) in sorted(once.items())
    ]  # fmt: skip


@given(st.integers(0, 10_000), st.integers(0, 50_000))
def test_a_number_is_folded_or_a_multiple_of_five(people: int, more: int) -> None:
    shown = totals.shown(people, people + more)
    if people < LEAST:
        assert shown is None
    else:
        assert shown is not None
        assert shown >= LEAST
        assert shown % LEAST == 0
        assert abs(shown - people - more) <= LEAST // 2


@given(CELLS, st.sampled_from(list(Group)), st.data())
def test_a_file_holds_sums_of_what_its_cells_tell_and_nothing_else(
    drawn: list[tuple[int, int, int, int]], group: Group, data: st.DataObject
) -> None:
    """So two files, whatever they cover, tell no more than the cells: their difference is a sum of told numbers."""
    kind = KINDS["attendance"]
    cells = cells_of(drawn)
    one = data.draw(st.lists(st.sampled_from(cells), unique_by=id)) if cells else []
    other = data.draw(st.lists(st.sampled_from(cells), unique_by=id)) if cells else []
    place = [column.key for column in totals.columns(kind, group)].index("people_came")

    def whole(chosen: Sequence[Cell]) -> int:
        table = totals.rows(kind, group, chosen)
        return sum(row[place] for row in table if isinstance(row[place], int))

    def told(chosen: Iterable[Cell]) -> int:
        return sum(cell.shown("people_came") or 0 for cell in chosen)

    only_one = [cell for cell in one if cell not in other]
    only_other = [cell for cell in other if cell not in one]
    assert whole(one) - whole(other) == told(only_one) - told(only_other)


# The attack, on the database

MONTHS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
# How many different people come to each circle in each month: small cells, cells on every side of a multiple of five.
SIZES = {"First steps home": (8, 3, 12), "Open door": (1, 7, 5), "Quiet hour": (4, 10, 0)}


async def plant(cast: Cast) -> dict[str, UUID]:
    """Three circles of three months with SIZES. Returns the circles by name."""
    circles = {
        "First steps home": cast.circle,
        "Open door": cast.other_circle,
        "Quiet hour": await add_circle(cast.context, cast.farid, name="Quiet hour"),
    }
    people = [await add_person(cast.context, f"Person {number}") for number in range(12)]
    for name, sizes in SIZES.items():
        for month, size in zip(MONTHS, sizes, strict=True):
            gathering = await add_gathering(
                cast.context,
                circles[name],
                starts_at=datetime(month.year, month.month, 10, 18, tzinfo=UTC),
                capacity=24,
                community_seats=24,
            )
            await come(cast.context, gathering, people[:size])
    return circles


async def come(context: Context, gathering: UUID, people: Sequence[UUID]) -> None:
    """Book these people with a community seat, and mark that they came."""
    await change(
        context,
        "insert into acceptances (version_id, person_id, sha256) "
        "select guidelines_versions.id, person, guidelines_versions.sha256 "
        "from unnest($2::uuid[]) as person, gatherings join circles on circles.id = circle_id "
        "join guidelines_versions using (guidelines_id) where gatherings.id = $1 on conflict do nothing",
        gathering,
        list(people),
    )
    await change(
        context,
        "with booked as (insert into bookings (gathering_id, person_id, seat, kind, state, amount, currency, "
        "scale_minimum, scale_maximum, acceptance_id, confirmed_at) "
        "select $1, acceptances.person_id, row_number() over () + "
        "(select count(*) from bookings where gathering_id = $1), 'community', 'confirmed', 0, 'USD', 2000, 6000, "
        "acceptances.id, now() from gatherings join circles on circles.id = circle_id "
        "join guidelines_versions using (guidelines_id) "
        "join acceptances on version_id = guidelines_versions.id and person_id = any($2::uuid[]) "
        "where gatherings.id = $1 returning id), "
        "noted as (insert into events (what, about, after) select 'booking.confirmed', id, 'confirmed' from booked) "
        "insert into attendance (booking_id, mark) select id, 'came' from booked",
        gathering,
        list(people),
    )


async def download(browser: OpenBrowser, cast: Cast, **query: str) -> list[dict[str, str]]:
    form = {
        "kind": "attendance",
        "depth": "totals",
        "format": "csv",
        "from": "2026-01-01",
        "to": "2026-03-31",
    }
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=form | query)
    assert answer.status_code == 200, answer.text
    delimiter = ";" if query.get("format") == "csv_semicolon" else ","
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))


def number(text: str) -> int:
    """A cell as a number; folded ones count nothing."""
    return int(text) if text.isdigit() else 0


async def every_file(
    browser: OpenBrowser, cast: Cast, circles: dict[str, UUID]
) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Totals over many ranges, sets of circles, groups and formats."""
    ranges = [("2026-01-01", "2026-03-31"), ("2026-01-01", "2026-02-28"), ("2026-02-11", "2026-03-09")]
    sets = ["", *(str(circle) for circle in circles.values()), ",".join(map(str, list(circles.values())[:2]))]
    files = {}
    for (first, last), chosen in itertools.product(ranges, sets):
        for group, written_as in (("circle_month", "csv"), ("month", "csv_semicolon"), ("all", "csv")):
            query = {"from": first, "to": last, "circle": chosen, "group": group, "format": written_as}
            files[first, last, chosen, group] = await download(browser, cast, **query)
    return files


async def test_subtracting_files_tells_nobody_apart(cast: Cast, browser: OpenBrowser) -> None:
    circles = await plant(cast)
    files = await every_file(browser, cast, circles)
    sums = {
        (*key, name): sum(number(row[name]) for row in table)
        for key, table in files.items()
        for name in COUNTS
    }
    for table in files.values():
        for row in table:
            for name in COUNTS:
                assert row[name].startswith(FOLDED) or number(row[name]) % LEAST == 0, row
    differences = {abs(a - b) for a, b in itertools.combinations(sums.values(), 2)}
    assert len(differences) > 3, "the attack subtracts something"
    assert {difference % LEAST for difference in differences} == {0}
    # A circle's month of one, three or four people is told like one of nobody, in each file that has it.
    (small, none) = (
        next(
            row
            for row in files["2026-01-01", "2026-03-31", "", "circle_month"]
            if row["Circle"] == name and row["Month"] == month
        )
        for name, month in (("Open door", "2026-01-01"), ("Quiet hour", "2026-03-01"))
    )
    assert [small[name] for name in COUNTS] == [none[name] for name in COUNTS] == [FOLDED] * 3
    whole = sums["2026-01-01", "2026-03-31", "", "all", "People who came"]
    parts = sums["2026-01-01", "2026-03-31", "", "circle_month", "People who came"]
    assert whole == parts == 10 + 10 + 5 + 5 + 10, "sums add up what is told, and no more"


async def test_part_of_a_month_and_a_facilitator_choose_whole_cells(cast: Cast, browser: OpenBrowser) -> None:
    circles = await plant(cast)
    whole = await download(browser, cast)
    assert await download(browser, cast, **{"from": "2026-01-31", "to": "2026-03-01"}) == whole
    of_host = await download(browser, cast, facilitator=str(cast.farid))
    of_circles = f"{circles['First steps home']},{circles['Quiet hour']}"
    assert of_host == await download(browser, cast, circle=of_circles)
    assert of_host == [row for row in whole if row["Circle"] != "Open door"]


async def test_a_file_made_again_does_not_tell_who_came_between(cast: Cast, browser: OpenBrowser) -> None:
    """A number stays as it was told until at least five people changed it: one more, or one less, is not seen."""
    circles = await plant(cast)

    async def told() -> list[list[dict[str, str]]]:
        return [await download(browser, cast, group=group) for group in ("circle_month", "month", "all")]

    before = await told()
    gatherings = [
        await value(
            cast.context,
            "select id from gatherings where circle_id = $1 and wall_start >= $2 order by wall_start limit 1",
            circle,
            month,
        )
        for circle, month in ((circles["First steps home"], MONTHS[2]), (circles["Open door"], MONTHS[1]))
    ]
    for gathering in gatherings:  # 12 become 13, which would round up to 15; 7 become 8, which would be 10
        await come(cast.context, gathering, [await add_person(cast.context, f"Late {uuid4().hex[:6]}")])
    assert await told() == before
    await change(
        cast.context, "delete from attendance where booking_id = (select booking_id from attendance limit 1)"
    )
    assert await told() == before
    more = [await add_person(cast.context, f"Many {uuid4().hex[:6]}") for _ in range(4)]
    await come(cast.context, gatherings[1], more)
    after = await download(browser, cast, group="all")
    assert number(after[0]["People who came"]) == 40 + 5, "five more people are told"


async def test_totals_of_every_kind_name_nobody(cast: Cast, browser: OpenBrowser) -> None:
    await plant(cast)
    form = {"depth": "totals", "from": "2026-01-01", "to": "2026-03-31", "columns": "name,email"}
    async with browser(cast.odile) as page:
        for kind in KINDS:
            for written_as in ("csv", "jsonl", "xlsx"):
                answer = await page.post(
                    "/organize/exports", data=form | {"kind": kind, "format": written_as}
                )
                assert answer.status_code == 200
                text = answer.content.decode("utf-8", "ignore")
                if written_as == "xlsx":
                    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
                    text = repr([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
                assert "Quiet hour" in text
                assert "Person 1" not in text
                assert "@" not in text


def test_totals_are_of_months_that_are_over() -> None:
    form = {
        "kind": "attendance",
        "depth": "totals",
        "format": "csv",
        "from": "2026-01-20",
        "to": "2026-12-31",
    }
    choices = rules.read_choices(form, today=date(2026, 3, 15))
    assert (choices.first, choices.last) == (date(2026, 1, 1), date(2026, 2, 28))
    with pytest.raises(Refused) as refused:
        rules.read_choices(form | {"from": "2026-03-01"}, today=date(2026, 3, 31))
    assert refused.value.codes == {"month_not_over"}


def test_what_totals_count_has_words() -> None:
    assert {measure for kind in KINDS.values() for measure in kind.measures} == MEASURES.keys()
    assert all(not list(kind.of_depth(Depth.TOTALS)) for kind in KINDS.values())
