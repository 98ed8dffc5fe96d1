"""The pages of a pass: what they show to whom, what they keep when refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.bookings import helpers as booking_helpers
from tests.bookings.helpers import Scene, form_at, typed
from tests.bookings.passes import helpers
from tests.conftest import Browser, OpenBrowser

scene, mira = booking_helpers.scene, booking_helpers.mira


async def test_a_member_buys_and_books_without_paying_again(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    offer = await helpers.offer(scene)
    circle, gathering = f"/circles/{scene.cast.circle}", f"/gatherings/{scene.cast.gathering}"
    assert "6 gatherings within 8 weeks" in (await mira.get(circle)).text
    assert f'href="{circle}/pass"' in (await mira.get(gathering)).text
    sent = typed(scene.cast, offer=str(offer), amount="a lot")
    refused = await mira.post(f"{circle}/pass", data=sent | {"agreed": ""})
    assert refused.status_code == 422
    assert 'value="a lot"' in refused.text
    bought = await mira.post(f"{circle}/pass", data=sent | {"amount": "160"})
    assert bought.headers["location"].startswith("/practice/checkout/")
    pass_id = await scene.value("select id from passes")
    assert "Nothing is charged before you pay" in (await mira.get(f"/passes/{pass_id}")).text
    await scene.pay(pass_id)
    await drain()
    assert "6 gatherings left" in (await mira.get("/my/gatherings")).text
    form = (await mira.get(form_at(scene.cast))).text
    assert 'value="pass" checked' in form.replace('id="f-choice-pass" ', "")
    booked = await mira.post(
        form_at(scene.cast), data=typed(scene.cast, choice="pass", **{"pass": str(pass_id)})
    )
    page = (await mira.get(booked.headers["location"])).text
    assert "It is on your pass." in page
    assert "the gathering goes back on it" in page
    again = await mira.get(f"{circle}/pass")
    assert "with 5 gatherings left" in again.text


async def test_a_pass_of_another_circle_is_refused_with_words(scene: Scene, mira: Browser) -> None:
    pass_id = await helpers.paid_pass(scene)
    await scene.value(
        "update circles set minimum = 3000, suggested = 4500, maximum = 8000 where id = $1 returning id",
        scene.cast.other_circle,
    )
    version = await scene.value(
        "select versions.id from guidelines_versions as versions join circles using (guidelines_id) "
        "where circles.id = $1",
        scene.cast.other_circle,
    )
    sent = typed(scene.cast, choice="pass", version=str(version), **{"pass": str(pass_id)})
    refused = await mira.post(form_at(scene.cast, scene.cast.free_gathering), data=sent)
    assert refused.status_code == 422
    assert "This pass is for “First steps home”, so it cannot be used here" in refused.text
    assert 'value="45"' in refused.text


async def test_a_pass_is_its_persons_alone_and_hosts_read_nothing_of_it(
    scene: Scene, browser: OpenBrowser
) -> None:
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    async with browser(scene.cast.milo) as milo:
        assert (await milo.get(f"/passes/{pass_id}")).status_code == 404
        assert (await milo.post(f"/passes/{pass_id}/give-back", data={"refund": "16000"})).status_code == 404
        assert (await milo.get(f"/organize/passes/{pass_id}")).status_code == 404
        assert (await milo.get(f"/host/circles/{scene.cast.circle}/pass")).status_code == 404
    async with browser(scene.cast.farid) as farid:
        for path in ("seats", "register"):
            page = (await farid.get(f"/host/gatherings/{scene.cast.gathering}/{path}")).text
            assert "Mira" in page
            assert "pass" not in page.lower().replace("passe", "").split("<main")[-1].split("</main")[0]
    async with browser(scene.cast.odile) as odile:
        page = (await odile.get(f"/organize/passes/{pass_id}")).text
        assert "The pass of Mira" in page
        assert "$133.34" in page
        sent = {"what": "unused", "amount_unused": "13334", "reason": "She moved away"}
        assert (await odile.post(f"/organize/passes/{pass_id}", data=sent)).status_code == 303


async def test_a_host_offers_a_pass_and_reads_every_reason(scene: Scene, browser: OpenBrowser) -> None:
    async with browser(scene.cast.farid) as farid:
        path = f"/host/circles/{scene.cast.circle}/pass"
        assert 'value="225"' in (await farid.get(path)).text
        bad = helpers.OFFER | {"uses": "1", "maximum": "lots", "number": "0"}
        refused = await farid.post(path, data=bad)
        assert refused.status_code == 422
        assert 'value="lots"' in refused.text
        assert (await farid.post(path, data=helpers.OFFER | {"number": "0"})).status_code == 303
        stale = await farid.post(path, data=helpers.OFFER | {"number": "0", "uses": "5"})
        assert stale.status_code == 422
    assert await scene.count("pass_offers") == 1


async def test_organizers_see_to_the_money_of_passes(scene: Scene, browser: OpenBrowser) -> None:
    """What waits for a person may be of a pass: lists and pages name it, and money judged right begins it."""
    paid = await helpers.paid_pass(scene)
    checkout = await scene.value("select id from checkouts")
    refund = await scene.value(
        "insert into operations (kind, pass_id, checkout_id, idempotency_key, amount, state, fault, again_at) "
        "values ('refund', $1, $2, 'key-1', 500, 'failed', 'declined', null) returning id",
        paid,
        checkout,
    )
    await scene.value(
        "insert into disputes (stripe_id, pass_id, checkout_id, amount, currency, state, made_at) "
        "values ('dp_1', $1, $2, 16000, 'USD', 'needs_response', now()) returning stripe_id",
        paid,
        checkout,
    )
    held = await helpers.buy(scene, scene.cast.milo, await scene.value("select id from pass_offers"))
    finding = await scene.value(
        "insert into payment_findings (kind, pass_id, stripe_id, payment_intent, amount, currency, expected, answered) "
        "values ('foreign', $1, 'cs_other', 'pi_other', 16000, 'USD', '{}', '{}') returning id",
        held.id,
    )
    async with browser(scene.cast.odile) as odile:
        for path in ("", f"/refunds/{refund}", f"/findings/{finding}"):
            page = await odile.get(f"/organize/money{path}")
            assert page.status_code == 200
            assert "a pass" in page.text
        assert (await odile.get("/organize")).status_code == 200
        link = f'href="/organize/payments/{checkout}"'
        assert link in (await odile.get(f"/organize/passes/{paid}")).text, "where its payment is sent back"
        sent = {"reason": "It is theirs", "give_seat": "on"}
        assert (await odile.post(f"/organize/money/findings/{finding}", data=sent)).status_code == 303
        assert (await helpers.row(scene, held.id))["state"] == "active"
        sent = {"reason": "Paid back in cash"}
        assert (await odile.post(f"/organize/money/refunds/{refund}", data=sent)).status_code == 303


async def test_the_form_begins_with_the_amount_that_was_not_paid(scene: Scene, mira: Browser) -> None:
    bought = await helpers.buy(scene, scene.cast.mira, await helpers.offer(scene), "130")
    await mira.post(f"/passes/{bought.id}/let-go")
    assert 'value="130"' in (await mira.get(f"/circles/{scene.cast.circle}/pass")).text
    await helpers.offer(scene, minimum="140")
    assert 'value="160"' in (await mira.get(f"/circles/{scene.cast.circle}/pass")).text


async def test_an_offer_in_another_currency_begins_anew(scene: Scene, browser: OpenBrowser) -> None:
    await helpers.offer(scene)
    await scene.value(
        "update circles set currency = 'JPY', minimum = 1000, suggested = 2000, maximum = 3000 "
        "where id = $1 returning id",
        scene.cast.circle,
    )
    async with browser(scene.cast.farid) as farid:
        page = (await farid.get(f"/host/circles/{scene.cast.circle}/pass")).text
    assert 'value="10000"' in page
    assert 'value="100.00"' not in page
