"""Rules of introductions and suggestions: what is shared, refusals, steps, searching a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.directory.introductions import access_log, rules, suggestions_rules
from circles.directory.listing import words

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
TICKED = {"tell_reach": "on", "reach": "mira@example.org"}


def codes(reasons: list[Any]) -> list[str]:
    return [reason.code for reason in reasons]


def refused(values: dict[str, str]) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        rules.read_shared(values)
    return {(reason.code, reason.field) for reason in caught.value.reasons}


# Sharing


def test_only_what_is_ticked_is_shared() -> None:
    typed = {"call_name": "Mira", "looking_for": "Weekday evenings", "own_words": "Hello"}
    shared = rules.read_shared(TICKED | typed | {"tell_looking_for": "on", "tell_circle": "on"})
    assert shared.kinds == ("reach", "looking_for", "circle")
    assert (shared.call_name, shared.looking_for, shared.own_words) == ("", "Weekday evenings", "")
    unshared = rules.unshared_labels(TICKED | typed, shared)
    assert list(unshared.values()) == ["the name to be called", "your own words"]
    assert list(rules.unshared_labels(TICKED | typed, shared, (typed["call_name"],))) == ["own_words"]


@given(ticks=st.sets(st.sampled_from(sorted(rules.SHAREABLE))), words=st.text(max_size=40))
def test_nothing_unticked_is_shared(ticks: set[str], words: str) -> None:
    typed = {kind: f"kind {kind} {words}" for kind in rules.LENGTHS}
    try:
        shared = rules.read_shared(typed | {f"tell_{kind}": "on" for kind in ticks})
    except Refused:
        return
    assert set(shared.kinds) == ticks
    for kind in rules.LENGTHS:
        assert bool(getattr(shared, kind)) == (kind in ticks)


def test_all_refusals_at_once() -> None:
    expected = {("no_reach", "tell_reach"), ("empty", "call_name"), ("too_long", "own_words")}
    assert refused({"tell_call_name": "on", "tell_own_words": "on", "own_words": "x" * 1501}) == expected
    assert refused({"tell_reach": "on", "reach": "two\nlines"}) == {("line_break", "reach")}
    assert refused({"tell_reach": "on", "reach": "  "}) == {("empty", "reach")}


def test_line_breaks_stay() -> None:
    shared = rules.read_shared(TICKED | {"tell_own_words": "on", "own_words": "One\r\n\r\nTwo"})
    assert shared.own_words == "One\n\nTwo"


# Asking


def listing(**more: Any) -> dict[str, Any]:
    row = {"name": "River", "is_own": False, "takes_mail": True, "room": "now"}
    return row | {"open_id": None, "no_until": None, "open_count": 0} | more


def test_refusals_of_asking() -> None:
    assert rules.ask_refusals(listing()) == []
    assert rules.ask_refusals(listing(room="waiting", open_count=4)) == []
    assert codes(
        rules.ask_refusals(
            listing(is_own=True, takes_mail=False, room="closed", open_id=uuid4(), no_until=NOW, open_count=5)
        )
    ) == ["own", "no_address", "closed", "open_already", "too_many"]
    (said_no,) = rules.ask_refusals(listing(no_until=NOW))
    assert "after Tuesday, November 24" in said_no.text


def test_the_lifetime_is_shorter_than_promised() -> None:
    assert timedelta(days=1) <= timedelta(days=rules.PROMISED_DAYS) - rules.LIFETIME


# Answering, withdrawing, ending

ALL = ("asked", "accepted", "full", "not_a_fit", "withdrawn", "ended", "expired")


def row(state: str, over: bool = False) -> dict[str, Any]:
    return {"state": state, "over": over, "ended_because": ""}


def test_only_the_first_answer_is_accepted() -> None:
    assert rules.answer_refusals(row("asked"), "full") == []
    assert rules.answer_refusals(row("full"), "full") == []
    assert codes(rules.answer_refusals(row("full"), "accepted")) == ["answered"]
    assert codes(rules.answer_refusals(row("withdrawn"), "accepted")) == ["withdrawn"]
    assert codes(rules.answer_refusals(row("ended"), "full")) == ["ended"]
    assert codes(rules.answer_refusals(row("expired"), "full")) == ["over"]
    assert codes(rules.answer_refusals(row("asked", over=True), "full")) == ["over"]


@pytest.mark.parametrize("state", ALL)
@pytest.mark.parametrize("over", [False, True])
def test_every_state_can_be_withdrawn_or_ended_not_both(state: str, over: bool) -> None:
    ways = [not rules.withdraw_refusals(row(state, over)), not rules.end_refusals(row(state, over))]
    assert sum(ways) == (1 if rules.is_open(row(state, over)) else 0)


def test_reading_an_answer() -> None:
    other = uuid4()
    answer = rules.read_answer({"answer": "not_a_fit", "words": " Try them. ", "other": str(other)})
    assert answer == rules.Answer("not_a_fit", "Try them.", other)
    assert rules.read_answer({"answer": "accepted", "other": str(other)}) == rules.Answer("accepted")
    assert rules.read_answer({"answer": "full", "other": "nobody"}).other is None
    for values in ({}, {"answer": "maybe"}, {"answer": "full", "words": "x" * 601}):
        with pytest.raises(Refused):
            rules.read_answer(values)


# Listings that are gone


@pytest.mark.parametrize("because", sorted(rules.END_REASONS))
def test_which_introductions_end_with_the_listing(because: str) -> None:
    assert rules.ends_with_listing(row("asked"), because)
    assert rules.ends_with_listing(row("accepted"), because) == (because in ("complaint", "organizer"))
    for state in ALL:
        assert not rules.ends_with_listing(row(state, over=True), because)
        if state not in ("asked", "accepted"):
            assert not rules.ends_with_listing(row(state), because)


def test_every_reason_of_hiding_has_a_text() -> None:
    assert set(rules.END_REASONS) == set(words.HIDDEN)
    assert set(rules.END_REASONS.values()) | {"left"} == set(rules.END_TEXTS)
    for because in rules.END_TEXTS:
        text = rules.end_text(member_row("ended", ended_because=because))
        assert text.endswith(".")
        assert "{" not in text
    assert rules.end_text(member_row("accepted")) == ""
    assert "took their page off" in rules.end_text(member_row("accepted", hidden_because="therapist"))


def test_ending_with_the_listing_is_not_shown_as_ended_by_the_member() -> None:
    closed = member_row("ended", ended_because="organizer", ended_at=NOW)
    assert rules.state_words(closed) == "No longer in the directory"
    assert rules.state_words(member_row("ended")) == "You ended it"
    assert rules.steps(closed)[-1].text == (
        "River was no longer in the directory, so this was closed. What you told was deleted here."
    )
    (reason,) = rules.answer_refusals(closed | {"over": False}, "accepted")
    assert reason.code == "closed"


# Steps


def member_row(state: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"state": state, "listing_name": "River", "created_at": NOW, "mail_state": None}
    row |= {"mail_sent_at": None, "answered_at": None, "ended_at": None, "forgotten_at": None}
    row |= {"ended_because": "", "hidden_because": ""}
    return row | more


def test_steps_of_an_introduction() -> None:
    later = NOW + timedelta(days=2)
    assert [step.text for step in rules.steps(member_row("asked", mail_state="sent", mail_sent_at=NOW))] == [
        "You asked for it.",
        "The mail left for River.",
    ]
    assert "could not be delivered" in rules.steps(member_row("asked", mail_state="refused"))[1].text
    assert (
        rules.steps(member_row("withdrawn", ended_at=later))[1].text == "A mail to River was put on its way."
    )
    ended = rules.steps(member_row("ended", answered_at=NOW, ended_at=later, forgotten_at=later))
    expected = ["River answered: yes.", "You ended it. What you told was deleted here."]
    assert [step.text for step in ended][2:] == expected
    assert "did not answer in time" in rules.steps(member_row("expired", forgotten_at=later))[-1].text
    full = rules.steps(member_row("full", answered_at=NOW, forgotten_at=later))
    assert [step.text for step in full][2:] == ["River answered: not now.", "What you told was deleted here."]


# Names


def test_a_name_is_searched_by_prefixes_of_its_words() -> None:
    assert rules.name_terms("Zoë O'Brien") == ["Zoë", "O", "Brien"]
    assert rules.name_terms(" !&|():*<>' ") == []


@given(typed=st.text(max_size=60))
def test_a_search_for_a_name_holds_nothing_but_letters_and_figures(typed: str) -> None:
    assert all(term.isalnum() for term in rules.name_terms(typed))


def test_reading_ids() -> None:
    one, two = uuid4(), uuid4()
    assert rules.read_ids(f"{one},{two},{one},nothing,") == [one, two]


# The access log


def test_the_texts_of_the_access_log() -> None:
    line = {"what": "introduction.asked", "who_name": None, "listing_name": "River"}
    assert (
        access_log.text_of(line | {"details": ["reach", "circle"]})
        == "You asked to be introduced to River, and told them how to reach you and that you come to a circle."
    )
    gone = {"what": "introduction.full", "who_name": None, "listing_name": None, "details": []}
    assert (
        access_log.text_of(gone)
        == "A therapist who is no longer listed answered you: not taking new people now."
    )
    for what in access_log.TEXTS:
        text = access_log.text_of(line | {"what": what, "details": []})
        assert text.endswith(".")
        assert "{" not in text


# Suggestions


def suggestion_codes(values: dict[str, str]) -> set[str]:
    with pytest.raises(Refused) as caught:
        suggestions_rules.read(values)
    return caught.value.codes


def test_refusals_of_a_suggestion() -> None:
    ids = [uuid4() for _ in range(4)]
    typed = ",".join(str(listing) for listing in ids)
    assert suggestions_rules.read({"what": "directory", "listings": typed}).listings == ()
    three = {
        "what": "listings",
        "listings": ",".join(str(listing) for listing in ids[:3]),
        "words": "Slow and kind.",
    }
    assert suggestions_rules.read(three) == suggestions_rules.Suggestion(tuple(ids[:3]), "Slow and kind.")
    assert suggestion_codes({"what": "listings", "listings": typed}) == {"too_many"}
    assert suggestion_codes({"what": "listings"}) == {"no_listing"}
    assert suggestion_codes({"what": "", "words": "x" * 601}) == {"nothing", "too_long"}


def test_listings_as_options() -> None:
    row = {"id": uuid4(), "name": "River", "letters": "LMFT", "city": "Miami", "area": "FL"}
    row |= {"telehealth": True, "in_person": True, "licensed": ["FL", "GU"]}
    assert suggestions_rules.listing_options([row], none="Nobody") == [
        ("", "Nobody", ""),
        (
            str(row["id"]),
            "River, LMFT",
            "Miami, Florida. Telehealth and in person. Licensed in Florida and Guam",
        ),
    ]
    assert suggestions_rules.listing_options([], none="Nobody") == []
