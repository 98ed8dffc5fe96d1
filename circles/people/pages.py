"""Signing in and out, and the page where people say how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import Refused
from circles.people import actions, rules, sign_in
from circles.people.queries import profiles
from circles.people.rules import Asker, Profile
from circles.people.sign_in import Entered
from circles.store.db import Record
from circles.web import access, cookies, limits, render
from circles.web.forms import Form

# The cookie with the key of the browser that asked for a code, and how long it is kept, in seconds.
ASKED = "asked"
ASKED_LASTS = 3600
MAX_NEXT = 500
AFTERWARDS = "/gatherings"

# The zones most people here live in, offered first.
COMMON_ZONES = [
    ("America/New_York", "US Eastern (New York)"),
    ("America/Chicago", "US Central (Chicago)"),
    ("America/Denver", "US Mountain (Denver)"),
    ("America/Phoenix", "US Arizona (Phoenix)"),
    ("America/Los_Angeles", "US Pacific (Los Angeles)"),
    ("America/Anchorage", "US Alaska (Anchorage)"),
    ("Pacific/Honolulu", "US Hawaii (Honolulu)"),
    ("America/Toronto", "Canada Eastern (Toronto)"),
    ("America/Vancouver", "Canada Pacific (Vancouver)"),
    ("Europe/London", "United Kingdom (London)"),
    ("Europe/Berlin", "Central Europe (Berlin)"),
    ("Australia/Sydney", "Australia Eastern (Sydney)"),
]


async def sign_in_form(request: Request) -> Response:
    """Ask for the address. Whoever is signed in already goes on to where they wanted to go."""
    going = _next(request.query_params.get("next", ""))
    if request.state.person:
        return render.see_other(going or AFTERWARDS)
    typed = await _typed_before(request)
    if going:
        typed["next"] = going
    return _private(render.page(request, "people/sign_in.html", form=Form(typed)))


async def _typed_before(request: Request) -> dict[str, str]:
    """What this browser typed when it last asked and did not get in, for one who needs a new code."""
    key = cookies.read(request, ASKED)
    row = await sign_in.waiting(access.context(request), key) if key else None
    if row is None or row["used_at"]:
        return {}
    return {
        "email": row["email"],
        "name": row["name"],
        "pronouns": row["pronouns"],
        "next": row["next_path"],
    }


async def ask(request: Request) -> Response:
    """Mail a code and a link. The answer is the same for every address."""
    context = access.context(request)
    form = await Form.read(request)
    asker = _asker(form, cookies.browser_zone(request))
    if asker is None:
        return render.page(request, "people/sign_in.html", 422, form=form)
    try:
        key = await sign_in.ask(
            context,
            asker,
            browser=cookies.read(request, ASKED),
            network=limits.client_network(request, context.settings),
        )
    except rules.TooOften as refused:
        form.add(refused.reasons)
        response = render.page(request, "people/sign_in.html", 429, form=form)
        response.headers["Retry-After"] = str(int(refused.wait.total_seconds()) + 1)
        return response
    response = render.see_other("/sign-in/code")
    cookies.write(response, context.settings, ASKED, key, ASKED_LASTS)
    return response


def _asker(form: Form, zone: str) -> Asker | None:
    email = form.take(lambda: rules.parse_address(form.value("email")))
    name, pronouns = _name(form, required=False)
    if email is None or not form.ok:
        return None
    return Asker(email, name, pronouns, zone, _next(form.value("next")))


def _name(form: Form, *, required: bool) -> tuple[str, str]:
    typed = form.value("name")
    name = form.take(lambda: rules.name(typed)) if required or typed.strip() else ""
    return name or "", form.take(lambda: rules.pronouns(form.value("pronouns"))) or ""


def _next(path: str) -> str:
    """Where to go after signing in: a page of this site, or nothing."""
    found = render.safe_path(path)
    return found if len(found) <= MAX_NEXT and not found.startswith("/sign-") else ""


async def code_form(request: Request) -> Response:
    """Where the code is typed. Without an asking in this browser, back to the address."""
    if request.state.person:
        return render.see_other(AFTERWARDS)
    row = await sign_in.waiting(access.context(request), cookies.read(request, ASKED))
    if row is None:
        return render.see_other("/sign-in")
    if row["proven_at"] and not row["used_at"]:
        return render.see_other("/sign-in/name")
    return _code(request, Form(), row)


def _code(request: Request, form: Form, row: Record | None) -> Response:
    """The page, with the field for the code only where a code can still be right."""
    reasons = rules.code_reasons(sign_in.standing(row))
    return _private(
        render.page(
            request,
            "people/code.html",
            200 if form.ok else 422,
            form=form,
            email=row["email"] if row else "",
            usable=not reasons,
        )
    )


async def enter_code(request: Request) -> Response:
    """Sign in with the code."""
    form = await Form.read(request)
    digits = form.take(lambda: rules.code(form.value("code")))
    if digits is not None:
        try:
            entered = await sign_in.enter_code(
                access.context(request),
                browser=cookies.read(request, ASKED),
                digits=digits,
                old=_old(request),
            )
            return _go_on(request, entered)
        except Refused as refused:
            form.add(refused.reasons)
    row = await sign_in.waiting(access.context(request), cookies.read(request, ASKED))
    return _code(request, form, row)


async def link_form(request: Request) -> Response:
    """What the link in the mail opens: a button. Opening it changes nothing, so a mail scanner may."""
    try:
        row = await sign_in.look_at_link(access.context(request), request.path_params["token"])
    except Refused as refused:
        return _link_gone(request, refused)
    return _private(render.page(request, "people/link.html", email=row["email"], robots="noindex"))


async def use_link(request: Request) -> Response:
    """Sign in with the link."""
    try:
        entered = await sign_in.use_link(
            access.context(request),
            link=request.path_params["token"],
            browser=cookies.read(request, ASKED),
            old=_old(request),
        )
    except Refused as refused:
        return _link_gone(request, refused)
    return _go_on(request, entered)


def _link_gone(request: Request, refused: Refused) -> Response:
    """410 for a link that did work once, 404 for one nobody made."""
    status = 404 if "unknown" in refused.codes else 410
    return _private(render.page(request, "people/link_gone.html", status, reasons=refused.reasons))


async def name_form(request: Request) -> Response:
    """Somebody new says what they want to be called."""
    row = await sign_in.waiting(access.context(request), cookies.read(request, ASKED))
    if row is None or not row["proven_at"] or row["used_at"]:
        return render.see_other("/sign-in")
    return _private(render.page(request, "people/name.html", form=Form(), email=row["email"]))


async def give_name(request: Request) -> Response:
    """Finish the first sign-in with a name."""
    form = await Form.read(request)
    name, pronouns = _name(form, required=True)
    if form.ok:
        try:
            entered = await sign_in.give_name(
                access.context(request),
                browser=cookies.read(request, ASKED),
                name=name,
                pronouns=pronouns,
                old=_old(request),
            )
            return _go_on(request, entered)
        except Refused as refused:
            form.add(refused.reasons)
    return _private(render.page(request, "people/name.html", 422, form=form, email=""))


def _go_on(request: Request, entered: Entered) -> Response:
    """Hand out the sign-in cookie and go where they wanted to go; or to the name first."""
    settings = access.context(request).settings
    if not entered.token:
        response = render.see_other("/sign-in/name")
        cookies.write(response, settings, ASKED, entered.browser, ASKED_LASTS)
        return response
    response = render.see_other(entered.next_path or AFTERWARDS, notice="You are signed in.")
    cookies.write(response, settings, access.SIGN_IN, entered.token, int(rules.SIGN_IN_LASTS.total_seconds()))
    cookies.delete(response, settings, ASKED)
    return response


def _old(request: Request) -> str:
    return cookies.read(request, access.SIGN_IN)


def _private(response: Response) -> Response:
    """These pages name an address though nobody is signed in yet."""
    response.headers["Cache-Control"] = "no-store"
    return response


async def sign_out(request: Request) -> Response:
    """Sign this browser out."""
    context = access.context(request)
    await sign_in.sign_out(context, _old(request))
    return _signed_out(request, "You are signed out.")


async def sign_out_everywhere(request: Request) -> Response:
    """Sign every browser of this person out, this one too."""
    await sign_in.sign_out_everywhere(access.context(request), request.state.person)
    return _signed_out(request, "You are signed out on every device.")


def _signed_out(request: Request, notice: str) -> Response:
    response = render.see_other("/", notice=notice)
    response.headers["Clear-Site-Data"] = '"storage"'  # what a host's phone kept of a room, and its worker
    for each in (access.SIGN_IN, ASKED):
        cookies.delete(response, access.context(request).settings, each)
    return response


async def me(request: Request) -> Response:
    """How this person is shown, with their training where they are a facilitator."""
    return await _me(request)


async def _me(request: Request, form: Form | None = None, training: Form | None = None) -> Response:
    """The page, with the form that was refused (of the two on it) as it was typed."""
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        found = (await profiles(tx, [person.id]))[person.id]
    return render.page(
        request,
        "people/me.html",
        422 if form or training else 200,
        form=form or Form(_values(found, person.zone)),
        training=training or Form(),
        credentials=found.credentials,
        picture=found.picture,
        zones=_zones(person.zone),
    )


def _values(found: Profile, zone: str) -> dict[str, str]:
    return {
        "name": found.name,
        "pronouns": found.pronouns,
        "zone": zone,
        "about": found.about,
        "approach": found.approach,
        "languages": found.languages,
    }


def _zones(own: str) -> list[tuple[str, str]]:
    first = {zone for zone, _ in COMMON_ZONES}
    rest = sorted(clock.zones() | ({own} if own else set()))
    return [
        ("", "Not said"),
        *COMMON_ZONES,
        *((zone, zone.replace("/", ", ").replace("_", " ")) for zone in rest if zone not in first),
    ]


async def change_me(request: Request) -> Response:
    """Keep what the person changed about themselves."""
    form = await Form.read(request)
    name, pronouns = _name(form, required=True)
    zone = form.take(lambda: rules.zone(form.value("zone")))
    about = form.take(lambda: text.body(form.value("about"), "about", max_length=2000, required=False))
    approach = form.take(
        lambda: text.body(form.value("approach"), "approach", max_length=3000, required=False)
    )
    languages = form.take(lambda: rules.languages(form.value("languages")))
    if not form.ok:
        return await _me(request, form=form)
    await actions.change_me(
        access.context(request),
        request.state.person,
        name=name,
        pronouns=pronouns,
        zone=zone or "",
        about=about or "",
        approach=approach or "",
        languages=languages or "",
    )
    response = render.see_other("/me", notice="Your changes are kept.")
    if zone:
        _keep_zone(request, response, zone)
    return response


def _keep_zone(request: Request, response: Response, zone: str) -> None:
    """Show times in the zone chosen here; a browser that tells its own clock (circles.js) goes before it."""
    response.set_cookie(
        cookies.ZONE,
        quote(zone, safe=""),
        max_age=31_536_000,
        samesite="lax",
        secure=not access.context(request).settings.practice,
    )


async def add_credential(request: Request) -> Response:
    """Add one training."""
    form = await Form.read(request)
    values = read_credential(form)
    if form.ok:
        try:
            await actions.add_credential(access.context(request), request.state.person, **values)
            return render.see_other("/me#training", notice="Added.")
        except Refused as refused:
            form.add(refused.reasons)
    return await _me(request, training=form)


def read_credential(form: Form) -> dict[str, Any]:
    """What was typed of one training; what cannot be read is said in the form."""
    return _read(
        form,
        kind=lambda: text.line(form.value("kind"), "kind"),
        body=lambda: text.line(form.value("body"), "body"),
        year=lambda: rules.year(form.value("year")),
        link=lambda: rules.link(form.value("link")),
    )


def _read(form: Form, **readers: Callable[[], Any]) -> dict[str, Any]:
    return {name: form.take(reader) for name, reader in readers.items()}


async def remove_credential(request: Request) -> Response:
    """Take one training away."""
    await actions.remove_credential(access.context(request), request.state.person, access.path_id(request))
    return render.see_other("/me#training", notice="Taken away.")
