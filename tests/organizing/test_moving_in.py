"""Moving in: lists of people, past attendance and bookings ahead, from the file to what they make."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.organizing.moving_in import actions
from circles.store import jobs
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value
from tests.organizing import moving_in_helpers as lists
from tests.organizing.moving_in_helpers import (
    HOME,
    ahead,
    answer,
    confirm,
    csv_file,
    faults,
    move_in,
    outcomes,
    past,
    previewed,
    says,
)

PEOPLE = ("Name", "E-mail", "Pronouns", "Member since")
ATTENDED = ("Who", "E-mail", "Group", "Date", "Time", "Attended?", "Paid")
MADE = "from gatherings join moved_in_gatherings on gathering_id = id"
AHEAD = ("Name", "E-mail", "Circle", "Date", "Time", "Kind of seat", "Paid")


def attended(*lines: tuple[str, ...]) -> bytes:
    return csv_file(ATTENDED, lines)


# People


async def test_people_come_in_once_and_silently(cast: Cast) -> None:
    sent = csv_file(
        PEOPLE,
        [
            ("Osei, Ada", "ADA@example.org", "she/her", "2024-03-05"),
            ("Ben Lee", "ben@example.org", "", ""),
            ("Mira", "mira@example.org", "they/them", "2019-01-01"),
            ("Ada Osei", "ada@example.org", "", ""),
        ],
    )
    import_id = await move_in(cast, "people", sent)
    assert await outcomes(cast.context, import_id) == {2: "written", 3: "written", 4: "same", 5: "same"}
    made = await rows(
        cast.context, "select * from people where email like 'ada%' or email like 'ben%' order by email"
    )
    assert [(row["email"], row["name"], row["pronouns"]) for row in made] == [
        ("ada@example.org", "Ada Osei", "she/her"),
        ("ben@example.org", "Ben Lee", ""),
    ]
    assert made[0]["created_at"].date().isoformat() == "2024-03-05"
    assert await value(cast.context, "select pronouns from people where id = $1", cast.mira) == "she/her"
    await jobs.drain(cast.context)
    assert await value(cast.context, "select count(*) from mails") == 0
    again = await previewed(cast, "people", sent)
    assert set((await outcomes(cast.context, again)).values()) == {"same"}
    with pytest.raises(Refused):
        await confirm(cast, again)


async def test_a_name_with_another_address_is_asked(cast: Cast) -> None:
    sent = csv_file(
        PEOPLE,
        [
            ("Mira", "mira@elsewhere.example", "", ""),
            ("Milo", "milo@elsewhere.example", "", ""),
            ("Fern", "fern@elsewhere.example", "", ""),
            ("Ada Osei", "ada@example.org", "", ""),
            ("Ada Osei", "ada.osei@example.org", "", ""),
        ],
    )
    import_id = await previewed(cast, "people", sent)
    assert await outcomes(cast.context, import_id) == dict.fromkeys((2, 3, 4, 6), "doubtful") | {5: "new"}
    assert (await says(cast.context, import_id, 2))["candidates"] == [
        [f"person:{cast.mira}", "Mira, mira@example.org"]
    ]
    await answer(cast, import_id, {"2": f"person:{cast.mira}", "3": "other"})
    assert await outcomes(cast.context, import_id) == {
        2: "same",
        3: "new",
        4: "doubtful",
        5: "new",
        6: "doubtful",
    }
    await answer(cast, import_id, {"4": "out", "6": "row:5"})
    assert await outcomes(cast.context, import_id) == {2: "same", 3: "new", 4: "refused", 5: "new", 6: "same"}
    await confirm(cast, import_id)
    new = await rows(
        cast.context, "select email from people where email like '%elsewhere%' or email like 'ada%'"
    )
    assert {row["email"] for row in new} == {"milo@elsewhere.example", "ada@example.org"}


async def test_people_need_an_address(cast: Cast) -> None:
    sent = csv_file(("Name", "Pronouns"), [("Ada Osei", "she/her")])
    with pytest.raises(Refused) as caught:
        await previewed(cast, "people", sent)
    assert caught.value.codes == {"no_email"}


# Past attendance


async def test_past_attendance_is_in_a_closed_register(cast: Cast) -> None:
    context, day = cast.context, past(40)
    import_id = await move_in(
        cast,
        "attendance",
        attended(
            ("Ada Osei", "ada@example.org", "First steps home", day, "6:30 pm", "yes", "$20"),
            ("Mira", "mira@example.org", "Tuesday group", day, "18:30", "no show", ""),
            ("Ben Lee", "ben@example.org", "First steps home", day, "18:30", "excused", "free"),
            ("Ada Osei", "ada@example.org", "First steps home", past(33), "18:30", "y", ""),
        ),
    )
    assert set((await outcomes(context, import_id)).values()) == {"written"}
    made = await rows(
        context,
        "select gatherings.*, (select count(*) from bookings where gathering_id = gatherings.id) as seats "
        "from gatherings join moved_in_gatherings on gathering_id = id order by starts_at",
    )
    assert [(row["seats"], row["state"], row["closed_at"] is not None) for row in made] == [
        (3, "open", True),
        (1, "open", True),
    ]
    assert (made[0]["wall_start"].isoformat(), made[0]["zone"]) == (f"{day}T18:30:00", "America/New_York")
    marks = await rows(
        context,
        "select people.name, attendance.mark, moved_in_seats.paid, bookings.amount, bookings.kind from attendance "
        "join bookings on bookings.id = attendance.booking_id join people on people.id = person_id "
        "join moved_in_seats on moved_in_seats.booking_id = bookings.id where gathering_id = $1 order by 1",
        made[0]["id"],
    )
    assert [tuple(row) for row in marks] == [
        ("Ada Osei", "came", 2000, 0, "free"),
        ("Ben Lee", "excused", 0, 0, "free"),
        ("Mira", "absent", None, 0, "free"),
    ]
    assert await value(context, "select count(*) from money_rows") == 0
    assert await value(context, "select count(*) from cash_rows") == 0
    assert await value(context, "select count(*) from acceptances") == 0


async def test_the_same_list_twice_changes_nothing(cast: Cast) -> None:
    sent = attended(
        ("Ada Osei", "ada@example.org", "Tuesday group", past(40), "18:30", "yes", ""),
        ("Ada Osei", "ada@example.org", "Tuesday group", past(40), "18:30", "yes", ""),
        ("Ada Osei", "ada@example.org", "Tuesday group", past(40), "18:30", "no", ""),
    )
    first = await move_in(cast, "attendance", sent)
    assert await outcomes(cast.context, first) == {2: "written", 3: "same", 4: "refused"}
    assert "Row 2 says “Came” of the same day" in (await faults(cast.context, first))[4]
    again = await previewed(cast, "attendance", sent)
    assert await outcomes(cast.context, again) == {2: "same", 3: "same", 4: "refused"}
    assert await value(cast.context, "select count(*) from bookings") == 1


async def test_a_gathering_that_is_here_is_found_by_its_day(cast: Cast) -> None:
    context = cast.context
    here = await add_gathering(context, cast.circle, days=-10)
    full = await add_gathering(context, cast.other_circle, days=-10, capacity=1)
    booked = await add_booking(context, here, cast.mira)
    await add_booking(context, full, cast.milo, kind="free")
    day, there = past(10), past(10, "America/Denver")
    import_id = await previewed(
        cast,
        "attendance",
        attended(
            ("Mira", "mira@example.org", "Tuesday group", day, "", "yes", ""),
            ("Ada Osei", "ada@example.org", "Tuesday group", day, "6 pm", "yes", ""),
            ("Ben Lee", "ben@example.org", "Tuesday group", day, "7 pm", "yes", ""),
            ("Ben Lee", "ben@example.org", "Open door", there, "", "yes", ""),
        ),
    )
    assert await outcomes(context, import_id) == {2: "changed", 3: "new", 4: "new", 5: "refused"}
    assert "began at 6:00 pm here" in str((await says(context, import_id, 4))["warnings"])
    assert "Every seat of this gathering is taken" in (await faults(context, import_id))[5]
    await confirm(cast, import_id)
    assert await value(context, "select count(*) from bookings where gathering_id = $1", here) == 3
    assert await value(context, "select mark from attendance where booking_id = $1", booked) == "came"
    assert await value(context, "select count(*) from moved_in_gatherings") == 0
    await change(
        context, "update gatherings set closed_at = now(), closed_by = $2 where id = $1", here, cast.farid
    )
    other = await previewed(
        cast, "attendance", attended(("Cy", "cy@example.org", "Tuesday group", day, "", "yes", ""))
    )
    assert "register of this gathering is closed" in (await faults(context, other))[2]


async def test_questions_about_all_rows_are_asked_once(cast: Cast) -> None:
    context = cast.context
    sent = csv_file(
        ("Name", "E-mail", "Group", "Date", "Attended?"),
        [
            ("Ada Osei", "ada@example.org", "Tues circle", "03/04/2026", "yes"),
            ("Ben Lee", "ben@example.org", "Tues circle", "05/06/2026", "kind of"),
            ("Cy Roe", "cy@example.org", "Tues circle", "05/06/2026", ""),
        ],
    )
    import_id = await previewed(cast, "attendance", sent)
    asks = [await says(context, import_id, number) for number in (2, 3, 4)]
    assert [one["asks"] for one in asks] == [
        [["circle", "Tues circle"], ["day_first", "03/04/2026"]],
        [["circle", "Tues circle"], ["day_first", "05/06/2026"], ["mark", "kind of"]],
        [["circle", "Tues circle"], ["day_first", "05/06/2026"], ["mark", ""]],
    ]
    assert set((await outcomes(context, import_id)).values()) == {"doubtful"}
    await answer(cast, import_id, {"day_first": "yes"}, circle={"tues circle": str(cast.circle)})
    assert await outcomes(context, import_id) == {2: "new", 3: "doubtful", 4: "doubtful"}
    await answer(cast, import_id, {"empty_mark": "out"}, mark={"kind of": "absent"})
    assert await outcomes(context, import_id) == {2: "new", 3: "new", 4: "refused"}
    await confirm(cast, import_id)
    days = await rows(context, f"select wall_start::date::text as day {MADE} order by 1")
    assert [row["day"] for row in days] == ["2026-04-03", "2026-06-05"]


async def test_a_circle_that_never_met_asks_for_the_hour(cast: Cast) -> None:
    context = cast.context
    await change(context, "delete from host_entries")
    await change(context, "delete from gatherings where circle_id = $1", cast.circle)
    sent = csv_file(
        ("Name", "E-mail", "Group", "Date"), [("Ada", "ada@example.org", "Tuesday group", past(9))]
    )
    import_id = await previewed(cast, "attendance", sent)
    assert (await says(context, import_id, 2))["asks"] == [["time", ""]]
    await answer(cast, import_id, {"time": "19:00"})
    assert await outcomes(context, import_id) == {2: "new"}


async def test_a_list_of_another_circle_zone_keeps_its_wall_time(cast: Cast) -> None:
    day = past(20, "America/Denver")
    await move_in(
        cast, "attendance", attended(("Ada", "ada@example.org", "Open door", day, "18:00", "yes", ""))
    )
    row = (await rows(cast.context, f"select starts_at, wall_start, zone {MADE}"))[0]
    assert (row["wall_start"].hour, row["zone"]) == (18, "America/Denver")
    assert row["starts_at"].hour in (0, 1)


async def test_more_than_a_room_holds_is_refused(cast: Cast) -> None:
    def at_once(names: Iterable[object], day: str) -> bytes:
        return attended(
            *((f"P {n}", f"p{n}@example.org", "Tuesday group", day, "18:00", "yes", "") for n in names)
        )

    import_id = await move_in(cast, "attendance", at_once(range(26), past(15)))
    refused = await faults(cast.context, import_id)
    assert list(refused) == [26, 27]
    assert "at most 24 seats" in refused[27]
    for names in ("ab", "cdefghijk"):  # a gathering that a list made grows with the next list
        grown = await move_in(cast, "attendance", at_once(names, past(16)))
        assert set((await outcomes(cast.context, grown)).values()) == {"written"}
    reopened = "select count(*) from events where what = 'register.reopened'"
    assert await value(cast.context, reopened) == 1


async def test_names_without_an_address_are_asked_or_refused(cast: Cast) -> None:
    sent = csv_file(
        ("Name", "Group", "Date"),
        [("Mira", "Tuesday group", past(9)), ("Nobody Known", "Tuesday group", past(9))],
    )
    import_id = await previewed(cast, "attendance", sent)
    assert await outcomes(cast.context, import_id) == {2: "doubtful", 3: "refused"}
    assert "Please add an address" in (await faults(cast.context, import_id))[3]
    assert not (await says(cast.context, import_id, 2))["may_be_new"]
    await answer(cast, import_id, {"2": f"person:{cast.mira}"})
    assert (await outcomes(cast.context, import_id))[2] == "new"


async def test_every_fault_of_a_row_is_named(cast: Cast) -> None:
    good = ("Ada Osei", "ada@example.org", "Tuesday group", past(9), "18:00", "yes", "")
    wrong: list[tuple[int, str, str]] = [
        (0, "Ada & Ben", "more than one person"),
        (0, "Ada +1", "a guest"),
        (1, "ada at example", "a mail address such as"),
        (1, "ada@example.org; ben@example.org", "several mail addresses"),
        (3, "", "No day is given"),
        (3, "2026-02-30", "no such day"),
        (3, "soon", "a day with its year"),
        (3, ahead(3), "still to come"),
        (4, "25:00", "Expected: a time"),
        (0, '=HYPERLINK("http://evil.example")', "begins like a formula"),
        (3, "#REF!", "shows an error"),
        (0, "x" * 3_000, "far more than fit"),
    ]
    lines = [tuple(cell if n == at else own for n, own in enumerate(good)) for at, cell, _ in wrong]
    import_id = await previewed(cast, "attendance", attended(*lines))
    refused = await faults(cast.context, import_id)
    for number, (_, _, message) in enumerate(wrong, start=2):
        assert message in refused[number], (number, message)


async def test_files_that_are_no_lists_are_refused(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        for sent, name, message in (
            (b"", "empty.csv", "empty"),
            (b"%PDF-1.7 " + b"x" * 50, "list.pdf", "PDF"),
            (b"PK\x03\x04 nonsense", "broken.xlsx", ""),
            (b"Name,E-mail\n", "nobody.csv", "no row under its headings"),
        ):
            answered = await page.post(
                HOME, data={"kind": "people"}, files={"file": (name, sent, "text/csv")}
            )
            assert (answered.status_code, message in answered.text) == (422, True), name
        none = await page.post(HOME, files={"file": ("a.csv", b"Name\nAda\n", "text/csv")})
        assert (none.status_code, "what the list is of" in none.text) == (422, True)
    assert await value(cast.context, "select count(*) from listing_imports") == 0


# Bookings ahead


async def test_bookings_ahead_take_seats_and_note_cash(cast: Cast) -> None:
    context = cast.context
    day, there = ahead(7), ahead(8, "America/Denver")
    import_id = await previewed(
        cast,
        "bookings",
        csv_file(
            AHEAD,
            [
                ("Ada Osei", "ada@example.org", "Tuesday group", day, "18:00", "", "cash 20"),
                ("Mira", "mira@example.org", "Tuesday group", day, "", "community", "free"),
                ("Milo", "milo@example.org", "Tuesday group", day, "", "community", ""),
                ("Ben Lee", "ben@example.org", "Open door", there, "", "", "free"),
                ("Cy Roe", "cy@example.org", "Tuesday group", day, "", "", "paid online"),
                ("Cy Roe", "cy@example.org", "Tuesday group", ahead(3), "", "", "free"),
            ],
        ),
    )
    assert await outcomes(context, import_id) == {
        2: "new",
        3: "new",
        4: "refused",
        5: "new",
        6: "refused",
        7: "refused",
    }
    refused = await faults(context, import_id)
    assert "community seat" in refused[4]
    assert "by card cannot move in" in refused[6]
    assert "No gathering of this circle is planned" in refused[7]
    await confirm(cast, import_id)
    seats = await rows(
        context,
        "select people.name, bookings.kind, bookings.state, amount, acceptance_id, "
        "(select sum(amount) from cash_rows where booking_id = bookings.id) as cash "
        "from bookings join people on people.id = person_id order by 1",
    )
    assert [tuple(row) for row in seats] == [
        ("Ada Osei", "free", "confirmed", 0, None, 2000),
        ("Ben Lee", "free", "confirmed", 0, None, None),
        ("Mira", "community", "confirmed", 0, None, None),
    ]
    await jobs.drain(context)
    assert await value(context, "select count(*) from mails") == 0
    again = await previewed(
        cast, "bookings", csv_file(AHEAD, [("Ada Osei", "ada@example.org", "Tuesday group", day, "", "", "")])
    )
    assert await outcomes(context, again) == {2: "same"}


async def test_a_full_gathering_takes_nobody(cast: Cast) -> None:
    context = cast.context
    await change(context, "update gatherings set capacity = 1 where id = $1", cast.gathering)
    lines = [(f"Person {n}", f"p{n}@example.org", "Tuesday group", ahead(7), "", "", "") for n in range(2)]
    import_id = await previewed(cast, "bookings", csv_file(AHEAD, lines))
    assert await outcomes(context, import_id) == {2: "new", 3: "refused"}
    await add_booking(context, cast.gathering, cast.mira)
    assert await confirm(cast, import_id) == "done"
    assert await outcomes(context, import_id) == {2: "refused", 3: "refused"}
    assert "Every seat" in (await faults(context, import_id))[2]


# Confirming


async def test_a_list_is_written_once(cast: Cast) -> None:
    lines = [
        (f"Person {n}", f"p{n}@example.org", "Tuesday group", past(15), "18:00", "yes", "") for n in range(5)
    ]
    import_id = await previewed(cast, "attendance", attended(*lines))
    await asyncio.gather(*(confirm(cast, import_id) for _ in range(3)))
    assert await value(cast.context, "select count(*) from bookings") == 5
    assert await value(cast.context, "select count(*) from events where what = 'import.written'") == 1
    details = await value(cast.context, "select details from events where what = 'import.written'")
    assert details == {"written": 5, "left": 0, "people": 5, "gatherings": 1, "seats": 5, "marks": 5}


async def test_a_long_list_is_left_to_a_job(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_AT_ONCE", 3)
    lines = [
        (f"Person {n}", f"p{n}@example.org", "Tuesday group", past(15), "18:00", "yes", "") for n in range(5)
    ]
    import_id = await previewed(cast, "attendance", attended(*lines))
    assert await confirm(cast, import_id) == "writing"
    assert await value(cast.context, "select count(*) from bookings") == 0
    await jobs.drain(cast.context)
    await actions.write(cast.context, str(import_id), str(cast.odile))
    assert await value(cast.context, "select count(*) from bookings") == 5


async def test_what_changed_since_the_preview_is_left_out(cast: Cast) -> None:
    import_id = await previewed(
        cast,
        "attendance",
        attended(("Ada Osei", "ada@example.org", "Tuesday group", past(15), "18:00", "yes", "")),
    )
    await add_person(cast.context, "Ada Osei", email="ada.o@example.org")
    await confirm(cast, import_id)
    assert "changed after the preview" in (await faults(cast.context, import_id))[2]


# Pages, access, privacy


async def test_the_pages_of_a_list(cast: Cast, browser: OpenBrowser) -> None:
    sent = attended(
        ("Mira", "mira@elsewhere.example", "Tues", past(15), "6:00", "yes", "5"),
        ("Ada Osei", "ada@example.org", "Tuesday group", past(15), "6:00", "yes", "5"),
    )
    async with browser(cast.odile) as page:
        assert not missing(
            (await page.get(HOME)).text, "Moving in", "Past attendance", "No file has been sent yet"
        )
        assert not missing(
            (await page.get(f"{HOME}/help")).text, "Did they come", "What each column may contain"
        )
        template = await page.get(f"{HOME}/attendance.csv")
        assert template.text.startswith("\ufeffName,Mail address,")
        assert (await page.get(f"{HOME}/cats.csv")).status_code == 404
        preview = await lists.page_of_columns(page, "attendance", sent)
        text = (await page.get(preview)).text
        assert not missing(
            text, "Nothing is written yet", "Which circle is “Tues”?", "Who is “Mira”, mira@elsewhere.example?",
            "read as 6:00 pm",
        )  # fmt: skip
        assert "a new past gathering" in (await page.get(f"{preview}?show=new")).text
        sent_form: dict[str, Any] = {
            "word_circle_0": "Tues", "circle_0": str(cast.circle), "who_2": f"person:{cast.mira}"
        }  # fmt: skip
        assert (await page.post(f"{preview}/answers", data=sent_form)).status_code == 303
        assert "New, 2" in (await page.get(preview)).text
        assert (await page.post(f"{preview}/confirm")).status_code == 303
        text = (await page.get(preview)).text
        assert not missing(
            text,
            "2 rows written",
            "1 new person",
            "1 past gathering made",
            "Nobody was mailed",
            "Look at the mail",
        )
        assert not missing(
            (await page.get(f"{preview}/tell")).text, "1 new person", "There is nothing you need to do"
        )
        import_id = preview.rpartition("/")[2]
        assert (await page.get(f"/organize/therapists/import/{import_id}")).status_code == 404
    async with browser(cast.farid) as page:
        for path in (HOME, preview, f"{preview}/tell", "/organize/invitations"):
            assert (await page.get(path)).status_code == 404


async def test_a_discarded_list_makes_nothing(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        preview = await lists.page_of_columns(
            page, "people", csv_file(PEOPLE, [("Ada", "ada@example.org", "", "")])
        )
        assert (await page.post(f"{preview}/drop")).status_code == 303
        assert (await page.post(f"{preview}/confirm")).status_code == 422
    assert await value(cast.context, "select count(*) from people where email = 'ada@example.org'") == 0


async def test_an_erased_person_leaves_every_list(cast: Cast) -> None:
    context = cast.context
    day = past(15)
    waiting = await previewed(cast, "people", csv_file(PEOPLE, [("Mira", "mira@example.org", "", "")]))
    await move_in(
        cast, "attendance", attended(("Mira", "mira@example.org", "Tuesday group", day, "18:00", "yes", "7"))
    )
    found = await personal_data.export(context, "mira@example.org")
    assert [row["paid"] for row in found["moved_in_seats"]] == [700]
    assert len(found["listing_import_rows"]) == 2
    await personal_data.erase(context, "mira@example.org")
    kept = await rows(context, "select cells::text || says::text as kept from listing_import_rows")
    assert not any("mira" in row["kept"].lower() for row in kept)
    assert await value(context, "select content from listing_imports where id = $1", waiting) is None
    assert await value(context, "select paid from moved_in_seats") is None
    with pytest.raises(NotFound):
        await personal_data.export(context, "mira@example.org")
