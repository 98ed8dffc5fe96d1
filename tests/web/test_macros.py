"""The template macros: their words, accessibility and escaping."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from circles.attendance.register.rules import Marking, WalkInRow
from circles.base.clock import NOBODY, Viewer
from circles.base.errors import Reason
from circles.base.money import Scale
from circles.store import templates
from circles.web.forms import Form


def macro(name: str, *args: Any, **named: Any) -> str:
    """One macro, rendered by the environment the pages use."""
    return str(getattr(templates.environment().get_template("macros.html").module, name)(*args, **named))


def wrong(name: str, sentence: str, value: str = "") -> Form:
    form = Form({name: value})
    form.add(Reason("wrong", sentence, name))
    return form


@pytest.mark.parametrize(
    ("capacity", "taken", "community", "expected"),
    [
        (8, 5, 1, (5, 2, 1)),
        (1, 0, 0, (0, 1, 0)),
        (1, 1, 0, (1, 0, 0)),
        (24, 9, 3, (9, 12, 3)),
        (12, 12, 0, (12, 0, 0)),
    ],
)
def test_ring_draws_every_seat_as_what_it_is(
    capacity: int, taken: int, community: int, expected: tuple[int, int, int]
) -> None:
    html = macro("ring", capacity, taken, community)
    assert tuple(html.count(f'class="seat-{kind}"') for kind in ("taken", "open", "community")) == expected


def test_ring_has_a_text_alternative() -> None:
    assert 'role="img" aria-label="5 of 8 seats taken, 1 community seat left"' in macro("ring", 8, 5, 1)


@pytest.mark.parametrize(
    ("seats", "words"),
    [
        ((8, 5, 2), "5 of 8 seats taken, 2 community seats left"),
        ((8, 0, 0), "0 of 8 seats taken"),
        ((8, 8, 0), "Full, all 8 seats are taken"),
        ((1, 1, 0), "Full, the one seat is taken"),
        ((8, 3, 1, True), "Canceled"),
    ],
)
def test_seats_in_words(seats: tuple[Any, ...], words: str) -> None:
    assert macro("seats_words", *seats).strip() == words


def test_a_cancelled_ring_shows_no_seat_to_take() -> None:
    html = macro("ring", 6, 2, 1, cancelled=True)
    assert html.count("seat-gone") == 6
    assert "seat-open" not in html


def test_the_large_ring_writes_what_is_left_in_its_middle() -> None:
    assert ">3</text>" in macro("ring", 8, 5, 0, size="large")
    assert "seat left<" in macro("ring", 8, 7, 0, size="large")
    assert ">full</text>" in macro("ring", 8, 8, 0, size="large")


def test_register_ring_leads_from_each_dot_to_its_row() -> None:
    rows = [
        WalkInRow(UUID(int=1), "Mira", 1),
        WalkInRow(UUID(int=2), "Jonas", 2, ""),
        WalkInRow(UUID(int=3), "Ana", 3, late=True, left_early=True),
    ]
    html = macro("register_ring", 8, rows)
    assert f'href="#walk-in-{UUID(int=1)}" class="seat-link" aria-label="Mira, came"' in html
    assert f'href="#walk-in-{UUID(int=2)}" class="seat-link" aria-label="Jonas, not marked yet"' in html
    assert 'aria-label="Ana, came, late, left early"' in html
    assert html.count("seat-partly") == 1
    assert html.count("seat-empty") == 5


def test_a_wrong_field_keeps_what_was_typed_and_is_wired_to_hint_and_error() -> None:
    html = macro(
        "field",
        wrong("name", "Please leave out the line break.", 'Mi"ra<'),
        "name",
        "Name",
        hint="As the circle sees it.",
    )
    assert 'value="Mi&#34;ra&lt;"' in html
    assert 'aria-describedby="f-name-hint f-name-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="f-name-error"' in html
    assert "Please leave out the line break." in html


def test_a_field_without_hint_or_error_points_at_nothing() -> None:
    html = macro("field", Form(), "name", "Name")
    assert "aria-" not in html


def test_an_area_keeps_a_first_line_break() -> None:
    # A parser drops one line break after the tag, so there must be one more.
    assert "\n\nhello</textarea>" in macro("area", Form({"about": "\nhello"}), "about", "About")


def test_select_marks_the_chosen_option() -> None:
    html = macro(
        "select", Form({"format": "peer"}), "format", "Format", [("", "Any"), ("peer", "Peer support")]
    )
    assert re.findall(r'value="(\w*)" selected', html) == ["peer"]


def test_ticks_read_back_several_values_of_one_name() -> None:
    html = macro(
        "ticks", Form({"days": "tue,thu"}), "days", "Days", [("mon", "Mo"), ("tue", "Tu"), ("thu", "Th")]
    )
    assert re.findall(r'value="(\w+)" checked', html) == ["tue", "thu"]


def test_every_choice_has_its_own_label_and_words() -> None:
    html = macro("choices", Form({"seat": "b"}), "seat", "Seat", [("a", "A", "first"), ("b", "B", "second")])
    ids = re.findall(r'<input[^>]* id="([^"]+)"', html)
    assert ids == ["f-seat", "f-seat-2"]
    assert re.findall(r'<label for="([^"]+)"', html) == ids
    assert re.findall(r'aria-describedby="([^"]+)"', html) == re.findall(
        r'class="choice-says" id="([^"]+)"', html
    )


def test_problems_link_to_their_fields_and_stay_silent_when_there_are_none() -> None:
    form = wrong("amount", "The least one can pay here is $20.")
    form.add(Reason("changed", "The guidelines changed."))
    html = macro("problems", form)
    assert 'role="alert"' in html
    assert '<a href="#f-amount">The least one can pay here is $20.</a>' in html
    assert "<li>The guidelines changed.</li>" in html
    assert macro("problems", Form()).strip() == ""


def test_amount_chooser_starts_at_the_suggested_amount_and_keeps_a_typed_one() -> None:
    scale = Scale(2000, 4550, 8000, "USD")
    assert 'value="45.50"' in macro("amount_chooser", Form(), scale, "USD")
    assert 'value="12"' in macro("amount_chooser", Form({"amount": "12"}), scale, "USD")


def test_amount_chooser_shows_all_three_marks_without_javascript() -> None:
    html = macro("amount_chooser", Form(), Scale(2000, 4500, 8000, "USD"), "USD")
    assert re.findall(r'data-mark="(\w+)"><b class="figures">([^<]+)', html) == [
        ("minimum", "$20"),
        ("suggested", "$45"),
        ("maximum", "$80"),
    ]
    shown = re.findall(r"<p data-place=\"\w+\">([^<]+)", html)
    assert shown == ["Any amount from $20 to $80 is right. Nobody in the room sees it."]


def test_when_says_the_viewers_own_time_first() -> None:
    at = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    assert macro("when", at, "America/New_York", NOBODY).endswith("6:00 pm in New York</time>")
    known = macro("when", at, "America/New_York", Viewer("America/Los_Angeles", 24))
    assert 'datetime="2026-11-24T23:00:00+00:00"' in known
    assert known.endswith("15:00; 18:00 in New York</time>")


def test_a_pressed_mark_is_taken_back_by_pressing_it_again() -> None:
    html = macro("mark_buttons", "a1", Marking("came", late=True), "/register", "Mira", [("row", "7")])
    assert re.findall(r'name="mark" value="([\w ]*)"[^>]*\saria-pressed="(\w+)"', html) == [
        ("", "true"),
        ("absent", "false"),
        ("excused", "false"),
        ("came", "true"),
        ("came late left_early", "false"),
    ]
    assert '<input type="hidden" name="row" value="7">' in html


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        ((0, 0, 0), "Free of charge"),
        ((3000, 3000, 3000), "$30"),
        ((2000, 4500, 8000), "$20 to $80, $45 suggested"),
    ],
)
def test_scale_in_words(amounts: tuple[int, int, int], words: str) -> None:
    assert re.sub(r"<[^>]+>", "", macro("scale", *amounts, "USD")) == words


def test_steps_mark_the_current_one() -> None:
    html = macro("steps", ["Choose", "Pay", "Confirmed"], 1)
    assert re.findall(r'class="(is-\w+)"( aria-current="step")?', html) == [
        ("is-done", ""),
        ("is-now", ' aria-current="step"'),
        ("is-ahead", ""),
    ]
