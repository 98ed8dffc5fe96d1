"""Guidelines from draft to publishing, their history, what a person agreed to, and agreeing again after a change."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles import bookings
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions as booking_actions
from circles.bookings.agreeing import actions as agreeing
from circles.bookings.agreeing import actions as agreeing_actions
from circles.guidelines import actions, rules
from circles.guidelines import actions as guideline_actions
from circles.guidelines.rules import Basis, Change
from circles.store.context import Context
from tests.cast import GUIDELINES, Cast, accept, add_booking, add_circle, add_gathering, add_person, settled
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, person, value

NEW = GUIDELINES + " Nobody records, by any means."
WHY = "Somebody asked about recording."
LINK = "https://meet.example.org/tuesday"
SHUT = "The join link shows here once you agree"

Drain = Callable[[], Any]


def page_of(cast: Cast, tail: str = "") -> str:
    return f"/host/circles/{cast.circle}/guidelines{tail}"


async def publish(context: Context, cast: Cast, body: str = NEW, *, material: bool = True) -> UUID:
    """A new version of the guidelines of Farid's circle."""
    async with context.db.transaction() as tx:
        guidelines_id = await tx.fetchval("select guidelines_id from circles where id = $1", cast.circle)
        version_id = await guideline_actions.publish(
            tx, guidelines_id, body, cast.farid, material=material, why=WHY
        )
    assert version_id
    return version_id


def typed(basis: str, body: str = NEW, then: str = "save") -> dict[str, str]:
    return {"guidelines": body, "seen": basis, "then": then}


def plain(page: str) -> str:
    """The words of a page as they are read aloud."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


# Drafts


async def test_from_draft_to_the_next_version(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page, browser() as visitor:
        assert "You may always pass." in (await page.get(page_of(cast))).text
        answer = await page.post(page_of(cast), data=typed("1.0", then="compare"))
        assert answer.headers["Location"] == page_of(cast, "/publish")
        assert "Nobody records" not in (await visitor.get(f"/circles/{cast.circle}")).text
        shown = (await page.get(page_of(cast, "/publish"))).text
        assert "<ins>" in shown
        assert "[added: Nobody records, by any means.]" in plain(shown)
        assert "5 words added, 0 removed." in plain(shown)
        form = {"seen": "1.1", "material": "no", "why": WHY}
        assert (await page.post(page_of(cast, "/publish"), data=form)).status_code == 303
        assert "Version 2 is published." in (await page.get(page_of(cast))).text
        public = (await visitor.get(f"/circles/{cast.circle}")).text
    assert "Nobody records" in public
    assert "Version 2" in public
    assert await value(context, "select count(*) from guidelines_drafts") == 0
    assert await value(
        context, "select count(*) from events where what = 'guidelines.published' and why = $1", WHY
    )


async def test_a_draft_shows_only_to_those_who_may_change_the_circle(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    co = await add_person(context, "Cora", is_facilitator=True)
    helper = await add_person(context, "Hal", is_facilitator=True)
    async with context.db.transaction() as tx:
        for who, part in ((co, "co"), (helper, "helper")):
            await tx.execute("insert into hosts values ($1, $2, $3)", cast.circle, who, part)
    await actions.save_draft(context, await person(context, cast.farid), cast.circle, NEW, basis=Basis(1, 0))
    for who, status in ((co, 200), (helper, 404), (cast.fern, 404), (cast.odile, 404), (cast.mira, 404)):
        async with browser(who) as page:
            assert (await page.get(page_of(cast))).status_code == status
            assert (await page.get(page_of(cast, "/publish"))).status_code == status
            if status == 404:
                for tail in ("", "/publish", "/discard"):
                    data = typed("1.1") | {"material": "no", "why": WHY}
                    assert (await page.post(page_of(cast, tail), data=data)).status_code == 404
    assert await value(context, "select revision from guidelines_drafts") == 1


async def test_two_tabs_that_save_keep_the_form(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(page_of(cast), data=typed("1.0", NEW + " First."))
        late = await page.post(page_of(cast), data=typed("1.0", NEW + " Second."))
        assert late.status_code == 422
        assert "Somebody else saved the draft" in late.text
        assert "Second." in late.text
        assert 'name="seen" value="1.1"' in late.text
        await page.post(page_of(cast), data=typed("1.1", NEW + " Second."))
    assert await value(context, "select body from guidelines_drafts") == NEW + " Second."


async def test_two_tabs_that_publish_publish_once(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(page_of(cast), data=typed("1.0"))
        form = {"seen": "1.1", "material": "yes", "why": WHY}
        answers = await asyncio.gather(*(page.post(page_of(cast, "/publish"), data=form) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [303, 422]
        late = next(answer.text for answer in answers if answer.status_code == 422)
        assert "Version 2 was published while you were writing" in late
        assert WHY in html.unescape(late)
        # What the other tab still holds can become the next draft.
        kept = await page.post(page_of(cast), data=typed("1.1", NEW + " And one more thing."))
        assert (kept.status_code, "one more thing" in kept.text) == (422, True)
    assert await value(context, "select max(number) from guidelines_versions") == 2
    assert await value(context, "select count(*) from events where what = 'guidelines.published'") == 1


async def test_publishing_refuses_gaps_and_keeps_the_form(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(page_of(cast), data=typed("1.0"))
        answer = await page.post(page_of(cast, "/publish"), data={"seen": "1.1", "why": WHY})
        assert answer.status_code == 422
        assert "Please say whether those who have a seat" in answer.text
        assert WHY in html.unescape(answer.text)
        empty = await page.post(
            page_of(cast, "/publish"), data={"seen": "1.1", "material": "yes", "why": " "}
        )
        assert (empty.status_code, "Please fill this in" in empty.text) == (422, True)


async def test_the_same_words_are_not_published(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    await actions.save_draft(context, farid, cast.circle, GUIDELINES, basis=Basis(1, 0))
    with pytest.raises(Refused) as refused:
        await actions.publish_draft(context, farid, cast.circle, Change(False, WHY), basis=Basis(1, 1))
    assert refused.value.codes == {"same_words"}


@pytest.mark.parametrize("words", ["", "   ", "too short", "x" * 20_001, "a\x00b" * 30])
async def test_an_invalid_text_is_refused_and_kept(cast: Cast, browser: OpenBrowser, words: str) -> None:
    async with browser(cast.farid) as page:
        assert (await page.post(page_of(cast), data=typed("1.0", words))).status_code == 422


async def test_an_unchanged_draft_is_discarded(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(page_of(cast), data=typed("1.0"))
        await page.post(page_of(cast, "/discard"), data={"seen": "1.0"})
        assert await value(context, "select count(*) from guidelines_drafts") == 1
        await page.post(page_of(cast, "/discard"), data={"seen": "1.1"})
        assert await value(context, "select count(*) from guidelines_drafts") == 0
        assert (await page.get(page_of(cast, "/publish"))).headers["Location"] == page_of(cast)


async def test_a_text_that_is_too_long_is_refused_and_not_rendered(cast: Cast, browser: OpenBrowser) -> None:
    long = "- a\n" * (rules.MAX_CHARACTERS // 4 + 1)
    async with browser(cast.farid) as page:
        answer = await page.post(page_of(cast), data=typed("1.0", long, "preview"))
    assert answer.status_code == 422
    assert "please keep it to 20,000" in answer.text
    assert "agreement prose" not in answer.text
    assert answer.text.count("- a") == long.count("- a"), "what was typed stays"


async def test_the_form_helps_with_a_preview_and_the_starting_text(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        shown = await page.post(page_of(cast), data=typed("1.0", "## Ours\n\n<b>x</b>", "preview"))
        assert "How it will read" in shown.text
        assert "<b>x</b>" not in shown.text
        start = await page.post(page_of(cast), data=typed("1.0", "", "text"))
    assert "never from behind the wheel" in start.text


async def test_what_was_published_stays_as_it_was(context: Context, cast: Cast) -> None:
    version = await publish(context, cast)
    for column in ("body = 'x'", "material = false", "why = 'x'", "published_at = now()", "number = 7"):
        with pytest.raises(Exception, match="never changes"):
            await value(
                context, f"update guidelines_versions set {column} where id = $1 returning id", version
            )


# History


async def test_the_page_shows_what_changed(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await publish(context, cast, material=False)
    async with browser() as page:
        newest = (await page.get(f"/circles/{cast.circle}/guidelines")).text
        first = (await page.get(f"/circles/{cast.circle}/guidelines?version=1")).text
        for odd in ("9", "x", "0", "9" * 40):
            assert (await page.get(f"/circles/{cast.circle}/guidelines?version={odd}")).status_code in (
                200,
                404,
            )
        assert (await page.get(f"/circles/{uuid4()}/guidelines")).status_code == 404
    assert "[added: Nobody records, by any means.]" in plain(newest)
    assert WHY in newest
    assert "It is no longer in force" in plain(first)
    assert "<ins>" not in first


async def test_a_drafts_history_is_for_hosts(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    circle = await add_circle(context, cast.farid, state="draft")
    for who, status in ((cast.farid, 200), (cast.fern, 404), (None, 404)):
        async with browser(who) as page:
            assert (await page.get(f"/circles/{circle}/guidelines")).status_code == status


# What a person agreed to


async def test_accepted_versions_stay_readable(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    second = await publish(context, cast, material=False)
    for version in (cast.version, second):
        await accept(context, cast.mira, version)
    async with browser(cast.mira) as page:
        text = (await page.get("/my/guidelines")).text
        assert (text.count("version 1"), text.count("version 2")) == (2, 2)
        one = (await page.get(f"/my/guidelines/{cast.version}")).text
        file = await page.get(f"/my/guidelines/{cast.version}/file")
    digest = hashlib.sha256(GUIDELINES.encode()).hexdigest()
    assert digest in one
    assert digest in file.text
    assert file.text.startswith("# Guidelines of First steps home, version 1")
    assert file.text.endswith(f"---\n\n{GUIDELINES}\n")
    assert re.fullmatch(
        r'attachment; filename="guidelines-version-1-[\d-]{10}\.md"', file.headers["Content-Disposition"]
    )
    assert file.headers["Cache-Control"] == "no-store"


async def test_only_accepted_versions_are_found(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await accept(context, cast.mira, cast.version)
    async with browser(cast.milo) as page:
        assert "Nothing agreed to yet" in (await page.get("/my/guidelines")).text
        for tail in (f"/{cast.version}", f"/{cast.version}/file", "/x", f"/{uuid4()}"):
            assert (await page.get(f"/my/guidelines{tail}")).status_code == 404
    async with browser() as page:
        assert (await page.get("/my/guidelines")).status_code == 303


# Agreeing again


async def test_after_a_material_change_the_way_in_waits_until_they_agree(
    context: Context, cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    soon = await add_gathering(context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=9))
    booking = await add_booking(context, soon, cast.mira, kind="paid", amount=4500)
    async with browser(cast.mira) as page:
        assert SHUT not in (await page.get("/my/gatherings")).text
        version = await publish(context, cast)
        await drain()  # pyright: ignore[reportGeneralTypeIssues]
        mine = (await page.get("/my/gatherings")).text
        assert LINK not in mine
        assert SHUT in mine
        assert f"/bookings/{booking}/guidelines" in mine
        assert "Please read the guidelines first" in (await page.get(f"/bookings/{booking}")).text
        shown = (await page.get(f"/bookings/{booking}/guidelines")).text
        assert "[added: Nobody records, by any means.]" in plain(shown)
        assert "You get back all of the $45 you paid." in shown
        assert WHY in shown
        answer = await page.post(
            f"/bookings/{booking}/guidelines", data={"version": str(version), "agreed": "on"}
        )
        assert answer.headers["Location"] == f"/bookings/{booking}"
        assert SHUT not in (await page.get("/my/gatherings")).text
        assert (await page.get(f"/bookings/{booking}/guidelines")).status_code == 303
        assert "none of the $45" in (await page.get(f"/bookings/{booking}/cancel")).text
    row = await value(context, "select sha256 from acceptances where version_id = $1", version)
    assert row == hashlib.sha256(NEW.encode()).digest()


async def test_an_address_waits_too(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    circle = await add_circle(
        context, cast.farid, place="in_person", city="Denver", address="12 Elm Street", join_link=""
    )
    booking = await add_booking(context, await add_gathering(context, circle), cast.mira)
    async with browser(cast.mira) as page:
        assert "12 Elm Street" in (await page.get(f"/bookings/{booking}")).text
        async with context.db.transaction() as tx:
            ids = await tx.fetchval("select guidelines_id from circles where id = $1", circle)
            await guideline_actions.publish(tx, ids, NEW, cast.farid, material=True, why=WHY)
        for where in (f"/bookings/{booking}", "/my/gatherings"):
            assert "12 Elm Street" not in (await page.get(where)).text


async def test_a_change_that_is_not_material_needs_no_acceptance(
    context: Context, cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await publish(context, cast, material=False)
    await drain()  # pyright: ignore[reportGeneralTypeIssues]
    assert await value(context, "select count(*) from mails where kind = 'agree_again'") == 0
    async with browser(cast.mira) as page:
        assert "Please read" not in (await page.get("/my/gatherings")).text
        assert (await page.get(f"/bookings/{booking}/guidelines")).status_code == 303


async def test_everybody_seated_gets_one_discreet_mail(context: Context, cast: Cast, drain: Drain) -> None:
    for days in (9, 14):
        await add_booking(context, await add_gathering(context, cast.circle, days=days), cast.mira)
    await add_booking(context, cast.gathering, cast.milo, state="held")
    gone = await add_person(context, "Gone")
    await add_booking(context, await add_gathering(context, cast.circle, days=-9), gone)
    version = await publish(context, cast)
    await drain()  # pyright: ignore[reportGeneralTypeIssues]
    await agreeing.ask_again(
        context,
        guidelines_id=str(
            await value(context, "select guidelines_id from guidelines_versions where id = $1", version)
        ),
    )
    async with context.db.reading() as tx:
        mails = await tx.fetch("select * from mails where kind = 'agree_again'")
    assert [mail["person_id"] for mail in mails] == [cast.mira]
    assert mails[0]["subject"] == "Please read: the guidelines of Tuesday group changed"
    for word in ("First steps home", WHY, LINK, "ketamine"):
        assert word not in mails[0]["text_body"] + mails[0]["html_body"]


async def test_a_held_seat_is_confirmed_and_must_agree(context: Context, cast: Cast, drain: Drain) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira, state="held")
    await publish(context, cast)
    await drain()  # pyright: ignore[reportGeneralTypeIssues]
    async with context.db.transaction() as tx:
        await tx.execute("update bookings set kind = 'paid' where id = $1", booking)
        await tx.execute(
            "insert into checkouts (booking_id, amount, currency, state, stripe_id, expires_at) "
            "values ($1, $2, 'USD', 'paid', 'cs_test_held', now())",
            booking,
            await tx.fetchval("select amount from bookings where id = $1", booking),
        )
        await tx.execute(
            "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id) "
            "select booking_id, id, 'payment', amount, 'USD', stripe_id from checkouts where booking_id = $1",
            booking,
        )
        await bookings.settle(tx, context, settled(booking, "paid"))
    await drain()  # pyright: ignore[reportGeneralTypeIssues]
    assert await value(context, "select state from bookings where id = $1", booking) == "confirmed"
    assert await value(context, "select count(*) from mails where kind = 'agree_again'") == 1


async def test_agreeing_twice_is_agreeing_once(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    version = await publish(context, cast)
    mira = await person(context, cast.mira)
    await asyncio.gather(
        *(agreeing_actions.agree(context, mira, booking, version_id=version, agreed=True) for _ in range(4))
    )
    assert await value(context, "select count(*) from acceptances where version_id = $1", version) == 1
    assert await value(context, "select count(*) from events where what = 'booking.agreed_again'") == 1


async def test_accepting_an_older_text_is_refused(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    second = await publish(context, cast)
    third = await publish(context, cast, NEW + " And nobody takes notes.", material=False)
    where = f"/bookings/{booking}/guidelines"
    async with browser(cast.mira) as page:
        stale = await page.post(where, data={"version": str(second), "agreed": "on"})
        assert (stale.status_code, "And nobody takes notes." in plain(stale.text)) == (422, True)
        assert f'value="{third}"' in stale.text
        for data in ({"version": str(third)}, {"version": "x", "agreed": "on"}, {}):
            assert (await page.post(where, data=data)).status_code == 422
        assert (await page.post(where, data={"version": str(third), "agreed": "on"})).status_code == 303
    assert await value(context, "select count(*) from acceptances where person_id = $1", cast.mira) == 2


async def test_accepting_for_other_bookings_is_refused(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    version = await publish(context, cast)
    milo = await person(context, cast.milo)
    with pytest.raises(NotFound):
        await agreeing_actions.agree(context, milo, booking, version_id=version, agreed=True)
    with pytest.raises(NotFound):
        await agreeing_actions.agree(context, milo, uuid4(), version_id=version, agreed=True)
    async with browser(cast.milo) as page:
        assert (await page.get(f"/bookings/{booking}/guidelines")).status_code == 404


async def test_a_member_who_does_not_agree_is_refunded_in_full(context: Context, cast: Cast) -> None:
    soon = await add_gathering(context, cast.circle, starts_at=datetime.now(UTC) + timedelta(hours=2))
    booking = await add_booking(context, soon, cast.mira, kind="paid", amount=4500)
    await publish(context, cast)
    refund = await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=4500)
    assert refund.amount == 4500


async def test_a_refund_that_agreeing_took_back_is_shown_again(context: Context, cast: Cast) -> None:
    soon = await add_gathering(context, cast.circle, starts_at=datetime.now(UTC) + timedelta(hours=2))
    booking = await add_booking(context, soon, cast.mira, kind="paid", amount=4500)
    await change(
        context, "update bookings set confirmed_at = now() - interval '1 hour' where id = $1", booking
    )
    version, mira = await publish(context, cast), await person(context, cast.mira)
    await agreeing_actions.agree(context, mira, booking, version_id=version, agreed=True)
    with pytest.raises(OutOfDate):
        await booking_actions.cancel(context, mira, booking, shown=4500)


async def test_booking_anew_agrees_for_the_other_seats_too(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await booking_actions.book(
        context,
        await person(context, cast.mira),
        await add_gathering(context, cast.circle, days=20),
        choice="community",
        amount=0,
        version_id=await publish(context, cast),
        agreed=True,
    )
    query = "select must_agree_to(person_id, $2) from bookings where id = $1"
    ids = await value(context, "select guidelines_id from circles where id = $1", cast.circle)
    assert await value(context, query, booking, ids) is None


@pytest.mark.parametrize(
    ("where", "most"),
    [("/my/guidelines", 2), ("/bookings/{booking}/guidelines", 2), ("/circles/{circle}/guidelines", 2)],
)
async def test_every_page_takes_one_query_and_the_sign_in(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str], where: str, most: int
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await publish(context, cast)
    async with browser(cast.mira) as page:
        await open_once(page, where.format(booking=booking, circle=cast.circle))
        queries.clear()
        await open_once(page, where.format(booking=booking, circle=cast.circle))
    assert len([q for q in queries if not q.startswith(("BEGIN", "COMMIT"))]) <= most, queries


async def open_once(page: Browser, where: str) -> None:
    assert (await page.get(where)).status_code == 200


async def test_hosts_see_who_has_agreed_again(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    """On a page of the circle and on the register; nobody else sees either."""
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=3000)
    first = await value(context, "select id from guidelines_versions where number = 1")
    for member in (cast.mira, cast.milo):
        await accept(context, member, first)
    agreements, register = f"/host/circles/{cast.circle}/agreements", f"/host/gatherings/{cast.gathering}"
    badge = "Has not agreed to the new guidelines"
    async with browser(cast.farid) as page:
        assert "Everybody with a seat ahead has agreed: 2" in plain((await page.get(agreements)).text)
        assert badge not in (await page.get(register)).text
        second = await publish(context, cast)
        await accept(context, cast.mira, second)
        shown = plain((await page.get(agreements)).text)
        waiting, agreed = shown.split("Not yet: 1")[1].split("Agreed: 1")
        assert ("Milo" in waiting, "Milo" in agreed, "Mira" in waiting, "Mira" in agreed) == (
            True,
            False,
            False,
            True,
        )
        rows = (await page.get(register)).text.split('class="register-row"')
        assert {"Mira" in row: badge in row for row in rows[1:]} == {True: False, False: True}
    for other in (cast.milo, cast.fern):
        async with browser(other) as page:
            assert (await page.get(agreements)).status_code in (403, 404)


async def test_changed_sentences_come_first_and_the_whole_text_once(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await accept(
        context, cast.mira, await value(context, "select id from guidelines_versions where number = 1")
    )
    kept = GUIDELINES + "\n\n## Phones\n\nPhones stay in the bag."
    await publish(context, cast, kept, material=False)
    await publish(context, cast, kept + " Nobody records.")
    async with browser(cast.mira) as page:
        for url in (f"/bookings/{booking}/guidelines", f"/circles/{cast.circle}/guidelines"):
            shown = plain((await page.get(url)).text)
            changes, whole = shown.split("What changed")[1].split("The whole text")
            assert "Nobody records." in changes, url
            assert whole.count("Phones stay in the bag. Nobody records.") == 1, url
            assert "You may always pass." not in changes, url
            assert "You may always pass." in whole, url
