"""Standing in for one gathering: what changes, who is told, in which words. No I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from circles.hosting.stand_in import rules
from circles.hosting.stand_in.rules import Asked, Asking, Held, Holder, Seat, Swap


def number(n: int) -> UUID:
    return UUID(int=n)


def holder(n: int, name: str) -> Holder:
    return Holder(number(n), name, f"{name.lower()}@example.org")


def seat(n: int, name: str) -> Seat:
    return Seat(number(100 + n), number(n), name, f"{name.lower()}@example.org", "")


FARID, FERN, WREN = holder(1, "Farid"), holder(2, "Fern"), holder(3, "Wren")
MIRA, MILO = seat(10, "Mira"), seat(11, "Milo")
HELD = Held(
    number(50),
    number(51),
    "First steps home",
    "Tuesday group",
    datetime(2027, 1, 5, 23, tzinfo=UTC),
    "America/New_York",
    False,
    "lead",
    (FARID, FERN),
    None,
    (MIRA, MILO),
    (),
)
WHEN = "Tuesday"


def test_somebody_steps_in_and_all_but_the_one_who_says_so_are_told() -> None:
    swap = Swap(HELD, FERN, FARID.id)
    assert (swap.hosts, swap.members, swap.nothing) == ((FERN,), (MIRA, MILO), False)
    assert rules.news(swap, FERN, "Farid", WHEN) == (
        "Farid asks you to hold one gathering: Tuesday. It is yours from now on."
    )


def test_somebody_from_elsewhere_steps_in_and_both_hosts_are_told() -> None:
    swap = Swap(HELD, WREN, WREN.id)
    assert swap.hosts == (FARID, FERN)
    assert (
        rules.news(swap, FARID, "Wren", WHEN)
        == "The gathering of Tuesday: Wren stepped in. Wren holds it this time."
    )


def test_who_stood_in_before_need_not_any_more() -> None:
    swap = Swap(replace(HELD, stand_in=WREN), FERN, FARID.id)
    assert set(swap.hosts) == {FERN, WREN}
    says = "The gathering of Tuesday: Farid changed who holds it. Fern holds it, so you need not."
    assert rules.news(swap, WREN, "Farid", WHEN) == says


def test_a_gathering_is_given_back() -> None:
    swap = Swap(replace(HELD, stand_in=WREN), None, WREN.id)
    assert swap.hosts == (FARID, FERN)
    assert swap.ends == ()
    says = "Wren gave back the gathering of Tuesday. Farid and Fern hold it again."
    assert rules.news(swap, FARID, "Wren", WHEN) == says
    by_its_host = replace(swap, by=FARID.id)
    says = "The gathering of Tuesday: Farid changed who holds it. Farid and Fern hold it as usual."
    assert rules.news(by_its_host, FERN, "Farid", WHEN) == says


def test_one_of_the_usual_hosts_who_held_it_alone_holds_it_with_the_others_again() -> None:
    swap = Swap(replace(HELD, stand_in=FERN), None, FARID.id)
    assert swap.relieved is None
    says = "The gathering of Tuesday: Farid changed who holds it. Farid and Fern hold it as usual."
    assert rules.news(swap, FERN, "Farid", WHEN) == says
    assert Swap(replace(HELD, stand_in=FERN), FARID, FARID.id).relieved == FERN
    assert Swap(replace(HELD, stand_in=WREN), None, FARID.id).relieved == WREN


def test_a_host_with_a_seat_is_told_once() -> None:
    held = replace(HELD, seats=(MIRA, seat(2, "Fern"), seat(1, "Farid")))
    swap = Swap(held, FERN, FARID.id)
    assert (swap.hosts, swap.members) == ((FERN,), (MIRA,))


def test_it_may_be_so_already() -> None:
    assert Swap(HELD, None, FARID.id).nothing
    assert Swap(replace(HELD, stand_in=FERN), replace(FERN, name="Fern R."), FARID.id).nothing


def test_whoever_is_asked_has_no_use_for_it_once_somebody_steps_in() -> None:
    asked = Asked(number(70), "nell@example.org")
    held = replace(HELD, asked=(asked,))
    assert Swap(held, FERN, FARID.id).ends == (asked,)
    assert Swap(replace(held, stand_in=FERN), None, FARID.id).ends == ()


@pytest.mark.parametrize(
    "other",
    [
        Swap(HELD, WREN, FARID.id),
        Swap(replace(HELD, stand_in=WREN), FERN, FARID.id),
        Swap(replace(HELD, seats=(MIRA,)), FERN, FARID.id),
        Swap(replace(HELD, asked=(Asked(number(70), "nell@example.org"),)), FERN, FARID.id),
        Swap(replace(HELD, starts_at=datetime(2027, 1, 6, tzinfo=UTC)), FERN, FARID.id),
    ],
)
def test_another_outcome_has_another_fingerprint(other: Swap) -> None:
    assert other.seen != Swap(HELD, FERN, FARID.id).seen
    assert Swap(HELD, FERN, FARID.id).seen == Swap(HELD, FERN, FARID.id).seen


def test_an_address_that_was_asked_meanwhile_was_asked_by_the_same_press() -> None:
    first = Asking(HELD, "nell@example.org", FARID.id)
    then = Asking(replace(HELD, asked=(Asked(number(70), "nell@example.org"),)), first.email, FARID.id)
    assert (first.again, first.seen == first.seen_before) == (None, True)
    assert then.again is not None
    assert then.seen_before == first.seen != then.seen


@pytest.mark.parametrize(
    ("held", "names"),
    [
        (HELD, ["Farid", "Fern"]),
        (replace(HELD, stand_in=FERN), ["Farid"]),
        (replace(HELD, usual=(FARID,)), []),
        (replace(HELD, usual=(FARID,), stand_in=WREN), ["Farid"]),
    ],
)
def test_who_could_hold_it_and_does_not_yet(held: Held, names: list[str]) -> None:
    assert [each.name for each in held.choices] == names


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ((), "the usual hosts hold it"),
        ((FARID,), "Farid holds it"),
        ((FARID, FERN, WREN), "Farid, Fern and Wren hold it"),
    ],
)
def test_hosts_as_a_sentence_has_them(hosts: tuple[Holder, ...], says: str) -> None:
    assert rules.hold(hosts) == says
