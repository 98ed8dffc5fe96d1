"""Pages of the community's settings: the form and its preview, versions, the logo; the style sheets of its colors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles.base import clock, money, reading, zone_choices
from circles.base.errors import NotFound, OutOfDate, Refused, or_not_found
from circles.base.settings import ASKS, Community
from circles.base.settings.colors import Colors, preview_sheet, style_sheet
from circles.community import actions, forms, rules
from circles.community.forms import Button
from circles.sandbox import pictures
from circles.store import db, mail
from circles.store.mail import ComposedMail
from circles.web import access, headers, limits, render, uploads
from circles.web.forms import Form

SQL = db.queries("community/community")
PAGE = "/organize/settings"
PER_PAGE = 50
MAX_NUMBER = 1_000_000_000


# The form and its preview


async def settings_form(request: Request) -> Response:
    """The form with the version in force; with ?from= an older one to put back, with ?logo= a logo just sent."""
    query, context = request.query_params, access.context(request)
    number = reading.whole_number(query.get("from", ""), 0)
    async with context.db.reading() as tx:
        newest = await actions.newest(tx, context)
        shown = or_not_found(await actions.version(tx, context, number)) if number else newest
        if "logo" in query:
            shown = await actions.with_logo(tx, shown, query["logo"])
            or_not_found(shown.logo)
    values = forms.values_of(shown) | {"basis": str(newest.number), "put_back": str(number or "")}
    return _form_page(request, Form.shown(request, values), shown)


def _form_page(
    request: Request,
    form: Form,
    shown: Community,
    status: int = 200,
    *,
    theirs: list[rules.Difference] | None = None,
) -> Response:
    """shown: the version whose logo the page shows. theirs: what somebody else published meanwhile."""
    environment = access.context(request).environment
    return render.page(
        request,
        "community/settings.html",
        status,
        form=form,
        logo=shown.logo,
        rows=forms.row_count(form.values),
        max_rows=forms.MAX_LINES,
        asks=[(name, *words) for name, words in ASKS.items()],
        currencies=[(code, code) for code in money.CURRENCIES],
        zones=[("", "That of whoever makes the circle"), *zone_choices.choices(form.value("zone"))],
        theirs=theirs or [],
        can_use_nearest=any(reason.code == "contrast" for reason in form.reasons),
        mail_from=environment.mail_from,
    )


async def save_settings(request: Request) -> Response:
    """Show the preview, or publish; or show the form again with a crisis line added, moved or removed."""
    form, context = await Form.read(request), access.context(request)
    button = Button.read(form.value("then"))
    shown = await _with_chosen_logo(request, form)
    if button.verb in ("add", "remove", "up", "edit"):
        forms.change_lines(form.values, button)
        return _form_page(request, form, shown)
    if button.verb == "nearest":
        forms.use_nearest_colors(form.values)
    try:
        community = replace(forms.read(form.values), logo=shown.logo)
        why = forms.read_why(form.values)
        basis = reading.whole_number(form.value("basis"), 0)
        if button.verb != "publish":
            actions.check_basis(shown, community, basis)
            return _preview(request, form, shown, community)
        is_new = await actions.publish(
            context,
            request.state.person.id,
            community,
            basis=basis,
            why=why,
            put_back=reading.whole_number(form.value("put_back"), None),
        )
    except OutOfDate as refused:
        return await _out_of_date(request, form.add(refused.reasons))
    except Refused as refused:
        return _form_page(request, form.add(refused.reasons), shown, 422)
    return render.see_other(
        PAGE, notice="Published. It is in force now." if is_new else "This is in force already."
    )


async def _with_chosen_logo(request: Request, form: Form) -> Community:
    """The version in force, with the logo that the form names."""
    context = access.context(request)
    chosen = "" if form.checked("no_logo") else form.value("logo")
    form.values["logo"] = chosen
    async with context.db.reading() as tx:
        return await actions.with_logo(tx, await actions.newest(tx, context), chosen)


async def _out_of_date(request: Request, form: Form) -> Response:
    """The form with what was typed upon the version that somebody published meanwhile, and what that changed."""
    context = access.context(request)
    async with context.db.reading() as tx:
        newest = await actions.newest(tx, context)
        number = reading.whole_number(form.value("basis"), 0)
        basis = await actions.version(tx, context, number) if number else None
        basis = basis or context.environment.community
        form.values = forms.merged(form.values, basis, newest) | {"basis": str(newest.number)}
        shown = await actions.with_logo(tx, newest, form.value("logo"))
    return _form_page(request, form, shown, 422, theirs=rules.differences(basis, newest))


def _preview(request: Request, form: Form, before: Community, community: Community) -> Response:
    """before: the version in force, with the logo chosen for this one."""
    in_force = access.context(request).settings.community
    return render.page(
        request,
        "community/preview.html",
        form=form,
        values=sorted((name, value) for name, value in form.values.items() if name != "then"),
        community=community,
        differences=rules.differences(replace(before, logo=in_force.logo), community),
        is_first=before.number == 0,
        mail=_sample_mail(request, community),
        mail_from=access.context(request).environment.mail_from,
        sample_start=(clock.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0),
        scale=money.Scale(community.minimum, community.suggested, community.maximum, community.currency),
    )


def _sample_mail(request: Request, community: Community) -> ComposedMail:
    return mail.compose(
        access.context(request).settings.with_community(community),
        "community_sample",
        to_name=request.state.person.name,
        subject="Tuesday group: how mail looks",
    )


async def mail_html(request: Request) -> Response:
    """The HTML of a mail under the settings of the form, with its own CSP, for the preview's frame."""
    form = await Form.read(request)
    shown = await _with_chosen_logo(request, form)
    written = _sample_mail(request, replace(forms.read(form.values), logo=shown.logo))
    return HTMLResponse(written.html, headers={"Content-Security-Policy": headers.MAIL_CSP})


# The versions


async def versions(request: Request) -> Response:
    """Every version with who published it, the newest first."""
    before = reading.whole_number(request.query_params.get("before", ""), MAX_NUMBER)
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.versions(tx, before=before, most=PER_PAGE))
    older = f"{PAGE}/versions?before={rows[-1]['number']}" if rows and rows[-1]["number"] > 1 else ""
    return render.page(request, "community/versions.html", versions=rows, older=older)


async def version(request: Request) -> Response:
    """One version: what it changed, and what putting it back would change."""
    context = access.context(request)
    number = reading.whole_number(request.path_params["number"], 0)
    async with context.db.reading() as tx:
        row: Any = or_not_found(await SQL.version(tx, number=number) if number else None)
        earlier = await actions.version(tx, context, number - 1) if number > 1 else None
        newest = await actions.newest(tx, context)
    shown = Community.of(row)
    return render.page(
        request,
        "community/version.html",
        version=row,
        changed=rules.differences(earlier or context.environment.community, shown),
        put_back=rules.differences(newest, shown),
        is_newest=newest.number == number,
    )


# The logo


async def logo_form(request: Request) -> Response:
    return _logo_page(request, Form())


def _logo_page(request: Request, form: Form, status: int = 200) -> Response:
    return render.page(request, "community/logo.html", status, form=form, max_bytes=pictures.MAX_BYTES)


async def send_logo(request: Request) -> Response:
    """Keep the picture, and go on to the form with it chosen: it shows on no page before it is published."""
    context, form = access.context(request), Form()
    try:
        content = await uploads.picture(request)
        await limits.count_upload(context, request.state.person.id, "picture")
        logo = await actions.save_logo(context, request.state.person.id, content)
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, _logo_page(request, form, 413))
        return _logo_page(request, form, 422)
    return render.see_other(
        f"{PAGE}?logo={logo}", notice="The logo is chosen. See the preview, and publish it."
    )


async def logo(request: Request) -> Response:
    return await uploads.serve(request, SQL.logo, media_type="image/png")


# The style sheets. Each is named by its colors, so it needs no query and never changes.


async def colors_sheet(request: Request) -> Response:
    return _sheet(style_sheet(_colors(request)))


async def colors_preview_sheet(request: Request) -> Response:
    return _sheet(preview_sheet(_colors(request)))


def _colors(request: Request) -> Colors:
    chosen = Colors.of_name(request.path_params["name"])
    if chosen is None:
        raise NotFound
    return chosen


def _sheet(text: str) -> Response:
    return Response(text, media_type="text/css", headers=uploads.FOR_GOOD)
