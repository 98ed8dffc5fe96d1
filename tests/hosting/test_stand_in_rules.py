"""Rules of stand-ins: what changes, who is notified, with which text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from circles.base.clock import NOBODY
from circles.hosting.stand_in import rules
from circles.hosting.stand_in.rules import Host, HostChange, HostedGathering, Invitation, InvitationPlan, Seat


def number(n: int) -> UUID:
    return UUID(int=n)


def host(n: int, name: str) -> Host:
    return Host(number(n), name, f"{name.lower()}@example.org")


def seat(n: int, name: str) -> Seat:
    return Seat(number(100 + n), number(n), name, f"{name.lower()}@example.org", NOBODY)


FARID, FERN, WREN = host(1, "Farid"), host(2, "Fern"), host(3, "Wren")
MIRA, MILO = seat(10, "Mira"), seat(11, "Milo")
GATHERING = HostedGathering(
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


def test_everybody_but_the_actor_is_notified() -> None:
    change = HostChange(GATHERING, FERN, FARID.id)
    assert (change.hosts, change.members, change.is_done) == ((FERN,), (MIRA, MILO), False)
    assert rules.news_text(change, FERN, "Farid", WHEN) == (
        "Farid asks you to host one gathering: Tuesday. It is yours from now on."
    )


def test_both_usual_hosts_are_notified_of_a_stand_in_from_outside() -> None:
    change = HostChange(GATHERING, WREN, WREN.id)
    assert change.hosts == (FARID, FERN)
    assert (
        rules.news_text(change, FARID, "Wren", WHEN)
        == "The gathering of Tuesday: Wren stepped in. Wren hosts it this time."
    )


def test_the_former_stand_in_is_notified() -> None:
    change = HostChange(replace(GATHERING, stand_in=WREN), FERN, FARID.id)
    assert set(change.hosts) == {FERN, WREN}
    text = "The gathering of Tuesday: Farid changed who hosts it. Fern hosts it, so you do not have to."
    assert rules.news_text(change, WREN, "Farid", WHEN) == text


def test_a_gathering_is_given_back() -> None:
    change = HostChange(replace(GATHERING, stand_in=WREN), None, WREN.id)
    assert change.hosts == (FARID, FERN)
    assert change.withdrawn == ()
    text = "Wren gave back the gathering of Tuesday. Farid and Fern host it again."
    assert rules.news_text(change, FARID, "Wren", WHEN) == text
    by_its_host = replace(change, actor_id=FARID.id)
    text = "The gathering of Tuesday: Farid changed who hosts it. Farid and Fern host it as usual."
    assert rules.news_text(by_its_host, FERN, "Farid", WHEN) == text


def test_a_usual_host_who_stood_in_is_not_relieved() -> None:
    change = HostChange(replace(GATHERING, stand_in=FERN), None, FARID.id)
    assert change.relieved is None
    text = "The gathering of Tuesday: Farid changed who hosts it. Farid and Fern host it as usual."
    assert rules.news_text(change, FERN, "Farid", WHEN) == text
    assert HostChange(replace(GATHERING, stand_in=FERN), FARID, FARID.id).relieved == FERN
    assert HostChange(replace(GATHERING, stand_in=WREN), None, FARID.id).relieved == WREN


def test_a_host_with_a_seat_is_notified_once() -> None:
    change = HostChange(replace(GATHERING, seats=(MIRA, seat(2, "Fern"), seat(1, "Farid"))), FERN, FARID.id)
    assert (change.hosts, change.members) == ((FERN,), (MIRA,))


def test_a_change_may_be_done_already() -> None:
    assert HostChange(GATHERING, None, FARID.id).is_done
    assert HostChange(replace(GATHERING, stand_in=FERN), replace(FERN, name="Fern R."), FARID.id).is_done


def test_invitations_are_withdrawn_once_somebody_stands_in() -> None:
    invitation = Invitation(number(70), "nell@example.org")
    gathering = replace(GATHERING, invitations=(invitation,))
    assert HostChange(gathering, FERN, FARID.id).withdrawn == (invitation,)
    assert HostChange(replace(gathering, stand_in=FERN), None, FARID.id).withdrawn == ()


@pytest.mark.parametrize(
    "other",
    [
        HostChange(GATHERING, WREN, FARID.id),
        HostChange(replace(GATHERING, stand_in=WREN), FERN, FARID.id),
        HostChange(replace(GATHERING, seats=(MIRA,)), FERN, FARID.id),
        HostChange(
            replace(GATHERING, invitations=(Invitation(number(70), "nell@example.org"),)), FERN, FARID.id
        ),
        HostChange(replace(GATHERING, starts_at=datetime(2027, 1, 6, tzinfo=UTC)), FERN, FARID.id),
    ],
)
def test_another_outcome_has_another_fingerprint(other: HostChange) -> None:
    assert other.fingerprint != HostChange(GATHERING, FERN, FARID.id).fingerprint
    assert (
        HostChange(GATHERING, FERN, FARID.id).fingerprint == HostChange(GATHERING, FERN, FARID.id).fingerprint
    )


def test_a_repeated_confirmation_of_an_invitation_is_recognized() -> None:
    first = InvitationPlan(GATHERING, "nell@example.org", FARID.id)
    then = InvitationPlan(
        replace(GATHERING, invitations=(Invitation(number(70), "nell@example.org"),)), first.email, FARID.id
    )
    assert (first.replaced, first.fingerprint == first.fingerprint_before) == (None, True)
    assert then.replaced is not None
    assert then.fingerprint_before == first.fingerprint != then.fingerprint


@pytest.mark.parametrize(
    ("gathering", "names"),
    [
        (GATHERING, ["Farid", "Fern"]),
        (replace(GATHERING, stand_in=FERN), ["Farid"]),
        (replace(GATHERING, usual=(FARID,)), []),
        (replace(GATHERING, usual=(FARID,), stand_in=WREN), ["Farid"]),
    ],
)
def test_who_can_be_chosen(gathering: HostedGathering, names: list[str]) -> None:
    assert [host.name for host in gathering.choices] == names


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        ((), "the usual hosts host it"),
        ((FARID,), "Farid hosts it"),
        ((FARID, FERN, WREN), "Farid, Fern and Wren host it"),
    ],
)
def test_hosts_in_a_sentence(hosts: tuple[Host, ...], text: str) -> None:
    assert rules.hold_words(hosts) == text
