"""`may_host` and `may_host_gathering`: permission to host, for every query."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.helpers import change, rows

Answer = tuple[str, bool] | None


class Case(NamedTuple):
    """Somebody and what they may do: (part, may_change), or None for nothing."""

    part: str = ""
    stands_in: bool = False
    facilitator: bool = False
    organizer: bool = False
    circle: Answer = None
    gathering: Answer = None


CASES = {
    "nobody": Case(),
    "a facilitator of other circles": Case(facilitator=True),
    "an organizer": Case(organizer=True),
    "the lead": Case("lead", facilitator=True, circle=("lead", True), gathering=("lead", True)),
    "a lead who is organizer": Case("lead", organizer=True, circle=("lead", True), gathering=("lead", True)),
    "a co-facilitator": Case("co", facilitator=True, circle=("co", True), gathering=("co", True)),
    "a helper": Case("helper", circle=("helper", False), gathering=("helper", False)),
    "a lead who is facilitator no more": Case("lead"),
    "a co-facilitator who is facilitator no more": Case("co"),
    "a stand-in": Case(stands_in=True, facilitator=True, gathering=("stand_in", True)),
    "a stand-in who is facilitator no more": Case(stands_in=True),
    "a co-facilitator as stand-in": Case(
        "co", stands_in=True, facilitator=True, circle=("co", True), gathering=("co", True)
    ),
    "a helper as stand-in": Case(
        "helper", stands_in=True, facilitator=True, circle=("helper", False), gathering=("helper", True)
    ),
    "a helper as stand-in who is facilitator no more": Case(
        "helper", stands_in=True, circle=("helper", False), gathering=("helper", False)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_who_may_host(cast: Cast, case: Case) -> None:
    person = await add_person(
        cast.context, "Ruth", is_facilitator=case.facilitator, is_organizer=case.organizer
    )
    if case.part == "lead":
        await change(cast.context, "delete from hosts where circle_id = $1", cast.circle)
    if case.part:
        add = "insert into hosts (circle_id, person_id, part) values ($1, $2, $3)"
        await change(cast.context, add, cast.circle, person, case.part)
    if case.stands_in:
        add = "insert into stand_ins (gathering_id, person_id) values ($1, $2)"
        await change(cast.context, add, cast.gathering, person)
    assert await answer(cast.context, "may_host", cast.circle, person) == case.circle
    assert await answer(cast.context, "may_host_gathering", cast.gathering, person) == case.gathering
    assert await answer(cast.context, "may_host", cast.other_circle, person) is None
    assert await answer(cast.context, "may_host_gathering", cast.free_gathering, person) is None
    # What `python -m circles check` would report must not outlive the test.
    await change(cast.context, "update people set is_facilitator = true where id = $1", person)


async def test_a_former_host_may_nothing(cast: Cast) -> None:
    await change(cast.context, "update hosts set person_id = $1 where person_id = $2", cast.fern, cast.farid)
    assert await answer(cast.context, "may_host", cast.circle, cast.farid) is None
    assert await answer(cast.context, "may_host_gathering", cast.gathering, cast.farid) is None


async def answer(context: Context, function: str, about: object, person: object) -> Answer:
    """The one row of a function, or None."""
    given = await rows(context, f"select part, may_change from {function}($1, $2)", about, person)
    assert len(given) <= 1
    return (given[0]["part"], given[0]["may_change"]) if given else None
