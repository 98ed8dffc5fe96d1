"""Invitations by mail: a list of addresses, each once and in turn, withdrawn, and no more for whoever wants none."""

from __future__ import annotations

import re

import pytest

from circles.base.errors import Refused
from circles.organizing.moving_in.inviting import actions, rules
from circles.organizing.moving_in.inviting.rules import Addresses
from circles.store import jobs
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value

HOME = "/organize/invitations"


def test_addresses_are_found_in_what_is_pasted() -> None:
    typed = "Ada Osei <ADA@example.org>, ben@example.org; ben@example.org\nmailto:cy@example.org\n"
    assert rules.read(typed) == Addresses(("ada@example.org", "ben@example.org", "cy@example.org"))
    found = rules.read("ada@example.org\nben at example.org\n")
    assert found.unreadable == ("ben at example.org",)
    assert [reason.code for reason in rules.refusals(found)] == ["unreadable"]
    assert [reason.code for reason in rules.refusals(rules.read(""))] == ["missing"]
    assert rules.read("ada@example.org, a@@b; cy@").unreadable == ("a@@b", "cy@")
    assert [rules.may_be(cell) for cell in ("a@@b", "Ada <ada@example.org>", "@ada", "Ada")] == [
        True,
        True,
        False,
        False,
    ]
    many = rules.read("\n".join(f"a{n}@example.org" for n in range(501)))
    assert [reason.code for reason in rules.refusals(many)] == ["too_many"]
    with pytest.raises(Refused):
        rules.read("x" * 60_001)


async def test_each_address_is_invited_once(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        assert "Nobody has been invited yet" in (await page.get(HOME)).text
        sent = {"addresses": "ada@example.org, mira@example.org, ADA@example.org", "circle": str(cast.circle)}
        answered = await page.post(HOME, data=sent, files={"file": ("", b"", "application/octet-stream")})
        assert answered.status_code == 303, answered.text
        batch = answered.headers["Location"]
        await jobs.drain(context)
        text = (await page.get(batch)).text
        assert text.count("Sent") == 2
        again = await page.post(
            HOME, data=sent | {"addresses": "ada@example.org"}, files={"file": ("", b"", "text/csv")}
        )
        assert (again.status_code, "invited in the last two weeks" in again.text) == (422, True)
        assert "ada@example.org" in again.text
    mails = {row["to_address"]: row for row in await rows(context, "select * from mails")}
    assert set(mails) == {"ada@example.org", "mira@example.org"}
    assert {row["subject"] for row in mails.values()} == {"An invitation"}
    assert "Tuesday group" in mails["ada@example.org"]["text_body"]
    assert "You make an account" in mails["ada@example.org"]["text_body"]
    assert "You have an account" in mails["mira@example.org"]["text_body"]
    for row in mails.values():
        assert not missing(row["unsubscribe_url"], "/invitations/", "/none")
    await jobs.drain(context)
    assert await value(context, "select count(*) from mails") == 2
    assert await value(context, "select count(*) from people where email = 'ada@example.org'") == 0


async def test_what_the_organizer_reads_tells_nothing_of_accounts(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    await change(context, "insert into unwanted_mail (address_hash) values (sha256('milo@example.org'))")
    addresses = Addresses(("ada@example.org", "mira@example.org", "milo@example.org"))
    batch = await actions.invite(context, actor_id=cast.odile, addresses=addresses)
    await jobs.drain(context)
    assert await value(context, "select count(*) from mails where to_address = 'milo@example.org'") == 0
    async with browser(cast.odile) as page:
        text = (await page.get(f"{HOME}/{batch}")).text
        lines = re.findall(r"<tr>.*?</tr>", text.split("<tbody>")[1], re.S)
        plain = {
            re.sub(r"\w+@example\.org|[0-9a-f-]{36}", "*", re.sub(r"<time.*?</time>", "", line, flags=re.S))
            for line in lines
        }
        assert len(lines) == 3
        assert len(plain) == 1
        assert "Sent" in plain.pop()


async def test_invitations_go_out_slowly(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    context = cast.context
    monkeypatch.setattr(rules, "PER_MINUTE", 2)
    addresses = Addresses(tuple(f"a{n}@example.org" for n in range(5)))
    await actions.invite(context, actor_id=cast.odile, addresses=addresses)
    await jobs.drain(context)
    assert await value(context, "select count(*) from mails") == 2
    for expected in (4, 5, 5):
        await actions.send(context)
        assert await value(context, "select count(*) from mails") == expected


async def test_an_invitation_opens_and_is_withdrawn(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    addresses = Addresses(("ada@example.org", "ben@example.org"))
    batch = await actions.invite(context, actor_id=cast.odile, addresses=addresses, circle_id=cast.circle)
    await jobs.drain(context)
    kept = await rows(context, "select to_address, text_body from mails")
    links = {
        row["to_address"]: re.search(r"http://circles\.test(/invitations/\S+)", row["text_body"])[1]  # type: ignore[index]
        for row in kept
    }
    async with browser() as page:
        text = (await page.get(links["ada@example.org"])).text
        assert not missing(text, "You are invited", "First steps home", "No more of these mails")
        assert "ada@example.org" not in text
        assert (await page.get("/invitations/AAAA")).status_code == 404
        one_click = await page.post(
            f"{links['ada@example.org']}/none",
            data={"List-Unsubscribe": "One-Click"},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert (one_click.status_code, "no invitations" in one_click.text) == (200, True)
    await change(context, "update account_invitations set created_at = now() - interval '20 days'")
    await actions.invite(context, actor_id=cast.odile, addresses=addresses)
    await jobs.drain(context)
    counts = await rows(context, "select to_address, count(*) from mails group by 1 order by 1")
    assert [tuple(row) for row in counts] == [("ada@example.org", 1), ("ben@example.org", 2)]
    async with browser(cast.odile) as page:
        assert (await page.post(f"{HOME}/{batch}/withdraw")).status_code == 303
    async with browser() as page:
        gone = await page.get(links["ben@example.org"])
        assert (gone.status_code, "This invitation is over" in gone.text) == (404, True)


async def test_what_waits_is_withdrawn_and_old_ones_are_forgotten(cast: Cast) -> None:
    context = cast.context
    batch = await actions.invite(context, actor_id=cast.odile, addresses=Addresses(("ada@example.org",)))
    assert await actions.withdraw(context, actor_id=cast.odile, batch=batch) == 1
    await jobs.drain(context)
    assert await value(context, "select count(*) from mails") == 0
    await change(context, "update account_invitations set created_at = now() - interval '61 days'")
    await actions.forget(context)
    assert await value(context, "select count(*) from account_invitations") == 0


async def test_addresses_come_from_a_file_too(cast: Cast, browser: OpenBrowser) -> None:
    sent = b"Name,Mail\nAda,ada@example.org\nBen,ben@example.org\n"
    async with browser(cast.odile) as page:
        answered = await page.post(
            HOME, data={"addresses": ""}, files={"file": ("list.csv", sent, "text/csv")}
        )
        assert answered.status_code == 303, answered.text
        bad = await page.post(HOME, data={"addresses": "nobody"}, files={"file": ("", b"", "text/csv")})
        assert (bad.status_code, "no mail addresses" in bad.text, "nobody</textarea>" in bad.text) == (
            422,
            True,
            True,
        )
    assert await value(cast.context, "select count(*) from account_invitations") == 2


async def test_an_unknown_circle_is_said_and_an_old_link_promises_nothing(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    file = {"file": ("", b"", "text/csv")}
    async with browser(cast.odile) as page:
        sent = {"addresses": "ada@example.org", "circle": "none of them"}
        refused = await page.post(HOME, data=sent, files=file)
        assert (refused.status_code, "one of these circles" in refused.text) == (422, True)
        assert (await page.post(HOME, data=sent | {"circle": ""}, files=file)).status_code == 303
    await jobs.drain(context)
    url = await value(context, "select unsubscribe_url from mails where to_address = 'ada@example.org'")
    await change(context, "delete from account_invitations")
    async with browser() as page:
        assert (await page.post(url.removeprefix("http://circles.test"))).status_code == 404
