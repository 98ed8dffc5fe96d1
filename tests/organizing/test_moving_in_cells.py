"""What the cells and headings of lists mean. Pure."""

from __future__ import annotations

import pytest

from circles import sheets
from circles.base.errors import Refused
from circles.organizing.moving_in import guessing
from circles.organizing.moving_in.reading import cells


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Osei, Ada", "Ada Osei"),
        ("Dr. Ada Osei", "Ada Osei"),
        ("Ada Osei <ada@example.org>", "Ada Osei"),
        ("Osei, Ada, Jr.", "Ada Osei Jr."),
        ("Sandy Anderson", "Sandy Anderson"),
        ("Mary-Ann O’Neil", "Mary-Ann O’Neil"),
    ],
)
def test_names(cell: str, name: str) -> None:
    assert cells.name(cell) == (name, "")


@pytest.mark.parametrize(
    "cell",
    [
        "Ada & Ben",
        "Ada and Ben",
        "Ada Osei / Ben Lee",
        "Ada Osei, Ben Lee",
        "Ada +1",
        "Ada\nBen",
        "Ada, Ben, Cy",
    ],
)
def test_several_people_in_one_cell(cell: str) -> None:
    with pytest.raises(Refused):
        cells.name(cell)


def test_pronouns_beside_a_name() -> None:
    assert cells.name("Ada Osei (she/her)") == ("Ada Osei", "she/her")
    assert cells.name("Osei, Ada, they / them") == ("Ada Osei", "they/them")


@pytest.mark.parametrize(
    ("cell", "time", "guessed"),
    [
        ("6:30 pm", "18:30", False),
        ("6:30", "18:30", True),
        ("06:30", "06:30", False),
        ("18.30", "18:30", False),
        ("7pm", "19:00", False),
        ("0.75", "18:00", False),
        ("1830", "18:30", False),
        ("2026-03-03 18:00:00", "18:00", False),
        ("noon", "12:00", False),
        ("11:15", "11:15", False),
        ("7 to 9 pm", "19:00", True),
        ("March 3 2026 7-9 pm", "19:00", True),
    ],
)
def test_times(cell: str, time: str, guessed: bool) -> None:
    at, was_guessed = cells.clock_time(cell)
    assert (f"{at:%H:%M}", was_guessed) == (time, guessed)


@pytest.mark.parametrize("cell", ["25:00", "soon", "6:75 pm", "13 pm"])
def test_no_times(cell: str) -> None:
    with pytest.raises(Refused):
        cells.clock_time(cell)


@pytest.mark.parametrize(
    ("cell", "heading", "mark"),
    [
        ("Yes", "Attended?", "came"),
        ("✓", "Attended?", "came"),
        ("No-show", "Status", "absent"),
        ("yes", "No-show?", "absent"),
        ("no", "No show", "came"),
        ("Cancelled late", "Status", "excused"),
        ("Came late", "Status", "late"),
        ("left early", "Status", "left_early"),
        ("came, late, left early", "Mark", "late_left_early"),
        ("kind of", "Status", None),
    ],
)
def test_marks(cell: str, heading: str, mark: str | None) -> None:
    assert cells.mark(cell, heading) == mark


def test_amounts() -> None:
    assert cells.amount("cash $20", "USD") == 2000
    assert cells.amount("Free", "USD") == 0
    assert cells.amount("paid", "USD") is None
    assert cells.is_by_card("paid online")
    assert not cells.is_by_card("cash 20")


@pytest.mark.parametrize(
    ("headings", "keys"),
    [
        (
            ["Who", "E-mail", "Group", "Date", "Attended?", "Paid"],
            ["name", "email", "circle", "date", "mark", "paid"],
        ),
        (
            ["First name", "Last name", "Email address", "Session date"],
            ["first_name", "last_name", "email", "date"],
        ),
        (["Participant", "Mail", "Class", "When", "No-show?"], ["name", "email", "circle", "date", "mark"]),
        (["Circle", "Starts", "Name", "Mail address", "Mark"], ["circle", "date", "name", "email", "mark"]),
        (
            ["Circle", "Date", "Starts", "Name", "Mark", "Late"],
            ["circle", "date", "time", "name", "mark", "late"],
        ),
    ],
)
def test_headings(headings: list[str], keys: list[str]) -> None:
    assert guessing.guess("attendance", headings)[0] == keys


def test_columns_are_known_by_what_they_hold() -> None:
    rows = [["Ada", "ada@example.org", "3/4/2026"], ["Ben", "ben@example.org", "3/11/2026"]]
    assert guessing.guess("attendance", ["Name", "How to reach", "Visit"], rows)[0] == [
        "name",
        "email",
        "date",
    ]
    both = [["Ada <ada@example.org>"], ["Ben <ben@example.org>"]]
    assert guessing.guess("people", ["Name"], both) == (["name"], ["email"])


def test_days_that_may_be_read_in_two_ways() -> None:
    assert sheets.days.is_undecided(["03/04/2026", "2026-01-31"])
    assert not sheets.days.is_undecided(["03/04/2026", "3/31/2026"])
    assert sheets.days.is_undecided(["03/04/2026", "3/31/2026", "31/3/2026"])
    assert not sheets.days.is_undecided(["3.4.2026", "4/4/2026"])


@pytest.mark.parametrize("cell", ["-5", "- $5", "5-", "($5.00)", "−5"])
def test_less_than_nothing_is_no_amount(cell: str) -> None:
    with pytest.raises(Refused):
        cells.amount(cell, "USD")
    assert cells.amount("cash - 20", "USD") == cells.amount("20 (cash)", "USD") == 2000


@pytest.mark.parametrize(
    "cell", ["2026-03-31 and 2026-04-07", "3/31/26, 4/7/26", "Mar 31 2026 or Apr 7 2026"]
)
def test_two_days_in_one_cell(cell: str) -> None:
    with pytest.raises(Refused):
        cells.day(cell, day_first=False)
    assert str(cells.day("2026-03-31 18:00 to 3/31/2026 20:00", day_first=False)) == "2026-03-31"
    assert str(cells.day("31.3.2026 10.05.00", day_first=False)) == "2026-03-31"
