"""Commands of the operator: organizers, feeds after a leak of the secret, the test of the mail server."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dns.resolver
import pytest
from pydantic import SecretStr

from circles import __main__ as commands
from circles import invites
from circles.base.errors import NotFound, Refused
from circles.base.settings import Settings
from circles.commands import mail_test, organizers
from circles.commands.organizers import NotConfirmed
from circles.directory.upkeep.rules import confirm_token, is_token_valid
from circles.people.sign_in_rules import code_hash, is_code
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, value

ROOT = Path(__file__).resolve().parents[2]


async def test_organizers_are_listed(cast: Cast, context: Context) -> None:
    assert await organizers.list_them(context) == "1 organizer:\nOdile <odile@example.org>"
    await change(context, "update people set is_organizer = false")
    assert await organizers.list_them(context) == "There is no organizer yet."


async def test_an_unknown_address_gets_an_account_only_when_confirmed(cast: Cast, context: Context) -> None:
    """As when an address is mistyped."""
    with pytest.raises(NotConfirmed, match=r"Nobody has an account with the address mira@exmaple\.org"):
        await organizers.appoint(context, "mira@exmaple.org", is_sure=False)
    assert not await value(context, "select count(*) from people where email = 'mira@exmaple.org'")
    await organizers.appoint(context, "new@example.org", is_sure=True)
    assert await value(context, "select is_organizer from people where email = 'new@example.org'")


async def test_somebody_with_an_account_is_appointed_without_a_question(cast: Cast, context: Context) -> None:
    await organizers.appoint(context, "mira@example.org", is_sure=False)
    assert await value(context, "select is_organizer from people where id = $1", cast.mira)


@pytest.mark.parametrize("typed", ["y", "Yes "])
def test_a_question_is_answered_at_the_terminal(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    organizers.confirm("Sure?", is_sure=False)
    monkeypatch.setattr("builtins.input", lambda _: "")
    with pytest.raises(NotConfirmed, match="Nothing was done"):
        organizers.confirm("Sure?", is_sure=False)


async def test_the_role_is_taken_away(cast: Cast, context: Context) -> None:
    await organizers.appoint(context, "mira@example.org", is_sure=False)
    await organizers.remove(context, "Odile@example.org")
    with pytest.raises(Refused, match="last_organizer"):
        await organizers.remove(context, "mira@example.org")
    assert await value(context, "select count(*) from people where is_organizer") == 1


async def test_nobody_and_no_address_are_said(cast: Cast, context: Context) -> None:
    with pytest.raises(NotFound):
        await organizers.remove(context, "nobody@example.org")
    with pytest.raises(Refused):
        await organizers.appoint(context, "no address", is_sure=True)


def test_the_version_is_that_of_the_changelog(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["--version"])
    [newest, *_] = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert capsys.readouterr().out == f"Circles {newest}\n"


# the secret


def test_a_code_and_a_mailed_link_are_valid_under_the_old_secret_for_a_time() -> None:
    old, new = Settings(secret=SecretStr("a" * 32)), Settings(secret=SecretStr("b" * 32))
    both = Settings(secret=SecretStr("b" * 32), old_secret=SecretStr("a" * 32))
    request, asked_at = uuid4(), datetime(2026, 11, 1, tzinfo=UTC)
    stored = code_hash(old.signing_key(), request, "123456")
    token = confirm_token(old.signing_key(), request, asked_at)
    for settings, is_valid in ((old, True), (new, False), (both, True)):
        assert is_code(settings.signing_keys, request, "123456", stored) == is_valid
        assert any(is_token_valid(key, token, request, asked_at) for key in settings.signing_keys) == is_valid
    assert both.signing_key() == new.signing_key()  # what is made now is made with the new one


# feeds


async def feed_path(page: Any) -> str:
    """The address that the page shows, once its button is pressed."""
    await page.post("/my/feed", data={"show": "on"})
    text = (await page.get("/my/gatherings")).text
    return text.partition("webcal://circles.test")[2].partition('"')[0]


def with_secret(context: Context, secret: str, old: str = "") -> Context:
    return Context(
        Settings.model_validate(context.settings.model_dump() | {"secret": secret, "old_secret": old}),
        context.db,
    )


async def test_a_subscribed_feed_survives_a_new_secret(app: Any, cast: Cast, browser: OpenBrowser) -> None:
    context = app.state.context
    paths = []
    for secret in ("a" * 32, "b" * 32, "c" * 32):
        app.state.context = with_secret(context, secret)
        async with browser(cast.mira) as page:
            paths.append(await feed_path(page))
            assert paths[-1] == await feed_path(page)
            for path in paths:
                assert (await page.get(path)).status_code == 200, paths.index(path)
    assert len(set(paths)) == 3
    async with browser(cast.mira) as page:
        await page.post("/my/feed")
        renewed = await feed_path(page)
        assert [(await page.get(path)).status_code for path in (*paths, renewed)] == [404, 404, 404, 200]


async def test_ended_feeds_stop_and_their_owners_are_told(
    cast: Cast, context: Context, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        before = await feed_path(page)
        assert await invites.end_feeds(context) == 1
        assert (await page.get(before)).status_code == 404
        assert (await page.get(await feed_path(page))).status_code == 200
    [mail] = await rows(context, "select to_address, subject, text_body from mails")
    assert (mail["to_address"], mail["subject"]) == ("mira@example.org", "About your account")
    assert "/my/gatherings" in mail["text_body"]


# the mail server


class Answer:
    """A TXT record as the resolver gives it."""

    def __init__(self, *strings: bytes) -> None:
        self.strings = strings


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Answer]]:
    """The TXT records of the domain of the sender; an empty name has none."""
    known: dict[str, list[Answer]] = {
        "example.org": [Answer(b"other"), Answer(b"v=spf1 include:", b"smtp.example.org -all")],
        "_dmarc.example.org": [Answer(b"v=DMARC1; p=quarantine")],
    }

    async def resolve(name: str, kind: str, lifetime: float) -> list[Answer]:
        if name not in known:
            raise dns.resolver.NXDOMAIN
        return known[name]

    monkeypatch.setattr("dns.asyncresolver.resolve", resolve)
    return known


async def test_without_a_mail_server_nothing_can_be_tested() -> None:
    lines, is_well = await mail_test.run(Settings(), "me@example.org")
    assert not is_well
    assert "CIRCLES_SMTP_HOST is not set" in lines[0]


async def test_a_server_that_does_not_answer_is_told(records: dict[str, list[Answer]]) -> None:
    closed = Settings(smtp_host="127.0.0.1", smtp_port=9, mail_from="hello@example.org")
    lines, is_well = await mail_test.run(closed, "me@example.org")
    assert not is_well
    assert lines[0].startswith("Not sent. 127.0.0.1:9 (starttls): ")
    assert lines[1:] == [
        "SPF: example.org says v=spf1 include:smtp.example.org -all",
        "DMARC: _dmarc.example.org says v=DMARC1; p=quarantine",
    ]


async def test_a_domain_without_records_is_told(
    records: dict[str, list[Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take(_: Settings, message: Any) -> None:
        assert message["Subject"] == "A test"

    monkeypatch.setattr(mail_test.smtp, "send", take)
    open_server = Settings(smtp_host="127.0.0.1", smtp_port=25, mail_from="hello@example.org")
    lines, is_well = await mail_test.run(open_server, "me@example.org")
    assert is_well
    assert "took the mail to me@example.org" in lines[0]
    records.clear()
    lines, is_well = await mail_test.run(open_server, "me@example.org")
    assert not is_well
    assert "has no record that begins with v=spf1" in lines[1]
    assert "has no record that begins with v=DMARC1" in lines[2]


async def test_the_policy_of_the_organization_holds_for_its_subdomains(
    records: dict[str, list[Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take(*_: Any) -> None:
        pass

    monkeypatch.setattr(mail_test.smtp, "send", take)
    records["news.lake.example.org"] = records["example.org"]
    server = Settings(smtp_host="127.0.0.1", mail_from="hello@news.lake.example.org")
    lines, is_well = await mail_test.run(server, "me@example.org")
    assert is_well
    assert lines[2] == "DMARC: _dmarc.example.org says v=DMARC1; p=quarantine"


@pytest.mark.parametrize("email", ["nobody", "a b", "a@example.org\nBcc: b@example.org"])
async def test_what_is_no_address_gets_no_test(email: str) -> None:
    with pytest.raises(Refused):
        await mail_test.run(Settings(smtp_host="127.0.0.1"), email)
