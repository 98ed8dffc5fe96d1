"""Help me choose: five answers, three therapists with reasons, nothing stored."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.directory.listing import words
from circles.directory.listing.cards import Card
from circles.directory.listing.places import Place
from circles.directory.search import choose_rules
from circles.directory.search.choose_rules import Answers
from circles.directory.search.rules import Where
from circles.store.context import Context
from tests.cast import add_listing
from tests.conftest import OpenBrowser
from tests.directory.test_search import names

INES = Card(
    id=UUID(int=1),
    name="Ines Calder",
    letters="LCSW",
    pronouns="",
    headline="",
    city="Miami",
    area="FL",
    telehealth=True,
    in_person=True,
    licensed=("FL",),
    ways=(("se", "sep", ""), ("ifs", "", "")),
    experience="over_10",
    works_with=("trauma", "ocd", "grief"),
    languages=("en",),
    currency="USD",
    fee_minimum=15_000,
    fee_maximum=20_000,
    sliding_floor=6_000,
    lowest_fee=6_000,
    pro_bono_places=0,
    takes_insurance=False,
    gives_superbills=False,
    free_consultation=0,
    room="now",
    picture_hash=None,
    latitude=25.7,
    longitude=-80.2,
    marked=False,
)
FLORIDA = Where("FL")


def test_the_reasons_for_a_listing() -> None:
    answers = Answers(
        state="FL", how="telehealth", works_with=("grief", "ocd", "pain"), pay="80", kind="body"
    )
    assert choose_rules.whys(INES, answers, FLORIDA) == [
        "Licensed in Florida, where you are, and meets by video or phone.",
        "Works with what you named: grief and OCD.",
        "For “my body and what it holds”: Somatic Experiencing Practitioner (SEP).",
        "Has worked with more than 10 people on ketamine integration.",
        "The sliding fee goes down to $60, within $80. Ask for it.",
        "Is taking new people.",
    ]


def test_a_card_names_the_school_only_for_kap_and_other_ways() -> None:
    ways = (("kap", "kap_trained", "Fluence"), ("act", "act_trained", "A clinic"), ("other", "", "Hakomi"))
    assert replace(INES, ways=ways).way_words == ("KAP training, Fluence", "ACT training", "Hakomi")


def test_reasons_without_a_match_are_left_out() -> None:
    plain = replace(
        INES, experience="", sliding_floor=None, lowest_fee=15_000, room="waiting", in_person=False
    )
    assert choose_rules.whys(plain, Answers(state="FL", works_with=("pain",), kind="memories"), FLORIDA) == [
        "Licensed in Florida, where you are, and meets by video or phone.",
        "An hour costs $150 to $200.",
        "Has a waiting list at the moment.",
    ]


def test_a_near_office_is_named_with_its_distance() -> None:
    near = Where("FL", Place("33130", "Miami", "FL", 25.7, -80.2))
    answers = Answers(zip="33130", how="in_person")
    reasons = choose_rules.whys(INES, answers, near, "about 3 miles from you")
    assert (
        reasons[0]
        == "Licensed in Florida, where you are, and has an office in Miami, about 3 miles from you."
    )
    assert "office" not in choose_rules.whys(INES, Answers(zip="33130"), near)[0]


@given(
    st.builds(
        Answers,
        state=st.sampled_from(["", "FL", "GA"]),
        how=st.sampled_from(list(choose_rules.HOW)),
        works_with=st.lists(st.sampled_from(list(words.WORKS_WITH)), unique=True).map(tuple),
        pay=st.sampled_from(list(choose_rules.PAY)),
        kind=st.sampled_from(list(choose_rules.WITH)),
        may_wait=st.booleans(),
    )
)
def test_reasons_are_whole_sentences(answers: Answers) -> None:
    for reason in choose_rules.whys(INES, answers, FLORIDA):
        assert reason[0].isupper()
        assert reason.endswith(".")
        assert "None" not in reason
    assert choose_rules.search(answers).room == (() if answers.may_wait else ("now", "waiting", "unsaid"))


@given(st.dictionaries(st.sampled_from(["state", "zip", "how", "with", "pay", "kind"]), st.text()))
def test_any_answer_is_read(values: dict[str, str]) -> None:
    answers, reasons = choose_rules.read(values)
    assert reasons or answers.state or answers.zip


def test_the_license_is_never_among_the_looser_answers() -> None:
    counts = {"without:fee": 5, "without:where": 90, "without:room": 1, "at:FL": 2}
    could = choose_rules.looser(counts, FLORIDA, Answers(state="FL", how="telehealth", pay="40"), 1)
    expected = [(5, "if the fee could be higher", {"pay": ""}), (2, "in person", {"how": "in_person"})]
    assert [(answer.how_many, answer.label, answer.fields) for answer in could] == expected


@pytest.mark.parametrize(
    ("pay", "reason"),
    [
        ("300", "An hour costs $150 to $200, within $300."),
        ("150", "An hour costs $150 to $200, and its low end is within $150."),
        ("80", "The sliding fee goes down to $60, within $80. Ask for it."),
    ],
)
def test_the_fee_is_compared_with_the_answer(pay: str, reason: str) -> None:
    assert reason in choose_rules.whys(INES, Answers(state="FL", pay=pay), FLORIDA)


def test_answers_that_no_listing_matches() -> None:
    answers = Answers(state="FL", works_with=("grief", "pain", "eating"), kind="medicine")
    expected = ["chronic pain", "eating disorders", "“the medicine sessions themselves”"]
    assert choose_rules.unnamed([INES], answers) == expected
    assert choose_rules.unnamed([INES], Answers(state="FL", works_with=("ocd",), kind="body")) == []


FORM = {"state": "FL", "how": "telehealth", "with": "grief", "pay": "80", "kind": "body"}


async def test_the_three_best_matches_are_shown(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, name="Too dear")
    await add_listing(context, name="Elsewhere", areas=["GA"], sliding_floor=5_000)
    await add_listing(context, name="Closed", sliding_floor=5_000, room="closed")
    for name, more in {
        "Fourth": {"works_with": ["pain"]},
        "Best": {"works_with": ["grief"], "ways": ["se"]},
        "Second": {"works_with": ["grief"], "ways": ["ifs"]},
        "Third": {"works_with": ["pain"], "ways": ["act"], "room": "now"},
    }.items():
        late = {"experience": "some"} if name == "Fourth" else {}
        await add_listing(context, name=name, sliding_floor=7_000, **more, **late)
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
    assert answer.status_code == 200
    assert names(answer.text) == ["Best", "Second", "Third"]
    assert "Three you could write to" in answer.text
    assert answer.text.count("Why this one") == 3
    assert "The sliding fee goes down to $70, within $80." in answer.text


async def test_looser_answers_are_offered_for_fewer_than_three(
    context: Context, browser: OpenBrowser
) -> None:
    await add_listing(context, name="The one", sliding_floor=8_000)
    await add_listing(context, name="Dear")
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
        assert names(answer.text) == ["The one"]
        assert "2 if the fee could be higher" in answer.text
        again = await page.post(
            "/therapists/choose", data=hidden_fields_of(answer.text, "2 if the fee could be higher")
        )
    assert set(names(again.text)) == {"The one", "Dear"}


def hidden_fields_of(page: str, words: str) -> dict[str, str]:
    """The hidden fields of the form whose button has this label."""
    (form,) = (
        content for content in re.findall(r"<form[^>]*>(.*?)</form>", page, re.DOTALL) if words in content
    )
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


async def test_listings_without_room_are_shown_to_members_who_can_wait(
    context: Context, browser: OpenBrowser
) -> None:
    await add_listing(context, name="Full", sliding_floor=8_000, room="closed")
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
        assert names(answer.text) == []
        words = "1 if you could wait for somebody who is not taking new people now"
        again = await page.post("/therapists/choose", data=hidden_fields_of(answer.text, words))
    assert names(again.text) == ["Full"]
    assert "Is not taking new people now. You may ask when that will change." in again.text


async def test_unmatched_answers_are_named_above_the_list(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, sliding_floor=8_000, works_with=["pain"], ways=["act"])
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
    assert "Nobody here names grief or “my body and what it holds”. You can still ask them" in answer.text


async def test_changing_the_answers_keeps_them(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, sliding_floor=8_000)
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM | {"with": "grief,pain"})
        again = await page.post("/therapists/choose", data=hidden_fields_of(answer.text, "Change my answers"))
    assert again.status_code == 200
    assert again.headers["cache-control"] == "no-store"
    for chosen in ("grief", "pain", "body", "80", "telehealth"):
        assert re.search(rf'value="{chosen}"\s+checked', again.text)
    assert '<option value="FL" selected>' in again.text


async def test_no_match_has_a_heading(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, areas=["GA"])
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
    assert names(answer.text) == []
    assert "Nobody fits yet" in answer.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"state": ""}, "Please say where you are"),
        ({"state": "", "zip": "00000"}, "We know no place with the ZIP 00000"),
        ({"zip": "33"}, "A ZIP has five digits"),
        ({"state": "GA", "zip": "33130"}, "The ZIP 33130 is in Florida"),
    ],
)
async def test_a_missing_place_is_refused_and_the_answers_are_kept(
    context: Context, browser: OpenBrowser, changed: dict[str, str], message: str
) -> None:
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM | changed)
    assert answer.status_code == 422
    assert message in answer.text
    assert re.search(r'value="grief"\s+checked', answer.text)
    assert re.search(r'value="body"\s+checked', answer.text)


async def test_the_answers_are_not_stored(
    context: Context, browser: OpenBrowser, queries: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    await add_listing(context, sliding_floor=5_000)
    queries.clear()
    async with browser() as page:
        answer = await page.post("/therapists/choose", data=FORM)
        assert dict(page.cookies) == {}
    assert answer.headers["cache-control"] == "no-store"
    assert len(queries) == 2
    assert not any(re.match(r"\s*(insert|update|delete)", query, re.IGNORECASE) for query in queries)
    assert "grief" not in caplog.text
    assert 'method="get"' not in answer.text
