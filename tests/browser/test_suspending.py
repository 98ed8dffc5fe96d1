"""A person is suspended by an organizer, reads why, and is let back."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import code_from_mail
from tests.browser.site import Member, Site, until
from tests.browser.test_access import is_for_everybody
from tests.browser.visitor import Visitor
from tests.cast import add_booking


async def code_of(reader: Visitor, site: Site, member: Member) -> str:
    """The code of the newest mail to somebody, once every mail to them has left."""

    async def all_left() -> bool:
        waiting = "select not exists (select from mails where to_address = $1 and state = 'waiting')"
        return await site.ask(waiting, member.email)

    await until(all_left, "every mail to leave")
    return await code_from_mail(reader, member.email)


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_person_is_suspended_and_let_back(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    member = await site.member(f"Sune{live}")
    await add_booking(site.context, await site.gathering(), member.id)
    organizer = await visit(live=live, phone=phone, calm=True)
    theirs, reader = await visit(live=live, phone=True, calm=True), await visit(live=live)
    await organizer.come_in(await site.member("Orla", is_organizer=True))
    await theirs.come_in(member)

    await organizer.open(f"/organize/people/{member.id}")
    await organizer.sees("Bookings ahead")
    if live:
        await is_for_everybody(organizer)
    await organizer.follow("Suspend")
    await organizer.fill("Why", "They shouted at others twice.")
    await organizer.pick("They read this reason in their mail and when they sign in")
    await organizer.press("Show what will happen")
    await organizer.sees("1 seat ahead, 0 places on waiting lists")
    if live:
        await is_for_everybody(organizer)
    await organizer.button("Suspend them").dblclick()
    await organizer.is_told("The account is suspended.")
    assert await site.booked(member.id) == {"cancelled": 1}

    await theirs.open("/my/gatherings")
    await theirs.fill("Your mail address", member.email)
    await theirs.press("Send me a code")
    await theirs.fill("Your code", await code_of(reader, site, member))
    await theirs.press("Sign in")
    await theirs.reads("Your account is suspended")
    await theirs.sees("They shouted at others twice.")
    if live:
        await is_for_everybody(theirs)

    await organizer.button("Lift the suspension").dblclick()
    await organizer.is_told("They can sign in again")
    await theirs.open("/sign-in")
    await theirs.fill("Your mail address", member.email)
    await theirs.press("Send me a code")
    await theirs.fill("Your code", await code_of(reader, site, member))
    await theirs.press("Sign in")
    await theirs.is_told("You are signed in.")
    assert await site.booked(member.id) == {"cancelled": 1}
