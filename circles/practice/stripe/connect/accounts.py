"""Connected accounts of the look-alike: opened, what becomes of them at their onboarding, links to it."""

from __future__ import annotations

from typing import Any, Final, Literal

from circles.practice.stripe.objects import ApiError, Object, Params, add_event, listed, missing, new_id
from circles.store import db

SQL = db.queries("practice/stripe")

# What somebody does at the onboarding: everything, all but a document, or answer for another country. ask_soon: Stripe
# asks for something until a day, and pays out until then. rejected: Stripe closes the account. left: its person
# disconnects it from the platform.
Step = Literal["finish", "leave_out", "other_country", "ask_soon", "restrict", "rejected", "left"]

_FIRST_DUE: Final = ["business_profile.url", "external_account", "individual.dob.day", "tos_acceptance.date"]
_MISSING_DUE: Final = ["individual.verification.document"]
# Seconds that a link is good for.
_LINK_LIFE = 300
CURRENCIES: Final = {"US": "usd", "CA": "cad", "GB": "gbp", "DE": "eur", "FR": "eur", "AU": "aud"}


async def create_account(tx: db.Tx, params: Params) -> Object:
    """POST /v1/accounts: only as this site opens them, without a dashboard, and refused where Stripe would."""
    country = params.get("country", "US")
    if country not in CURRENCIES:
        raise ApiError(f"{country} is not currently supported by Stripe.", param="country", kept=False)
    if "controller" not in params or "transfers" not in params.get("capabilities", {}):
        raise ApiError("This look-alike opens accounts for transfers only.", param="controller", kept=False)
    _check_controller(params["controller"])
    body = {
        "id": new_id("acct"),
        "object": "account",
        "business_profile": None,
        "business_type": None,
        "capabilities": {"transfers": "inactive"},
        "charges_enabled": False,
        "controller": {**params["controller"], "is_controller": True, "type": "application"},
        "country": country,
        "created": await SQL.clock(tx),
        "default_currency": CURRENCIES[country],
        "details_submitted": False,
        "email": params.get("email"),
        "metadata": params.get("metadata") or {},
        "payouts_enabled": False,
        "requirements": _requirements(_FIRST_DUE, "requirements.past_due"),
        "settings": {"payouts": {"schedule": _schedule(params), "debit_negative_balances": False}},
        "type": "none",
    }
    await SQL.add(tx, id=body["id"], kind="account", body=body)
    return body


def _schedule(params: Params) -> Object:
    """When Stripe pays out what the account has: every day, unless told otherwise."""
    asked = params.get("settings", {}).get("payouts", {}).get("schedule", {})
    schedule: Object = {"delay_days": 2, "interval": asked.get("interval", "daily")}
    if schedule["interval"] == "monthly":
        if "monthly_anchor" not in asked:
            raise ApiError("A monthly schedule needs the day of the month.", param="settings", kept=False)
        schedule["monthly_anchor"] = int(asked["monthly_anchor"])
    return schedule


def _check_controller(controller: Params) -> None:
    """Who has a dashboard is asked by Stripe, and whose losses are the platform's has its fees paid by the platform."""
    collects, dashboard = controller["requirement_collection"], controller["stripe_dashboard"]["type"]
    pays, answers = controller["fees"]["payer"], controller["losses"]["payments"]
    if collects == "application" and (dashboard, pays, answers) != ("none", "application", "application"):
        raise ApiError(
            "When `requirement_collection` is `application`, the dashboard must be `none`, and fees and losses must be "
            "the application's.",
            param="controller",
            kept=False,
        )
    if answers == "application" and pays != "application":
        raise ApiError("`losses[payments]=application` requires `fees[payer]=application`.", kept=False)


def _requirements(due: list[str], reason: str | None) -> dict[str, Any]:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due if reason else [],
        "pending_verification": [],
    }


async def retrieve_account(tx: db.Tx, id: str) -> Object:
    """GET /v1/accounts/{id}. One that was disconnected is refused as Stripe refuses it."""
    body = await SQL.one(tx, id=id, kind="account")
    if body is None or await SQL.one(tx, id=f"left_{id}", kind="left"):
        raise gone(id)
    return body


def gone(id: str) -> ApiError:
    """The error for an account that is not connected, or does not exist."""
    return ApiError(
        f"The provided key does not have access to account '{id}' (or that account does not exist). "
        "Application access may have been revoked.",
        status=403,
        code="account_invalid",
        kept=False,
    )


async def list_accounts(tx: db.Tx, params: Params) -> Object:
    """GET /v1/accounts: opened since a moment, newest first."""
    return await listed(tx, "account", params, "/v1/accounts")


async def create_account_link(tx: db.Tx, params: Params, address: str) -> Object:
    """POST /v1/account_links: a link to the onboarding page, for one visit. address: the origin of this site."""
    account = await retrieve_account(tx, params["account"])
    is_ours_to_ask = account["controller"]["requirement_collection"] == "application"
    if params["type"] != "account_onboarding" and not is_ours_to_ask:
        raise ApiError("You cannot create `account_update` type Account Links for this account.", kept=False)
    now, id = await SQL.clock(tx), new_id("link")
    link = {"account": params["account"], "return": params["return_url"], "refresh": params["refresh_url"]}
    await SQL.add(tx, id=id, kind="link", body=link | {"until": now + _LINK_LIFE, "used": False})
    return {
        "object": "account_link",
        "created": now,
        "expires_at": now + _LINK_LIFE,
        "url": f"{address}/practice/connect/{id}",
    }


async def visit(tx: db.Tx, link_id: str) -> tuple[Object, Object | None]:
    """Visit a link: the link, and its account unless the link was used or is too old. Raises ApiError."""
    link = await SQL.lock(tx, id=link_id, kind="link")
    if link is None:
        raise missing("account_link", link_id)
    if link["until"] < await SQL.clock(tx):
        return link, None
    return link, await SQL.one(tx, id=link["account"], kind="account")


async def use(tx: db.Tx, link_id: str) -> bool:
    """Use up a link, once."""
    link = await SQL.lock(tx, id=link_id, kind="link")
    if link is None or link["used"]:
        return False
    await SQL.save(tx, id=link_id, body=link | {"used": True})
    return True


async def step(tx: db.Tx, id: str, what: Step) -> Object:
    """Something happens to an account: its person answers, Stripe asks for more or closes it. With its event."""
    body = await SQL.lock(tx, id=id, kind="account")
    if body is None:
        raise missing("account", id)
    if what == "left":
        await SQL.add(tx, id=f"left_{id}", kind="left", body=body)
        application = {"id": new_id("ca"), "object": "application", "name": "Practice"}
        await add_event(tx, "account.application.deauthorized", application, account=id)
        return body
    done = what in ("finish", "other_country", "ask_soon")
    due = [] if what in ("finish", "other_country") else _MISSING_DUE
    country = "CA" if what == "other_country" else body["country"]
    reason = "rejected.terms_of_service" if what == "rejected" else "requirements.past_due"
    body |= {
        "capabilities": {"transfers": "active" if done else "inactive"},
        "charges_enabled": done,
        "country": country,
        "default_currency": CURRENCIES[country],
        "details_submitted": True,
        "payouts_enabled": done,
        "requirements": _requirements(due, None if done else reason),
    }
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, "account.updated", body, account=id)
    return body
