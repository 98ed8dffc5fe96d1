"""Help me choose: five plain answers, the search they make, and why a listing is one of the three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from circles import money
from circles.directory import search_rules, words
from circles.directory.cards import Card, listed, way_words
from circles.directory.search_rules import Search, Where
from circles.errors import Reason

HOW_MANY: Final = 3
HOW: Final[Mapping[str, str]] = {
    "": "Either is fine",
    "telehealth": "By video or phone, from home",
    "in_person": "In a room, near me",
}
PAY: Final[Mapping[str, str]] = {
    **{str(fee): f"Up to ${fee} an hour" for fee in (40, 80, 150, 200, 300)},
    "insurance": "I need my insurance to pay",
    "": "I do not know yet",
}
# What somebody would like to work with, in their words: the ways that mean it.
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
    """The five answers. They live as long as one request."""

    state: str = ""
    zip: str = ""
    how: str = ""
    works_with: tuple[str, ...] = ()
    pay: str = ""
    kind: str = ""


def read(values: Mapping[str, str]) -> tuple[Answers, list[Reason]]:
    """Read the answers, with a reason for each that cannot stand. Only where somebody is must be told."""
    asked, reasons = search_rules.read(
        {name: values.get(name, "") for name in ("state", "zip", "how", "with")}
    )
    pay, kind = values.get("pay", ""), values.get("kind", "")
    found = Answers(
        asked.state,
        asked.zip,
        asked.how,
        asked.works_with,
        pay if pay in PAY else "",
        kind if kind in WITH else "",
    )
    if not (found.state or found.zip or any(each.field in ("state", "zip") for each in reasons)):
        says = "Please say where you are: a therapist needs a licence there."
        reasons.append(Reason("where", says, "state"))
    return found, reasons


def search(answers: Answers) -> Search:
    """What must hold: licensed there, met that way, within what can be paid, and room now or on a waiting list."""
    return Search(
        state=answers.state,
        zip=answers.zip,
        how=answers.how,
        within=50,
        fee=int(answers.pay) * 100 if answers.pay.isdecimal() else None,
        pay=("insurance",) if answers.pay == "insurance" else (),
        room=("now", "waiting"),
    )


def wishes(answers: Answers) -> list[str]:
    """What may hold, as facets: who has more of it comes first. Experience with this material always counts."""
    ways = WITH[answers.kind][1]
    return [
        *(f"with:{each}" for each in answers.works_with),
        *(f"way:{each}" for each in ways),
        "exp:some",
        "exp:over_10",
    ]


def whys(card: Card, answers: Answers, at: Where, note: str = "") -> list[str]:
    """Why this one, in sentences. note: how far the office is, where that is known."""
    said = [_where(card, answers, at, note), _works(card, answers), _way(card, answers)]
    said += [_experience(card), _fee(card, answers), _room(card)]
    return [each for each in said if each]


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
    return f"Licensed in {at.area_words}, where you are, and {listed(ways)}." if ways else ""


def _works(card: Card, answers: Answers) -> str:
    shared = [words.WORKS_WITH[each].lower() for each in answers.works_with if each in card.works_with]
    shared = ["OCD" if each == "ocd" else each for each in shared]
    return f"Works with what you named: {listed(shared)}." if shared else ""


def _way(card: Card, answers: Answers) -> str:
    said, wanted = WITH[answers.kind]
    have = [way_words(*way) for way in card.ways if way[0] in wanted]
    return f"For “{said[:1].lower() + said[1:]}”: {listed(have)}." if have else ""


def _experience(card: Card) -> str:
    many = {
        "some": "a few people",
        "over_10": "more than 10 people",
        "over_50": "more than 50 people",
    }.get(card.experience)
    return f"Has worked with {many} on ketamine integration." if many else ""


def _fee(card: Card, answers: Answers) -> str:
    if answers.pay == "insurance":
        return "Takes insurance. Ask whether yours is among them."
    if not answers.pay:
        return f"An hour costs {card.fee_words}."
    lowest = "nothing" if card.lowest_fee == 0 else money.say(card.lowest_fee, card.currency)
    most = money.say(int(answers.pay) * 100, "USD")
    slides = " by the sliding fee," if card.lowest_fee < card.fee_minimum else ""
    return f"An hour can cost {lowest},{slides} which is within {most}."


def _room(card: Card) -> str:
    return {
        "now": "Has room for new people now.",
        "waiting": "Has a waiting list at the moment.",
    }.get(card.room, "")


# What stood in the way, when fewer than three fit: what to say of each choice that could be let go of.
LOOSER: Final[Mapping[str, str]] = {
    "fee": "if the fee could be higher",
    "pay": "if insurance did not have to pay",
    "room": "if you could wait for somebody who has no room now",
}


def looser(counts: Mapping[str, int], at: Where, answers: Answers, found: int) -> list[str]:
    """What could be let go of, and how many there would be then. Being licensed where one is never is."""
    ways = {
        "telehealth": (counts.get("near" if at.near else f"at:{at.area}", 0), "in person"),
        "in_person": (counts.get(f"tele:{at.area}", 0), "by video or phone"),
    }
    said = [
        f"{counts[f'without:{kind}']} {says}"
        for kind, says in LOOSER.items()
        if counts.get(f"without:{kind}", 0) > found
    ]
    if answers.how and ways[answers.how][0]:
        said.append(f"{ways[answers.how][0]} {ways[answers.how][1]}")
    return said
