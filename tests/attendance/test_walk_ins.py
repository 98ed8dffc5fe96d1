"""Walk-ins over HTTP: a first name, somebody known, seats, a full room, queued on a phone, who may, what is kept."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles import bookings
from circles.attendance.walk_ins import actions
from circles.attendance.walk_ins.rules import MAX_OF_GATHERING, WalkIn
from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value


def walk_in(name: str = "Noor", **more: Any) -> WalkIn:
    return WalkIn(uuid4(), name, **more)


async def add(cast: Cast, gathering: UUID, one: WalkIn, actor: UUID | None = None) -> None:
    await actions.add(cast.context, actor_id=actor or cast.farid, gathering_id=gathering, walk_in=one)


async def seats(context: Context, gathering: UUID) -> int:
    return await value(context, "select seats_taken from gatherings where id = $1", gathering)


async def fill(cast: Cast, gathering: UUID) -> None:
    """Every seat of a gathering is taken."""
    free = 8 - await seats(cast.context, gathering)
    for number in range(free):
        await add_booking(
            cast.context,
            gathering,
            await add_person(cast.context, f"Guest {number}"),
            kind="paid",
            amount=4500,
        )


def form(**more: str) -> dict[str, str]:
    return {"id": str(uuid4()), "walk_in": "Noor", "counts": "on"} | more


async def test_a_first_name_is_on_the_register_with_a_seat(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        page = (await host.get(f"/host/gatherings/{tonight}")).text
        assert "Add somebody who came" in page
        sent = form()
        for _ in range(2):  # pressed twice, added once
            answer = await host.post(f"/host/gatherings/{tonight}/walk-ins", data=sent)
            assert answer.status_code == 303
        register = (await host.get(f"/host/gatherings/{tonight}")).text
        assert not missing(register, "Noor", "Came without a booking", "<b>1</b> came")
        assert not missing((await host.get(f"/host/gatherings/{tonight}/room")).text, "Noor")
    assert await seats(cast.context, tonight) == 2
    event = (await rows(cast.context, "select * from events where what = 'walk_in.added'"))[0]
    assert (event["who"], event["after"], str(event["about"])) == (cast.farid, "came", sent["id"])


async def test_one_beyond_the_seats_takes_none(cast: Cast, tonight: UUID) -> None:
    await add(cast, tonight, walk_in(counts=False))
    assert await seats(cast.context, tonight) == 0
    assert await value(cast.context, "select count(*) from walk_ins where seat is null") == 1


async def test_a_full_room_asks_and_then_adds_a_chair(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    await fill(cast, tonight)
    sent = form(walk_in="Noor Al-Amin")
    async with browser(cast.farid) as host:
        answer = await host.post(f"/host/gatherings/{tonight}/walk-ins", data=sent)
        assert answer.status_code == 422
        assert not missing(
            answer.text, "All 8 seats are taken.", 'value="Noor Al-Amin"', sent["id"], 'name="over"'
        )
        assert await value(cast.context, "select count(*) from walk_ins") == 0
        answer = await host.post(f"/host/gatherings/{tonight}/walk-ins", data=sent | {"over": "on"})
        assert answer.status_code == 303
        assert "beyond the seats" in (await host.get(f"/host/gatherings/{tonight}")).text
    assert await seats(cast.context, tonight) == 8
    assert (
        await value(cast.context, "select details ->> 'over' from events where what = 'walk_in.added'")
        == "true"
    )


async def test_what_is_typed_wrongly_is_said_before_a_full_room_asks(cast: Cast, tonight: UUID) -> None:
    await fill(cast, tonight)
    for one in (walk_in("x" * 200), walk_in(cash="abc")):
        with pytest.raises(Refused) as refused:
            await add(cast, tonight, one)
        assert "over_capacity" not in refused.value.codes


async def test_chairs_beyond_the_seats_count_before_a_room_asks(cast: Cast, tonight: UUID) -> None:
    await change(cast.context, "update gatherings set capacity = 2 where id = $1", tonight)
    await add(cast, tonight, walk_in())
    await add(cast, tonight, walk_in(counts=True))
    with pytest.raises(Refused) as refused:
        await add(cast, tonight, walk_in(counts=True))
    assert refused.value.codes == {"over_capacity"}


async def test_taking_somebody_off_frees_their_seat(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    one = walk_in(counts=True)
    await add(cast, tonight, one)
    async with browser(cast.farid) as host, browser(cast.fern) as stranger:
        address = f"/host/gatherings/{tonight}/walk-ins/{one.key}/remove"
        assert (await stranger.post(address)).status_code == 404
        for _ in range(2):
            assert (await host.post(address)).status_code == 303
        assert "Noor" not in (await host.get(f"/host/gatherings/{tonight}")).text
        assert (await host.post(f"/host/gatherings/{tonight}/walk-ins/{uuid4()}/remove")).status_code == 404
    assert await seats(cast.context, tonight) == 0
    await add(cast, tonight, one)  # a phone that never got its answer sends it again: they stay off
    assert await value(cast.context, "select count(*) from walk_ins where removed_at is null") == 0


@pytest.mark.parametrize("typed", ["", "  ", "\u200b", "x" * 81])
async def test_a_name_that_cannot_be_read_comes_back(
    cast: Cast, tonight: UUID, browser: OpenBrowser, typed: str
) -> None:
    async with browser(cast.farid) as host:
        answer = await host.post(f"/host/gatherings/{tonight}/walk-ins", data=form(walk_in=typed))
    assert answer.status_code == 422
    assert 'href="#f-walk_in"' in answer.text
    assert await value(cast.context, "select count(*) from walk_ins") == 0


async def test_who_may_add_somebody_and_when(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.mira)
    for nobody in (cast.fern, cast.odile, cast.milo, cast.mira):
        with pytest.raises(NotFound):
            await add(cast, tonight, walk_in(), nobody)
        async with browser(nobody) as other:
            assert (await other.get(f"/host/gatherings/{tonight}/walk-ins")).status_code == 404
    await change(cast.context, "insert into stand_ins values ($1, $2)", tonight, cast.fern)
    await add(cast, tonight, walk_in(), cast.fern)
    with pytest.raises(Refused) as refused:
        await add(cast, cast.gathering, walk_in())
    assert refused.value.codes == {"too_early"}
    await change(cast.context, "update gatherings set closed_at = now() where id = $1", tonight)
    with pytest.raises(Refused) as refused:
        await add(cast, tonight, walk_in())
    assert refused.value.codes == {"closed"}


async def test_somebody_known_is_found_by_name(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    """Only those who had a seat in this circle before are found: nobody learns who else has an account."""
    past = await add_gathering(cast.context, cast.circle, days=-7)
    zora = await add_person(cast.context, "Zora Neale")
    await add_person(cast.context, "Zora Stranger")
    await add_booking(cast.context, past, zora, kind="paid", amount=4500)
    address = f"/host/gatherings/{tonight}/walk-ins"
    async with browser(cast.farid) as host:
        found = await host.post(address, data={"then": "look", "look": "zora"})
        assert found.status_code == 200
        assert "Zora Neale" in found.text
        assert "Stranger" not in found.text
        chosen = {"id": str(uuid4()), "look": "zora", "person": str(zora), "counts": "on"}
        assert (await host.post(address, data=chosen)).status_code == 303
        again = await host.post(address, data=chosen | {"id": str(uuid4())})
        assert again.status_code == 422
        assert "Please choose somebody of the list" in again.text
        stranger = await value(cast.context, "select id from people where name = 'Zora Stranger'")
        refused = await host.post(address, data=chosen | {"id": str(uuid4()), "person": str(stranger)})
        assert refused.status_code == 422
        assert "Zora Neale" in (await host.get(f"/host/gatherings/{tonight}")).text
    own = await personal_data.export(cast.context, "zora.neale@example.org")
    assert [row["gathering_id"] for row in own["walk_ins"]] == [str(tonight)]


async def test_somebody_kept_apart_is_not_added_and_a_stand_in_is_told_no_reason(
    cast: Cast, tonight: UUID
) -> None:
    past = await add_gathering(cast.context, cast.circle, days=-7)
    await add_booking(cast.context, past, cast.milo, kind="paid", amount=4500)
    await add_booking(cast.context, tonight, cast.mira, kind="paid", amount=4500)
    await change(
        cast.context,
        "insert into apart (circle_id, first_id, second_id) values ($1, least($2::uuid, $3), greatest($2, $3))",
        cast.circle, cast.mira, cast.milo,
    )  # fmt: skip
    await change(cast.context, "insert into stand_ins values ($1, $2)", tonight, cast.fern)
    for actor, knows in ((cast.farid, True), (cast.fern, False)):
        with pytest.raises(Refused) as refused:
            await add(cast, tonight, walk_in("", person_id=cast.milo), actor)
        assert ("kept apart" in refused.value.reasons[0].text) is knows


async def test_cash_of_a_walk_in_is_for_organizers(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    address = f"/host/gatherings/{tonight}/walk-ins"
    async with browser(cast.farid) as host, browser(cast.odile) as organizer:
        wrong = await host.post(address, data=form(cash="lots"))
        assert wrong.status_code == 422
        assert not missing(wrong.text, 'href="#f-cash"', 'value="lots"', 'value="Noor"')
        sent = form(cash="$12.50")
        for _ in range(2):
            assert (await host.post(address, data=sent)).status_code == 303
        assert "12.50" not in (await host.get(f"/host/gatherings/{tonight}")).text
        assert (await host.get("/organize/cash")).status_code == 404
        page = (await organizer.get("/organize/cash")).text
        assert not missing(page, "In the last 31 days: $12.50.", "Noor", "Farid", "First steps home")
    (row,) = await rows(cast.context, "select kind, amount, noted_by from cash_rows")
    assert tuple(row) == ("received", 1250, cast.farid)


async def test_cash_of_a_walk_in_who_is_taken_off_again_is_in_no_sum(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    stays, goes = walk_in("Ana", cash="5"), walk_in(cash="12.50")
    for one in (stays, goes):
        await add(cast, tonight, one)
    async with browser(cast.farid) as host, browser(cast.odile) as organizer:
        assert "In the last 31 days: $17.50." in (await organizer.get("/organize/cash")).text
        for one in (goes, goes):  # pressed twice, corrected once
            answer = await host.post(f"/host/gatherings/{tonight}/walk-ins/{one.key}/remove")
            assert answer.status_code == 303
        page = (await organizer.get("/organize/cash")).text
    assert not missing(page, "In the last 31 days: $5.", "correction: Taken off the register again")
    found = await rows(cast.context, "select kind, amount, noted_by from cash_rows order by at offset 1")
    assert [tuple(row) for row in found] == [
        ("received", 1250, cast.farid),
        ("correction", -1250, cast.farid),
    ]


async def test_no_cash_of_a_walk_in_is_an_empty_field(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    address = f"/host/gatherings/{tonight}/walk-ins"
    async with browser(cast.farid) as host:
        refused = await host.post(address, data=form(cash="0"))
        assert "Please give an amount above 0, or leave the field empty." in refused.text
        assert (await host.post(address, data=form(cash=""))).status_code == 303


# From a phone


PUNCTUAL = {"late": False, "left_early": False}


def queued(key: UUID, name: str = "Noor", **more: Any) -> dict[str, Any]:
    return {"key": str(key), "name": name, "counts": True, "over": False, "ago": 60_000} | more


async def test_a_phone_that_sends_twice_adds_once(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    key, address = uuid4(), f"/host/gatherings/{tonight}/room/marks"
    tap = {"key": str(uuid4()), "booking": str(booked), "mark": "came", "ago": 10}
    async with browser(cast.farid) as host:
        sent = {"taps": [tap], "walk_ins": [queued(key)]}
        first, second = await asyncio.gather(host.post(address, json=sent), host.post(address, json=sent))
        for answer in (first, second):
            assert answer.json()["answers"] == {str(key): {"state": "added", "text": ""}}
            assert answer.json()["walk_ins"] == [{"id": str(key), "name": "Noor", "seat": 2, **PUNCTUAL}]
            assert answer.json()["marks"] == {str(booked): "came"}
        await change(cast.context, "update gatherings set closed_at = now() where id = $1", tonight)
        late = (await host.post(address, json=sent)).json()
        assert late["answers"][str(key)]["state"] == "added"  # its answer was lost, not the walk-in
        other = uuid4()
        late = (await host.post(address, json={"walk_ins": [queued(other)]})).json()
        assert late["answers"][str(other)]["state"] == "refused"
        assert "closed" in late["answers"][str(other)]["text"]
    assert await value(cast.context, "select count(*) from walk_ins") == 1
    assert await value(cast.context, "select count(*) from events where what = 'walk_in.added'") == 1


async def test_a_full_room_asks_a_phone_once_more(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await fill(cast, tonight)
    key, address = uuid4(), f"/host/gatherings/{tonight}/room/marks"
    async with browser(cast.farid) as host:
        asked = (await host.post(address, json={"walk_ins": [queued(key)]})).json()
        assert asked["answers"][str(key)]["state"] == "asks"
        assert asked["walk_ins"] == []
        added = (await host.post(address, json={"walk_ins": [queued(key, over=True)]})).json()
    assert added["answers"][str(key)]["state"] == "added"
    assert added["walk_ins"] == [{"id": str(key), "name": "Noor", "seat": None, **PUNCTUAL}]


async def test_a_key_of_another_gathering_tells_nothing(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    other = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime.now(UTC) - timedelta(minutes=5)
    )
    one = walk_in("Secret name")
    await add(cast, other, one, cast.fern)
    async with browser(cast.farid) as host:
        answer = await host.post(
            f"/host/gatherings/{tonight}/room/marks", json={"walk_ins": [queued(one.key)]}
        )
    assert answer.json()["answers"][str(one.key)]["state"] == "refused"
    assert "Secret" not in answer.text


async def test_no_room_holds_more_than_its_most(cast: Cast, tonight: UUID) -> None:
    for _ in range(MAX_OF_GATHERING):
        await add(cast, tonight, walk_in(over=True))
    with pytest.raises(Refused) as refused:
        await add(cast, tonight, walk_in(over=True))
    assert refused.value.codes == {"many_walk_ins"}


# What is kept


async def test_the_export_of_attendance_has_them(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await add(cast, tonight, walk_in("=Noor"))
    today = datetime.now(UTC)
    dates = {"from": str((today - timedelta(days=2)).date()), "to": str((today + timedelta(days=2)).date())}
    numbers = {f"place-{key}": "1" for key in ("name", "seat", "mark", "person_id", "booking_id")}
    async with browser(cast.odile) as organizer:
        form = dates | numbers | {"purpose": "For a test"}
        text = (await organizer.post("/organize/attendance.csv", data=form)).text
    (row,) = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    assert row["Name"] == "'=Noor"
    assert (row["Seat"], row["Mark"], row["Person id"], row["Booking id"]) == ("walk-in", "came", "", "")


async def test_first_names_are_forgotten_after_a_year(cast: Cast, tonight: UUID) -> None:
    for name, age in (("Old", timedelta(days=367)), ("Young", timedelta(days=365))):
        await add(cast, tonight, walk_in(name, ago=age))
    await jobs.run_timetable(cast.context, "attendance.forget_walk_ins")
    found = await rows(cast.context, "select name from walk_ins order by name")
    assert [row["name"] for row in found] == ["", "Young"]


async def test_a_canceled_gathering_frees_the_seats_of_walk_ins(cast: Cast, tonight: UUID) -> None:
    await add(cast, tonight, walk_in(counts=True))
    async with cast.context.db.transaction() as tx:
        await bookings.cancel_all(tx, tonight, "I am ill today.", actor_id=cast.farid)
    assert await seats(cast.context, tonight) == 0


async def test_a_walk_in_leaves_the_ring_before_somebody_booked(
    cast: Cast, tonight: UUID, booked: UUID
) -> None:
    """With fewer seats the walk-in keeps a chair, and the booking its seat."""
    one = walk_in(counts=True)
    await add(cast, tonight, one)
    await change(cast.context, "update bookings set seat = 3 where id = $1", booked)
    async with cast.context.db.transaction() as tx:
        await bookings.make_room(tx, tonight, 1, 0)
        await tx.execute("update gatherings set capacity = 1, community_seats = 0 where id = $1", tonight)
    assert await value(cast.context, "select seat from walk_ins") is None
    assert await value(cast.context, "select seat from bookings where id = $1", booked) == 1
