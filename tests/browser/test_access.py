"""Everybody can use every page: with a screen reader, a keyboard, large text, a narrow screen, in light and dark."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, TimeoutError, ViewportSize, expect

from tests.browser.conftest import Visit
from tests.browser.journeys import book, choose, pay
from tests.browser.site import Member, Site
from tests.browser.visitor import DESKTOP, PHONE, Visitor, arrive
from tests.cast import add_booking
from tests.directory.helpers import add_listing

# Narrow: the smallest phone. Zoomed: a desktop at 200% has half its width left.
NARROW = ViewportSize(width=320, height=640)
ZOOMED = ViewportSize(width=640, height=450)

# Names of one word, as long as the forms allow: nothing may reach over the edge of the smallest phone.
LONG_NAME = ("Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschafers" * 2)[:80]
LONG_CIRCLE = "Donaudampfschifffahrtselektrizitatenhauptbetriebswerkbauunterbeamtengesellschaft"[:80]
LONG_CITY = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody of each kind, and one of each thing they look at."""

    host: Member
    member: Member
    organizer: Member
    circle: UUID
    ahead: UUID  # a gathering to book
    full: UUID  # one without a free seat
    now: UUID  # one with its register open
    draft: UUID
    booking: UUID  # the member's, confirmed, at `ahead`
    listing: UUID  # a therapist's, shown
    complaint: UUID  # the member's, about it
    canceled: UUID  # a gathering that will not take place
    lost: UUID  # the member's booking of it
    asks: UUID  # a gathering of a circle that screens; the member's request for it waits
    request: UUID
    orphan: UUID  # a circle that nobody may lead
    disputed: UUID  # a booking of the member's, paid, that their bank disputes
    refund: UUID  # of it, which did not arrive
    finding: UUID  # about it

    def path(self, written: str) -> str:
        """An address with `{circle}`, `{ahead}` and so on filled in."""
        return written.format(**{name: getattr(self, name) for name in self.__slots__})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(site: Site) -> AsyncIterator[Scene]:
    host = await site.member(
        LONG_NAME, is_facilitator=True, pronouns="she/her", about="I listen more than I speak."
    )
    circle = await site.circle(host=host.id, name=LONG_CIRCLE, city=LONG_CITY)
    member = await site.member("Mo" + LONG_NAME[:70])
    ahead, full = await site.gathering(circle), await site.gathering(circle, days=14)
    draft = await site.gathering(circle, days=21)
    began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    now = await site.gathering(circle, starts_at=began)
    async with site.context.db.transaction() as tx:
        await tx.execute("update gatherings set state = 'draft' where id = $1", draft)
        await tx.execute("update gatherings set capacity = 1 where id = $1", full)
    booking = await add_booking(site.context, ahead, member.id)
    await add_booking(site.context, full, (await site.member("Ann")).id)
    for name in ("Ada", LONG_NAME, LONG_NAME):
        await add_booking(site.context, now, (await site.member(name)).id, kind="paid", amount=4500)
    listing = await add_listing(
        site.context, name="Wilhelmina Featherstonehaugh-Cholmondeley", letters="PhD, LMFT"
    )
    async with site.context.db.transaction() as tx:
        complaint = await tx.fetchval(
            "insert into complaints (listing_id, person_id, body) values ($1, $2, 'Another fee.') returning id",
            listing,
            member.id,
        )
        await tx.execute(
            "insert into complaint_steps (complaint_id, what, note) values ($1, 'note', 'Wrote to the board.')",
            complaint,
        )
        await tx.execute("insert into role_requests (person_id) values ($1)", member.id)
    canceled, lost = await canceled_seat(site, circle, member)
    asks, request = await waiting_request(site, host, member)
    former = await site.member("Former")
    orphan = await site.circle(host=former.id, name=LONG_CIRCLE[::-1])
    await site.gathering(orphan)
    yield Scene(
        host,
        member,
        await site.member("Orla", is_organizer=True),
        circle,
        ahead,
        full,
        now,
        draft,
        booking,
        listing,
        complaint,
        canceled,
        lost,
        asks,
        request,
        orphan,
        *await stuck_money(site, member),
    )
    async with site.context.db.transaction() as tx:
        await tx.execute("update people set is_facilitator = true where id = $1", former.id)


EVENT = "insert into events (what, about, who, after) values ($1, $2, $3, $4)"


async def canceled_seat(site: Site, circle: UUID, member: Member) -> tuple[UUID, UUID]:
    """A gathering that was canceled, and the booking of somebody who had a seat there."""
    gathering = await site.gathering(circle, days=28)
    booking = await add_booking(site.context, gathering, member.id)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'gathering_cancelled' "
            "where id = $1",
            booking,
        )
        await tx.execute(EVENT, "booking.cancelled", booking, member.id, "cancelled")
        await tx.execute(
            "update gatherings set state = 'cancelled', cancel_reason = $2 where id = $1",
            gathering,
            LONG_NAME,
        )
    return gathering, booking


async def stuck_money(site: Site, member: Member) -> tuple[UUID, UUID, UUID]:
    """A paid seat that a bank disputes, a refund of it that did not arrive, and a payment that differs."""
    booking = await site.paid_seat(await site.gathering(), member)
    async with site.context.db.transaction() as tx:
        checkout = await tx.fetchval("select id from checkouts where booking_id = $1", booking)
        await tx.execute(
            "insert into disputes (stripe_id, booking_id, checkout_id, amount, currency, state, reason, fee, made_at) "
            "values ('dp_access', $1, $2, 4500, 'USD', 'needs_response', 'fraudulent', 1500, now())",
            booking,
            checkout,
        )
        refund = await tx.fetchval(
            "insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, fault, tries, "
            "again_at, reason) values ('refund', $1, $2, 'access', 500, 'failed', 'resource_missing', 5, null, "
            "'amount_lowered') returning id",
            booking,
            checkout,
        )
        await tx.execute("update bookings set amount = 4000 where id = $1", booking)
        finding = await tx.fetchval(
            "insert into payment_findings (kind, booking_id, stripe_id, payment_intent, amount, currency, expected, "
            "answered) values ('differs', $1, $2, $2, 100, 'USD', $3, $4) returning id",
            booking,
            "pi_" + "0" * 60,
            {"amount": 4500},
            {"amount": 100},
        )
    return booking, refund, finding


async def waiting_request(site: Site, host: Member, member: Member) -> tuple[UUID, UUID]:
    """A gathering of a circle that asks newcomers questions, and somebody's request for it, in one long word."""
    circle = await site.circle(host=host.id)
    gathering = await site.gathering(circle)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "insert into screenings (circle_id, asks, questions) values ($1, 'questions', array['What brings you?'])",
            circle,
        )
        request = await tx.fetchval(
            "insert into requests (circle_id, person_id, gathering_id, kind) values ($1, $2, $3, 'questions') "
            "returning id",
            circle,
            member.id,
            gathering,
        )
        await tx.execute(
            "insert into request_answers (request_id, number, question, answer) "
            "values ($1, 1, 'What brings you?', $2)",
            request,
            LONG_NAME,
        )
        await tx.execute(EVENT, "request.waiting", request, member.id, "waiting")
    return gathering, request


PAGES = [
    ("", "/"),
    ("", "/what-a-circle-is-not"),
    ("", "/gatherings"),
    ("", "/gatherings?where=moon&means=much"),
    ("", "/gatherings?from=2020-01-01&to=2020-01-02"),
    ("", "/gatherings/{ahead}"),
    ("", "/gatherings/{full}"),
    ("", "/circles/{circle}"),
    ("", "/circles/{circle}/guidelines"),
    ("", "/facilitators/{host.id}"),
    ("", "/therapists"),
    ("", "/therapists?state=FL&how=telehealth&with=trauma"),
    ("", "/therapists?state=FL&zip=80202"),
    ("", "/therapists?state=WY&fee=40"),
    ("", "/therapists/{listing}"),
    ("", "/therapists/choose"),
    ("", "/therapists/short-list?t={listing}"),
    ("", "/guides"),
    ("", "/guides/choosing-a-therapist"),
    ("", "/guides/in-a-crisis"),
    ("", "/guides/when-to-come"),
    ("", "/guides/reflection"),
    ("", "/guides/three-questions"),
    ("", "/zone"),
    ("", "/sign-in"),
    ("", "/practice/mail"),
    ("", "/host/room-shell"),
    ("", "/nothing-is-here"),
    ("member", "/me"),
    ("member", "/my/gatherings"),
    ("member", "/my/guidelines"),
    ("member", "/my/listing"),
    ("member", "/my/listing/edit"),
    ("member", "/my/introductions"),
    ("member", "/therapists/{listing}/introduction"),
    ("member", "/therapists/{listing}/complaint"),
    ("member", "/gatherings/{full}/book"),
    ("member", "/bookings/{booking}"),
    ("member", "/bookings/{booking}/cancel"),
    ("host", "/me"),
    ("host", "/host"),
    ("host", "/host/circles/new"),
    ("host", "/host/circles/{circle}"),
    ("host", "/host/circles/{circle}/edit"),
    ("host", "/host/circles/{circle}/gatherings/new"),
    ("host", "/host/gatherings/{now}"),
    ("host", "/host/gatherings/{now}/room"),
    ("host", "/host/gatherings/{now}/after"),
    ("host", "/host/circles/{circle}/agreements"),
    ("host", "/host/circles/{circle}/apart"),
    ("host", "/host/circles/{circle}/notes"),
    ("host", "/host/circles/{circle}/hosts"),
    ("host", "/host/circles/{circle}/guidelines"),
    ("host", "/host/circles"),
    ("host", "/host/requests"),
    ("host", "/host/gatherings/{ahead}"),
    ("host", "/host/gatherings/{draft}"),
    ("host", "/host/gatherings/{ahead}/cancel"),
    ("host", "/host/gatherings/{ahead}/stand-in"),
    ("host", "/host/gatherings/{ahead}/stand-in/back"),
    ("host", "/host/circles/{circle}/discard"),
    ("host", "/host/gatherings/{ahead}/messages/new"),
    ("host", "/host/gatherings/{ahead}/run-sheet/edit"),
    ("host", "/host/circles/{circle}/screening"),
    ("host", "/host/circles/{circle}/schedules/new"),
    ("organizer", "/organize"),
    ("organizer", "/organize/people"),
    ("organizer", "/organize/circles"),
    ("organizer", "/organize/circles/{circle}"),
    ("organizer", "/organize/circles/{circle}/end"),
    ("organizer", "/organize/complaints/{complaint}"),
    ("organizer", "/organize/people/requests"),
    ("organizer", "/organize/people/{host.id}/roles?role=facilitator&on=no"),
    ("organizer", "/organize/people/{member.id}/roles?role=organizer&on=yes"),
    ("organizer", "/host/circles/{circle}/hosts"),
    ("organizer", "/host/circles/{circle}/hosts/{organizer.id}/lead"),
    ("organizer", "/host/gatherings/{ahead}/cancel"),
    ("organizer", "/host/gatherings/{ahead}/stand-in"),
    ("member", "/my/complaints"),
    ("member", "/my/complaints/{complaint}"),
    ("organizer", "/organize/bookings"),
    ("organizer", "/organize/exports"),
    ("organizer", "/organize/reports/people"),
    ("organizer", "/organize/reports/funder"),
    ("organizer", "/organize/therapists?show=all"),
    ("organizer", "/organize/therapists/{listing}"),
    ("organizer", "/organize/therapists?show=complaints"),
    ("organizer", "/organize/therapists/{listing}/edit"),
    ("organizer", "/organize/therapists/import"),
    ("organizer", "/organize/therapists/import/help"),
    ("", "/gatherings/{canceled}"),
    ("", "/gatherings/{asks}"),
    ("", "/guides/what-it-costs"),
    ("member", "/gatherings/{ahead}"),
    ("member", "/gatherings/{asks}"),
    ("member", "/gatherings/{asks}/book"),
    ("member", "/my/requests/{request}"),
    ("member", "/bookings/{lost}"),
    ("member", "/bookings/{booking}/guidelines"),
    ("member", "/my/access"),
    ("member", "/my/suggestions"),
    ("member", "/me/room"),
    ("host", "/gatherings/{ahead}/book"),
    ("host", "/host/requests/{request}"),
    ("host", "/host/circles/{circle}/room"),
    ("host", "/host/circles/{circle}/run-sheet"),
    ("host", "/host/circles/{circle}/run-sheet/edit"),
    ("host", "/host/gatherings/{ahead}/run-sheet"),
    ("host", "/host/gatherings/{ahead}/room"),
    ("host", "/host/gatherings/{ahead}/change"),
    ("host", "/host/gatherings/{now}/change"),
    ("host", "/host/gatherings/{ahead}/messages"),
    ("host", "/host/gatherings/{now}/reflection"),
    ("host", "/host/gatherings/{canceled}"),
    ("host", "/me/picture"),
    ("organizer", "/host/circles/{circle}/lead"),
    ("organizer", "/organize/circles/{orphan}"),
    ("organizer", "/organize/circles/{orphan}/end"),
    ("organizer", "/host/circles/{orphan}/lead"),
    ("organizer", "/organize/people?part=facilitator"),
    ("organizer", "/organize/people?find=of-another-day"),
    ("organizer", "/organize/therapists/new"),
    ("organizer", "/organize/money"),
    ("organizer", "/organize/money/refunds/{refund}"),
    ("organizer", "/organize/money/findings/{finding}"),
    ("member", "/bookings/{disputed}"),
    ("member", "/bookings/{disputed}/cancel"),
    ("", "/practice/stripe"),
    ("organizer", "/organize/therapists/{listing}/picture"),
]


RUN_AXE = """async (options) => {
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html }) => `${impact} ${id}: ${html.slice(0, 160)}`));
}"""


# Every rule of WCAG and of good practice; that a label's words stand in the name it is called by is off by default.
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}


async def violations(visitor: Visitor) -> list[str]:
    """What axe-core finds on the page."""
    if not await visitor.page.evaluate("() => 'axe' in globalThis"):
        await visitor.page.evaluate(AXE_SCRIPT)
    return await visitor.page.evaluate(RUN_AXE, AXE_OPTIONS)


async def too_wide(visitor: Visitor) -> list[str]:
    """What reaches over the page's right edge, so that one would have to scroll sideways.

    The width is the one that was set: `innerWidth` of a phone grows with a page that is too wide.
    """
    assert visitor.page.viewport_size
    return await visitor.page.evaluate(
        """(width) => document.documentElement.scrollWidth <= width ? [] :
             [...document.querySelectorAll("main *, header *")]
             .filter(each => each.getBoundingClientRect().right > width + 1).slice(0, 5)
             .map(each => `${each.tagName}.${each.className} reaches to ${each.getBoundingClientRect().right}`)""",
        visitor.page.viewport_size["width"],
    )


BROKEN_WORDS = """() => {
  const found = new Set(), range = document.createRange();
  const text = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    const node = text.currentNode, around = node.parentElement;
    if (!around.checkVisibility() || around.closest("svg, script, style, pre, thead, .quietly")) continue;
    for (const { 0: word, index } of node.data.matchAll(/[^\\s]+/g)) {
      if (word.length > 16 || !/^[\\p{L}\\p{N}’]+[,.;:?]?$/u.test(word)) continue;
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const parts = [...range.getClientRects()].filter(({ width }) => width > 0.5);
      const lines = new Set(parts.map(({ top }) => Math.round(top)));
      if (lines.size > 1) found.add(`${word} in ${around.outerHTML.slice(0, 80)}`);
    }
  }
  return [...found].slice(0, 5);
}"""


async def broken_words(visitor: Visitor) -> list[str]:
    """Words of a usual length that do not stand in one line: only what is longer than a line may break within."""
    return await visitor.page.evaluate(BROKEN_WORDS)


async def out_of_order(visitor: Visitor) -> list[str]:
    """What the keyboard comes to before something that stands above it, of what can be in focus.

    Where two columns stand side by side, one of them comes whole before the other.
    """
    return await visitor.page.evaluate(
        """() => {
          const controls = "main :is(a[href], button, input:not([type=hidden]), select, textarea, summary)";
          const all = [...document.querySelectorAll(controls)]
            .filter(one => one.checkVisibility() && !one.closest("[popover], .room-bar, svg") && one.tabIndex >= 0)
            .map(one => [one, one.getBoundingClientRect()])
            .filter(([, box]) => box.width > 1 && box.height > 1);
          const wrong = [];
          for (let i = 1; i < all.length; i++) {
            const [before, above] = all[i - 1], [after, below] = all[i];
            const isBesideIt = below.left >= above.right - 1 || below.right <= above.left + 1;
            if (below.bottom <= above.top + 1 && !isBesideIt)
              wrong.push(`${before.outerHTML.slice(0, 90)} comes before ${after.outerHTML.slice(0, 90)}`);
          }
          return wrong.slice(0, 5);
        }"""
    )


PRIMARY = """() => [...document.querySelectorAll("main .button-primary:not(.quietly)")]
    .filter(one => one.checkVisibility())
    .map(one => one.innerText.trim())"""


async def primary_buttons(visitor: Visitor) -> list[str]:
    """The primary buttons of a page, where it has more than the one that its purpose is.

    What htmx loads with the page may be exchanged just now, so that the button of before is there beside the next.
    """
    with contextlib.suppress(TimeoutError):
        await visitor.page.wait_for_function(f"() => ({PRIMARY})().length < 2", timeout=5000)
    labels = await visitor.page.evaluate(PRIMARY)
    return labels if len(labels) > 1 else []


async def too_small(visitor: Visitor) -> list[str]:
    """Controls that a thumb would miss: all are 44 px high, but links in a line of text. A choice is its whole box."""
    return await visitor.page.evaluate(
        """() => [...document.querySelectorAll("button, .button, select, input:not([type=hidden]), summary, textarea")]
             .filter(each => each.checkVisibility() && !each.matches(".quietly"))
             .map(each => [each, (each.closest(".choice") || each).getBoundingClientRect().height])
             .filter(([each, height]) => height < 43.5).slice(0, 5)
             .map(([each, height]) => `${each.outerHTML.slice(0, 120)} is ${height} high`)"""
    )


async def is_for_everybody(visitor: Visitor) -> None:
    """The page in front of us, in all the ways it may be looked at.

    By day on a desktop and in the dark on a phone: colors do not go by the width, see test_contrast.
    """
    page = visitor.page
    await page.wait_for_load_state()
    found: dict[str, list[str]] = {"on a desktop": await violations(visitor)}
    found["more than one primary button"] = await primary_buttons(visitor)
    found["broken words on a desktop"] = await broken_words(visitor)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(PHONE)
    found["on a phone in the dark"] = await violations(visitor)
    await page.emulate_media(color_scheme="light")
    found["for thumbs"] = await too_small(visitor)
    found["broken words on a phone"] = await broken_words(visitor)
    await page.set_viewport_size(NARROW)
    found["at 320 px"] = await too_wide(visitor)
    found["broken words at 320 px"] = await broken_words(visitor)
    await page.set_viewport_size(ZOOMED)
    await page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    await page.set_viewport_size(PHONE)
    found["with large text on a phone"] = await too_wide(visitor)
    found["broken words with large text on a phone"] = await broken_words(visitor)
    await page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    found["out of order for the keyboard"] = await out_of_order(visitor)
    await page.set_viewport_size(ZOOMED)
    found["zoomed"] = await too_wide(visitor)
    await page.set_viewport_size(DESKTOP)
    await page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    found["with large text"] = await too_wide(visitor)
    await page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    found["out of order for the keyboard on a desktop"] = await out_of_order(visitor)
    assert not any(found.values()), {how: what for how, what in found.items() if what}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def regulars(site: Site, chromium: Browser, scene: Scene) -> AsyncIterator[dict[str, Visitor]]:
    """Nobody, and somebody of each kind, signed in: each looks at many pages in one browser."""
    visitors = {}
    for who in ("", "member", "host", "organizer"):
        visitor = await arrive(
            chromium, site, live=True, phone=False, zone="America/New_York", dark=False, calm=True
        )
        visitor.watch.allowed |= {404}
        if who:
            await visitor.come_in(getattr(scene, who))
        visitors[who] = visitor
    yield visitors
    for visitor in visitors.values():
        await visitor.context.close()


@pytest.mark.parametrize(("who", "written"), PAGES, ids=[f"{who}{path}" for who, path in PAGES])
async def test_the_page_is_for_everybody(
    regulars: dict[str, Visitor], scene: Scene, who: str, written: str
) -> None:
    visitor = regulars[who]
    visitor.watch.troubles.clear()
    await visitor.open(scene.path(written))
    await is_for_everybody(visitor)
    assert not visitor.watch.troubles


async def test_the_pages_on_the_way_to_a_seat_are_for_everybody(
    visit: Visit, site: Site, scene: Scene
) -> None:
    visitor, member = await visit(calm=True), await site.member("Nell")
    visitor.watch.allowed |= {402, 422}
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{scene.ahead}/book")
    await visitor.press("Continue to payment")
    await visitor.sees("needs another look")
    await is_for_everybody(visitor)
    await choose(visitor)
    await pay(visitor, button="Decline")
    await visitor.sees("This card was declined.")
    await is_for_everybody(visitor)
    await pay(visitor, button="Cancel")
    await visitor.reads("Your seat is still held")
    await is_for_everybody(visitor)
    booking = await site.ask("select id from bookings where person_id = $1", member.id)
    await visitor.open(f"/bookings/{booking}")
    await visitor.sees("Held for you until")
    await is_for_everybody(visitor)
    await visitor.press("Let the seat go")
    await visitor.reads("The seat was let go")
    await is_for_everybody(visitor)


async def test_the_pages_of_signing_in_are_for_everybody(visit: Visit, site: Site) -> None:
    visitor, member = await visit(calm=True), await site.member("Pia")
    await visitor.open("/sign-in")
    await visitor.fill("Your mail address", member.email)
    await visitor.press("Send me a code")
    await visitor.reads("Look in your mail")
    await is_for_everybody(visitor)
    await visitor.reads_mail(member.email)
    await visitor.reads("Headers")
    await is_for_everybody(visitor)
    await visitor.page.locator('main a[href^="/sign-in/link/"]').first.click()
    await visitor.sees(member.email)
    await is_for_everybody(visitor)


async def test_the_three_that_are_chosen_are_for_everybody(visit: Visit, scene: Scene) -> None:
    visitor = await visit(calm=True)
    visitor.watch.allowed.add(422)
    await visitor.open("/therapists/choose")
    await visitor.press("Show me three")
    await visitor.sees("Please say where you are")
    await is_for_everybody(visitor)
    await visitor.page.get_by_label("State or country").select_option(label="Florida")
    await visitor.press("Show me three")
    await visitor.sees("Why this one")
    await is_for_everybody(visitor)


async def test_the_first_tab_leads_past_the_head_of_the_page(visit: Visit) -> None:
    visitor = await visit()
    await visitor.open("/gatherings")
    await visitor.page.keyboard.press("Tab")
    skip = visitor.page.get_by_role("link", name="Skip to the page")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.get_by_role("main")).to_be_focused()


# A card shows it around its whole self, a slider around its knob; the knob's style cannot be read, so it is named here.
SHOWS_FOCUS = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return "end";
  const box = here.getBoundingClientRect();
  const outlines = [getComputedStyle(here), getComputedStyle(here, "::after")];
  const ring = here.matches("input[type=range]") ||
    outlines.some(each => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2);
  const seen = box.bottom > 0 && box.top < innerHeight;
  return ring && seen ? "shown" : `hidden: ${here.outerHTML.slice(0, 160)}`;
}"""


@pytest.mark.parametrize("written", ["/gatherings", "/gatherings/{ahead}/book", "/therapists?state=FL"])
async def test_one_always_sees_where_the_keyboard_is(
    visit: Visit, site: Site, scene: Scene, written: str
) -> None:
    visitor = await visit()
    await visitor.come_in(await site.member("Kit"))
    await visitor.open(scene.path(written))
    shown = []
    for _ in range(40):
        await visitor.page.keyboard.press("Tab")
        shown.append(await visitor.page.evaluate(SHOWS_FOCUS))
    assert not [each for each in shown if each.startswith("hidden")]
    assert shown.count("shown") > 15


async def test_the_slider_shows_when_it_is_in_focus(visit: Visit, site: Site, scene: Scene) -> None:
    visitor = await visit(calm=True)
    await visitor.come_in(await site.member("Kay"))
    await visitor.open(f"/gatherings/{scene.ahead}/book")
    slider = visitor.page.get_by_role("slider")
    before = await slider.screenshot()
    await visitor.page.get_by_label("Your amount").focus()
    await visitor.page.keyboard.press("Tab")
    await expect(slider).to_be_focused()
    assert await slider.screenshot() != before


async def test_a_seat_can_be_booked_with_the_keyboard_alone(visit: Visit, site: Site, scene: Scene) -> None:
    visitor, member = await visit(), await site.member("Kim")
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{scene.ahead}/book")
    press = visitor.page.keyboard.press
    await visitor.page.get_by_label("Your amount").focus()
    for key in ("Tab", "ArrowRight", "ArrowRight"):  # from the field to the slider
        await press(key)
    chosen = await visitor.page.get_by_label("Your amount").input_value()
    assert float(chosen) > 45
    await visitor.page.get_by_label("I have read these guidelines").focus()
    await press("Space")
    await press("Enter")
    await visitor.sees("This page stands in for Stripe")
    await visitor.sees(f"${chosen}")


LONGEST_MOTION = """() => Math.max(...[...document.querySelectorAll("*")].flatMap(each => {
  const style = getComputedStyle(each);
  return [style.transitionDuration, style.animationDuration].flatMap(all => all.split(",").map(parseFloat));
}))"""


async def test_motion_is_short_and_there_is_none_where_none_is_wanted(
    visit: Visit, site: Site, scene: Scene
) -> None:
    for calm, longest in ((False, 0.2), (True, 0.01)):
        visitor = await visit(calm=calm)
        await visitor.come_in(scene.host)
        for path in ("/", f"/host/gatherings/{scene.now}", f"/gatherings/{scene.ahead}/book"):
            await visitor.open(path)
            assert await visitor.page.evaluate(LONGEST_MOTION) <= longest


async def test_a_mistake_is_read_out_and_leads_to_its_field(visit: Visit, site: Site, scene: Scene) -> None:
    visitor = await visit()
    visitor.watch.allowed.add(422)
    await visitor.come_in(await site.member("Lou"))
    await book(visitor, scene.ahead, "3")
    summary = visitor.problems
    await expect(summary).to_be_focused()
    await summary.get_by_role("link").first.click()
    field = visitor.page.get_by_label("Your amount")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
