"""A process killed between asking Stripe and storing its answer, at each step of the money path: all converges.

The look-alike of Stripe is a process of its own: it carries a call out, commits, and kills whoever made it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from circles import people
from circles.organizing.disputes import actions as answers
from circles.organizing.disputes import rules as evidence_rules
from circles.practice.stripe import disputes
from circles.practice.stripe.connect import accounts as practice_accounts
from tests.drills import stage as stages
from tests.drills.stage import ROOT, Member, Program, Stage, until

pytestmark = pytest.mark.timeout(600)

LIMIT = 120  # seconds: "converges within two minutes without a person"
SECRET, CONNECT_SECRET = "whsec_of_the_drill", "whsec_of_the_drill_connect"


@dataclass
class Site:
    """The site with a Stripe beside it that kills: one process for pages, one for jobs."""

    stage: Stage
    control: Path
    settings: dict[str, str]
    web: Program
    worker: Program
    host: Member

    async def start(self) -> None:
        """Start whatever is not running."""
        if self.web.process.returncode is not None:
            self.web = await self.stage.web(**self.settings)
        if self.worker.process.returncode is not None:
            self.worker = await self.stage.worker(**self.settings)

    def plan(self, what: str) -> None:
        """Have both killed at the next call, or event, that fits."""
        pids = f"{self.web.process.pid} {self.worker.process.pid}"
        new = self.control.with_suffix(".new")
        new.write_text(f"{what} {pids}")
        new.rename(self.control)

    async def killed(self) -> float:
        """Wait until both are dead. Returns when that was."""
        await asyncio.gather(self.web.ended(), self.worker.ended())
        assert not self.control.exists()
        return monotonic()

    async def press(self, member: Member, path: str, form: dict[str, str] | None = None) -> None:
        """Press a button; the process may die under it."""
        with suppress(httpx2.TransportError):
            await self.stage.request(self.web, member, path, form or {"pressed": "yes"})

    async def one(self, query: str, *values: Any) -> Any:
        return await self.stage.ask(query, *values)

    async def becomes(self, what: str, query: str, *values: Any) -> None:
        """Wait for an answer that is true."""
        await until(lambda: self.stage.ask(query, *values), what, LIMIT)

    # What members do

    async def held(self) -> tuple[Member, UUID]:
        """A member with a seat that waits for its payment, which they can make."""
        member = await self.stage.member()
        gathering = await self.stage.gathering(days=await self.one("select 10 + count(*) from gatherings"))
        answer = await self.stage.book(self.web, member, gathering)
        assert answer.status_code == 303, answer.text
        return member, await self.stage.booking_of(member)

    async def paid(self) -> tuple[Member, UUID]:
        member, booking = await self.held()
        await self.stage.pay(booking)
        await self.becomes("the seat", "select state = 'confirmed' from bookings where id = $1", booking)
        return member, booking

    async def disputed(self) -> str:
        """A payment whose part is at an account, and a dispute of it; its id at Stripe."""
        _, booking = await self.paid()
        await self.becomes(
            "the transfer",
            "select exists (select from transfer_rows join checkouts on checkouts.id = checkout_id "
            "where checkouts.booking_id = $1)",
            booking,
        )
        async with self.stage.context.db.transaction() as tx:
            intent = await tx.fetchval("select payment_intent from checkouts where booking_id = $1", booking)
            return (await disputes.open_dispute(tx, intent))["id"]


@pytest_asyncio.fixture
async def site(stage: Stage) -> AsyncIterator[Site]:
    """The community keeps 20 percent, and Farid's account gets the rest."""
    port, control = stages.free_port(), stage.folder / "kill"
    settings = {
        "CIRCLES_STRIPE_API_BASE": f"http://127.0.0.1:{port}",
        "CIRCLES_STRIPE_SECRET_KEY": "sk_test_practice",
        "CIRCLES_STRIPE_WEBHOOK_SECRET": SECRET,
        "CIRCLES_STRIPE_CONNECT_WEBHOOK_SECRET": CONNECT_SECRET,
    }
    own = {"CIRCLES_STRIPE_API_BASE": "", "CIRCLES_STRIPE_SECRET_KEY": ""}
    log = stage.folder / "stripe.log"
    with log.open("wb") as out:
        stripe = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.drills.stripe_process", str(port), str(control)),
            cwd=ROOT,
            env=os.environ | stage.environment() | settings | own,
            stdout=out,
            stderr=out,
        )
    stage.programs.append(Program(stripe, log, port))
    web, worker = await asyncio.gather(stage.web(**settings), stage.worker(**settings))
    async with stage.context.db.transaction() as tx:
        await tx.execute(
            "insert into share_terms (currency, percent, starts_at) values ('USD', 2000, '-infinity')"
        )
        host = await tx.fetchrow(
            "select people.id, people.email from hosts join people on people.id = hosts.person_id"
        )
        assert host
        token = await people.start_sign_in(tx, host["id"])
    site = Site(stage, control, settings, web, worker, Member(host["id"], host["email"], token))
    yield site


async def connect(site: Site) -> None:
    """Farid's account answers all of Stripe's questions."""
    await site.press(site.host, "/host/payouts/connect")
    await _finish(site)


async def _finish(site: Site) -> None:
    await site.becomes("the account", "select stripe_id from connect_accounts")
    async with site.stage.context.db.transaction() as tx:
        await practice_accounts.step(
            tx, await tx.fetchval("select stripe_id from connect_accounts"), "finish"
        )
    await site.becomes("the account's state", "select is_active from connect_accounts")


# Each step: it is begun, the processes die at it, and after a restart it is as if nothing had been. What the step
# answers is the query that is true then, with its values.
Step = Callable[[Site], Awaitable[tuple[str, tuple[Any, ...]]]]


async def open_checkout(site: Site) -> tuple[str, tuple[Any, ...]]:
    member = await site.stage.member()
    gathering = await site.stage.gathering(days=3)
    site.plan("POST /v1/checkout/sessions")
    with suppress(httpx2.TransportError):
        await site.stage.book(site.web, member, gathering)
    booking = await site.stage.booking_of(member)
    return "select url is not null from checkouts where booking_id = $1", (booking,)


async def read_payment(site: Site) -> tuple[str, tuple[Any, ...]]:
    _, booking = await site.held()
    site.plan("GET /v1/checkout/sessions/[^/]+")
    await site.stage.pay(booking)
    return "select state = 'confirmed' from bookings where id = $1", (booking,)


async def take_webhook_in(site: Site) -> tuple[str, tuple[Any, ...]]:
    _, booking = await site.held()
    site.plan("EVENT checkout.session.completed")
    await site.stage.pay(booking)
    return "select state = 'confirmed' from bookings where id = $1", (booking,)


async def expire_checkout(site: Site) -> tuple[str, tuple[Any, ...]]:
    member, booking = await site.held()
    site.plan("POST /v1/checkout/sessions/[^/]+/expire")
    await site.press(member, f"/bookings/{booking}/let-go")
    return (
        "select bookings.state = 'lapsed' and checkouts.state = 'expired' "
        "from bookings join checkouts on checkouts.booking_id = bookings.id where bookings.id = $1",
        (booking,),
    )


async def refund(site: Site) -> tuple[str, tuple[Any, ...]]:
    member, booking = await site.paid()
    site.plan("POST /v1/refunds")
    await site.press(member, f"/bookings/{booking}/cancel", {"refund": "4500"})
    return (
        "select (select sum(amount) = 0 from money_rows where booking_id = $1) "
        "and (select bool_and(state = 'done') from operations where booking_id = $1 and kind = 'refund')",
        (booking,),
    )


async def reverse_transfer(site: Site) -> tuple[str, tuple[Any, ...]]:
    site.plan("POST /v1/transfers/[^/]+/reversals")
    await site.disputed()
    return "select sum(amount) = 0 from transfer_rows", ()


async def send_transfer_again(site: Site) -> tuple[str, tuple[Any, ...]]:
    dispute = await site.disputed()
    await site.becomes("the reversal", "select sum(amount) = 0 from transfer_rows")
    site.plan("POST /v1/transfers")
    async with site.stage.context.db.transaction() as tx:
        await disputes.close_dispute(tx, dispute, "won")
    return "select sum(amount) = 3600 and count(*) = 3 from transfer_rows", ()


async def answer_dispute(site: Site) -> tuple[str, tuple[Any, ...]]:
    """Banks take evidence once, so the same call is made again with its own key."""
    dispute = await site.disputed()
    await site.becomes("the dispute", "select exists (select from disputes where stripe_id = $1)", dispute)
    await site.becomes("the reversal", "select sum(amount) = 0 from transfer_rows")
    site.plan("POST /v1/disputes/[^/]+")
    context = site.stage.context
    async with context.db.reading() as tx:
        actor = (await people.by_ids(tx, [site.host.id]))[site.host.id]
        row = await answers.read(tx, dispute)
    shown = answers.fingerprint(evidence_rules.evidence(row, ["story"], "", context.settings.mail_name))
    await answers.submit(context, actor, dispute, ["story"], "", shown=shown)
    return "select bool_and(state = 'done') from dispute_answers having count(*) = 1", ()


async def pay_more(site: Site) -> tuple[str, tuple[Any, ...]]:
    """Nobody waits for its address any more: it is ended, and the seat stays as it is."""
    member, booking = await site.paid()
    site.plan("POST /v1/checkout/sessions")
    form = {"choice": "amount", "amount": "60", "currency": "USD", "seen": "on", "shown": "4500"}
    await site.press(member, f"/bookings/{booking}/amount", form)
    return (
        "select bool_and(checkouts.state in ('open', 'failed', 'expired')) from checkouts "
        "where covers = 'addition' having count(*) = 1",
        (),
    )


async def buy_pass(site: Site) -> tuple[str, tuple[Any, ...]]:
    """Its checkout is known and can be paid, or ended where nobody waits for it."""
    member, circle = await site.stage.member(), site.stage.circle
    async with site.stage.context.db.transaction() as tx:
        offer = await tx.fetchval(
            "insert into pass_offers (circle_id, number, is_sold, uses, weeks, currency, minimum, suggested, maximum, "
            "refund_kind, refund_weeks) values ($1, 1, true, 2, 8, 'USD', 3000, 6000, 9000, 'percent', 8) returning id",
            circle,
        )
    site.plan("POST /v1/checkout/sessions")
    form = {"offer": str(offer), "version": str(site.stage.version), "agreed": "on", "amount": "60"}
    await site.press(member, f"/circles/{circle}/pass", form | {"currency": "USD"})
    return (
        "select bool_and(url is not null or state in ('failed', 'expired')) from checkouts "
        "where covers = 'pass' having count(*) = 1",
        (),
    )


STEPS = {
    "opening a checkout": open_checkout,
    "reading a payment": read_payment,
    "taking a webhook in": take_webhook_in,
    "ending a checkout": expire_checkout,
    "a refund with its share": refund,
    "reversing a share after a dispute": reverse_transfer,
    "sending a share after a dispute was won": send_transfer_again,
    "answering a dispute": answer_dispute,
    "an additional payment": pay_more,
    "buying a pass": buy_pass,
}


@pytest.mark.drill
@pytest.mark.parametrize("name", [pytest.param(name, id=name.replace(" ", "-")) for name in STEPS])
async def test_killed_between_asking_and_storing(site: Site, name: str) -> None:
    await connect(site)
    query, values = await STEPS[name](site)
    await _converges(site, name, query, values)


@pytest.mark.drill
async def test_killed_while_an_account_is_opened(site: Site) -> None:
    site.plan("POST /v1/accounts")
    await site.press(site.host, "/host/payouts/connect")
    await _converges(site, "opening an account", "select stripe_id from connect_accounts", ())
    assert await site.one("select count(*) from practice_objects where kind = 'account'") == 1
    await _finish(site)


@pytest.mark.drill
async def test_killed_while_the_balance_is_read(site: Site) -> None:
    await connect(site)
    await site.paid()
    site.plan("GET /v1/balance_transactions")
    async with site.stage.context.db.transaction() as tx:
        await tx.execute(
            "update pgqueuer_schedules set next_run = now() where entrypoint = 'payments.read_balance'"
        )
    await _converges(
        site,
        "reading the balance",
        "select (select count(*) from balance_transactions) = (select count(*) from practice_objects "
        "where kind = 'balance_transaction')",
        (),
    )


async def _converges(site: Site, name: str, query: str, values: tuple[Any, ...]) -> None:
    """Both died; restarted, the query is true within two minutes, and nothing is lost or doubled."""
    died = await site.killed()
    await site.start()
    began = monotonic()
    await site.becomes(name, query, *values)
    well = monotonic() - began
    site.stage.measured(f"kill -9 while {name}", died, began, well=well)
    await _is_whole(site)


async def _is_whole(site: Site) -> None:
    """Ours is what Stripe has, each thing once, and every invariant holds."""
    stage = site.stage
    await site.becomes(
        "all shares to be compared",
        "select not exists (select from connected_payments where settle_at is not null)",
    )
    pairs = {
        "payments": (
            "select coalesce(sum(amount), 0) from money_rows where kind = 'payment'",
            "select coalesce(sum((body ->> 'amount')::bigint), 0) from practice_objects where kind = 'charge'",
        ),
        "refunds": (
            "select coalesce(-sum(amount), 0) from money_rows where kind = 'refund'",
            "select coalesce(sum((body ->> 'amount')::bigint), 0) from practice_objects where kind = 'refund'",
        ),
        "shares": (
            "select coalesce(sum(amount), 0) from transfer_rows",
            "select coalesce(sum((body ->> 'amount')::bigint - (body ->> 'amount_reversed')::bigint), 0) "
            "from practice_objects where kind = 'transfer'",
        ),
        "shares that are owed": (
            "select coalesce(sum(amount), 0) from ledger_lines where account = 'facilitators'",
            "select 0",
        ),
    }
    for what, (ours, stripes) in pairs.items():
        assert await site.one(ours) == await site.one(stripes), what
    await stage.until_idle()
    await stage.assert_whole(doubled=8)
