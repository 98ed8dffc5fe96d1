"""The pages that stand in for Stripe's: the questions to a connected account, and what Stripe does with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import payments
from circles.base.errors import NotFound
from circles.practice.stripe.connect import accounts
from circles.practice.stripe.objects import ApiError
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("practice/stripe")

# The buttons of the questions, and of what else Stripe or the account's person does: what they do, and their words.
ONBOARDING = (
    ("finish", "Answer everything"),
    ("leave_out", "Leave a document out"),
    ("other_country", "Say that you live in Canada"),
)
AT_STRIPE = (
    ("finish", "Answer everything"),
    ("ask_soon", "Stripe asks for a document until a day"),
    ("restrict", "Stripe asks for a document, and stops payments"),
    ("rejected", "Stripe closes the account"),
    ("left", "Disconnect from the community"),
)


async def onboarding(request: Request) -> Response:
    """GET: the page of a link; one that was used or is too old leads back to where a new one is made."""
    async with access.context(request).db.transaction() as tx:
        try:
            link, account = await accounts.visit(tx, request.path_params["id"])
        except ApiError:
            raise NotFound from None
    if account is None or link["used"]:
        return render.see_other(_local(request, link["refresh"]))
    return _page(request, account, ONBOARDING)


async def answer(request: Request) -> Response:
    """POST: one button of the onboarding, which uses the link up."""
    form = await Form.read(request)
    do, id = form.value("do"), request.path_params["id"]
    async with access.context(request).db.transaction() as tx:
        try:
            link, account = await accounts.visit(tx, id)
        except ApiError:
            raise NotFound from None
        if account is None or not await accounts.use(tx, id):
            return render.see_other(_local(request, link["refresh"]))
        if do in dict(ONBOARDING):
            await accounts.step(tx, account["id"], do)  # pyright: ignore[reportArgumentType]
    return render.see_other(_local(request, link["return"]))


async def at_stripe(request: Request) -> Response:
    """GET: what happens to the account at Stripe, in practice mode."""
    async with access.context(request).db.reading() as tx:
        body = await SQL.one(tx, id=request.path_params["id"], kind="account")
    if body is None:
        raise NotFound
    return _page(request, body, AT_STRIPE)


async def act(request: Request) -> Response:
    """POST: one of its buttons."""
    form, id = await Form.read(request), request.path_params["id"]
    do = form.value("do")
    async with access.context(request).db.transaction() as tx:
        if await SQL.one(tx, id=id, kind="account") is None:
            raise NotFound
        if do in dict(AT_STRIPE):
            await accounts.step(tx, id, do)  # pyright: ignore[reportArgumentType]
    return render.see_other(f"/practice/connect/accounts/{id}", notice="Done. The site is told by a webhook.")


def _local(request: Request, url: str) -> str:
    return payments.local_path(url, access.context(request).settings.base_url)


def _page(request: Request, account: dict[str, object], buttons: tuple[tuple[str, str], ...]) -> Response:
    return render.page(
        request,
        "practice/stripe/account.html",
        account=account,
        buttons=buttons,
        is_asked=buttons is ONBOARDING,
        robots="noindex",
    )
