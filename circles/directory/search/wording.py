"""A search in words: its result, its choices, and what to give up when nobody fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from circles.base import money
from circles.base.english import choose
from circles.directory.listing import words
from circles.directory.search.rules import EXPERIENCE, GROUPS, HOW, USUAL_WITHIN, Search, Where


def therapists(count: int) -> str:
    """A number of therapists."""
    return f"{count} {choose(count, 'therapist', 'therapists')}"


def result(search: Search, where: Where, total: int) -> str:
    """How many fit a search, in a sentence."""
    if not where.is_searchable:
        return "Nobody is shown before it is clear where you are."
    if not total:
        return "Nobody fits all of this."
    licensed = f" licensed in {where.area_words}" if where.area else ""
    fits = f" {choose(total, 'fits', 'fit')} what you chose" if search.filter_count > bool(where.area) else ""
    return f"{therapists(total)}{licensed}{fits}."


def problem_heading(where: Where, problems: int) -> str:
    """The heading over what could not be read."""
    if where.is_contradictory:
        return "Please look at this"
    return choose(problems, "One thing was left out", "Some things were left out")


def why_the_place(search: Search, where: Where) -> str:
    """Why the page needs to know a place."""
    if where.lacks_area:
        what = "For telehealth" if search.how == "telehealth" else "For an office near you"
        return (
            f"{what} we need to know your state: a therapist needs a license where you are, so nobody is shown "
            "before."
        )
    return (
        "A therapist needs a license in the state where you are. Until we know it, each card says where its therapist "
        "is licensed."
    )


def without_state(search: Search) -> Search:
    """The search without its state; without a way to meet too, which needs a place."""
    return replace(search, page=1, state="", how=search.how if search.zip else "")


def without_zip(search: Search) -> Search:
    """The search without its ZIP."""
    return replace(search, page=1, zip="", within=USUAL_WITHIN)


@dataclass(frozen=True, slots=True)
class Chip:
    """A choice in words, and the search without it."""

    label: str
    kind: str
    without: Search


def chips(search: Search) -> list[Chip]:
    """All choices, each with the search without it."""
    search = replace(search, page=1)
    choices = []
    if search.q:
        choices.append(Chip(f"“{search.q}”", "words", replace(search, q="")))
    if search.state:
        choices.append(Chip(words.AREAS[search.state], "where", without_state(search)))
    if search.how:
        choices.append(Chip(HOW[search.how], "where", replace(search, how="")))
    if search.zip:
        label = f"Within {search.within} miles of {search.zip}"
        choices.append(Chip(label, "where", without_zip(search)))
    for group in GROUPS:
        chosen: Sequence[str] = getattr(search, group.field)
        for value in chosen:
            rest = tuple(code for code in chosen if code != value)
            choices.append(Chip(group.options[value], group.name, replace(search, **{group.field: rest})))
    if search.fee is not None:
        choices.append(
            Chip(f"Up to {money.format_amount(search.fee, 'USD')}", "fee", replace(search, fee=None))
        )
    if search.experience:
        label = f"Experience: {EXPERIENCE[search.experience].lower()}"
        choices.append(Chip(label, "exp", replace(search, experience="")))
    return choices


# Each choice that can be given up: its words, and the search without it. Never the place, since without it come
# therapists who have no license there.
_LOOSE: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "words": ("the words", {"q": ""}),
    "fee": ("the fee", {"fee": None}),
    "exp": ("the experience", {"experience": ""}),
} | {group.name: (f"“{group.legend.lower()}”", {group.field: ()}) for group in GROUPS}


@dataclass(frozen=True, slots=True)
class Loosened:
    """A choice that could be given up: its words, how many would fit without it, and that search."""

    label: str
    how_many: int
    search: Search


def without_loosened(search: Search, area: str) -> str:
    """The advice where no single choice could be given up. area: the state or country in words, where it is known."""
    can_go = sum(replace(search, **changes) != search for _, changes in _LOOSE.values())
    if can_go > 1:
        return "No single choice is the reason. Removing two may help."
    place = f" in {area}" if area else ""
    return f"Nobody is listed{place} for this yet. Therapists are added by the week."


def loosened(search: Search, counts: Mapping[str, int], area: str = "") -> list[Loosened]:
    """The single choices without which somebody would fit, the most first. area: of the person who searches."""
    search = replace(search, page=1)
    options = [
        Loosened(label, counts[f"without:{kind}"], replace(search, **changes))
        for kind, (label, changes) in _LOOSE.items()
        if counts.get(f"without:{kind}", 0) > 0
    ]
    by_telehealth = counts.get(f"tele:{area}", 0)
    if search.how == "in_person" and by_telehealth:
        options.append(
            Loosened(
                "an office near you, and meet by telehealth", by_telehealth, replace(search, how="telehealth")
            )
        )
    return sorted(options, key=lambda option: -option.how_many)
