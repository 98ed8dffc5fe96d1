"""A neighbor that hangs takes the places of its own jobs: the others go on meanwhile."""

from __future__ import annotations

from time import monotonic

import pytest

from tests.drills.stage import Stage, until

pytestmark = pytest.mark.drill

MANY = 60


async def test_a_paid_booking_is_confirmed_while_sixty_mails_hang(stage: Stage) -> None:
    stage.mail.mode = "hanging"
    began = monotonic()
    await _many_mails(stage)
    web = await stage.web()
    await stage.worker()

    async def all_places_are_taken() -> bool:
        return stage.mail.connections >= 8

    await until(all_places_are_taken, "eight mails at the server")
    member = await stage.member()
    await stage.book(web, member, await stage.gathering())
    await stage.pay(await stage.booking_of(member))

    async def is_confirmed() -> bool:
        return await stage.state_of(member) == "confirmed"

    await until(is_confirmed, "the confirmation")
    assert not stage.mail.accepted
    stage.mail.mode, answers = "well", monotonic()
    stage.mail.hang_up()
    await stage.until_idle()
    stage.measured("the mail server hangs", began, answers, well=monotonic() - answers)
    await stage.assert_whole()


async def test_mails_go_while_every_call_to_stripe_hangs(stage: Stage) -> None:
    web = await stage.web()
    gathering = await stage.gathering()
    members = await stage.members(10)
    for member in members:
        await stage.book(web, member, gathering)
        await stage.pay(await stage.booking_of(member))
    await stage.plan_fault("retrieve_checkout", "hang", seconds=600, times=1_000_000)
    began = monotonic()
    await stage.worker()

    async def stripe_hangs() -> bool:
        return await stage.ask(
            "select count(*) >= 8 from pgqueuer where entrypoint = 'payments.look' and status = 'picked'"
        )

    await until(stripe_hangs, "eight calls to Stripe")
    await _many_mails(stage)

    async def are_sent() -> bool:
        return await stage.ask("select count(*) = $1 from mails where state = 'sent'", MANY)

    await until(are_sent, "the mails")  # none of the members' is written before Stripe answers
    async with stage.context.db.transaction() as tx:
        await tx.execute("delete from practice_faults")
    answers = monotonic()

    async def are_confirmed() -> bool:
        return await stage.ask("select count(*) = 10 from bookings where state = 'confirmed'")

    await until(are_confirmed, "the confirmations")
    stage.measured("Stripe hangs", began, answers, well=monotonic() - answers)
    await stage.until_idle()
    await stage.assert_whole()


async def _many_mails(stage: Stage) -> None:
    """Mails that wait, with their jobs."""
    async with stage.context.db.transaction() as tx:
        await tx.execute(
            "with added as (insert into mails (kind, to_address, subject, text_body, html_body, message_id) "
            "select 'invite', 'member' || i || '@example.org', 'Tuesday group', 'Hello', '<p>Hello', "
            "'<' || gen_random_uuid() || '@example.org>' from generate_series(1, $1::int) as i returning id) "
            "insert into pgqueuer (priority, entrypoint, payload, status) select 0, 'mail.deliver', "
            "convert_to(jsonb_build_object('mail_id', id)::text, 'UTF8'), 'queued' from added",
            MANY,
        )
