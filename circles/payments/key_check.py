"""Before the site serves in production: does Stripe accept the key, has it every right, and are webhooks sent here?

Asked by plain HTTP, since the SDK takes longer to import than this takes to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from circles.base.settings import Settings

# Imported where it is used: only production needs it at the start.
if TYPE_CHECKING:
    import httpx

STRIPE = "https://api.stripe.com"
SECONDS = 8.0  # for all answers together; a start must not wait for long

# The rights that a restricted key needs, as Stripe's dashboard names them, and a call that needs each. An empty POST
# creates nothing: it is refused for its missing parameters (400), and before that for a missing right (403).
RIGHTS: Mapping[str, tuple[str, str]] = {
    "Checkout Sessions: write": ("POST", "/v1/checkout/sessions"),
    "Checkout Sessions: read": ("GET", "/v1/checkout/sessions?limit=1"),
    "Charges and Refunds: write": ("POST", "/v1/refunds"),
    "Charges and Refunds: read": ("GET", "/v1/refunds?limit=1"),
    "PaymentIntents: read": ("GET", "/v1/payment_intents?limit=1"),
    "Disputes: read": ("GET", "/v1/disputes?limit=1"),
}
# Those without which money moves as always, and Stripe's books are not read: fees, payouts, reconciliation.
RIGHTS_FOR_BOOKS: Mapping[str, tuple[str, str]] = {
    "Balance: read": ("GET", "/v1/balance"),
    "Balance Transaction Sources: read": ("GET", "/v1/balance_transactions?limit=1&expand%5B%5D=data.source"),
    "Payouts: read": ("GET", "/v1/payouts?limit=1"),
}
# Without which disputes are answered at Stripe's dashboard alone. The empty POST is for none.
RIGHTS_FOR_ANSWERS: Mapping[str, tuple[str, str]] = {
    "Disputes: write": ("POST", "/v1/disputes/du_none"),
}
# Those of Stripe Connect, where it is on. No empty POST for accounts: it would open one.
RIGHTS_FOR_CONNECT: Mapping[str, tuple[str, str]] = {
    "Accounts: write": ("GET", "/v1/accounts?limit=1"),
    "Account Links: write": ("POST", "/v1/account_links"),
    "Transfers: write": ("POST", "/v1/transfers"),
    "Transfers: read": ("GET", "/v1/transfers?limit=1"),
}
# The event of our own account that Connect adds.
TRANSFER_EVENTS = ("transfer.reversed",)
CONNECT_EVENTS = ("account.updated", "account.application.deauthorized")
# The events that move something here; the README names them for the operator.
EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What Stripe says of the key: why the site must not start, what is doubtful, and whose account it is of."""

    problems: list[str]
    warnings: list[str]
    account: str = ""


async def check_key(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> KeyReport:
    """Ask Stripe about the key of the settings. Where Stripe does not answer, that is only doubtful."""
    import httpx

    async with httpx.AsyncClient(
        base_url=settings.stripe_api_base or STRIPE,
        auth=(settings.stripe_secret_key.get_secret_value(), ""),
        timeout=SECONDS,
        transport=transport,
    ) as http:
        calls = [
            *RIGHTS.values(),
            *RIGHTS_FOR_BOOKS.values(),
            *RIGHTS_FOR_ANSWERS.values(),
            *(RIGHTS_FOR_CONNECT.values() if settings.stripe_connect_country else ()),
            ("GET", "/v1/account"),
            ("GET", "/v1/webhook_endpoints?limit=100"),
        ]
        try:
            async with asyncio.timeout(SECONDS):
                answers = await asyncio.gather(*(http.request(method, path) for method, path in calls))
        except (httpx.HTTPError, TimeoutError) as error:
            return KeyReport([], [f"Stripe could not be asked about the key ({type(error).__name__})."])
    if any(answer.status_code == 401 for answer in answers):
        return KeyReport(["CIRCLES_STRIPE_SECRET_KEY: Stripe does not know this key. Copy it anew."], [])
    *rights, account, endpoints = answers
    count = len(RIGHTS) + len(RIGHTS_FOR_BOOKS) + len(RIGHTS_FOR_ANSWERS)
    problems, warnings = _missing_rights(rights[:count])
    warnings += _webhook_warnings(settings, _json(endpoints))
    if settings.stripe_connect_country:
        problems += _connect_problems(settings, _json(account), rights[count:])
        warnings += _connect_warnings(settings, _json(endpoints))
    return KeyReport(problems, warnings, str(_json(account).get("id", "")))


def _missing_rights(answers: Sequence[httpx.Response]) -> tuple[list[str], list[str]]:
    """Rights that the key lacks: without which the site must not start, and without which it says less."""
    names = [*RIGHTS, *RIGHTS_FOR_BOOKS, *RIGHTS_FOR_ANSWERS]
    missing = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 403]
    needed = "; ".join(name for name in missing if name in RIGHTS)
    for_books = "; ".join(name for name in missing if name in RIGHTS_FOR_BOOKS)
    problems = [f"CIRCLES_STRIPE_SECRET_KEY lacks rights at Stripe; give it: {needed}."] if needed else []
    warnings = (
        [f"Fees and payouts are not read, and nothing is reconciled: the key at Stripe lacks {for_books}."]
        if for_books
        else []
    )
    if any(name in RIGHTS_FOR_ANSWERS for name in missing):
        warnings.append(
            "Disputes can be answered at Stripe's dashboard alone: the key at Stripe lacks Disputes: write."
        )
    return problems, warnings


def _connect_problems(
    settings: Settings, account: dict[str, Any], answers: Sequence[httpx.Response]
) -> list[str]:
    """Why facilitators could connect no accounts: the rights of the key, the community's own account, its country."""
    problems = []
    missing = [
        name for name, answer in zip(RIGHTS_FOR_CONNECT, answers, strict=True) if answer.status_code == 403
    ]
    if missing:
        problems.append(
            f"CIRCLES_STRIPE_CONNECT_COUNTRY is set, and the key at Stripe lacks rights; give it: {'; '.join(missing)}."
        )
    elif answers[0].status_code == 400:
        problems.append(
            "CIRCLES_STRIPE_CONNECT_COUNTRY is set, and your account at Stripe has not signed up for Connect: do so in "
            "Stripe's dashboard, or unset it."
        )
    country = str(account.get("country") or settings.stripe_connect_country)
    if country != settings.stripe_connect_country:
        problems.append(
            f"CIRCLES_STRIPE_CONNECT_COUNTRY is {settings.stripe_connect_country}, and your account at Stripe is of "
            f"{country}: set that."
        )
    return problems


def _connect_warnings(settings: Settings, listed: dict[str, Any]) -> list[str]:
    address = f"{settings.base_url}/webhooks/stripe/connect"
    own = _endpoints(listed, address)
    if "data" not in listed:
        return []
    if not own:
        return [
            f"Stripe sends no webhooks of connected accounts to {address}: what changes there is noticed within an "
            "hour. Add an endpoint for connected accounts there."
        ]
    return _missing_events(address, own, CONNECT_EVENTS)


def _json(answer: httpx.Response) -> dict[str, Any]:
    """The object of an answer; empty for an error, such as a right that only this check would need."""
    if answer.status_code != 200:
        return {}
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _webhook_warnings(settings: Settings, listed: dict[str, Any]) -> list[str]:
    if "data" not in listed:
        return [
            "Stripe does not let this key see webhook endpoints, so whether they are complete is unknown."
        ]
    address = f"{settings.base_url}/webhooks/stripe"
    own = _endpoints(listed, address)
    if not own:
        return [
            f"Stripe sends no webhooks to {address}: seats are then confirmed minutes late. Add an endpoint there."
        ]
    wanted = EVENTS + TRANSFER_EVENTS if settings.stripe_connect_country else EVENTS
    return _missing_events(address, own, wanted)


def _endpoints(listed: dict[str, Any], address: str) -> list[dict[str, Any]]:
    return [
        each
        for each in listed.get("data", ())
        if each.get("url") == address and each.get("status") == "enabled"
    ]


def _missing_events(address: str, endpoints: Sequence[dict[str, Any]], wanted: Sequence[str]) -> list[str]:
    sent = {event for each in endpoints for event in each.get("enabled_events", ())}
    missing = [] if "*" in sent else [event for event in wanted if event not in sent]
    return [f"Stripe's endpoint {address} does not send {', '.join(missing)}."] if missing else []
