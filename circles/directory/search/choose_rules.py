"""Help me choose: five answers, the search they make, and the reasons for each listing that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from circles.base import money
from circles.base.english import join_names
from circles.base.errors import Reason
from circles.directory.listing import words
from circles.directory.listing.cards import Card, way_words
from circles.directory.search import rules
from circles.directory.search.rules import Search, Where

MAX_PICKS: Final = 3
HOW: Final[Mapping[str, str]] = {
    "": "Either is fine",
    "telehealth": "By video or phone, from home",
    "in_person": "In a room, near me",
}
PAY: Final[Mapping[str, str]] = {
    **{str(fee): f"Up to ${fee}" for fee in (40, 80, 150, 200, 300)},
    "insurance": "I need my insurance to pay",
    "": "I do not know yet",
}
# What members would like to work with: the label, and the ways of working that fit it.
WITH: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "body": ("My body and what it holds", ("se",)),
    "parts": ("The different sides in me", ("ifs",)),
    "memories": ("Hard memories that come back", ("emdr",)),
    "medicine": ("The medicine sessions themselves", ("kap",)),
    "patterns": ("Old patterns, and where they come from", ("psychodynamic",)),
    "still": ("Being more present, living by what matters", ("mindfulness", "act")),
    "": ("I do not know yet", ()),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """The five answers, and whether a therapist without room will do as well. They are never stored."""

    state: str = ""
    zip: str = ""
    how: str = ""
    works_with: tuple[str, ...] = ()
    pay: str = ""
    kind: str = ""
    may_wait: bool = False


def read(values: Mapping[str, str]) -> tuple[Answers, list[Reason]]:
    """Read the answers, with a reason for each that cannot be read. Only the place is required."""
    read_search, reasons = rules.read(
        {name: values.get(name, "") for name in ("state", "zip", "how", "with")}
    )
    pay, kind = values.get("pay", ""), values.get("kind", "")
    answers = Answers(
        read_search.state,
        read_search.zip,
        read_search.how,
        read_search.works_with,
        pay if pay in PAY else "",
        kind if kind in WITH else "",
        values.get("wait") == "on",
    )
    if not (answers.state or answers.zip or any(reason.field in ("state", "zip") for reason in reasons)):
        message = "Please say where you are: a therapist needs a license there."
        reasons.append(Reason("where", message, "state"))
    return answers, reasons


def search(answers: Answers) -> Search:
    """What is required: a license there, the way to meet, the fee, and room unless the member may wait."""
    return Search(
        state=answers.state,
        zip=answers.zip,
        how=answers.how,
        within=50,
        fee=int(answers.pay) * 100 if answers.pay.isdecimal() else None,
        pay=("insurance",) if answers.pay == "insurance" else (),
        room=() if answers.may_wait else ("now", "waiting", "unsaid"),
    )


def wishes(answers: Answers) -> list[str]:
    """Facets that are not required but rank listings. Experience with this material always counts."""
    ways = WITH[answers.kind][1]
    return [
        *(f"with:{code}" for code in answers.works_with),
        *(f"way:{code}" for code in ways),
        "exp:some",
        "exp:over_10",
    ]


def heading(picks: int) -> str:
    """The heading over so many listings."""
    return ("Nobody fits yet", *(f"{count} you could write to" for count in ("One", "Two", "Three")))[picks]


def whys(card: Card, answers: Answers, at: Where, note: str = "") -> list[str]:
    """The reasons for a listing, in sentences. note: the distance of its office, where that is known."""
    sentences = [_where(card, answers, at, note), _works(card, answers), _way(card, answers)]
    sentences += [_experience(card), _fee(card, answers), _room(card)]
    return [sentence for sentence in sentences if sentence]


def _where(card: Card, answers: Answers, at: Where, note: str) -> str:
    here = (
        card.in_person
        and card.area == at.area
        and answers.how != "telehealth"
        and (not at.near or bool(note))
    )
    ways = [
        *(["meets by video or phone"] if card.telehealth and answers.how != "in_person" else []),
        *([f"has an office in {card.city or at.area_words}{f', {note}' if note else ''}"] if here else []),
    ]
    return f"Licensed in {at.area_words}, where you are, and {join_names(ways)}." if ways else ""


def _works(card: Card, answers: Answers) -> str:
    shared = [words.WORKS_WITH[code].lower() for code in answers.works_with if code in card.works_with]
    shared = ["OCD" if code == "ocd" else code for code in shared]
    return f"Works with what you named: {join_names(shared)}." if shared else ""


def _way(card: Card, answers: Answers) -> str:
    label, wanted = WITH[answers.kind]
    have = [way_words(*way) for way in card.ways if way[0] in wanted]
    return f"For “{label[:1].lower() + label[1:]}”: {join_names(have)}." if have else ""


def _experience(card: Card) -> str:
    many = {"some": "a few people", "over_10": "more than 10 people", "over_50": "more than 50 people"}.get(
        card.experience
    )
    return f"Has worked with {many} on ketamine integration." if many else ""


def _fee(card: Card, answers: Answers) -> str:
    if answers.pay == "insurance":
        return "Takes insurance. Ask whether yours is among them."
    if card.fee_minimum is None or card.fee_maximum is None:
        return "What an hour costs is not said here. Ask."
    if not answers.pay:
        return f"An hour costs {card.fee_words}."
    most = int(answers.pay) * 100
    within = f"within {money.format_amount(most, 'USD')}"
    if card.fee_maximum <= most:
        return f"An hour costs {card.full_fee_words}, {within}."
    if card.fee_minimum <= most:
        return f"An hour costs {card.full_fee_words}, and its low end is {within}."
    return f"The sliding fee goes down to {card.floor_words}, {within}. Ask for it."


def _room(card: Card) -> str:
    return {
        "now": "Is taking new people.",
        "waiting": "Has a waiting list at the moment.",
        "": "Has not said whether they take new people. Ask.",
    }.get(card.room, "Is not taking new people now. You may ask when that will change.")


def unnamed(cards: Sequence[Card], answers: Answers) -> list[str]:
    """What the answers name and none of these listings does."""
    label, ways = WITH[answers.kind]
    names = [
        words.WORKS_WITH[code] if code == "ocd" else words.WORKS_WITH[code].lower()
        for code in answers.works_with
        if not any(code in card.works_with for card in cards)
    ]
    if ways and not any(way[0] in ways for card in cards for way in card.ways):
        names.append(f"“{label[:1].lower() + label[1:]}”")
    return names


@dataclass(frozen=True, slots=True)
class Looser:
    """An answer that could be changed: its words, how many would fit then, and the fields of the form."""

    label: str
    how_many: int
    fields: Mapping[str, str]


_LOOSER: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "fee": ("if the fee could be higher", {"pay": ""}),
    "pay": ("if insurance did not have to pay", {"pay": ""}),
    "room": ("if you could wait for somebody who is not taking new people now", {"wait": "on"}),
}


def looser(counts: Mapping[str, int], at: Where, answers: Answers, total: int) -> list[Looser]:
    """Which answers could be changed so that more fit. The place of the license never is."""
    other = {
        "telehealth": Looser(
            "in person", counts.get("near" if at.near else f"at:{at.area}", 0), {"how": "in_person"}
        ),
        "in_person": Looser("by video or phone", counts.get(f"tele:{at.area}", 0), {"how": "telehealth"}),
    }
    could = [
        Looser(label, counts.get(f"without:{kind}", 0), fields) for kind, (label, fields) in _LOOSER.items()
    ]
    could = [answer for answer in could if answer.how_many > total]
    if answers.how and other[answers.how].how_many:
        could.append(other[answers.how])
    return could
