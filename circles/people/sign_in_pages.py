"""Signing in and out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import text
from circles.base.errors import Refused
from circles.people import rules, sign_in_actions, sign_in_rules
from circles.people.sign_in_actions import BrowserKeys, SignIn
from circles.people.sign_in_rules import SignInRequest
from circles.people.suspended import pages as suspended_pages
from circles.store.db import Record
from circles.web import access, cookies, limits, render
from circles.web.forms import Form
from circles.web.sent import kept, origin

# The cookie with the key of the browser that requested a code, and its life in seconds.
REQUEST = "asked"
REQUEST_LASTS = 3600
MAX_NEXT_PATH = 500
HOME = "/gatherings"


async def sign_in_form(request: Request) -> Response:
    next_path = _next_path(request.query_params.get("next", ""))
    if request.state.person:
        return render.see_other(next_path or HOME)
    typed = await _typed_before(request)
    if next_path:
        typed["next"] = next_path
    is_kept = await kept.is_kept(request)
    return _private(render.page(request, "people/sign_in.html", form=Form(typed), is_kept=is_kept))


async def _typed_before(request: Request) -> dict[str, str]:
    """The values of this browser's last request that was not used, for somebody who needs a new code."""
    key = cookies.read(request, REQUEST)
    row = await sign_in_actions.latest_request(access.context(request), key) if key else None
    if row is None or row["used_at"]:
        return {}
    return {
        "email": row["email"],
        "name": row["name"],
        "pronouns": row["pronouns"],
        "next": row["next_path"],
    }


async def request_mail(request: Request) -> Response:
    """Mail a code and a link. The response is the same for every address."""
    context = access.context(request)
    form = await Form.read(request)
    sign_in_request = _sign_in_request(form, cookies.browser_zone(request), cookies.browser_hours(request))
    if sign_in_request is None:
        return render.page(request, "people/sign_in.html", 422, form=form, is_kept=False)
    try:
        key = await sign_in_actions.request_mail(
            context,
            sign_in_request,
            keys=_keys(request),
            network=limits.client_network(request, context.settings),
        )
    except sign_in_rules.TooManyRequests as refused:
        form.add(refused.reasons)
        response = render.page(request, "people/sign_in.html", 429, form=form, is_kept=False)
        response.headers["Retry-After"] = str(int(refused.wait.total_seconds()) + 1)
        return response
    response = render.see_other("/sign-in/code")
    cookies.write(response, context.settings, REQUEST, key, REQUEST_LASTS)
    return response


def _sign_in_request(form: Form, zone: str, hours: int | None) -> SignInRequest | None:
    email = form.take(lambda: text.parse_address(form.value("email")))
    name, pronouns = rules.read_name(form, required=False)
    if email is None or not form.ok:
        return None
    return SignInRequest(email, name, pronouns, zone, hours, _next_path(form.value("next")))


def _next_path(path: str) -> str:
    """The page of this site to continue with after signing in, or nothing."""
    safe = origin.safe_path(path)
    return safe if len(safe) <= MAX_NEXT_PATH and not safe.startswith("/sign-") else ""


async def code_form(request: Request) -> Response:
    if request.state.person:
        return render.see_other(HOME)
    row = await sign_in_actions.latest_request(access.context(request), cookies.read(request, REQUEST))
    if row is None:
        return render.see_other("/sign-in")
    if row["proven_at"] and not row["used_at"]:
        return render.see_other("/sign-in/name")
    return _code_page(request, Form(), row)


def _code_page(request: Request, form: Form, row: Record | None) -> Response:
    """The page, with a field only where a code can still work."""
    refusals = sign_in_rules.code_refusals(sign_in_actions.request_state(row))
    return _private(
        render.page(
            request,
            "people/code.html",
            200 if form.ok else 422,
            form=form,
            email=row["email"] if row else "",
            digits=sign_in_rules.digits_words(_digits(row)).capitalize(),
            refused=row is not None and row["mail_refused"],
            spent=refusals[0].text if refusals else "",
        )
    )


async def use_code(request: Request) -> Response:
    context, keys = access.context(request), _keys(request)
    form = await Form.read(request)
    row = await sign_in_actions.latest_request(context, keys.asked)
    digits = form.take(lambda: sign_in_rules.parse_code(form.value("code"), digits=_digits(row)))
    if digits is not None:
        try:
            return await _continue(request, await sign_in_actions.use_code(context, keys=keys, digits=digits))
        except Refused as refused:
            form.add(refused.reasons)
            row = await sign_in_actions.latest_request(context, keys.asked)
    return _code_page(request, form, row)


def _digits(row: Record | None) -> int:
    return row["code_digits"] if row else sign_in_rules.code_digits(0)


async def link_form(request: Request) -> Response:
    """A page with a button. Opening it changes nothing, because mail scanners open links."""
    try:
        row = await sign_in_actions.request_of_link(access.context(request), request.path_params["token"])
    except Refused as refused:
        return _link_gone(request, refused)
    return _private(render.page(request, "people/link.html", email=row["email"], robots="noindex"))


async def use_link(request: Request) -> Response:
    try:
        result = await sign_in_actions.use_link(
            access.context(request),
            link=request.path_params["token"],
            keys=_keys(request),
        )
    except Refused as refused:
        return _link_gone(request, refused)
    return await _continue(request, result)


def _link_gone(request: Request, refused: Refused) -> Response:
    """410 for a link that worked once, 404 for an unknown one."""
    status = 404 if "unknown" in refused.codes else 410
    return _private(render.page(request, "people/link_gone.html", status, reasons=refused.reasons))


async def name_form(request: Request) -> Response:
    """The page that asks a new person for a name."""
    row = await sign_in_actions.latest_request(access.context(request), cookies.read(request, REQUEST))
    if row is None or not row["proven_at"] or row["used_at"]:
        return render.see_other("/sign-in")
    return _private(render.page(request, "people/name.html", form=Form(), email=row["email"]))


async def give_name(request: Request) -> Response:
    form = await Form.read(request)
    name, pronouns = rules.read_name(form, required=True)
    if form.ok:
        try:
            result = await sign_in_actions.give_name(
                access.context(request), keys=_keys(request), name=name, pronouns=pronouns
            )
            return await _continue(request, result)
        except Refused as refused:
            form.add(refused.reasons)
    return _private(render.page(request, "people/name.html", 422, form=form, email=""))


async def _continue(request: Request, result: SignIn) -> Response:
    """Set the sign-in cookie and go on to the next page; without a token, ask for the name first."""
    settings = access.context(request).settings
    if result.suspended:
        response = render.see_other("/suspended")
        suspended_pages.lead_there(request, response, result.suspended)
        for name in (access.SIGN_IN, REQUEST):
            cookies.delete(response, settings, name)
        return response
    if not result.token:
        response = render.see_other("/sign-in/name")
        cookies.write(response, settings, REQUEST, result.browser, REQUEST_LASTS)
        return response
    next_path = await _page_of_kept_form(request, result) if cookies.read(request, kept.COOKIE) else ""
    response = render.see_other(next_path or result.next_path or HOME, notice="You are signed in.")
    cookies.write(
        response, settings, access.SIGN_IN, result.token, int(sign_in_rules.SIGN_IN_LASTS.total_seconds())
    )
    cookies.write(
        response, settings, cookies.KNOWN, result.known, int(sign_in_rules.KNOWN_LASTS.total_seconds())
    )
    cookies.delete(response, settings, REQUEST)
    kept.after(request, response)
    return response


async def _page_of_kept_form(request: Request, result: SignIn) -> str:
    """The page of the form that was sent before signing in; the first page where it is somebody else's."""
    person = await access.find_person(request, result.token)
    if not await kept.is_kept(request) or person is None:
        return ""
    form = await kept.of(request, person.id)
    return form.page if form else HOME


def _keys(request: Request) -> BrowserKeys:
    return BrowserKeys(
        asked=cookies.read(request, REQUEST), known=cookies.known_key(request), sign_in=_token(request)
    )


def _token(request: Request) -> str:
    return cookies.read(request, access.SIGN_IN)


def _private(response: Response) -> Response:
    """Not stored: these pages show an address though nobody is signed in yet."""
    response.headers["Cache-Control"] = "no-store"
    return response


async def discard_kept_form(request: Request) -> Response:
    """Forget what was typed before signing in, and show the page as it is."""
    form = await kept.of(request, request.state.person.id)
    await kept.forget(request)
    return render.see_other((form.page if form else "") or HOME, notice="What you typed is discarded.")


async def sign_out(request: Request) -> Response:
    context = access.context(request)
    await sign_in_actions.sign_out(context, _token(request))
    return await _signed_out(request, "You are signed out.")


async def sign_out_everywhere(request: Request) -> Response:
    form = await Form.read(request)
    renews_feed = form.checked("feed")
    await sign_in_actions.sign_out_everywhere(
        access.context(request), request.state.person, renews_feed=renews_feed
    )
    notice = "You are signed out on every device."
    if renews_feed:
        notice += " Your calendar feed has a new address, on My gatherings."
    return await _signed_out(request, notice)


async def _signed_out(request: Request, notice: str) -> Response:
    response = render.see_other("/", notice=notice)
    response.headers["Clear-Site-Data"] = (
        '"storage"'  # the stored room of a host's phone, and its service worker
    )
    for name in (access.SIGN_IN, REQUEST):
        cookies.delete(response, access.context(request).settings, name)
    await kept.sign_out(request, response)
    return response
