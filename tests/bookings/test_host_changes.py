"""Fewer seats than are taken, on a real database: who gives up theirs, what each gets, and the page for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions
from circles.hosting.change import planned_change
from circles.hosting.change.planned_change import Consent, GatheringChange
from circles.hosting.schedule import forms as schedule_forms
from circles.practice.stripe import webhooks
from circles.store import jobs
from tests.bookings.helpers import Scene
from tests.cast import add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.hosting.helpers import consent_to, fingerprint, make_schedule, plan_change, planted

Ask = Callable[..., Any]


@pytest_asyncio.fixture
async def scene(context: Any, cast: Any, app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The cast; webhooks of the look-alike reach the app."""
    monkeypatch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
    return Scene(context, cast)


@pytest_asyncio.fixture
async def three(scene: Scene) -> dict[str, UUID]:
    """Mira, who paid, on seat 1; Milo in the community seat; and Nora, who paid and sits on seat 8."""
    cast, context = scene.cast, scene.context
    nora = await add_person(context, "Nora")
    bookings = {
        "mira": await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500),
        "milo": await add_booking(context, cast.gathering, cast.milo),
        "nora": await add_booking(context, cast.gathering, nora, kind="paid", amount=6000),
    }
    await scene.value("update bookings set seat = 8 where id = $1", bookings["nora"])
    async with context.db.transaction() as tx:
        for booking in bookings.values():
            await jobs.enqueue(tx, "invites.send", booking_id=booking)
    await jobs.drain(context)
    return bookings


async def plan(scene: Scene, **terms: Any) -> tuple[GatheringChange, Consent]:
    """A change of the gathering and the consent of somebody who was shown what it does."""
    change = await plan_change(scene.context, scene.cast, scene.cast.gathering, **terms)
    return change, await consent_to(scene.context, change)


async def do(
    scene: Scene,
    planned: tuple[GatheringChange, Consent],
    *chosen: UUID,
    who: UUID | None = None,
    why: str = "",
) -> None:
    change, consent = planned
    actor = await scene.person(who or scene.cast.farid)
    agreed = replace(consent, give_up=frozenset(chosen), overlap_reason=why)
    await planned_change.apply(scene.context, replace(change, actor=actor), agreed)


async def seats_and_refunds(scene: Scene) -> tuple[int, int, int]:
    """The seats of the gathering, how many are taken, and how many refunds there are."""
    async with scene.context.db.reading() as tx:
        row: Any = await tx.fetchrow(
            "select capacity, seats_taken, (select count(*) from operations where kind = 'refund') as refunds "
            "from gatherings where id = $1",
            scene.cast.gathering,
        )
    return row["capacity"], row["seats_taken"], row["refunds"]


# The verb


async def test_a_member_who_gives_up_a_seat_is_notified_and_refunded_in_full(
    scene: Scene, three: dict[str, UUID]
) -> None:
    await do(scene, await plan(scene, capacity=2), three["mira"])
    row = await scene.row(three["mira"])
    assert (row["state"], row["end_cause"]) == ("cancelled", "by_host")
    assert await seats_and_refunds(scene) == (2, 2, 1)
    assert await scene.value("select amount from operations where kind = 'refund'") == 4500
    assert await scene.count(
        "events where about = $1 and what = 'booking.cancelled' and why = 'by_host' and who = $2",
        three["mira"],
        scene.cast.farid,
    )
    await jobs.drain(scene.context)
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", row["id"]) == 0
    assert await scene.count("sendings where method = 'CANCEL' and sequence = 1") == 1
    assert await scene.count("mails where kind = 'withdrawn'") == 1
    assert await scene.count("mails where kind <> 'invite'") == 1
    async with scene.context.db.reading() as tx:
        mail: Any = await tx.fetchrow("select * from mails where kind = 'withdrawn'")
    assert mail["to_address"] == "mira@example.org"
    assert mail["subject"].startswith("Canceled: Tuesday group, ")
    for part in ("html_body", "text_body"):
        text = " ".join(mail[part].split())
        assert "has fewer seats" in text
        assert "You did nothing wrong" in text
        assert "All of the $45 you paid " in text
        assert "First steps home" not in text


async def test_those_who_stay_are_reseated_within_the_capacity(scene: Scene, three: dict[str, UUID]) -> None:
    await do(scene, await plan(scene, capacity=1), three["mira"], three["milo"])
    nora = await scene.row(three["nora"])
    assert (nora["state"], nora["seat"], nora["amount"]) == ("confirmed", 1, 6000)
    assert await seats_and_refunds(scene) == (1, 1, 1)
    assert (
        await scene.value("select community_taken from gatherings where id = $1", nora["gathering_id"]) == 0
    )


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ((), "2 people have to give up their seats. Please choose 2, or"),
        (("milo",), "Please choose 1 more"),
        (("mira", "milo", "nora"), "Please take back 1 tick"),
    ],
)
async def test_hosts_must_choose_exactly_as_many_as_give_up_seats(
    scene: Scene, three: dict[str, UUID], chosen: tuple[str, ...], text: str
) -> None:
    with pytest.raises(Refused) as refused:
        await do(scene, await plan(scene, capacity=1), *(three[name] for name in chosen))
    assert text in refused.value.reasons[0].text
    assert await seats_and_refunds(scene) == (8, 3, 0)


async def test_nobody_with_a_seat_elsewhere_can_be_chosen(scene: Scene, three: dict[str, UUID]) -> None:
    later = await add_gathering(scene.context, scene.cast.circle, days=14)
    elsewhere = await add_booking(scene.context, later, scene.cast.mira, kind="paid", amount=4500)
    with pytest.raises(Refused):
        await do(scene, await plan(scene, capacity=2), elsewhere)
    await do(scene, await plan(scene, capacity=2), elsewhere, three["milo"])
    assert (await scene.row(elsewhere))["state"] == "confirmed"


async def test_ticks_are_ignored_when_there_are_seats_enough(scene: Scene, three: dict[str, UUID]) -> None:
    await do(scene, await plan(scene, capacity=3), three["mira"])
    assert await seats_and_refunds(scene) == (3, 3, 0)
    assert (await scene.row(three["nora"]))["seat"] == 3


async def test_when_the_change_fails_everybody_keeps_their_seat(scene: Scene, three: dict[str, UUID]) -> None:
    """Two of one circle at the same time: the database refuses after the seats were taken back."""
    await add_gathering(scene.context, scene.cast.circle, days=7, hour=20)
    planned = await plan(scene, capacity=2, at=time(20))
    with pytest.raises(Refused) as refused:
        await do(scene, planned, three["mira"], why="Fern takes this one")
    assert refused.value.codes == {"same_time"}
    assert await seats_and_refunds(scene) == (8, 3, 0)
    assert (await scene.row(three["mira"]))["state"] == "confirmed"
    assert await scene.count("pgqueuer") == 0


async def test_only_those_who_keep_their_seat_are_notified_of_a_new_time(
    scene: Scene, three: dict[str, UUID]
) -> None:
    await do(scene, await plan(scene, capacity=2, at=time(19)), three["nora"])
    await jobs.drain(scene.context)
    async with scene.context.db.reading() as tx:
        rows = await tx.fetch("select to_address, kind from mails where kind <> 'invite' order by to_address")
    assert [(row["to_address"], row["kind"]) for row in rows] == [
        ("milo@example.org", "changed"),
        ("mira@example.org", "changed"),
        ("nora@example.org", "withdrawn"),
    ]
    # She reads of the time she knows, not of one she never heard of.
    assert "6:00 pm" in await scene.value("select text_body from mails where kind = 'withdrawn'")


# Seats that are not paid yet


async def test_a_held_seat_is_let_go_and_its_checkout_closed(scene: Scene, three: dict[str, UUID]) -> None:
    held = (await scene.book(scene.cast.odile)).id
    await do(scene, await plan(scene, capacity=3), held)
    row = await scene.row(held)
    assert (row["state"], row["end_cause"]) == ("lapsed", "by_host")
    assert await seats_and_refunds(scene) == (3, 3, 0)
    await jobs.drain(scene.context)
    assert await scene.value("select state from checkouts where booking_id = $1", held) == "expired"
    mail = await scene.value("select text_body from mails where kind = 'withdrawn'")
    assert "You had not finished booking" in mail
    assert "not refunded" not in mail


async def test_paying_for_a_seat_that_was_taken_back_is_refunded_without_a_seat(
    scene: Scene, three: dict[str, UUID]
) -> None:
    held = (await scene.book(scene.cast.odile)).id
    await scene.pay(held)
    await do(scene, await plan(scene, capacity=3), held)
    await scene.value("update gatherings set capacity = 8 where id = $1", scene.cast.gathering)
    await jobs.drain(scene.context)
    row = await scene.row(held)
    assert (row["state"], row["end_cause"]) == ("lapsed", "by_host")
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", held) == 0
    assert "got fewer seats" in await scene.value("select text_body from mails where kind = 'apology'")


# What was shown is what is done


async def test_a_booking_made_meanwhile_is_shown_before_the_change(
    scene: Scene, three: dict[str, UUID]
) -> None:
    planned = await plan(scene, capacity=2)
    await scene.book(scene.cast.odile)
    with pytest.raises(OutOfDate):
        await do(scene, planned, three["mira"])
    assert await seats_and_refunds(scene) == (8, 4, 0)


async def test_as_many_but_other_bookings_are_shown_again(scene: Scene, three: dict[str, UUID]) -> None:
    planned = await plan(scene, capacity=2)
    await actions.cancel(scene.context, await scene.person(scene.cast.mira), three["mira"], shown=4500)
    await scene.book(scene.cast.odile)
    with pytest.raises(OutOfDate):
        await do(scene, planned, three["milo"])


async def test_booking_and_reducing_capacity_at_once_take_turns(scene: Scene, three: dict[str, UUID]) -> None:
    """In either order nobody keeps a seat that is gone, and nobody loses one without the host having seen it."""
    planned = await plan(scene, capacity=2)
    cutting, *booked = await asyncio.gather(
        do(scene, planned, three["mira"]),
        *(scene.book(person) for person in (scene.cast.odile, scene.cast.fern)),
        return_exceptions=True,
    )
    if cutting is None:
        assert await seats_and_refunds(scene) == (2, 2, 1)
        assert all(isinstance(answer, Refused) for answer in booked)
    else:
        assert isinstance(cutting, OutOfDate)
        assert (await scene.row(three["mira"]))["state"] == "confirmed"


async def test_two_hosts_at_once_take_back_one_seat(scene: Scene, three: dict[str, UUID]) -> None:
    planned = await plan(scene, capacity=2)
    answers = await asyncio.gather(
        do(scene, planned, three["mira"]), do(scene, planned, three["nora"]), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "OutOfDate"]
    assert await seats_and_refunds(scene) == (2, 2, 1)


@pytest.mark.parametrize("who", ["fern", "mira", "odile"])
async def test_the_verb_is_for_hosts_alone(scene: Scene, three: dict[str, UUID], who: str) -> None:
    with pytest.raises(NotFound):
        await do(scene, await plan(scene, capacity=2), three["milo"], who=getattr(scene.cast, who))
    assert await seats_and_refunds(scene) == (8, 3, 0)


# The page


async def typed(scene: Scene, **changed: str) -> dict[str, str]:
    """The change page's form with its present values, overwritten by `changed`."""
    now, _ = await plan(scene)
    usual = schedule_forms.typed_terms(now.terms) | {
        "date": now.moment.wall.date().isoformat(),
        "then": "look",
    }
    return usual | changed


async def test_the_page_lists_everybody_by_name_and_does_what_was_ticked(
    scene: Scene, three: dict[str, UUID], browser: OpenBrowser, queries: list[str]
) -> None:
    address = f"/host/gatherings/{scene.cast.gathering}/change"
    change = await typed(scene, capacity="2")
    async with browser(scene.cast.farid) as page:
        queries.clear()
        shown = (await page.post(address, data=change)).text
        # Beside what notices a second press of the button.
        assert len([query for query in queries if not re.match(r"BEGIN|COMMIT|.*sent_forms", query)]) <= 3
        assert "3 seats are taken, 1 too many." in shown
        assert "Please tick 1." in shown
        ticks = re.findall(
            r'type="checkbox"[^>]*name="give_up" value="([^"]+)"([^>]*)>\s*<label[^>]*>(\w+)', shown
        )
        assert [(value, name) for value, _, name in ticks] == [
            (str(three[name.lower()]), name) for name in ("Mira", "Milo", "Nora")
        ]
        assert not any("checked" in more for _, more, _ in ticks)
        assert "$" not in shown.partition("Who gives up a seat")[2].partition("</fieldset>")[0]

        done = change | {"then": "do", "seen": fingerprint(shown)}
        refused = await page.post(address, data=done)
        assert refused.status_code == 422
        assert "1 person has to give up a seat. Please choose 1" in refused.text
        assert await seats_and_refunds(scene) == (8, 3, 0)

        await scene.book(scene.cast.odile)  # meanwhile
        late = await page.post(address, data=done | {"give_up": str(three["mira"])})
        assert late.status_code == 422
        assert "Something changed since you looked" in late.text
        assert "Odile" in late.text
        assert "not finished yet" in late.text
        assert f'value="{three["mira"]}" checked' in " ".join(late.text.split())

        both = [str(three["mira"]), str(three["nora"])]
        answer = await page.post(address, data=done | {"seen": fingerprint(late.text), "give_up": both})
        assert answer.status_code == 303
    assert await seats_and_refunds(scene) == (2, 2, 2)
    async with browser(scene.cast.mira) as page:
        own = (await page.get(f"/bookings/{three['mira']}")).text
        assert "your host had to take back this one" in own
        assert "All of the" in own


async def test_ticks_that_are_no_ids_are_ignored(
    scene: Scene, three: dict[str, UUID], browser: OpenBrowser
) -> None:
    address = f"/host/gatherings/{scene.cast.gathering}/change"
    change = await typed(scene, capacity="2", give_up="everybody,,1")
    async with browser(scene.cast.farid) as page:
        shown = (await page.post(address, data=change)).text
        answer = await page.post(address, data=change | {"then": "do", "seen": fingerprint(shown)})
        assert answer.status_code == 422
    assert await seats_and_refunds(scene) == (8, 3, 0)


@pytest.mark.parametrize("who", ["helper", "fern", "mira"])
async def test_helpers_and_strangers_learn_no_names_and_change_nothing(
    scene: Scene, three: dict[str, UUID], browser: OpenBrowser, who: str
) -> None:
    helper = await add_person(scene.context, "Hal", is_facilitator=True)
    await scene.value(
        "insert into hosts (circle_id, person_id, part) values ($1, $2, 'helper')", scene.cast.circle, helper
    )
    planned = await plan(scene, capacity=2)
    change = await typed(
        scene, capacity="2", then="do", seen=planned[1].fingerprint, give_up=str(three["milo"])
    )
    async with browser(helper if who == "helper" else getattr(scene.cast, who)) as page:
        for then in ("look", "do"):
            answer = await page.post(
                f"/host/gatherings/{scene.cast.gathering}/change", data=change | {"then": then}
            )
            assert answer.status_code == 404
            assert "Nora" not in answer.text
    assert await seats_and_refunds(scene) == (8, 3, 0)


@pytest.mark.parametrize("scope", ["following", "whole"])
async def test_seats_are_taken_back_at_one_gathering_at_a_time(
    scene: Scene, browser: OpenBrowser, scope: str
) -> None:
    schedule = await make_schedule(scene.context, scene.cast)
    first = (await planted(scene.context, schedule))[0]
    for person in (scene.cast.mira, scene.cast.milo):
        await add_booking(scene.context, first["id"], person, kind="paid", amount=4500)
    change = await typed(scene, capacity="1", community_seats="0", time="11:00", scope=scope)
    change |= {"date": first["planned_for"].isoformat()}
    async with browser(scene.cast.farid) as page:
        for then in ("look", "do"):
            answer = await page.post(f"/host/gatherings/{first['id']}/change", data=change | {"then": then})
            assert answer.status_code == 422
            assert "2 seats are taken, so there cannot be only 1" in answer.text
            assert "change one gathering at a time" in answer.text
            assert "Who gives up a seat" not in answer.text
        alone = change | {"scope": "one", "then": "look"}
        assert (
            "Who gives up a seat"
            in (await page.post(f"/host/gatherings/{first['id']}/change", data=alone)).text
        )
