"""Nobody keeps another person from signing in, and nobody guesses a code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from circles.base.errors import Refused
from circles.commands import personal_data
from circles.people import sign_in_actions, sign_in_rules
from circles.people.sign_in_actions import BrowserKeys
from circles.people.sign_in_rules import SignInRequest
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, rows, value

Drain = Callable[[], Awaitable[object]]
HERE, THERE = "203.0.113.9", "198.51.100.7"
MIRA = "mira@example.org"


EVER = timedelta(days=36_500)


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits with windows that do not end while a test runs."""
    for name in ("ADDRESS_LIMITS", "KNOWN_LIMITS", "MAILBOX_LIMITS", "NETWORK_LIMITS"):
        longest = [(most, EVER) for most, _ in getattr(sign_in_rules, name)]
        monkeypatch.setattr(sign_in_rules, name, longest[:1])
    monkeypatch.setattr(sign_in_rules, "SPARE_LIMIT", (0, EVER))


async def ask(page: Browser, email: str = MIRA, network: str = HERE) -> int:
    """Ask for a code through a proxy of this machine that forwards for a network. Returns the status."""
    headers = {"X-Forwarded-For": network} if network else {}
    return (await page.post("/sign-in", data={"email": email}, headers=headers)).status_code


async def use_up(browser: OpenBrowser, email: str = MIRA, network: str = HERE) -> None:
    """Ask in somebody's name until it is refused."""
    async with browser() as stranger:
        while await ask(stranger, email, network) == 303:
            pass


async def code(context: Context, email: str = MIRA) -> str:
    text = await value(
        context,
        "select text_body from mails where to_address = $1 and kind = 'sign_in' order by created_at desc limit 1",
        email,
    )
    found = re.search(r"code: ([0-9]+)$", text, re.MULTILINE)
    assert found
    return found[1]


async def sign_in(page: Browser, context: Context, email: str = MIRA) -> int:
    return (await page.post("/sign-in/code", data={"code": await code(context, email)})).status_code


async def type_wrong(context: Context, times: int, email: str = MIRA) -> None:
    """Type wrong codes for an address, in as many browsers as that takes."""
    for done in range(0, times, sign_in_rules.MAX_TRIES):
        key = await sign_in_actions.request_mail(context, SignInRequest(email), network=f"network {done}")
        right = await code(context, email)
        for number in range(min(times - done, sign_in_rules.MAX_TRIES)):
            wrong = f"{(int(right) + 1 + number) % 10 ** len(right):0{len(right)}}"
            with pytest.raises(Refused):
                await sign_in_actions.use_code(context, keys=BrowserKeys(key), digits=wrong)


# who can ask


async def test_asking_in_a_name_uses_up_nothing_of_the_person_elsewhere(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    await use_up(browser)
    mails = await value(context, "select count(*) from mails")
    assert mails == sign_in_rules.ADDRESS_LIMITS[0][0]
    async with browser() as page:
        assert await ask(page, network=HERE) == 429
        assert await ask(page, network=THERE) == 303
        assert await sign_in(page, context) == 303


async def test_refused_requests_do_not_count(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    await use_up(browser)
    async with browser() as page:
        for _ in range(40):
            assert await ask(page) == 429
        # The network has all it had left, and so has the address elsewhere.
        assert await ask(page, "milo@example.org") == 303
        assert await ask(page, network=THERE) == 303
    counted = await value(context, "select max(count) from limits")
    assert counted == sign_in_rules.ADDRESS_LIMITS[0][0] + 1


async def test_a_refusal_keeps_what_was_typed_and_says_what_to_do(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    await use_up(browser)
    async with browser() as page:
        answer = await page.post(
            "/sign-in",
            data={"email": "MIRA@example.org", "name": "Mira", "next": "/me"},
            headers={"X-Forwarded-For": HERE},
        )
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    for kept in ('value="MIRA@example.org"', 'value="Mira"', 'name="next" value="/me"', "in any browser"):
        assert kept in answer.text


async def test_a_browser_used_before_asks_when_everybody_else_is_refused(
    browser: OpenBrowser, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser() as page, browser() as stranger:
        assert await ask(page, network="") == 303
        assert await sign_in(page, context) == 303
        await page.post("/sign-out")
        monkeypatch.setattr(sign_in_rules, "MAILBOX_LIMITS", ((3, EVER),))
        monkeypatch.setattr(sign_in_rules, "NETWORK_LIMITS", ((2, EVER),))
        await use_up(browser)
        for network in (HERE, THERE, ""):
            assert await ask(stranger, network=network) == 429
            assert await ask(page, network=network) == 303
        assert await sign_in(page, context) == 303
        # For this account alone.
        assert await ask(page, "milo@example.org") == 429


async def test_the_cookie_of_a_known_browser_is_private_lasting_and_tells_nothing(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        await ask(page)
        answer = await page.post("/sign-in/code", data={"code": await code(context)})
        cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("browser="))
        for part in ("HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={400 * 24 * 3600}"):
            assert part in cookie
        key = page.cookies["browser"]
        await page.post("/sign-out")
        # The next account in this browser has the same cookie, and a row that does not show it.
        await ask(page, "milo@example.org")
        assert await sign_in(page, context, "milo@example.org") == 303
        assert page.cookies["browser"] == key
    known = await rows(
        context, "select person_id, key_hash, row_to_json(known_browsers)::text from known_browsers"
    )
    assert {row["person_id"] for row in known} == {cast.mira, cast.milo}
    assert len({row["key_hash"] for row in known}) == 2
    assert not any(key in row["row_to_json"] or key.encode().hex() in row["row_to_json"] for row in known)


async def test_signing_out_everywhere_forgets_every_browser(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        await ask(page)
        await sign_in(page, context)
        await page.post("/sign-out/everywhere")
        assert await value(context, "select count(*) from known_browsers") == 0
        await use_up(browser)
        assert await ask(page) == 429


async def test_erasing_a_person_forgets_their_browsers(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        await ask(page)
        await sign_in(page, context)
    assert len((await personal_data.export(context, MIRA))["known_browsers"]) == 1
    await personal_data.erase(context, MIRA)
    assert await value(context, "select count(*) from known_browsers") == 0


@pytest.mark.parametrize("forged", ["x", "A" * 43, "%C3%A4" * 43, "%00", "A" * 4000])
async def test_a_made_up_cookie_is_no_known_browser(
    browser: OpenBrowser, cast: Cast, context: Context, forged: str
) -> None:
    await use_up(browser)
    async with browser() as page:
        response = await page.post(
            "/sign-in",
            data={"email": MIRA},
            headers={"Cookie": f"browser={forged}", "X-Forwarded-For": HERE},
        )
    assert response.status_code == 429


async def test_many_networks_do_not_fill_a_mailbox_and_its_owner_still_signs_in(
    browser: OpenBrowser, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_rules, "MAILBOX_LIMITS", ((8, EVER),))
    async with browser() as stranger:
        asked = [await ask(stranger, network=f"198.51.100.{number}") for number in range(12)]
        assert asked == [303] * 8 + [429] * 4
        # Another address in the same browser does not take the last link away.
        assert await ask(stranger, "milo@example.org") == 303
    link = await value(
        context,
        "select substring(text_body from '/sign-in/link/[^[:space:]]+') from mails where to_address = $1 "
        "order by created_at desc limit 1",
        MIRA,
    )
    async with browser() as page:
        assert await ask(page, network=THERE) == 429
        assert (await page.post(link)).status_code == 303


@pytest.mark.parametrize("limit", ["ADDRESS_LIMITS", "MAILBOX_LIMITS"])
async def test_nobody_takes_the_last_way_in_from_the_same_network_or_from_many(
    browser: OpenBrowser, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """A limit that lasts for a day leaves one mail for each ten minutes, whose button works."""
    monkeypatch.setattr(sign_in_rules, limit, ((3, EVER),))
    monkeypatch.setattr(sign_in_rules, "SPARE_LIMIT", (1, EVER))
    async with browser() as stranger:
        assert [await ask(stranger) for _ in range(6)] == [303] * 4 + [429] * 2
        # What is asked for another address keeps no mail from its way.
        assert await ask(stranger, "milo@example.org") == 303
    assert (
        await value(
            context,
            "select count(*) from mails join sign_in_requests on mail_id = mails.id "
            "where to_address = $1 and useful_until > now() and sign_in_requests.expires_at > now()",
            MIRA,
        )
        == 1
    )
    await change(context, "delete from limits where key in (select key from limits where count = 1)")
    async with browser() as page:
        assert await ask(page) == 303
        assert await sign_in(page, context) == 303


async def test_a_network_that_asks_for_very_many_addresses_gets_no_spare_mails(
    browser: OpenBrowser, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_rules, "NETWORK_LIMITS", ((2, EVER),))
    monkeypatch.setattr(sign_in_rules, "SPARE_LIMIT", (1, EVER))
    async with browser() as stranger:
        asked = [await ask(stranger, f"n{number}@example.org") for number in range(4)]
    assert asked == [303] * 2 + [429] * 2


async def test_a_community_behind_one_network_does_not_run_dry(cast: Cast, context: Context) -> None:
    """An unknown network, such as a proxy that forwards for nobody, stands for everybody."""
    most = sign_in_rules.NETWORK_LIMITS[0][0]
    assert most >= 100
    for number in range(most):
        await sign_in_actions._count_request(context, f"n{number}@example.org", "", HERE)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(sign_in_rules.TooManyRequests):
        await sign_in_actions.request_mail(context, SignInRequest("last@example.org"), network=HERE)
    for number in range(most + 5):
        await sign_in_actions._count_request(context, f"n{number}@example.org", "", "")  # pyright: ignore[reportPrivateUsage]
    await sign_in_actions.request_mail(context, SignInRequest("last@example.org"), network="")


# who can guess


async def test_codes_get_longer_after_wrong_ones_and_the_form_takes_them(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    for failures, digits, words in ((0, 6, "Six"), (10, 8, "Eight"), (50, 10, "Ten")):
        before = await value(context, "select coalesce(max(failures), 0) from code_failures")
        await type_wrong(context, failures - before)
        async with browser() as page:
            await ask(page, network=f"198.51.100.{digits}")
            sent = await code(context)
            assert len(sent) == digits
            assert f"{words} digits" in (await page.get("/sign-in/code")).text
            wrong = await page.post("/sign-in/code", data={"code": "123"})
            assert f"The code has {words.lower()} digits" in wrong.text
            half = digits // 2
            typed = f"{sent[:half]} {sent[half:]}"
            assert (await page.post("/sign-in/code", data={"code": typed})).status_code == 303
            await page.post("/sign-out")
    # Nobody else's codes are longer for it.
    await sign_in_actions.request_mail(context, SignInRequest("milo@example.org"), network=THERE)
    assert len(await code(context, "milo@example.org")) == 6


async def test_an_address_without_an_account_is_guarded_just_so(cast: Cast, context: Context) -> None:
    await type_wrong(context, 10, "nobody@example.org")
    await sign_in_actions.request_mail(context, SignInRequest("nobody@example.org"), network=THERE)
    assert len(await code(context, "nobody@example.org")) == 8
    stored = await rows(context, "select row_to_json(code_failures)::text as row from code_failures")
    assert all("nobody" not in row["row"] for row in stored)


async def test_short_codes_asked_for_before_are_no_way_around(cast: Cast, context: Context) -> None:
    """Many requests, made while codes are short, do not give five tries each at a short code."""
    keys, codes = [], []
    for number in range(6):
        keys.append(
            await sign_in_actions.request_mail(context, SignInRequest(MIRA), network=f"network {number}")
        )
        codes.append(await code(context))
    await asyncio.gather(
        *(
            sign_in_actions.use_code(context, keys=BrowserKeys(key), digits=f"{(int(right) + 1) % 10**6:06}")
            for key, right in zip(keys[:5], codes[:5], strict=True)
            for _ in range(5)
        ),
        return_exceptions=True,
    )
    # Those after the tenth were not even compared.
    assert await value(context, "select failures from code_failures") == 10
    assert await value(context, "select sum(tries) from sign_in_requests") == 10
    with pytest.raises(Refused, match="too_short"):
        await sign_in_actions.use_code(context, keys=BrowserKeys(keys[5]), digits=codes[5])


async def test_the_own_slips_of_somebody_who_then_signs_in_do_not_count(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    await type_wrong(context, 3)
    async with browser() as page:
        await ask(page)
        right = await code(context)
        for number in (1, 2):
            await page.post("/sign-in/code", data={"code": f"{(int(right) + number) % 10**6:06}"})
        assert await value(context, "select failures from code_failures") == 5
        assert await sign_in(page, context) == 303
    # The wrong ones of others stay.
    assert await value(context, "select failures from code_failures") == 3


async def test_the_person_is_told_once_a_day(cast: Cast, context: Context, drain: Drain) -> None:
    async def told() -> int:
        await drain()
        return await value(context, "select count(*) from mails where kind = 'sign_in_tries'")

    await type_wrong(context, 4)
    assert await told() == 0
    await type_wrong(context, 5)
    assert await told() == 1
    await type_wrong(context, 10)
    assert await told() == 1
    await change(context, "update code_failures set told_at = now() - interval '25 hours'")
    await type_wrong(context, 5)
    assert await told() == 2
    mail = (await rows(context, "select * from mails where kind = 'sign_in_tries' limit 1"))[0]
    assert (mail["to_address"], mail["subject"]) == (MIRA, "Somebody tried to sign in as you")
    # An address that nobody has is told nothing, and the answer costs the same: a job is enqueued for it as well.
    await type_wrong(context, 5, "nobody@example.org")
    assert (
        await value(context, "select count(*) from pgqueuer where entrypoint = 'sign_in.tell_of_wrong_codes'")
        == 1
    )
    assert await told() == 2


async def test_old_failures_and_browsers_are_deleted(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    await type_wrong(context, 5)
    async with browser() as page:
        await ask(page)
        await sign_in(page, context)
    await sign_in_actions.delete_old(context)
    assert await value(context, "select count(*) from code_failures") == 1
    assert await value(context, "select count(*) from known_browsers") == 1
    await change(context, "update code_failures set changed_at = now() - interval '31 days'")
    await change(context, "update known_browsers set used_at = now() - interval '401 days'")
    await sign_in_actions.delete_old(context)
    assert await value(context, "select count(*) from code_failures") == 0
    assert await value(context, "select count(*) from known_browsers") == 0
