"""People on a real database: sign-in, profiles, roles."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest

from circles import people
from circles.base.errors import NotFound, Refused
from circles.people import actions, rules, sign_in_actions
from circles.people.sign_in_actions import BrowserKeys
from circles.people.sign_in_rules import SignInRequest
from circles.store.context import Context
from circles.web.sent import searched
from tests.cast import Cast, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, look_up, missing, value


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sign-in mail holds for the one who reads it."""

    to: str
    subject: str
    code: str
    link: str  # as a path
    text: str
    html: str


async def newest_mail(context: Context) -> Sent:
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select * from mails order by created_at desc limit 1")
    assert row
    code = re.search(r"\b([0-9]{6})\b", row["text_body"])
    link = re.search(r"http://circles\.test(/sign-in/link/\S+)", row["text_body"])
    assert code
    assert link
    return Sent(row["to_address"], row["subject"], code[1], link[1], row["text_body"], row["html_body"])


async def ask(page: Browser, context: Context, email: str = "mira@example.org", **more: str) -> Sent:
    answer = await page.post("/sign-in", data={"email": email, **more})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in/code"
    return await newest_mail(context)


async def who(page: Browser) -> str:
    """The address this browser is signed in with, or nothing."""
    answer = await page.get("/me")
    found = re.search(r"Signed in as <strong>([^<]+)</strong>", answer.text)
    return found[1] if found else ""


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


# the code


async def test_the_whole_way_by_code(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser() as page:
        form = await page.get("/sign-in?next=/me")
        assert 'name="next" value="/me"' in form.text
        mail = await ask(page, context, " Mira@Example.org ", next="/me")
        assert (mail.to, mail.subject) == ("mira@example.org", "Your sign-in code")
        assert mail.code in mail.html
        typed = await page.get("/sign-in/code")
        assert "mira@example.org" in typed.text
        assert typed.headers["cache-control"] == "no-store"
        answer = await page.post("/sign-in/code", data={"code": f" {mail.code[:3]} {mail.code[3:]}"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        assert await who(page) == "mira@example.org"


async def test_the_cookie_is_private_and_lasts_thirty_days(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        answer = await page.post("/sign-in/code", data={"code": mail.code})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("sign-in="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=2592000" in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    assert await value(context, "select count(*) from sign_ins where token_hash = $1", token.encode()) == 0
    lasts = await value(context, "select max(expires_at - created_at) from sign_ins")
    assert lasts == timedelta(days=30)


async def test_another_browser_cannot_use_the_code(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page, browser() as other:
        mail = await ask(page, context)
        answer = await other.post("/sign-in/code", data={"code": mail.code})
        assert answer.status_code == 422
        assert "in this browser" in answer.text
        # Nor one that has asked for a code itself.
        own = await ask(other, context, "milo@example.org")
        if own.code != mail.code:
            assert (await other.post("/sign-in/code", data={"code": mail.code})).status_code == 422
        assert await who(other) == ""
        assert (await page.post("/sign-in/code", data={"code": mail.code})).status_code == 303


async def test_a_code_works_once(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        asked = page.cookies["asked"]
        await page.post("/sign-in/code", data={"code": mail.code})
        await page.post("/sign-out")
        page.cookies.set("asked", asked)
        spent = (await page.get("/sign-in/code")).text
        assert not missing(spent, "This code is over", "This code was used already", "Ask for a new code")
        assert "is on its way" not in spent
        assert 'name="code"' not in spent
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert answer.status_code == 422
        assert answer.text.count("used already") == 1, "said once, and read aloud"
        assert '<p class="lede" role="alert">' in answer.text
        assert await who(page) == ""


async def test_a_code_pressed_twice_at_once_signs_in_once(cast: Cast, context: Context) -> None:
    key = await sign_in_actions.request_mail(context, SignInRequest("mira@example.org"), network="n")
    mail = await newest_mail(context)
    tries = [sign_in_actions.use_code(context, keys=BrowserKeys(key), digits=mail.code) for _ in range(4)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, sign_in_actions.SignIn) for each in answers) == 1
    assert await value(context, "select count(*) from sign_ins") == 1


async def test_a_code_lasts_ten_minutes(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        lasts = await value(context, "select expires_at - created_at from sign_in_requests")
        assert lasts == timedelta(minutes=10)
        await change(context, "update sign_in_requests set expires_at = now()")
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert answer.status_code == 422
        assert "older than ten minutes" in answer.text
        assert 'href="/sign-in"' in answer.text
        gone = await page.get(mail.link)
        assert gone.status_code == 410
        assert (await page.post(mail.link)).status_code == 410
        assert await who(page) == ""


async def test_the_sixth_try_is_refused_though_it_is_right(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        for left in ("4 more times", "3 more times", "2 more times", "one more time", "wrong 5 times"):
            answer = await page.post("/sign-in/code", data={"code": wrong(mail.code)})
            assert answer.status_code == 422
            assert left in answer.text
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert answer.status_code == 422
        assert "ask for a new one" in answer.text
        assert 'name="code"' not in answer.text
        assert await who(page) == ""
        # A new code starts anew.
        mail = await ask(page, context)
        assert (await page.post("/sign-in/code", data={"code": mail.code})).status_code == 303


async def test_concurrent_guesses_get_five_tries(cast: Cast, context: Context) -> None:
    key = await sign_in_actions.request_mail(context, SignInRequest("mira@example.org"), network="n")
    bad = wrong((await newest_mail(context)).code)
    tries = [sign_in_actions.use_code(context, keys=BrowserKeys(key), digits=bad) for _ in range(12)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(each, Refused) for each in answers)
    assert await value(context, "select tries from sign_in_requests") == 5


async def test_what_is_no_code_is_kept_and_does_not_count(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        await ask(page, context)
        answer = await page.post("/sign-in/code", data={"code": "12 34"})
        assert answer.status_code == 422
        assert 'value="12 34"' in answer.text
        assert await value(context, "select tries from sign_in_requests") == 0


async def test_a_new_code_takes_the_place_of_the_old(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        first, second = await ask(page, context), await ask(page, context)
        if first.code != second.code:
            answer = await page.post("/sign-in/code", data={"code": first.code})
            assert "not the code from the newest mail" in answer.text
        assert (await page.get(first.link)).status_code == 410
        assert (await page.post("/sign-in/code", data={"code": second.code})).status_code == 303


async def test_asking_anew_needs_no_typing_anew(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        await ask(page, context, "nour@example.org", name="Nour", pronouns="she/her", next="/me")
        form = (await page.get("/sign-in")).text
        for kept in ('"nour@example.org"', '"Nour"', '"she/her"', 'name="next" value="/me"'):
            assert kept in form
    async with browser() as other:
        assert "nour@example.org" not in (await other.get("/sign-in")).text


async def test_codes_are_stored_so_that_the_table_gives_none_away(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        kept = await value(context, "select row_to_json(sign_in_requests)::text from sign_in_requests")
        assert mail.code.encode().hex() not in kept
        assert mail.link.rpartition("/")[2] not in kept
        assert page.cookies["asked"] not in kept


# the link


async def test_opening_the_link_changes_nothing_and_the_button_signs_in(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page, browser() as phone:
        mail = await ask(page, context, next="/me")
        for _ in range(3):
            opened = await phone.get(mail.link)
            assert opened.status_code == 200
            assert opened.headers["cache-control"] == "no-store"
            assert "mira@example.org" in opened.text
            assert f'method="post" action="{mail.link}"' in opened.text
        assert await phone.head(mail.link)
        assert await who(phone) == ""
        answer = await phone.post(mail.link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        assert await who(phone) == "mira@example.org"
        again = await phone.post(mail.link)
        assert again.status_code == 410
        assert "works once" in again.text
        # The code of the same mail is used up with it.
        assert (await page.post("/sign-in/code", data={"code": mail.code})).status_code == 422
        assert await who(page) == ""


async def test_a_made_up_link_is_not_found(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for token in ("x", "A" * 43, "%00", "\u202e", "x" * 2000):
            assert (await page.get(f"/sign-in/link/{token}")).status_code == 404
            assert (await page.post(f"/sign-in/link/{token}")).status_code == 404


async def test_the_link_works_though_the_code_was_tried_out(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        for _ in range(6):
            await page.post("/sign-in/code", data={"code": wrong(mail.code)})
        assert (await page.post(mail.link)).status_code == 303
        assert await who(page) == "mira@example.org"


# somebody new


async def test_the_response_does_not_reveal_whether_an_address_is_known(
    browser: OpenBrowser, cast: Cast, context: Context, queries: list[str]
) -> None:
    seen = []
    # The first only makes the driver learn the types it has not met on this connection.
    for email in ("first@example.org", "mira@example.org", "mora@example.org"):
        async with browser() as page:
            queries.clear()
            answer = await page.post("/sign-in", data={"email": email})
            asked = list(queries)
            code = await page.get("/sign-in/code")
            mail = await newest_mail(context)
            told = [answer.text, code.text, mail.text, mail.subject, mail.html]
            hidden = (email, mail.code, mail.link)
            for secret in hidden:
                told = [text.replace(secret, "…") for text in told]
            cookies = [re.sub(r"=[^;]+;", "=…;", c, count=1) for c in answer.headers.get_list("set-cookie")]
            seen.append((answer.status_code, answer.headers["location"], cookies, told, asked))
    assert seen[1] == seen[2]


async def test_somebody_new_gives_a_name_at_once(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        page.cookies.set("zone", "America%2FDenver", domain="circles.test")
        mail = await ask(page, context, "nour@example.org", name="  Nour 🌿 ", pronouns="they/them")
        assert "Nour" not in mail.text
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert (answer.status_code, answer.headers["location"]) == (303, "/gatherings")
        assert await who(page) == "nour@example.org"
    async with context.db.reading() as tx:
        nour = await people.by_email(tx, "nour@example.org")
    assert nour
    assert (nour.name, nour.pronouns, nour.zone) == ("Nour 🌿", "they/them", "America/Denver")
    assert not nour.is_facilitator
    assert not nour.is_organizer
    assert (
        await value(
            context, "select count(*) from events where what = 'person.joined' and about = $1", nour.id
        )
        == 1
    )


async def test_somebody_new_who_gave_no_name_is_asked_after_the_code(
    browser: OpenBrowser, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context, "nour@example.org", next="/me")
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/name")
        assert await who(page) == ""
        assert await value(context, "select count(*) from people") == 0
        assert "nour@example.org" in (await page.get("/sign-in/name")).text
        # The code is used up; going back to it leads on to the name.
        assert (await page.get("/sign-in/code")).headers["location"] == "/sign-in/name"
        answer = await page.post("/sign-in/name", data={"name": " ", "pronouns": "she/her"})
        assert answer.status_code == 422
        assert 'value="she/her"' in answer.text
        answer = await page.post("/sign-in/name", data={"name": "Nour", "pronouns": "she/her"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        assert await who(page) == "nour@example.org"


async def test_a_name_cannot_be_given_without_the_code(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        await ask(page, context, "nour@example.org")
        assert (await page.get("/sign-in/name")).headers["location"] == "/sign-in"
        answer = await page.post("/sign-in/name", data={"name": "Nour"})
        assert answer.status_code == 422
        assert await who(page) == ""
        assert await value(context, "select count(*) from people") == 0


async def test_a_name_can_be_given_for_half_an_hour(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        mail = await ask(page, context, "nour@example.org")
        await page.post("/sign-in/code", data={"code": mail.code})
        await change(context, "update sign_in_requests set expires_at = now()")
        answer = await page.post("/sign-in/name", data={"name": "Nour"})
        assert answer.status_code == 422
        assert "half an hour" in answer.text
        assert 'value="Nour"' in answer.text


async def test_a_stranger_cannot_name_somebody_new(browser: OpenBrowser, context: Context) -> None:
    async with browser() as stranger, browser() as nour:
        mail = await ask(stranger, context, "nour@example.org", name="Rude word")
        answer = await nour.post(mail.link)
        assert answer.headers["location"] == "/sign-in/name"
        assert "Rude word" not in (await nour.get("/sign-in/name")).text
        # The stranger's browser is out of it now.
        assert (await stranger.post("/sign-in/name", data={"name": "Rude word"})).status_code == 422
        await nour.post("/sign-in/name", data={"name": "Nour"})
        assert await who(nour) == "nour@example.org"
    assert await value(context, "select name from people where email = 'nour@example.org'") == "Nour"


async def test_a_known_person_keeps_their_name_whatever_is_typed(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        page.cookies.set("zone", "Europe%2FBerlin")
        mail = await ask(page, context, name="Somebody else", pronouns="it/its")
        await page.post("/sign-in/code", data={"code": mail.code})
    async with context.db.reading() as tx:
        mira = (await people.by_ids(tx, [cast.mira]))[cast.mira]
    assert (mira.name, mira.pronouns) == ("Mira", "she/her")
    assert mira.zone == "Europe/Berlin"


async def test_a_zone_once_kept_stays(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    await change(context, "update people set zone = 'America/Denver' where id = $1", cast.mira)
    async with browser() as page:
        page.cookies.set("zone", "Europe%2FBerlin")
        mail = await ask(page, context)
        await page.post("/sign-in/code", data={"code": mail.code})
    assert await value(context, "select zone from people where id = $1", cast.mira) == "America/Denver"


async def test_the_same_new_address_by_two_mails_is_one_person(
    browser: OpenBrowser, context: Context
) -> None:
    async with browser() as page, browser() as phone:
        first = await ask(page, context, "nour@example.org", name="Nour")
        second = await ask(phone, context, "nour@example.org", name="Nour A")
        answers = await asyncio.gather(
            page.post("/sign-in/code", data={"code": first.code}),
            phone.post("/sign-in/code", data={"code": second.code}),
        )
        assert [each.status_code for each in answers] == [303, 303]
        assert await who(page) == await who(phone) == "nour@example.org"
    assert await value(context, "select count(*) from people") == 1
    assert await value(context, "select count(*) from events where what = 'person.joined'") == 1


# bad input and limits


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": ""}, "Please fill this in."),
        ({"email": "mira"}, "such as name@example.org"),
        ({"email": "mira@example.org\nBcc: x@example.org"}, "one line"),
        ({"email": "mira@example.org\x00"}, "hidden character"),
        ({"email": "n@example.org", "name": "Mi\nra"}, "one line"),
        ({"email": "n@example.org", "name": "Mi\x00ra"}, "hidden character"),
        ({"email": "n@example.org", "name": "\u200b"}, "can be seen"),
        ({"email": "n@example.org", "name": "m" * 81}, "81 characters"),
        ({"email": "n@example.org", "name": "N", "pronouns": "p" * 41}, "41 characters"),
    ],
)
async def test_what_cannot_be_read_is_shown_with_its_error(
    browser: OpenBrowser, context: Context, typed: dict[str, str], said: str
) -> None:
    async with browser() as page:
        answer = await page.post("/sign-in", data={**typed, "next": "/me"})
        assert answer.status_code == 422
        assert said in answer.text
        assert 'name="next" value="/me"' in answer.text
        name = typed.get("name", "")
        if name.isprintable() and name:
            assert f'value="{name}"' in answer.text
        assert await value(context, "select count(*) from mails") == 0


async def test_a_name_in_other_letters_comes_out_whole_and_harmless(
    browser: OpenBrowser, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context, "n@example.org", name="\u202e<script>alert(1)</script>🌿")
        await page.post("/sign-in/code", data={"code": mail.code})
        shown = (await page.get("/me")).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;🌿" in shown
        assert "<script>alert" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize(
    "next_path",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/",
        "/\\elsewhere.test",
        "/\t/elsewhere.test",
        "javascript:alert(1)",
        "%2F%2Felsewhere.test",
        "/sign-out",
        "/" + "a" * 600,
        "\x00",
    ],
)
async def test_no_redirect_leaves_the_site(
    browser: OpenBrowser, cast: Cast, context: Context, next_path: str
) -> None:
    async with browser() as page:
        form = await page.get("/sign-in", params={"next": next_path})
        assert 'name="next" value=""' in form.text
        mail = await ask(page, context, next=next_path)
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert answer.headers["location"] == "/gatherings"
        again = await page.get("/sign-in", params={"next": next_path})
        assert (again.status_code, again.headers["location"]) == (303, "/gatherings")


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}],
)
async def test_another_site_cannot_send_these_forms(
    browser: OpenBrowser, cast: Cast, context: Context, headers: dict[str, str]
) -> None:
    async with browser(cast.mira) as page:
        mail = await ask(page, context)
        if "Origin" in headers:
            del page.headers["Sec-Fetch-Site"]
        for path in ("/sign-in", "/sign-in/code", mail.link, "/sign-out", "/sign-out/everywhere", "/me"):
            assert (
                await page.post(path, data={"email": "a@example.org"}, headers=headers)
            ).status_code == 403
        assert await who(page) == "mira@example.org"


# being signed in


async def test_a_page_that_needs_signing_in_leads_there_and_back(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        answer = await page.get("/me?a=1&b=2")
        assert answer.status_code == 303
        form = await page.get(answer.headers["location"])
        assert 'name="next" value="/me?a=1&amp;b=2"' in form.text
        mail = await ask(page, context, next="/me?a=1&b=2")
        answer = await page.post("/sign-in/code", data={"code": mail.code})
        assert answer.headers["location"] == "/me?a=1&b=2"


async def test_signing_in_again_ends_what_this_browser_held(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser(cast.milo) as page:
        before = page.cookies["sign-in"]
        mail = await ask(page, context)
        await page.post("/sign-in/code", data={"code": mail.code})
        assert await who(page) == "mira@example.org"
        assert page.cookies["sign-in"] != before
    assert await people.find_signed_in(context, before) is None


async def test_signing_out_ends_this_browser_only(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser(cast.mira) as page, browser(cast.mira) as phone:
        token = page.cookies["sign-in"]
        answer = await page.post("/sign-out")
        assert answer.status_code == 303
        assert await who(page) == ""
        assert await people.find_signed_in(context, token) is None
        assert await who(phone) == "mira@example.org"
        assert (await page.post("/sign-out")).status_code == 303  # twice is no fault


async def test_signing_out_everywhere_ends_every_browser(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page, browser(cast.mira) as phone, browser(cast.milo) as milo:
        assert (await page.post("/sign-out/everywhere")).status_code == 303
        assert await who(page) == ""
        assert await who(phone) == ""
        assert await who(milo) == "milo@example.org"


async def test_a_sign_in_runs_out(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser(cast.mira) as page:
        await change(context, "update sign_ins set expires_at = now()")
        assert await who(page) == ""


async def test_nothing_but_a_whole_token_signs_in(cast: Cast, context: Context) -> None:
    for token in ("", "x", "\x00", "é" * 50):
        assert await people.find_signed_in(context, token) is None


async def test_being_signed_in_costs_one_query(cast: Cast, context: Context, queries: list[str]) -> None:
    async with context.db.transaction() as tx:
        token = await people.start_sign_in(tx, cast.mira)
    queries.clear()
    assert await people.find_signed_in(context, token)
    assert len(queries) == 1


async def test_old_askings_and_sign_ins_are_forgotten(cast: Cast, context: Context) -> None:
    async with context.db.transaction() as tx:
        await people.start_sign_in(tx, cast.mira)
        kept = await people.start_sign_in(tx, cast.milo)
    await sign_in_actions.request_mail(context, SignInRequest("mira@example.org"), network="n")
    await sign_in_actions.delete_old(context)
    assert await value(context, "select count(*) from sign_in_requests") == 1
    await change(context, "update sign_in_requests set expires_at = now() - interval '25 hours'")
    await change(
        context, "update sign_ins set ended_at = now() - interval '31 days' where person_id = $1", cast.mira
    )
    await sign_in_actions.delete_old(context)
    assert await value(context, "select count(*) from sign_in_requests") == 0
    assert await value(context, "select count(*) from sign_ins") == 1
    assert await people.find_signed_in(context, kept)


# how people are shown


async def test_a_person_changes_their_profile(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with browser(cast.mira) as page:
        shown = await page.get("/me")
        assert shown.headers["cache-control"] == "no-store"
        assert 'value="Mira"' in shown.text
        assert "About you" not in shown.text
        answer = await page.post(
            "/me",
            data={
                "name": "Mira D",
                "pronouns": "they/them",
                "zone": "America/Denver",
                "about": "Not for members",
            },
        )
        assert answer.status_code == 303
        assert 'option value="America/Denver" selected' in (await page.get("/me")).text
    async with context.db.reading() as tx:
        mira = (await people.profiles(tx, [cast.mira]))[cast.mira]
    assert (mira.name, mira.pronouns, mira.about) == ("Mira D", "they/them", "")


async def test_every_error_of_the_profile_is_shown(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            "/me", data={"name": "", "pronouns": "p" * 41, "zone": "Mars/Olympus", "about": "a" * 2001}
        )
        assert answer.status_code == 422
        for said in ("fill this in", "41 characters", "choose one of these", "2,001 characters"):
            assert said in answer.text
        assert "a" * 2001 in answer.text
    assert await value(context, "select name from people where id = $1", cast.farid) == "Farid"


async def test_a_facilitator_states_their_training(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser(cast.farid) as page:
        await page.post("/me", data={"name": "Farid", "about": "I listen.\n\nMostly."})
        for year in ("2015", "2021", ""):
            training = {"kind": f"IFS Level 2 {year}", "body": "IFS Institute", "year": year}
            assert (await page.post("/me/credentials", data=training)).status_code == 303
        async with context.db.reading() as tx:
            farid = (await people.profiles(tx, [cast.farid]))[cast.farid]
        assert farid.about == "I listen.\n\nMostly."
        assert [each.year for each in farid.credentials] == [2021, 2015, None]
        gone = farid.credentials[0].id
        assert (await page.post(f"/me/credentials/{gone}/remove")).status_code == 303
        assert "IFS Level 2 2021" not in (await page.get("/me")).text
        refused = await page.post("/me/credentials", data={"kind": "LCSW", "body": "", "year": "12"})
        assert refused.status_code == 422
        assert 'value="LCSW"' in refused.text
        assert 'value="Farid"' in refused.text


async def test_training_is_limited_in_number(cast: Cast, context: Context) -> None:
    async with context.db.reading() as tx:
        farid = (await people.by_ids(tx, [cast.farid]))[cast.farid]
    for _ in range(rules.MAX_CREDENTIALS):
        await actions.add_credential(context, farid, kind="K", body="B", year=None)
    with pytest.raises(Refused):
        await actions.add_credential(context, farid, kind="K", body="B", year=None)


async def test_training_is_its_owners_alone(browser: OpenBrowser, cast: Cast, context: Context) -> None:
    async with context.db.reading() as tx:
        found = await people.by_ids(tx, [cast.farid, cast.odile])
    training = await actions.add_credential(context, found[cast.farid], kind="K", body="B", year=None)
    async with browser(cast.fern) as fern, browser(cast.mira) as mira, browser(cast.odile) as odile:
        assert (await fern.post(f"/me/credentials/{training}/remove")).status_code == 404
        assert (await fern.post("/me/credentials/not-an-id/remove")).status_code == 404
        for page in (mira, odile):
            assert (await page.post("/me/credentials", data={"kind": "K", "body": "B"})).status_code == 404
    assert await value(context, "select count(*) from credentials") == 1


# parts


async def test_organizers_alone_see_the_people(browser: OpenBrowser, cast: Cast) -> None:
    for somebody in (cast.mira, cast.farid):
        async with browser(somebody) as page:
            assert (await page.get("/organize/people")).status_code == 404
    async with browser() as page:
        assert (await page.get("/organize/people")).headers["location"].startswith("/sign-in")


async def test_the_list_of_people_is_searched_and_paged(
    browser: OpenBrowser, cast: Cast, context: Context, queries: list[str]
) -> None:
    for number in range(40):
        await add_person(context, f"Person {number:02}")
    async with browser(cast.odile) as page:
        queries.clear()
        first = (await page.get("/organize/people")).text
        assert len(queries) <= 3
        assert "45 people" in first
        assert "Page 1 of 2" in first
        assert "Person 39" not in first
        second = (await page.get("/organize/people?page=2")).text
        assert "Person 39" in second
        assert "Person 39" in (await page.get("/organize/people?page=999")).text
        found = (await look_up(page, "PERSON 07")).text
        assert "Person 07" in found
        assert "1 person" in found
        by_address = (await look_up(page, "mira@")).text
        assert "mira@example.org" in by_address
        assert "milo@example.org" not in by_address
        facilitators = (await page.get("/organize/people?part=facilitator")).text
        assert "Farid" in facilitators
        assert "Mira" not in re.sub(r"<aside.*?</aside>", "", facilitators, flags=re.S)
        for odd in ({"find": "é"}, {"find": "A"}, {"find": "A" * 3000}, {"page": "-1"}, {"part": "x"}):
            assert (await page.get("/organize/people", params=odd)).status_code == 200
        for odd in ("'; drop table people", "\x00", "a" * 200):
            assert (await look_up(page, odd)).status_code == 200
        assert "Nobody matches" in (await look_up(page, "%")).text


async def test_a_name_that_is_looked_up_is_in_no_address(
    browser: OpenBrowser, cast: Cast, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        await add_person(context, f"Quillon {number:02}")
    async with browser(cast.odile) as page:
        for path in ("/organize/people", "/organize/therapists"):
            shown = (await page.get(path)).text
            assert re.search(rf'<form[^>]* method="post" action="{path}" role="search"', shown)
            assert "quill" not in (await page.post(path, data={"q": "quillon"})).headers["location"].lower()
        page_one = await look_up(page, "quillon")
        links = re.findall(r'href="([^"]*)"', page_one.text)
        assert any("page=2" in link for link in links)
        assert not [link for link in links if "quillon" in link.lower()]
        following = next(link for link in links if "page=2" in link).replace("&amp;", "&")
        assert "Quillon 39" in (await page.get(following)).text
        # An address from before, or made by hand, looks up nothing.
        assert "Mira" in (await page.get("/organize/people?q=quillon")).text
        address = str(page_one.url)
        changed = address[:-3] + ("AAA" if address[-3:] != "AAA" else "BBB")
        assert "Please write it again" in (await page.get(changed)).text
        await change(context, "update people set is_organizer = true where id = $1", cast.mira)
        async with browser(cast.mira) as another:
            assert "Please write it again" in (await another.get(address)).text
        monkeypatch.setattr(searched, "LASTS", timedelta(seconds=-1))
        assert "Please write it again" in (await page.get(address)).text


async def test_organizers_are_appointed_and_dismissed_by_the_operator(cast: Cast, context: Context) -> None:
    await change(context, "update people set is_organizer = false")
    first = await actions.appoint_organizer(context, email="New@Example.org", name="Nel")
    assert first.name == "Nel"
    known = await actions.appoint_organizer(context, email="mira@example.org", name="Other")
    assert (known.id, known.name) == (cast.mira, "Mira")
    assert {each.name for each in await actions.organizers(context)} == {"Nel", "Mira"}
    await actions.dismiss_organizer(context, email="MIRA@example.org")
    assert [each.name for each in await actions.organizers(context)] == ["Nel"]
    with pytest.raises(NotFound):
        await actions.dismiss_organizer(context, email="nobody@example.org")
    assert await value(context, "select count(*) from events where what = 'person.organizer'") == 3


# what other rooms ask


async def test_other_features_read_many_people_in_one_query(
    cast: Cast, context: Context, queries: list[str]
) -> None:
    async with context.db.reading() as tx:
        assert await people.by_ids(tx, []) == {}
        queries.clear()
        found = await people.by_ids(tx, [cast.mira, cast.farid, uuid4()])
        profiles = await people.profiles(tx, [cast.farid, cast.fern])
        assert len(queries) == 2
    assert {person.name for person in found.values()} == {"Mira", "Farid"}
    assert set(profiles) == {cast.farid, cast.fern}


# the practice mailbox


async def test_the_practice_mailbox_shows_a_mail_and_its_links(
    browser: OpenBrowser, cast: Cast, context: Context
) -> None:
    async with browser() as page:
        mail = await ask(page, context)
        mail_id = await value(context, "select id from mails")
        assert f"/practice/mail/{mail_id}" in (await page.get("/practice/mail")).text
        shown = (await page.get(f"/practice/mail/{mail_id}")).text
        assert mail.code in shown
        assert f'href="{mail.link}"' in shown
        assert f'src="/practice/mail/{mail_id}/html" sandbox' in shown
        assert "Auto-Submitted" in shown
        framed = await page.get(f"/practice/mail/{mail_id}/html")
        policy = framed.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "frame-ancestors 'self'" in policy
        assert "script-src" not in policy
        for path in (f"/practice/mail/{uuid4()}", "/practice/mail/x", f"/practice/mail/{mail_id}/invite.ics"):
            assert (await page.get(path)).status_code == 404


async def test_the_practice_mailbox_serves_the_calendar_part(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        await ask(page, context)
        mail_id = await value(context, "select id from mails")
        await change(
            context,
            "update mails set calendar = $1, calendar_method = 'REQUEST'",
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Tuesday group\r\nEND:VCALENDAR\r\n",
        )
        assert "Tuesday group" in (await page.get(f"/practice/mail/{mail_id}")).text
        file = await page.get(f"/practice/mail/{mail_id}/invite.ics")
        assert file.headers["content-type"] == "text/calendar; charset=utf-8; method=REQUEST"
        assert 'filename="invite.ics"' in file.headers["content-disposition"]
        assert "SUMMARY:Tuesday group" in file.text


@pytest.mark.parametrize(
    ("name", "lands"), [("mira", "/gatherings"), ("farid", "/host"), ("odile", "/organize")]
)
async def test_the_practice_bar_signs_one_in(browser: OpenBrowser, cast: Cast, name: str, lands: str) -> None:
    async with browser() as page:
        answer = await page.post("/practice/sign-in", data={"who": name})
        assert (answer.status_code, answer.headers["location"]) == (303, lands)
        assert await who(page) == f"{name}@example.org"


async def test_the_practice_bar_creates_no_account(browser: OpenBrowser, context: Context) -> None:
    async with browser() as page:
        answer = await page.post("/practice/sign-in", data={"who": "mira"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "no%20demo%20community" in answer.headers["set-cookie"]
        assert (await page.post("/practice/sign-in", data={"who": "root"})).status_code == 404
    assert await value(context, "select count(*) from people") == 0


async def test_production_has_no_practice_pages(context: Context) -> None:
    from app import routes

    closed = context.settings.model_copy(update={"mode": "production"})
    assert not [each for each in routes(closed) if getattr(each, "path", "").startswith("/practice")]
    assert [each for each in routes(context.settings) if getattr(each, "path", "").startswith("/practice")]
