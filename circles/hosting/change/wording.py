"""What a change does to gatherings, in sentences for the pages that show it before it is made. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import choose, join_names, plural
from circles.hosting.change.rules import Outcome, SeatHolder, Step

MAX_CHANGES = 8  # how many of the gatherings that change are shown one by one
MAX_HOST_LINES = 30  # and in the mail to another host

_BECOMES = {
    "length_minutes": "{new} minutes instead of {old}",
    "capacity": "seats: {new} instead of {old}",
    "community_seats": "community seats: {new} instead of {old}",
    "note": "a new word about it",
    "join_link": "a new link to join",
    "city": "a new city",
    "address": "a new address",
}


@dataclass(frozen=True, slots=True)
class Description:
    """An outcome in words. changes, stays, kept: the gatherings, each with what follows its time in the sentence."""

    changing: str
    changes: Sequence[tuple[Step, str]]
    more: str
    others: Sequence[str]
    stays: Sequence[tuple[Step, str]]
    kept: Sequence[Step]
    closing: Sequence[str]


def describe(outcome: Outcome) -> Description:
    """An outcome in words."""
    changes = outcome.steps_that("change")
    more = len(changes) - MAX_CHANGES
    return Description(
        changing=_gatherings(len(changes), "changes", "change") if changes else "",
        changes=[(step, " ".join(_change_sentences(step))) for step in changes[:MAX_CHANGES]],
        more=f"and {more} more in the same way." if more > 0 else "",
        others=list(_other_sentences(outcome)),
        stays=[(step, _stay_words(step.gathering.seats_taken)) for step in outcome.steps_that("stay")],
        kept=outcome.steps_that("by_hand"),
        closing=list(_closing_sentences(outcome)),
    )


def _change_sentences(step: Step) -> Iterator[str]:
    taken = step.gathering.seats_taken
    yield from _becomes(step)
    if step.too_many:
        yield f"{plural(taken, 'seat')} {choose(taken, 'is', 'are')} taken, {step.too_many} too many."
    if step.notifies and step.too_many:
        yield "Whoever keeps a seat is told of the change."
    elif step.notifies:
        names = f": {', '.join(step.gathering.names)}" if step.gathering.names else ""
        yield f"{_people(taken)} with a seat {choose(taken, 'is', 'are')} told{names}."


def _becomes(step: Step) -> Iterator[str]:
    becomes = [
        _BECOMES[name].format(new=getattr(step.terms, name), old=getattr(step.gathering.terms, name))
        for name in step.differing
    ]
    if becomes:
        line = "; ".join(becomes)
        yield f"{line[0].upper()}{line[1:]}."


def _planted(outcome: Outcome) -> Iterator[str]:
    first = clock.format_date(outcome.plants[0])
    yield f"{_gatherings(len(outcome.plants), 'is', 'are')} new, the first on {first}."


def _other_sentences(outcome: Outcome) -> Iterator[str]:
    if outcome.plants:
        yield from _planted(outcome)
    removed = len(outcome.steps_that("remove"))
    if removed:
        yield f"{plural(removed, 'gathering')} nobody has a seat in {choose(removed, 'is', 'are')} taken away."


def _stay_words(taken: int) -> str:
    return f"stays as it is, since {_people(taken)} {choose(taken, 'has a seat', 'have seats')}."


def _closing_sentences(outcome: Outcome) -> Iterator[str]:
    notified, giving_up = outcome.notified, outcome.too_many
    if notified:
        people = "one mail each" if notified > 1 else "a mail"
        gets = f"{_people(notified)} {choose(notified, 'gets', 'get')} {people} with the new entry for the calendar."
        refund = " Since the time moves, they may cancel until the start and all they paid comes back."
        yield gets + (refund if outcome.may_cancel else "")
    elif giving_up:
        yield "Whoever keeps a seat gets no mail."
    elif (outcome.steps or outcome.plants) and not outcome.hosts:
        yield "Nobody needs to be told."
    if giving_up:
        yield (
            f"{_people(giving_up)} {choose(giving_up, 'has to give up a seat', 'have to give up their seats')}. "
            f"You choose who. {choose(giving_up, 'They are', 'Each is')} told by mail, their calendar entry is "
            "withdrawn, and everything they paid comes back in full."
        )
    yield from _notified_hosts([host.name for host in outcome.hosts])


def _notified_hosts(hosts: Sequence[str]) -> Iterator[str]:
    if hosts:
        yield f"Told by mail as hosts: {join_names(hosts)}."


def host_subject(outcome: Outcome, name: str, viewer: Viewer) -> str:
    """The subject of the mail to another host: the one gathering with its days, or how many there are."""
    steps = outcome.steps_that("change") + outcome.steps_that("remove")
    if outcome.ends:
        return f"{name}: its schedule has ended"
    if len(steps) != 1 or outcome.plants:
        return f"{name}: {plural(len(steps) + len(outcome.plants), 'gathering')} changed"
    step = steps[0]
    old, new = (
        clock.format_day(step.gathering.starts_at, step.gathering.terms.zone, viewer),
        clock.format_day(step.moment.utc, step.moment.zone, viewer),
    )
    if old != new:
        return f"{name}: {old} moved to {new}"
    if step.moves:
        times = [
            clock.format_moment(at, step.moment.zone, viewer)
            for at in (step.gathering.starts_at, step.moment.utc)
        ]
        return f"{name}: {old}, {times[0]} moved to {times[1]}"
    return f"{name}: {old} changed" if step.effect == "change" else f"{name}: {old} is removed"


def host_lines(outcome: Outcome, viewer: Viewer) -> list[str]:
    """What another host reads: a line for each gathering, in their own time. It names no address and no link."""
    lines = []
    for step in outcome.steps_that("change"):
        was = clock.format_when(step.gathering.starts_at, step.gathering.terms.zone, viewer)
        now = clock.format_when(step.moment.utc, step.moment.zone, viewer)
        line = f"was {was}, now {now}." if step.moves else f"{was}."
        lines.append(" ".join([f"{line[0].upper()}{line[1:]}", *_becomes(step)]))
    for step in outcome.steps_that("remove"):
        lines.append(
            f"{clock.format_when(step.gathering.starts_at, step.gathering.terms.zone, viewer)}: removed."
        )
    more = len(lines) - MAX_HOST_LINES
    lines = [*lines[:MAX_HOST_LINES], f"And {more} more in the same way."] if more > 1 else lines
    ends = ["The schedule has ended, so no more gatherings are planned by it."] if outcome.ends else []
    return [*ends, *lines, *(_planted(outcome) if outcome.plants else ())]


def _people(count: int) -> str:
    return plural(count, "person", "people")


def _gatherings(count: int, one: str, many: str) -> str:
    return f"{plural(count, 'gathering')} {choose(count, one, many)}"


def give_up_options(outcome: Outcome, viewer: Viewer) -> list[tuple[str, str, str]]:
    """Those who can be chosen to give up their seat when too many are taken: booking, name, hint."""
    return [
        (str(holder.booking), holder.name, _booked_words(holder, step.gathering.terms.zone, viewer))
        for step in outcome.steps
        if step.too_many
        for holder in step.gathering.seat_holders
    ]


def _booked_words(holder: SeatHolder, zone: str, viewer: Viewer) -> str:
    booked = f"Booked {clock.format_record(holder.since, viewer, zone)}."
    return f"{booked} The booking is not finished yet." if holder.held else booked


def done_notice(outcome: Outcome) -> str:
    """The notice after a change of gatherings."""
    notified = outcome.notified + outcome.too_many + len(outcome.hosts)
    if not notified:
        return "It is changed. Nobody needs to be told."
    return f"It is changed. {_people(notified)} {choose(notified, 'is', 'are')} being told."


def end_sentences(outcome: Outcome, hosts: Sequence[str]) -> list[str]:
    """What stays when a schedule ends, and which other hosts are notified."""
    stay, kept = len(outcome.steps_that("stay")), len(outcome.steps_that("by_hand"))
    sentences = []
    if stay:
        sentences.append(f"{_some(stay)} with seats taken {choose(stay, 'stays', 'stay')} as planned.")
    if kept:
        sentences.append(f"{_some(kept)} changed by hand {choose(kept, 'stays', 'stay')} too.")
    return [*sentences, *_notified_hosts(hosts)]


def _some(count: int) -> str:
    return "One gathering" if count == 1 else plural(count, "gathering")


def cancel_sentences(gathering: Mapping[str, Any]) -> list[str]:
    """What canceling a gathering does to those with a seat."""
    taken, hosts = gathering["seats_taken"], gathering["host_names"]
    if not taken:
        nobody = "" if gathering["stand_in_name"] or hosts else ", so nobody needs to be told"
        return [f"Nobody has a seat yet{nobody}.", *_notified_hosts(hosts)]
    holders = choose(taken, "person has a seat. They are", "people have seats. Each is")
    refund = (
        ["All they paid is sent back in full, less what went back already."] if gathering["maximum"] else []
    )
    return [
        f"{taken} {holders} told by mail, with your reason.",
        *refund,
        "The entry in their calendar is withdrawn.",
        *_notified_hosts(hosts),
    ]
