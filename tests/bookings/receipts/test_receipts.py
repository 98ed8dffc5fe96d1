"""Receipts on a real database: one of each payment, its refunds, pages, the year, sending one again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from circles import payments
from circles.bookings.amounts import actions as amounts
from circles.bookings.rules import BookingInput
from circles.commands import personal_data
from circles.store.db import Tx
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira

Drain = Callable[[], Any]
FORBIDDEN = ("ketamine", "therap", "integration", "psychedelic", "medicine")


async def receipt_of(scene: Scene, booking: UUID) -> dict[str, Any]:
    async with scene.context.db.reading() as tx:
        row = await tx.fetchrow(
            "select * from receipts where checkout_id = (select checkout_id from checkout_lines where booking_id = $1)",
            booking,
        )
    assert row
    return dict(row)


async def pay_less(scene: Scene, booking: UUID, amount: str, shown: int) -> None:
    """The person lowers what their seat costs, and the rest goes back to them."""
    actor = await scene.person(scene.cast.mira)
    sent = BookingInput("amount", amount, None, False)
    await amounts.change_amount(scene.context, actor, booking, sent, shown=shown)


async def test_a_payment_has_one_receipt_and_its_mail_names_it(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain, "40")
    receipt = await receipt_of(scene, booking)
    assert (receipt["person_id"], receipt["discreet_name"]) == (scene.cast.mira, "Tuesday group")
    text = await scene.value("select text_body || html_body from mails where kind = 'invite'")
    assert text.count(receipt["name"]) == 2
    assert text.count(f"/my/receipts/{receipt['id']}") == 2
    assert receipt["name"] in (await mira.get(f"/bookings/{booking}")).text
    assert f"/my/receipts/{receipt['id']}" in (await mira.get("/my/receipts")).text

    await pay_less(scene, booking, "30", 4000)
    await drain()
    page = (await mira.get(f"/my/receipts/{receipt['id']}")).text
    assert 'Paid <span class="figures">$40</span>, refunded <span class="figures">$10</span>' in page
    assert f"{receipt['name']}-1" in page
    sheet = page[page.index("<article") : page.index("</article>")]
    assert not [word for word in FORBIDDEN if word in sheet.lower()]
    assert "First steps home" not in page
    assert "Mira" not in sheet
    assert "For Mira" in (await mira.get(f"/my/receipts/{receipt['id']}?name=on")).text


async def test_an_addition_has_a_receipt_of_its_own_and_a_mail(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain, "40")
    actor = await scene.person(scene.cast.mira)
    sent = BookingInput("amount", "45", None, False)
    assert await amounts.change_amount(scene.context, actor, booking, sent, shown=4000)
    reference = await scene.value("select booking_id from checkouts where covers = 'addition'")
    await scene.pay(reference)
    await drain()
    assert await scene.count("receipts where person_id = $1", scene.cast.mira) == 2
    assert (
        await scene.count("mails where kind = 'receipt' and subject like 'Tuesday group: your receipt R-%'")
        == 1
    )


async def test_cash_has_a_receipt_of_its_seat_and_free_seats_have_none(scene: Scene, mira: Browser) -> None:
    booking = await scene.book(scene.cast.mira, choice="community")
    async with scene.context.db.transaction() as tx:
        assert await tx.fetchval("select count(*) from receipts") == 0
        for kind, amount in (("received", 2000), ("received", 1000), ("given_back", 500)):
            await note(tx, scene, booking.id, kind, amount)
    assert await scene.count("receipts where booking_id = $1", booking.id) == 1
    receipt = await scene.value("select id from receipts")
    page = (await mira.get(f"/my/receipts/{receipt}")).text
    assert 'Paid <span class="figures">$30</span>, refunded <span class="figures">$5</span>' in page


async def note(tx: Tx, scene: Scene, booking: UUID, kind: Any, amount: int) -> None:
    await payments.note_cash(tx, uuid4(), booking, kind, amount, "USD", actor_id=scene.cast.odile)


async def test_nobody_else_sees_a_receipt_and_the_export_has_it(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    receipt = await receipt_of(scene, booking)
    async with browser(scene.cast.milo) as milo:
        assert (await milo.get(f"/my/receipts/{receipt['id']}")).status_code == 404
        assert receipt["name"] not in (await milo.get("/my/receipts")).text
    exported = await personal_data.export(scene.context, "mira@example.org")
    assert [row["name"] for row in exported["receipts"]] == [receipt["name"]]


async def test_the_year_s_summary_has_refunds_in_their_own_year(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain, "40")
    receipt = await receipt_of(scene, booking)
    async with scene.context.db.transaction() as tx:
        for table in ("money_rows", "receipts", "ledger_entries", "ledger_lines"):
            await tx.execute(f"alter table {table} disable trigger user")
            await tx.execute(f"update {table} set at = '2024-12-31 23:30-05'")
            await tx.execute(f"alter table {table} enable trigger user")
    await pay_less(scene, booking, "30", 4000)
    await drain()
    year = await scene.value("select extract(year from now())::int")
    before, this = [
        list(csv.reader(io.StringIO((await mira.get(f"/my/receipts/years/{one}.csv")).text)))[1:]
        for one in (2024, year)
    ]
    assert before == [["2024-12-31", receipt["name"], "Tuesday group", "Paid by card", "40", "USD"]]
    assert [row[1:] for row in this] == [[receipt["name"], "Tuesday group", "Refunded", "-10", "USD"]]
    assert "Nothing was paid or refunded in 2025" in (await mira.get("/my/receipts/years/2025")).text
    assert (await mira.get("/my/receipts/years/19")).status_code == 404


async def test_an_organizer_sends_a_receipt_again_to_its_person_alone(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    receipt = await receipt_of(scene, booking)
    async with browser(scene.cast.odile) as odile:
        assert (
            f"/organize/receipts/{receipt['id']}" in (await odile.get(f"/organize/bookings/{booking}")).text
        )
        of_payment = (await odile.get(f"/organize/payments/{receipt['checkout_id']}")).text
        assert f"/organize/receipts/{receipt['id']}" in of_payment
        page = (await odile.get(f"/organize/receipts/{receipt['id']}")).text
        assert "Of Mira" in page
        answer = await odile.post(
            f"/organize/receipts/{receipt['id']}/send", data={"to": "other@example.org"}
        )
        assert answer.status_code == 303
    assert await scene.value("select to_address from mails where kind = 'receipt'") == "mira@example.org"
    assert await scene.count("events where what = 'receipt.sent' and who = $1", scene.cast.odile) == 1
    async with browser(scene.cast.milo) as milo:
        assert (await milo.get(f"/organize/receipts/{receipt['id']}")).status_code == 404


async def test_receipts_follow_an_account_that_is_joined(scene: Scene, drain: Drain) -> None:
    """`merge_people` gives every reference to the kept account; a receipt changes in nothing else."""
    await paid_seat(scene, scene.cast.mira, drain)
    async with scene.context.db.transaction() as tx:
        await tx.execute("update receipts set person_id = $1", scene.cast.milo)
        for change in ("number = number + 1", "currency = 'EUR'", "discreet_name = ''"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                async with tx.transaction():
                    await tx.execute(f"update receipts set {change}")
