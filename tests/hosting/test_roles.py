"""Roles: given and taken away after a look, with another lead for every circle, and a mail to everybody concerned."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.hosting.circle import actions as circle_actions
from circles.hosting.roles import actions
from circles.hosting.roles.actions import Wish
from circles.people.rules import Role
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, look_up, missing, person, rows, send_invites, value
from tests.hosting.helpers import events, fingerprint, refusal_codes
from tests.hosting.test_circle_rules import TYPED
from tests.hosting.test_hosts_change import add_host, mails, parts


def wish(who: UUID, role: str = "facilitator", on: bool = False) -> dict[str, str]:
    """The form that gives a role or takes it away."""
    return {"role": role, "on": "yes" if on else "no"}


async def take(
    context: Context, actor: UUID, who: UUID, role: Role = "facilitator", *, on: bool = False
) -> None:
    """Look at a change of a role, and make it."""
    by, wanted = await person(context, actor), Wish(who, role, on)
    async with context.db.reading() as tx:
        seen = (await actions.plan(tx, by, wanted)).fingerprint
    await actions.change_role(context, by, wanted, fingerprint=seen)


async def test_nobody_leaves_a_circle_without_a_lead(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    await send_invites(cast.context)
    for week in range(1, 5):
        await add_gathering(cast.context, cast.circle, days=7 + 7 * week)
    url = f"/organize/people/{cast.farid}/roles"
    async with browser(cast.odile) as page:
        form = wish(cast.farid)
        shown = (await page.get(url, params=form)).text
        assert not missing(
            shown,
            "Circles that Farid leads",
            "First steps home",
            "5 gatherings ahead, 1 seat booked",
            "Who leads First steps home",
            "Fern, fern@example.org",
        )
        assert "Remove the role" not in shown
        for then in ("look", "do"):
            refused = await page.post(url, data=form | {"then": then})
            assert (refused.status_code, missing(refused.text, "choose who leads First steps home")) == (
                422,
                [],
            )
        field = f"lead-{cast.circle}"
        wrong = await page.post(url, data=form | {field: str(cast.mira), "then": "look"})
        assert (wrong.status_code, missing(wrong.text, "has to be a facilitator")) == (422, [])
        own = await page.post(url, data=form | {field: str(cast.farid), "then": "look"})
        assert own.status_code == 422
        assert await value(cast.context, "select is_facilitator from people where id = $1", cast.farid)
        form |= {field: str(cast.fern)}
        look = await page.post(url, data=form | {"then": "look"})
        assert not missing(
            look.text,
            "Fern leads First steps home",
            "1 person with a seat",
            "gets a mail",
            "Farid gets a mail",
        )
        done = await page.post(url, data=form | {"then": "do", "seen": fingerprint(look.text)})
        assert done.headers["Location"] == "/organize/people"
        again = await page.post(url, data=form | {"then": "do", "seen": fingerprint(look.text)})
        assert again.status_code == 303  # a double press changes nothing more
    assert await parts(cast.context, cast.circle) == {cast.fern: "lead"}
    assert not await value(cast.context, "select is_facilitator from people where id = $1", cast.farid)
    assert await value(cast.context, "select count(*) from gatherings where state = 'open'") == 6
    news = (await mails(cast.context, "role_news"))["farid@example.org"]
    assert news["subject"] == "About your account"
    assert not missing(news["text_body"], "no longer a facilitator", "no longer host “Tuesday group”")
    assert set(await mails(cast.context, "host_news")) == {"fern@example.org"}
    assert set(await mails(cast.context, "changed")) == {"mira@example.org"}
    (event,) = await events(cast.context, "host.lead")
    assert (event["before"], event["after"]) == (str(cast.farid), str(cast.fern))


async def test_a_circle_ends_with_its_lead_if_the_organizer_says_so(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    url, form = f"/organize/people/{cast.farid}/roles", wish(cast.farid) | {f"lead-{cast.circle}": "end"}
    async with browser(cast.odile) as page:
        refused = await page.post(url, data=form | {"then": "look"})
        assert (refused.status_code, missing(refused.text, 'href="#f-reason"')) == (422, [])
        form |= {"reason": "Farid moved away."}
        look = await page.post(url, data=form | {"then": "look"})
        assert not missing(
            look.text, "First steps home ends. 1 gathering ahead", "sent back in full", "Farid moved away."
        )
        done = await page.post(url, data=form | {"then": "do", "seen": fingerprint(look.text)})
        assert done.status_code == 303
    assert await value(cast.context, "select state from circles where id = $1", cast.circle) == "archived"
    assert (
        await value(cast.context, "select state from gatherings where id = $1", cast.gathering) == "cancelled"
    )
    ended = await rows(cast.context, "select state, end_cause from bookings where id = $1", booking)
    assert tuple(ended[0]) == ("cancelled", "gathering_cancelled")
    assert await value(cast.context, "select amount from operations where kind = 'refund'") == 4500
    why = await value(cast.context, "select why from events where what = 'circle.archived'")
    assert why == "Farid moved away."
    # One mail each: what happened to his role tells Farid of his circle too.
    assert set(await mails(cast.context, "role_news")) == {"farid@example.org"}
    news = await mails(cast.context, "host_news")
    assert set(news) == {"fern@example.org"}
    assert "The reason: Farid moved away." in news["fern@example.org"]["text_body"]


async def test_a_co_facilitator_and_a_stand_in_go_without_leaving_a_gap(
    cast: Cast, browser: OpenBrowser
) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await change(
        cast.context, "update hosts set person_id = $1 where circle_id = $2", cast.farid, cast.other_circle
    )
    alone = await add_gathering(cast.context, cast.other_circle, days=9)
    await change(cast.context, "insert into stand_ins values ($1, $2)", alone, cast.fern)
    await add_booking(cast.context, alone, cast.mira, kind="free")
    await add_booking(cast.context, cast.gathering, cast.milo)
    await send_invites(cast.context)
    url, form = f"/organize/people/{cast.fern}/roles", wish(cast.fern)
    async with browser(cast.odile) as page:
        shown = (await page.get(url, params=form)).text
        assert not missing(
            shown,
            "First steps home goes on without Fern, led by Farid",
            "Open door",
            "goes back to its usual hosts",
        )
        await page.post(url, data=form | {"then": "do", "seen": fingerprint(shown)})
    assert await parts(cast.context, cast.circle) == {cast.farid: "lead"}
    assert await value(cast.context, "select count(*) from stand_ins") == 0
    assert "mira@example.org" in await mails(cast.context, "changed")
    assert "milo@example.org" in await mails(cast.context, "changed")
    news = (await mails(cast.context, "role_news"))["fern@example.org"]["text_body"]
    assert not missing(news, "no longer host “Tuesday group”", "Others host “Wednesday group” of")


async def test_whoever_keeps_the_other_role_keeps_the_circles(cast: Cast) -> None:
    await change(cast.context, "update people set is_organizer = true where id = $1", cast.farid)
    await take(cast.context, cast.odile, cast.farid)
    assert await parts(cast.context, cast.circle) == {cast.farid: "lead"}
    assert await refusal_codes(take(cast.context, cast.odile, cast.farid, "organizer")) == {"lead_missing"}


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("facilitator", "can plan circles, host them"),
        ("organizer", "can see every person, booking and complaint"),
    ],
)
async def test_giving_a_role_is_shown_first_and_told(
    cast: Cast, browser: OpenBrowser, role: str, words: str
) -> None:
    url = f"/organize/people/{cast.mira}/roles"
    async with browser(cast.odile) as page, browser(cast.mira) as mira:
        found = await look_up(page, "mira")
        listed, sealed = found.text, found.url.params["find"]
        assert f"{url}?role={role}&amp;on=yes&amp;find={sealed}" in listed
        form = wish(cast.mira, role, True) | {"find": sealed}
        shown = (await page.get(url, params=form)).text
        assert not missing(shown, "What will happen", f"Mira {words}", "Mira gets a mail")
        assert (await page.post(url, data=form | {"then": "do"})).status_code == 422
        assert (await mira.get("/host")).status_code == 404
        form |= {"seen": fingerprint(shown), "then": "do"}
        answers = await asyncio.gather(*(page.post(url, data=form) for _ in range(3)))
        assert {answer.headers["Location"] for answer in answers} == {f"/organize/people?find={sealed}"}
        assert (await mira.get("/host")).status_code == 200
    news = await mails(cast.context, "role_news")
    assert set(news) == {"mira@example.org"}
    assert (
        f"Odile made you a{'n' if role == 'organizer' else ''} {role}."
        in news["mira@example.org"]["text_body"]
    )
    left = await rows(cast.context, "select who, before, after from events where what = $1", f"person.{role}")
    assert [tuple(row) for row in left] == [(cast.odile, "", role)]


async def test_losing_the_organizer_role_works_on_the_next_request(cast: Cast, browser: OpenBrowser) -> None:
    other = await add_person(cast.context, "Ola", is_organizer=True)
    async with browser(other) as ola:
        assert (await ola.get("/organize/people")).status_code == 200
        await take(cast.context, cast.odile, other, "organizer")
        assert (await ola.get("/organize/people")).status_code == 404
        url = f"/organize/people/{other}/roles"
        assert (await ola.get(url, params=wish(other, "organizer", True))).status_code == 404
        assert (await ola.post(url, data=wish(other, "organizer", True))).status_code == 404


async def test_the_last_organizer_stays(cast: Cast, browser: OpenBrowser) -> None:
    url, form = f"/organize/people/{cast.odile}/roles", wish(cast.odile, "organizer")
    async with browser(cast.odile) as page:
        shown = await page.get(url, params=form)
        assert (shown.status_code, missing(shown.text, "only organizer")) == (422, [])
        assert "Remove the role" not in shown.text
        assert (await page.post(url, data=form | {"then": "do", "seen": "x"})).status_code == 422
        assert (await page.get("/organize/people")).status_code == 200


async def test_two_organizers_cannot_take_each_other_away_at_once(cast: Cast) -> None:
    other = await add_person(cast.context, "Ola", is_organizer=True)
    answers = await asyncio.gather(
        take(cast.context, cast.odile, other, "organizer"),
        take(cast.context, other, cast.odile, "organizer"),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, (NotFound, Refused)) for answer in answers) == 1
    assert await value(cast.context, "select count(*) from people where is_organizer") == 1


async def test_a_circle_planned_meanwhile_is_seen(cast: Cast) -> None:
    wren = await add_person(cast.context, "Wren", is_facilitator=True)
    odile, wanted = await person(cast.context, cast.odile), Wish(wren, "facilitator", False)
    async with cast.context.db.reading() as tx:
        seen = (await actions.plan(tx, odile, wanted)).fingerprint
    await add_circle(cast.context, wren, name="New moon")
    taking = actions.change_role(cast.context, odile, wanted, fingerprint=seen)
    assert await refusal_codes(taking) == {"lead_missing"}


async def test_nobody_plans_a_circle_after_the_role_is_gone(cast: Cast) -> None:
    from circles.base.errors import NotAllowed
    from circles.hosting.circle import forms

    wren = await add_person(cast.context, "Wren", is_facilitator=True)
    as_before = await person(cast.context, wren)
    await take(cast.context, cast.odile, wren)
    with pytest.raises(NotAllowed):
        await circle_actions.create_circle(cast.context, as_before, forms.read_circle(TYPED))


@pytest.mark.parametrize(
    "form", [{"role": "king", "on": "yes"}, {"role": "organizer"}, {"role": "organizer", "on": "maybe"}, {}]
)
async def test_an_unknown_role_is_not_found(browser: OpenBrowser, cast: Cast, form: dict[str, str]) -> None:
    async with browser(cast.odile) as page:
        url = f"/organize/people/{cast.mira}/roles"
        assert (await page.post(url, data=form)).status_code == 404
        assert (await page.get(url, params=form)).status_code == 404
        for nobody in (uuid4(), "not-an-id"):
            answer = await page.get(f"/organize/people/{nobody}/roles", params=wish(cast.mira))
            assert answer.status_code == 404


async def test_an_erasure_names_what_is_hosted(cast: Cast, context: Context) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "farid@example.org")
    (reason,) = caught.value.reasons
    assert not missing(
        reason.text, "First steps home (1 gathering ahead, 1 seat booked)", f"/organize/circles/{cast.circle}"
    )
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "odile@example.org")
    assert caught.value.codes == {"last_organizer"}
    wren = await add_person(context, "Wren", is_facilitator=True)
    await change(context, "insert into stand_ins values ($1, $2)", cast.gathering, wren)
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "wren@example.org")
    assert caught.value.codes == {"stands_in"}
    await take(context, cast.odile, wren)
    await personal_data.erase(context, "wren@example.org")
