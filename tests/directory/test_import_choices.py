"""What organizers choose of a file: the sheet, the row of headings, a second field of a column, what words mean."""

from __future__ import annotations

import json
from typing import Any

from circles.commands import personal_data
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.directory import import_helpers as samples
from tests.directory import office_lists
from tests.directory.test_import import HOME, begin, confirm, post_file, previewed
from tests.helpers import change, missing, rows, value

WORDS = (
    b"Name,License type,License #,License state,E-mail,Works with,Sliding scale,Telehealth\n"
    b"Ann Lee,LCSW,SW1,FL,ann@example.org,Trauma; Heartache,by heart,offered\n"
    b"Bea Lee,Soul healer,SW2,FL,bea@example.org,heartache,By Heart,by pigeon\n"
)


def two_lists() -> bytes:
    """A workbook with two sheets of therapists; the one with more headings is guessed."""

    def draw(book: Any) -> None:
        for name, person, more in (("New", "Ann Lee", []), ("Current", "Bea Lee", ["City"])):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Name", "Something", "License #"])
            sheet.write_row(2, 0, ["Name", "License type", "License #", "License state", "E-mail", *more])
            sheet.write_row(3, 0, [person, "LCSW", "SW1", "FL", "a@example.org", *more])

    return office_lists.workbook(draw)


async def columns_of(page: Browser, sent: bytes) -> tuple[str, str]:
    """The address of the columns of a file, and their page."""
    columns = (await post_file(page, sent)).headers["Location"]
    return columns, (await page.get(columns)).text


async def test_sheet_and_headings_are_guessed_and_may_be_chosen(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        columns, text = await columns_of(page, two_lists())
        assert not missing(text, "sheet “Current”, headings in row 3", "“Current” was read", "Bea Lee")
        home = columns.removesuffix("/columns")
        answer = await page.post(f"{home}/read", data={"sheet": "0", "heading": "3"})
        assert (answer.status_code, answer.headers["Location"]) == (303, columns)
        text = (await page.get(columns)).text
        assert not missing(text, "sheet “New”, headings in row 3", "Ann Lee")
        await page.post(f"{home}/read", data={"sheet": "0", "heading": "1"})
        text = (await page.get(columns)).text
        assert not missing(text, "headings in row 1", "<legend>Something</legend>")
        for odd in ({"sheet": "99", "heading": "x"}, {"sheet": "-1"}, {}, {"heading": "7777777"}):
            assert (await page.post(f"{home}/read", data=odd)).status_code == 303, odd
        refused = await page.post(f"{home}/read", data={"sheet": "1", "heading": "4"})
        assert (refused.status_code, "no row under its headings" in refused.text) == (422, True)


async def test_a_file_is_kept_only_while_it_may_be_read_again(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    import_id = await begin(cast, samples.csv_file([samples.row(1)]))
    assert await value(context, "select content is not null from listing_imports")
    await confirm(cast, import_id)
    assert await value(context, "select content from listing_imports") is None
    async with browser(cast.odile) as page:
        answer = await page.post(f"{HOME}/{import_id}/read", data={"heading": "1"})
        assert answer.headers["Location"] == f"{HOME}/{import_id}"
    assert await value(context, "select count(*) from listing_import_rows where outcome = 'written'") == 1
    await change(context, "update listings set person_id = $1", cast.mira)
    again = await begin(cast, samples.csv_file([samples.row(1, City="Hialeah")]))
    await personal_data.erase(context, "mira@example.org")
    assert await value(context, "select content from listing_imports where id = $1", again) is None


async def test_one_column_fills_two_fields(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        columns, _ = await columns_of(
            page, b"Who,What,Where,Number,Mail\nAnn Lee,LCSW,FL,SW1,ann@example.org\n"
        )
        chosen = {"column_0": "name", "column_1": "letters", "column_2": "area", "column_3": "license_number_1",
                  "column_4": "email", "also_1": "license_kind_1", "also_2": "license_area_1"}  # fmt: skip
        twice = await page.post(columns, data=chosen | {"also_0": "letters"})
        assert (twice.status_code, "Two columns cannot both be" in twice.text) == (422, True)
        chosen |= {f"also_{n}": "" for n in (0, 3, 4)}
        preview = (await page.post(columns, data=chosen)).headers["Location"]
        assert not missing((await page.get(preview)).text, "LCSW FL SW1", "Letters after the name")


async def test_what_a_word_means_is_said_once(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await previewed(page, WORDS)
        text = (await page.get(preview)).text
        assert not missing(
            text, "Refused, 1", "New, 1", "Say what these words mean", "We do not know “Heartache”"
        )
        words = (await page.get(f"{preview}/words")).text
        assert not missing(
            words, "“Heartache”", "Works with, in 2 rows", "“Soul healer”", "“by pigeon”", "“By Heart”"
        )
        assert words.count("<select") == 4
        meant = {"Heartache": "grief", "Soul healer": "lmft", "by pigeon": "no", "By Heart": "yes"}
        answers: dict[str, str] = {}
        for n in range(4):
            typed = words.split(f'name="typed_{n}" value="')[1].split('"')[0]
            key = words.split(f'name="key_{n}" value="')[1].split('"')[0]
            answers |= {f"key_{n}": key, f"typed_{n}": typed, f"word_{n}": meant[typed]}
        answer = await page.post(f"{preview}/words", data=answers)
        assert (answer.status_code, answer.headers["Location"]) == (303, preview)
        text = (await page.get(f"{preview}?show=new")).text
        assert not missing(text, "New, 2", "Refused, 0", "LMFT FL SW2", "Trauma, Grief", "from “by pigeon”")
        assert "We do not know" not in text
        assert "Every word of this file is known" in (await page.get(f"{preview}/words")).text
        await page.post(f"{preview}/confirm")
    kept = await rows(cast.context, "select works_with, fee_slides, telehealth from listings order by name")
    assert [tuple(row) for row in kept] == [(["trauma", "grief"], True, True), (["grief"], True, False)]


async def test_a_word_may_be_left_out_for_all_rows(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await previewed(page, WORDS)
        answers = {"key_0": "works_with", "typed_0": "heartache", "word_0": ""}
        answers |= {"key_1": "license_kind", "typed_1": "Soul healer", "word_1": "?"}
        answers |= {"key_2": "nonsense", "typed_2": "x", "word_2": "y"}
        answers |= {"key_3": "room", "typed_3": "x", "word_3": "z"}
        await page.post(f"{preview}/words", data=answers)
        text = (await page.get(f"{preview}?show=new")).text
        assert "Heartache" not in text.replace("from “Trauma; Heartache”", "")
        assert "Refused, 1" in text
    meanings = await value(cast.context, "select matches -> 'meanings' from listing_imports")
    assert meanings == {"works_with": {"heartache": ""}}


async def test_every_value_that_will_be_written_is_in_the_preview(cast: Cast, browser: OpenBrowser) -> None:
    bio = "I’m Alma. " + "We go at the pace of what is ready. " * 30 + "The end."
    more = {"Bio": bio, "Telephone": "305 555 0101", "Pronouns": "she/her", "Languages": "English; Spanish"}
    row = samples.row(1) | more
    sent = office_lists.text_file([list(row), list(row.values())])
    async with browser(cast.odile) as page:
        preview = await previewed(page, sent)
        text = (await page.get(preview)).text
        values = [
            bio,
            "305 555 0101",
            "she/her",
            "English, Spanish",
            "alma1@example.org",
            "https://alma.example.org",
        ]
        values += ["IFS Level 2", "$150", "$220", "$70", "33101", "Not said, and so not shown"]
        assert not missing(text, *values)
        await page.post(f"{preview}/confirm")
        longer = bio.replace("The end.", "It goes on.")
        changed = office_lists.text_file([list(row), [cell.replace(bio, longer) for cell in row.values()]])
        preview = await previewed(page, changed)
        assert longer in (await page.get(f"{preview}?show=changed")).text


async def test_a_warning_is_named_once_with_its_rows(cast: Cast, browser: OpenBrowser) -> None:
    sent = samples.csv_file([samples.row(n, Telehealth="perhaps") for n in range(7)])
    async with browser(cast.odile) as page:
        text = (await page.get(await previewed(page, sent))).text
    summary = text.split("<details")[1].split("</details>")[0]
    assert not missing(text, "1 warning, in 7 rows")
    assert summary.count("perhaps") == 1
    assert "Rows 2, 3, 4, 5, 6 and 2 more." in summary


async def test_an_import_of_the_release_before_goes_on(cast: Cast, browser: OpenBrowser) -> None:
    """Its notes and matches lack what is kept today, its rows hold facts as texts, and its file is not kept."""
    context = cast.context
    import_id = await begin(cast, samples.csv_file([samples.row(1), samples.row(2, Telehealth="perhaps")]))
    await change(
        context, 'update listing_imports set content = null, notes = \'{"says": [], "formulas": {}}\''
    )
    await change(context, "update listing_imports set matches = matches - 'also' - 'meanings'")
    old = '{"name": "Alma", "faults": [], "changes": [], "facts": ["LCSW FL SW1", "$150"], "formulas": []}'
    await change(context, "update listing_import_rows set says = $1 where number = 2", json.loads(old))
    here = f"{HOME}/{import_id}"
    async with browser(cast.odile) as page:
        assert "LCSW FL SW1" in (await page.get(here)).text
        text = (await page.get(f"{here}/columns")).text
        assert "Where the list begins" not in text
        answer = await page.post(f"{here}/read", data={"heading": "1"})
        assert (answer.status_code, answer.headers["Location"]) == (303, here)
        assert (await page.post(f"{here}/confirm")).status_code == 303
    assert await value(context, "select count(*) from listings") == 2


async def test_several_other_ways_are_kept_as_they_are_called(cast: Cast, browser: OpenBrowser) -> None:
    heading = b"Name,License type,License #,License state,E-mail,Modalities\n"
    sent = heading + b'Ann Lee,LCSW,SW1,FL,ann@example.org,"CBT, IFS, Hakomi"\n'
    import_id = await begin(cast, sent)
    await confirm(cast, import_id, shown=True)
    listing = await value(cast.context, "select id from listings")
    ways = await rows(cast.context, "select way, school from listing_ways order by way")
    assert [tuple(row) for row in ways] == [("ifs", ""), ("other", "CBT"), ("other_2", "Hakomi")]
    async with browser(cast.odile) as page:
        text = (await page.get(f"/therapists/{listing}")).text
        assert not missing(text, "<strong>CBT</strong>", "<strong>Hakomi</strong>", "Internal Family Systems")
        form = (await page.get(f"/organize/therapists/{listing}/edit")).text
        assert form.count('<option value="other" selected>') == 2
        found = (await page.get("/therapists?state=FL&way=other")).text
    assert "CBT · Hakomi" in found.replace("Internal Family Systems (IFS) · ", "")
    assert await begin(cast, sent)
    assert await value(cast.context, "select count(*) from listing_import_rows where outcome = 'same'") == 1
