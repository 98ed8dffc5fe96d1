"""Pages of somebody's account at Stripe: connect it, what is missing, change its details, disconnect it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import payments
from circles.base.errors import NotFound, Refused
from circles.hosting.payouts import rules
from circles.payments import account_rules, connected_accounts
from circles.store import db
from circles.web import access, render

SQL = db.queries("hosting/payouts")


async def payouts(request: Request) -> Response:
    """GET: the account and what it lacks. Nothing is written, and Stripe is not asked."""
    context, actor = access.context(request), request.state.person
    country = context.settings.connect_country
    async with context.db.reading() as tx:
        row = await connected_accounts.own_account(tx, actor.id)
        currencies = [each["currency"] for each in await db.rows(SQL.currencies_of(tx, person_id=actor.id))]
    state = account_rules.account_state(row, country)
    return render.page(
        request,
        "hosting/payouts/account.html",
        row=row,
        state=state,
        country=country,
        title=account_rules.STATE_WORDS[state],
        text=rules.TEXTS[state],
        button=rules.BUTTONS.get(state, "") if country else "",
        due=account_rules.due_words(row["due"])
        if row and state in ("incomplete", "restricted", "active")
        else [],
        others=rules.other_currencies(row["currency"], currencies) if row and state == "active" else [],
        is_back=request.query_params.get("back") == "on" and state not in ("active", "ended"),
        was_used=request.query_params.get("link") == "used",
        may_change=bool(row and row["details_submitted"] and state not in ("ended", "rejected")),
    )


async def go_on(request: Request) -> Response:
    """POST: to Stripe's questions. The link is good for one visit, so it is made now and stands in no page or mail."""
    try:
        url = await connected_accounts.connect(access.context(request), request.state.person.id)
    except Refused as refused:
        return _back(refused)
    return render.see_other(payments.local_path(url, access.context(request).settings.base_url))


async def details(request: Request) -> Response:
    """POST: to where the answers to Stripe's questions can be changed."""
    try:
        url = await connected_accounts.update_link(access.context(request), request.state.person.id)
    except Refused as refused:
        return _back(refused)
    return render.see_other(payments.local_path(url, access.context(request).settings.base_url))


async def look(request: Request) -> Response:
    """POST: ask Stripe about the account now."""
    try:
        await connected_accounts.read_own(access.context(request), request.state.person.id)
    except Refused as refused:
        return _back(refused)
    return render.see_other(connected_accounts.PAGE)


async def disconnect_form(request: Request) -> Response:
    """GET: what disconnecting means. No amount: the account may have got one payment's part only."""
    async with access.context(request).db.reading() as tx:
        row = await connected_accounts.own_account(tx, request.state.person.id)
        if row is None or row["ended_at"]:
            raise NotFound
    return render.page(request, "hosting/payouts/disconnect.html")


async def disconnect(request: Request) -> Response:
    await connected_accounts.disconnect(access.context(request), request.state.person.id)
    return render.see_other(
        connected_accounts.PAGE,
        notice="Disconnected. From now on the community collects your part and owes it to you.",
    )


def _back(refused: Refused) -> Response:
    text = " ".join(reason.text for reason in refused.reasons)
    return render.see_other(connected_accounts.PAGE, notice=text, kind="warn")
