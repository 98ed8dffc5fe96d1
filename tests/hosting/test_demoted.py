"""Who lost the facilitator's role is named nowhere and gets no mail, though they were never taken off their circle."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from circles.bookings.screening import actions as screening
from circles.store import db
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, person, rows, value

FARID = "Farid"
ADD_HOST = "insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')"


async def test_no_page_of_members_names_them(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    pages = (
        "/", "/gatherings", f"/gatherings/{cast.gathering}", f"/gatherings/{cast.gathering}/book", "/my/gatherings",
        f"/circles/{cast.circle}", f"/bookings/{booking}",
    )  # fmt: skip
    async with browser(cast.milo) as page, browser(cast.mira) as booked:
        named = [
            path
            for path in pages
            for one in (page, booked)
            if FARID in _own_words((await one.get(path)).text)
        ]
        assert len(named) >= 4
        async with demoted(cast.context, cast.farid):
            for path in pages:
                for one in (page, booked):
                    text = _own_words((await one.get(path)).text)
                    # A change of hosts says who hosted it before.
                    assert FARID not in re.sub("[Ww]as Farid", "", text), path


def _own_words(text: str) -> str:
    """A page without the bar of practice mode, which offers to sign in as Farid."""
    return text.replace("Farid, facilitator", "")


@pytest.mark.parametrize("stands_in", [False, True])
async def test_facts_cards_and_stand_ins_leave_them_out(cast: Cast, stands_in: bool) -> None:
    if stands_in:
        await change(
            cast.context,
            "insert into stand_ins (gathering_id, person_id, added_by) values ($1, $2, $2)",
            cast.gathering,
            cast.fern,
        )
    who = cast.fern if stands_in else cast.farid
    assert await _hosts(cast) == [str(who)]
    async with demoted(cast.context, who):
        assert await _hosts(cast) == ([str(cast.farid)] if stands_in else [])
        cards = await rows(
            cast.context, "select host_names from gathering_cards where id = $1", cast.gathering
        )
        assert cards[0]["host_names"] == ([FARID] if stands_in else [])


async def _hosts(cast: Cast) -> list[str]:
    facts = await value(cast.context, "select gathering_facts($1) -> 'hosts'", cast.gathering)
    return facts or []


async def test_requests_and_cancelations_are_mailed_to_hosts_of_today_alone(cast: Cast) -> None:
    ruth = await add_person(cast.context, "Ruth", is_facilitator=True)
    await change(cast.context, ADD_HOST, cast.circle, ruth)
    await change(
        cast.context,
        "insert into screenings (circle_id, asks, questions) values ($1, 'call', '{}')",
        cast.circle,
    )
    async with demoted(cast.context, cast.farid):
        mira = await person(cast.context, cast.mira)
        version = await value(
            cast.context, "select version from screenings where circle_id = $1", cast.circle
        )
        await screening.send_request(
            cast.context, mira, cast.gathering, {f"a{n}": "Yes" for n in range(9)}, version=version
        )
        assert await _mailed(cast, "request") == {"ruth@example.org", "mira@example.org"}


async def _mailed(cast: Cast, kind: str) -> set[str]:
    return {
        row["to_address"]
        for row in await rows(cast.context, "select to_address from mails where kind = $1", kind)
    }


async def test_other_hosts_are_those_of_today(cast: Cast) -> None:
    async def others() -> set[UUID]:
        async with cast.context.db.reading() as tx:
            query = db.queries("hosting/change").other_hosts
            return {
                row["id"]
                for row in await db.rows(
                    query(tx, circle_id=cast.circle, gathering_ids=[cast.gathering], actor_id=cast.odile)
                )
            }

    assert cast.farid in await others()
    async with demoted(cast.context, cast.farid):
        assert cast.farid not in await others()


async def test_hosts_of_today_alone_are_mailed_of_a_change_or_a_canceled_gathering(cast: Cast) -> None:
    await change(cast.context, ADD_HOST, cast.circle, cast.fern)
    schedule = await value(
        cast.context,
        "insert into schedules (circle_id, kind, first_date, wall_time, zone, length_minutes, capacity) "
        "values ($1, 'weekly', current_date + 7, '18:00', 'UTC', 90, 8) returning id",
        cast.circle,
    )
    stand_in = "insert into stand_ins (gathering_id, person_id, added_by) values ($1, $2, $2)"
    ruth = await add_person(cast.context, "Ruth", is_facilitator=True)
    await change(cast.context, stand_in, cast.gathering, ruth)
    for now in ({FARID, "Ruth"}, set[str]()):
        async with (
            demoted(cast.context, *(() if now else (cast.farid, ruth))),
            cast.context.db.reading() as tx,
        ):
            changing = db.queries("hosting/change").gathering_to_change
            row = await changing(tx, id=cast.gathering, actor_id=cast.fern)
            assert {host["name"] for host in row["other_hosts"]} == now
            row = await db.queries("hosting/schedule").hosted_schedule(tx, id=schedule, actor_id=cast.fern)
            assert {host["name"] for host in row["other_hosts"]} == now - {"Ruth"}
            canceled = db.queries("hosting/stand_in").other_stand_in
            row = await canceled(tx, gathering_id=cast.gathering, actor_id=cast.fern)
            assert (row is not None) is bool(now)


async def test_their_circle_asks_them_like_everybody_else(cast: Cast) -> None:
    await change(
        cast.context,
        "insert into screenings (circle_id, asks, questions) values ($1, 'questions', '{Why}')",
        cast.circle,
    )
    admitted = "select admitted and approved from admission_to($1, $2, null)"
    assert await value(cast.context, admitted, cast.circle, cast.farid)
    async with demoted(cast.context, cast.farid):
        assert not await value(cast.context, admitted, cast.circle, cast.farid)
        # Who had a seat is known for that.
        await add_booking(cast.context, cast.gathering, cast.farid)
        assert await value(cast.context, admitted, cast.circle, cast.farid)
