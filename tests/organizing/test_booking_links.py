"""A booking opens from every organizer's page on which it is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from circles.practice.stripe import disputes as bank
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat
from tests.conftest import OpenBrowser

scene = helpers.scene
Drain = Callable[[], Awaitable[Any]]


async def _add(scene: Scene, statement: str, *values: Any) -> Any:
    return await scene.value(f"{statement} returning id", *values)


async def _finding(scene: Scene, booking: UUID) -> UUID:
    return await _add(
        scene,
        "insert into payment_findings (kind, booking_id, stripe_id, payment_intent, amount, currency) "
        "values ('foreign', $1, 'cs_foreign', 'pi_foreign', 3000, 'USD')",
        booking,
    )


async def _failed_refund(scene: Scene, booking: UUID, payment: UUID, *, settled: bool = False) -> UUID:
    return await _add(
        scene,
        "insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, fault, again_at, "
        "reason, settled_at, settled_by, settled_reason) select 'refund', $1, $2, gen_random_uuid()::text, 100, "
        "'failed', 'declined', null, 'by_organizer', case when $3 then now() end, case when $3 then $4::uuid end, "
        "case when $3 then 'By check' else '' end",
        booking,
        payment,
        settled,
        scene.cast.odile,
    )


async def test_a_booking_opens_from_every_page_that_names_it(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    cast, booking = scene.cast, await paid_seat(scene, scene.cast.mira, drain)
    both = await paid_seat(scene, scene.cast.milo, drain)
    payment = await scene.value("select checkout_id from checkout_lines where booking_id = $1", booking)
    refund = await _failed_refund(scene, booking, payment)
    await _failed_refund(scene, booking, payment, settled=True)
    finding = await _finding(scene, booking)
    intent = await scene.value("select payment_intent from checkouts where booking_id = $1", both)
    async with scene.context.db.transaction() as tx:
        await bank.open_dispute(tx, intent)
    await drain()
    await _given_up(scene, booking)
    cash, note = uuid4(), str(uuid4())
    await _add(
        scene,
        "insert into cash_rows (id, booking_id, kind, amount, currency, noted_by) "
        "values ($1, $2, 'received', 500, 'USD', $3)",
        cash,
        booking,
        cast.odile,
    )
    await _add(scene, "insert into events (what, about, who) values ('cash.noted', $1, $2)", cash, cast.odile)
    link = f'href="/organize/bookings/{booking}"'
    async with browser(cast.odile) as page:
        await page.post(f"/organize/payments/{payment}/note", data={"id": note, "body": "They rang."})
        for path in (
            "/organize/bookings",
            "/organize/payments",
            f"/organize/payments/{payment}",
            "/organize/money",
            f"/organize/money/refunds/{refund}",
            f"/organize/money/findings/{finding}",
            "/organize/cash",
            f"/organize/people/{cast.mira}",
            "/organize/audit",
            "/organize/jobs",
            "/organize/mail",
            f"/host/seats/{booking}",
        ):
            text = (await page.get(path)).text
            assert link in text, path
        suspension = {"reason": "They were rude", "refund": "all"}
        assert link in (await page.post(f"/organize/people/{cast.mira}/suspend", data=suspension)).text
        assert f'href="/organize/bookings/{both}"' in (await page.get("/organize/money")).text, "a dispute"
        await scene.value(
            "insert into register_marks (gathering_id, booking_id, mark, made_by) values ($1, $2, 'came', $3) "
            "returning id",
            cast.gathering,
            booking,
            cast.farid,
        )
        assert link in (await page.get(f"/host/gatherings/{cast.gathering}/marks")).text
    async with browser(cast.farid) as host:
        for path in (f"/host/seats/{booking}", f"/host/gatherings/{cast.gathering}/marks"):
            assert "/organize/" not in (await host.get(path)).text, "hosts read nothing of what was paid"


async def _given_up(scene: Scene, booking: UUID) -> None:
    """A job about a booking that was given up, and a mail about it that did not arrive."""
    await scene.value(
        "insert into pgqueuer (priority, entrypoint, payload, status, created, updated, execute_after) "
        "values (0, 'invites.send', convert_to($1, 'UTF8'), 'failed', now(), now(), now()) returning id",
        f'{{"booking_id": "{booking}"}}',
    )
    await scene.value(
        "update mails set state = 'refused', sent_at = null, about = $1 where id = "
        "(select id from mails where person_id = $2 order by created_at limit 1) returning id",
        booking,
        scene.cast.mira,
    )


async def test_an_undecided_payment_leads_to_its_booking(scene: Scene, browser: OpenBrowser) -> None:
    booking = (await scene.book(scene.cast.mira)).id
    checkout = await scene.value(
        "update checkouts set pending_at = now() - $2::interval where booking_id = $1 returning id",
        booking,
        timedelta(days=16),
    )
    async with browser(scene.cast.odile) as page:
        for path in (
            "/organize/money",
            f"/organize/money/payments/{checkout}",
            f"/organize/payments/{checkout}",
        ):
            assert f'href="/organize/bookings/{booking}"' in (await page.get(path)).text, path


async def test_a_payment_opens_from_its_booking_and_its_receipt(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    """Whoever looks at a booking finds where its money is sent back."""
    booking = await paid_seat(scene, scene.cast.mira, drain)
    payment = await scene.value("select checkout_id from checkout_lines where booking_id = $1", booking)
    receipt = await scene.value("select id from receipts where checkout_id = $1", payment)
    async with browser(scene.cast.odile) as page:
        for path in (f"/organize/bookings/{booking}", f"/organize/receipts/{receipt}"):
            assert f'href="/organize/payments/{payment}"' in (await page.get(path)).text, path
