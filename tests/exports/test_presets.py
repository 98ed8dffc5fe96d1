"""Presets, the depths of rows, and what each depth leaves out."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.exports import rules
from circles.exports.kinds import KINDS, Depth, Format
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.exports.test_files import NAMED
from tests.helpers import change, rows, value

# What tells who somebody is, or connects two files with each other.
TELLING = {
    *(
        "name",
        "pronouns",
        "email",
        "person_id",
        "booking_id",
        "gathering_id",
        "starts",
        "ends",
        "booked",
        "marked",
    ),
    *(
        "starts_exact",
        "booked_exact",
        "confirmed",
        "ended",
        "cancel_reason",
        "hosts",
        "amount",
        "paid",
        "refunded",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_codes_come_without_names_addresses_free_text_and_times(kind: str) -> None:
    coded = {column.key for column in KINDS[kind].of_depth(Depth.PSEUDONYMOUS)}
    assert not coded & TELLING
    assert "code" not in {column.key for column in KINDS[kind].of_depth(Depth.NAMED)}


async def coded(browser: OpenBrowser, cast: Cast, **query: str) -> list[dict[str, Any]]:
    form = NAMED | {"depth": "pseudonymous", "format": "jsonl", "purpose": ""} | query
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=form)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_code_is_one_person_in_one_file_and_another_in_the_next(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.mira, kind="free")
    people = [await add_person(cast.context, f"Person {number}") for number in range(6)]
    for person in people:
        await add_booking(cast.context, cast.gathering, person, kind="paid", amount=4000)
    files = [await coded(browser, cast) for _ in range(3)]
    for file in files:
        codes = [row["code"] for row in file]
        assert len(file) == 8
        assert len(set(codes)) == 7, "Mira has two rows and one code"
        assert all(code.startswith("P-") for code in codes), "no spreadsheet takes it for a number"
        dated = [(row["date"], row["circle"], row["code"]) for row in file]
        assert dated == sorted(dated), "by code, since the order of bookings would connect two files"
    assert len({row["code"] for file in files for row in file}) == 21
    text = json.dumps(files)
    assert "Mira" not in text
    assert "Person 1" not in text
    assert "T1" not in text, "dates without times of day"
    assert str(booked) not in text


async def test_a_preset_keeps_columns_depth_and_format_for_all_organizers(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    form = NAMED | {
        "format": "csv_semicolon",
        "place-mark": "2",
        "place-name": "1",
        "preset": "For the insurer",
    }
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports/presets", data=form)
        assert answer.status_code == 303
    other = await add_person(cast.context, "Olga", is_organizer=True)
    async with browser(other) as page:
        listed = (await page.get("/organize/exports?kind=attendance")).text
        assert "For the insurer" in listed
        assert "by Odile" in listed
        preset = await value(cast.context, "select id from export_presets")
        text = (await page.get(f"/organize/exports?kind=attendance&preset={preset}")).text
        fields = dict(part.split('"')[0:3:2] for part in text.split('name="place-')[1:])
        assert {key: number for key, number in fields.items() if number} == {"name": "1", "mark": "2"}
        assert '<option value="csv_semicolon" selected>' in text
        sent = {f"place-{key}": number for key, number in fields.items()}
        file = await page.post("/organize/exports", data=NAMED | sent | {"format": "csv_semicolon"})
        assert file.content.decode("utf-8-sig").splitlines() == ["Name;Mark", "Mira;"]
        await page.post(f"/organize/exports/presets/{preset}/delete")
    assert await rows(cast.context, "select * from export_presets") == []
    kept = await rows(cast.context, "select what from events where what like 'export.%' order by id")
    assert [row["what"] for row in kept] == ["export.preset_saved", "export.preset_deleted"]


async def test_a_preset_whose_column_is_gone_says_so_and_offers_the_rest(
    cast: Cast, browser: OpenBrowser
) -> None:
    form = NAMED | {"place-mark": "1", "place-name": "2", "preset": "Old"}
    async with browser(cast.odile) as page:
        await page.post("/organize/exports/presets", data=form)
        await change(cast.context, "update export_presets set columns = '{mark,shoe_size,code,name}'")
        preset = await value(cast.context, "select id from export_presets")
        text = (await page.get(f"/organize/exports?kind=attendance&preset={preset}")).text
        assert "This preset has a column that is gone" in text
        assert "shoe_size, code are not there any more" in " ".join(text.split())
        fields = dict(part.split('"')[0:3:2] for part in text.split('name="place-')[1:])
        assert {key: number for key, number in fields.items() if number} == {"mark": "1", "name": "2"}
        await page.post("/organize/exports/presets", data=form)
    assert await value(cast.context, "select array_agg(columns) from export_presets") == [["mark", "name"]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"depth": "named", "purpose": ""}, "what a file with names is for"),
        ({"depth": "named", "purpose": "x"}, "what a file with names is for"),
        ({"depth": "all"}, "how much the file says"),
        ({"format": "pdf"}, "choose a format"),
        ({"kind": "secrets"}, "choose what to export"),
        ({"place-name": "", "place-mark": "none"}, "at least one column"),
        ({"depth": "totals", "from": "2098-01-01", "to": "2099-01-01"}, "whole months that are over"),
    ],
)
async def test_what_is_missing_is_asked_and_what_was_typed_is_kept(
    cast: Cast, browser: OpenBrowser, query: dict[str, str], message: str
) -> None:
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=NAMED | {"from": "2026-02-03"} | query)
    assert answer.status_code == 422
    assert message in answer.text
    assert f'value="{query.get("from", "2026-02-03")}"' in answer.text
    assert await value(cast.context, "select count(*) from exports") == 0


async def test_semicolons_and_dates_as_a_spreadsheet_takes_them(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    person = await add_person(cast.context, "Ann; O'Neil")
    await add_booking(cast.context, cast.gathering, person)
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=NAMED | {"format": Format.CSV_SEMICOLON.value})
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert {row["Name"] for row in table} == {"Mira", "Ann; O'Neil"}
    starts = await value(cast.context, "select wall_start from gatherings where id = $1", cast.gathering)
    (row,) = [row for row in table if row["Name"] != "Mira"]
    assert (row["Date"], row["Starts"]) == (f"{starts:%Y-%m-%d}", f"{starts:%Y-%m-%d %H:%M:%S}")


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(-40_000, 40_000))
@settings(max_examples=50)
def test_a_range_is_up_to_ten_years_forward(first: date, days: int) -> None:
    last = min(max(first + timedelta(days=days), date(2000, 1, 1)), date(2100, 12, 31))
    form = NAMED | {"from": str(first), "to": str(last)}
    if 0 <= (last - first).days < 3651:
        choices = rules.read_choices(form, today=date(2026, 1, 1))
        assert (choices.first, choices.last) == (first, last)
    elif not 3651 <= (last - first).days <= 3653:  # whatever leap years make of ten years
        with pytest.raises(Refused) as refused:
            rules.read_choices(form, today=date(2026, 1, 1))
        assert refused.value.codes == ({"dates_order"} if last < first else {"range_long"})


FIELDS = ("kind", "from", "to", "depth", "format", "circle", "purpose", "columns", "group", "place-name")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
@settings(max_examples=50)
def test_whatever_is_typed_is_read_or_refused(values: dict[str, str]) -> None:
    with suppress(Refused):
        choices = rules.read_choices(NAMED | values, today=date(2026, 1, 1))
        assert choices.first <= choices.last
