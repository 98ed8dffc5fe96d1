"""The key of Stripe at the start of production: wrong, short of rights, without webhooks, and Stripe away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from circles.base.settings import Settings
from circles.payments.key_check import (
    CONNECT_EVENTS,
    EVENTS,
    RIGHTS,
    RIGHTS_FOR_ANSWERS,
    RIGHTS_FOR_BOOKS,
    RIGHTS_FOR_CONNECT,
    check_key,
)

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://circles.example.org/webhooks/stripe"
EVERY_RIGHT = {**RIGHTS, **RIGHTS_FOR_BOOKS, **RIGHTS_FOR_ANSWERS, **RIGHTS_FOR_CONNECT}


@pytest.fixture
def production() -> Settings:
    return Settings(
        mode="production",
        database_url="postgresql://circles@db.example.org/circles",
        origin="https://circles.example.org",
        secret="s" * 32,  # pyright: ignore[reportArgumentType]
        smtp_host="smtp.example.org",
        mail_from="hello@example.org",
        stripe_secret_key="rk_live_1",  # pyright: ignore[reportArgumentType]
        stripe_webhook_secret="whsec_1",  # pyright: ignore[reportArgumentType]
    )


class Stripe:
    """Answers as Stripe does: an empty POST is refused for its parameters, or before that for a missing right."""

    def __init__(
        self, *, without: tuple[str, ...] = (), endpoints: list[dict[str, Any]] | None = None
    ) -> None:
        self.without = without
        self.endpoints = endpoints
        self.asked: list[tuple[str, str, bytes]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.asked.append((request.method, path, request.content))
        if any(EVERY_RIGHT[name] == (request.method, path) for name in self.without):
            return httpx.Response(403, json={"error": {"type": "invalid_request_error"}})
        if request.method == "POST":
            return httpx.Response(400, json={"error": {"code": "parameter_missing"}})
        if path.startswith("/v1/webhook_endpoints"):
            if self.endpoints is None:
                return httpx.Response(403, json={"error": {}})
            return httpx.Response(200, json={"object": "list", "data": self.endpoints})
        return httpx.Response(
            200, json={"id": "acct_1", "country": "US"} if path == "/v1/account" else {"data": []}
        )

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)


def endpoint(*events: str, url: str = ADDRESS, status: str = "enabled") -> dict[str, Any]:
    return {"url": url, "status": status, "enabled_events": list(events)}


async def test_a_key_with_every_right_and_webhook_is_well(production: Settings) -> None:
    stripe = Stripe(endpoints=[endpoint(*EVENTS)])
    report = await check_key(production, stripe.transport)
    assert (report.problems, report.warnings, report.account) == ([], [], "acct_1")
    assert {content for method, _, content in stripe.asked if method == "POST"} == {b""}  # creates nothing


async def test_a_wrong_key_is_a_problem(production: Settings) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"error": {}}))
    [problem] = (await check_key(production, transport)).problems
    assert "does not know this key" in problem


@pytest.mark.parametrize("right", RIGHTS)
async def test_a_missing_right_is_named(production: Settings, right: str) -> None:
    report = await check_key(production, Stripe(without=(right,), endpoints=[endpoint("*")]).transport)
    [problem] = report.problems
    assert problem.endswith(f"give it: {right}.")


@pytest.mark.parametrize("right", RIGHTS_FOR_BOOKS)
async def test_the_site_starts_without_the_rights_to_read_the_books(production: Settings, right: str) -> None:
    report = await check_key(production, Stripe(without=(right,), endpoints=[endpoint("*")]).transport)
    assert report.problems == []
    [warning] = report.warnings
    assert warning.endswith(f"the key at Stripe lacks {right}.")


async def test_the_site_starts_without_the_right_to_answer_disputes(production: Settings) -> None:
    report = await check_key(
        production, Stripe(without=tuple(RIGHTS_FOR_ANSWERS), endpoints=[endpoint("*")]).transport
    )
    assert report.problems == []
    [warning] = report.warnings
    assert warning.endswith("lacks Disputes: write.")


async def test_stripe_away_is_doubtful_only(production: Settings) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    report = await check_key(production, httpx.MockTransport(fail))
    assert report.problems == []
    assert "could not be asked" in report.warnings[0]


@pytest.mark.parametrize(
    ("endpoints", "said"),
    [
        (None, "does not let this key see"),
        ([], "sends no webhooks to"),
        ([endpoint(*EVENTS, url="https://other.example.org/webhooks/stripe")], "sends no webhooks to"),
        ([endpoint(*EVENTS, status="disabled")], "sends no webhooks to"),
        ([endpoint(*EVENTS[1:])], f"does not send {EVENTS[0]}."),
    ],
)
async def test_webhooks_that_are_missing_are_named(
    production: Settings, endpoints: list[dict[str, Any]] | None, said: str
) -> None:
    report = await check_key(production, Stripe(endpoints=endpoints).transport)
    assert report.problems == []
    [warning] = report.warnings
    assert said in warning


@pytest.fixture
def with_connect(production: Settings) -> Settings:
    return production.model_copy(update={"stripe_connect_country": "US"})


BOTH = [endpoint("*"), endpoint(*CONNECT_EVENTS, url=f"{ADDRESS}/connect")]


async def test_connect_is_well(with_connect: Settings) -> None:
    stripe = Stripe(endpoints=BOTH)
    report = await check_key(with_connect, stripe.transport)
    assert (report.problems, report.warnings) == ([], [])
    assert ("POST", "/v1/accounts", b"") not in stripe.asked  # that would open one


@pytest.mark.parametrize("right", RIGHTS_FOR_CONNECT)
async def test_connect_needs_rights_of_its_own(with_connect: Settings, right: str) -> None:
    report = await check_key(with_connect, Stripe(without=(right,), endpoints=BOTH).transport)
    [problem] = report.problems
    assert problem.endswith(f"give it: {right}.")


async def test_connect_needs_the_country_of_the_account_and_its_own_endpoint(with_connect: Settings) -> None:
    canada = with_connect.model_copy(update={"stripe_connect_country": "CA"})
    report = await check_key(canada, Stripe(endpoints=[endpoint("*")]).transport)
    assert "is of US: set that" in report.problems[0]
    assert "of connected accounts" in report.warnings[0]


async def test_connect_needs_the_reversals_of_our_own_account(with_connect: Settings) -> None:
    endpoints = [endpoint(*EVENTS), BOTH[1]]
    report = await check_key(with_connect, Stripe(endpoints=endpoints).transport)
    [warning] = report.warnings
    assert warning == f"Stripe's endpoint {ADDRESS} does not send transfer.reversed."


def test_the_readme_names_the_rights() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    rights = {**RIGHTS, **RIGHTS_FOR_BOOKS, **RIGHTS_FOR_ANSWERS}
    # Whoever may write may read.
    needed = [
        name for name in rights if name.replace(": read", ": write") not in rights or name.endswith("write")
    ]
    assert [name for name in needed if name not in text] == []


def test_the_readme_names_the_events() -> None:
    named = re.findall(r"`((?:checkout|charge|refund|payout)\.[a-z_.]+)`", (ROOT / "README.md").read_text())
    assert tuple(named) == EVENTS
