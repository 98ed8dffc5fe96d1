"""Hosts' page to share a circle: its short address, a QR code, a poster, a frame, and how a link to it looks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from circles.base import money
from circles.base.errors import Refused, or_not_found
from circles.gatherings import FORMATS, PLACES, circle_card, circle_path
from circles.hosting.organize import acting
from circles.hosting.sharing import actions, documents, rules
from circles.hosting.sharing.documents import Poster
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/sharing")

WHAT_IT_IS_NOT = "A circle goes along with care and replaces none of it. It is not therapy."


async def show(request: Request) -> Response:
    circle = await _circle(request)
    slugs = circle["slugs"]
    form = Form({"slug": slugs[0] if slugs else await _suggestion(request, circle["discreet_name"])})
    return _page(request, circle, form)


async def choose(request: Request) -> Response:
    form, circle = await Form.read(request), await _circle(request)
    try:
        slug = await actions.choose_address(
            access.context(request),
            request.state.person,
            circle["id"],
            form.value("slug"),
            why=form.value("why"),
        )
    except Refused as refused:
        return _page(request, circle, form.add(refused.reasons), 422)
    return render.see_other(
        f"/host/circles/{circle['id']}/share", notice=f"The short address is now /c/{slug}."
    )


async def qr_code(request: Request) -> Response:
    circle = await _circle(request)
    svg = documents.qr_svg(_url(request, circle))
    return Response(svg, media_type="image/svg+xml", headers=_as_file(circle, "svg", request))


async def poster(request: Request) -> Response:
    circle = await _circle(request)
    settings = access.context(request).settings
    is_discreet = request.query_params.get("name") == "discreet"
    content = Poster(
        community=settings.mail_name if is_discreet else settings.community_name,
        title=circle["discreet_name"] if is_discreet else circle["name"],
        lines=() if is_discreet else _lines(circle),
        url=_url(request, circle),
        foot="" if is_discreet else WHAT_IT_IS_NOT,
    )
    pdf = documents.poster_pdf(content)
    return Response(pdf, media_type="application/pdf", headers=_as_file(circle, "pdf", request))


def _lines(circle: dict[str, Any]) -> tuple[str, ...]:
    where = PLACES[circle["place"]] + (f", {circle['city']}" if circle["city"] else "")
    least, most = (money.format_amount(circle[name], circle["currency"]) for name in ("minimum", "maximum"))
    if circle["maximum"] == 0:
        price = "Free of charge"
    else:
        price = least if least == most else f"{least} to {most}. You choose the amount."
    return (f"{FORMATS[circle['format']]}. {where}.", price)


async def _circle(request: Request) -> dict[str, Any]:
    """The circle of the URL for somebody who may change it. Raises NotFound."""
    actor, circle_id = request.state.person, access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.shared_circle(tx, id=circle_id, actor_id=actor.id))
        asks_why = await acting.asks_why(tx, actor, circle_id, row["part"])
    return dict(row) | {"asks_why": asks_why}


async def _suggestion(request: Request, discreet_name: str) -> str:
    """The first address of its name that nobody has."""
    slugs = rules.suggestions(discreet_name)
    async with access.context(request).db.reading() as tx:
        taken = {row["slug"] for row in await db.rows(SQL.taken_among(tx, slugs=slugs))}
    return next((slug for slug in slugs if slug not in taken), "")


def _url(request: Request, circle: dict[str, Any]) -> str:
    slugs = circle["slugs"]
    path = circle_path(circle["id"], slugs[0] if slugs else None)
    return f"{access.context(request).settings.base_url}{path}"


def _as_file(circle: dict[str, Any], ending: str, request: Request) -> dict[str, str]:
    """Headers of a file: shown by the browser, or saved under the discreet name."""
    if "save" not in request.query_params:
        return {}
    name = rules.slug_of(circle["discreet_name"]) or "group"
    return {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}


def _page(request: Request, circle: dict[str, Any], form: Form, status: int = 200) -> Response:
    settings = access.context(request).settings
    url = _url(request, circle)
    frame_url = f"{settings.base_url}/circles/{circle['id']}/frame"
    return render.page(
        request,
        "hosting/sharing/share.html",
        status,
        circle=circle,
        form=form,
        asks_why=circle["asks_why"],
        url=url,
        former=circle["slugs"][1:],
        start=f"{settings.base_url}/c/",
        host=urlsplit(url).netloc,
        card=circle_card(circle, settings.base_url),
        frame_url=frame_url,
        frame_html=rules.frame_html(frame_url),
        json_url=f"{settings.base_url}/circles/{circle['id']}/dates.json",
    )
