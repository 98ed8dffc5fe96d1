"""What visitors see: the first page, the list with its filters, a gathering, a circle, the zone's choice."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import clock, reading
from circles.base.errors import NotFound, Reason
from circles.base.money import Scale
from circles.gatherings import cards, filters, rules
from circles.gatherings.cards import Dated
from circles.gatherings.filters import Filters
from circles.gatherings.queries import booking_of
from circles.store import db, templates
from circles.web import access, cookies, htmx, render
from circles.web.cookies import viewer_zone
from circles.web.forms import Form, zone_options
from circles.web.paging import pager

SQL = db.queries("gatherings/gatherings")

ON_FIRST_PAGE = 4


async def home(request: Request) -> Response:
    """What a circle is and is not, and the next gatherings."""
    zone = viewer_zone(request)
    async with access.context(request).db.reading() as tx:
        arguments = Filters().arguments() | {"most": ON_FIRST_PAGE}
        rows = await db.rows(SQL.ahead(tx, zone=zone or None, **arguments))
    ahead = [cards.card(row) for row in rows]
    return render.page(
        request,
        "gatherings/home.html",
        cards=[cards.html(each, zone) for each in ahead],
        next=next((each for each in ahead if each.seats_left > 0), None),
        viewer_zone=zone,
    )


async def what_it_is_not(request: Request) -> Response:
    """What a circle is not, and where to turn instead."""
    return render.page(request, "gatherings/what_it_is_not.html")


def _filter_form(form: Form, found: Filters, own_clock: bool) -> str:
    """The form of the filters: kept by what is set, or rendered anew with what cannot be read."""
    return _kept_form(replace(found, page=1), own_clock) if form.ok else _render_form(form, found, own_clock)


@lru_cache(maxsize=256)
def _kept_form(found: Filters, own_clock: bool) -> str:
    return _render_form(Form(reading.join_fields(found.pairs())), found, own_clock)


def _render_form(form: Form, found: Filters, own_clock: bool) -> str:
    return templates.render(
        "gatherings/_filters.html",
        form=form,
        filters=found,
        options=filters,
        formats=rules.FORMATS,
        places=rules.PLACES,
        own_clock=own_clock,
    )


async def listing(request: Request) -> Response:
    """The gatherings ahead, filtered by what the address says. One query."""
    form = Form(reading.join_fields(request.query_params.multi_items()))
    found, reasons = filters.parse(form.values)
    form.add(reasons)
    zone = viewer_zone(request)
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.ahead(tx, zone=zone or None, **found.arguments()))
    how_many = rows[0]["how_many"] if rows else 0
    part = htmx.wants_part(request)
    response = render.page(
        request,
        "gatherings/_found.html" if part else "gatherings/list.html",
        part=part,
        form=form,
        filters=found,
        filter_form=_filter_form(form, found, bool(zone)),
        days=cards.by_day([cards.card(row) for row in rows], zone),
        how_many=how_many,
        pager=pager(found.page, how_many, filters.PER_PAGE, found.url),
        viewer_zone=zone,
        here=found.url(found.page),
    )
    if part:
        response.headers["HX-Push-Url"] = found.url(found.page)
    return htmx.vary(response)


def _row(found: db.Record | None) -> dict[str, Any]:
    if found is None:
        raise NotFound
    return dict(found)


async def gathering(request: Request) -> Response:
    """One gathering: when, where, how full, what it asks, and the way in or the reason why there is none."""
    context, person = access.context(request), request.state.person
    gathering_id = access.path_id(request)
    async with context.db.reading() as tx:
        row = _row(await SQL.gathering_page(tx, id=gathering_id))
    booking_id = await booking_of(context, person.id, gathering_id) if person else None
    left = row["capacity"] - row["seats_taken"]
    return render.page(
        request,
        "gatherings/gathering.html",
        gathering=row,
        scale=_scale(row),
        seats_left=left,
        community_left=min(row["community_seats"] - row["community_taken"], left),
        others=Dated.read(row["others"]),
        format=rules.FORMATS[row["format"]],
        terms=rules.terms_words(row["refund_hours"], row["late_refund_percent"]),
        closed=rules.why_closed(row["state"], row["starts_at"], left, clock.now(), row["circle_state"]),
        booking_id=booking_id,
        viewer_zone=viewer_zone(request),
    )


def _scale(row: dict[str, Any]) -> Scale:
    return Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"])


async def circle(request: Request) -> Response:
    """One circle: what it is for, who holds it, what it asks, its guidelines in full, its next gatherings."""
    async with access.context(request).db.reading() as tx:
        row = _row(await SQL.circle_page(tx, id=access.path_id(request)))
        profiles = await people.profiles(tx, row["host_ids"])
    return render.page(
        request,
        "gatherings/circle.html",
        circle=row,
        scale=_scale(row),
        hosts=[profiles[each] for each in row["host_ids"] if each in profiles],
        ahead=Dated.read(row["ahead"]),
        format=rules.FORMATS[row["format"]],
        terms=rules.terms_words(row["refund_hours"], row["late_refund_percent"]),
        viewer_zone=viewer_zone(request),
    )


async def zone_form(request: Request) -> Response:
    """The choice of a time zone, for browsers that do not tell theirs by themselves."""
    back = render.safe_path(request.query_params.get("next", "")) or "/gatherings"
    return _zone_page(request, Form({"zone": viewer_zone(request), "next": back}))


def _zone_page(request: Request, form: Form, status: int = 200) -> Response:
    return render.page(request, "gatherings/zone.html", status, form=form, zones=zone_options())


async def choose_zone(request: Request) -> Response:
    """Remember the visitor's zone in a cookie that holds nothing else, and go back."""
    form = await Form.read(request)
    zone = form.value("zone")
    if not clock.is_zone(zone):
        form.add(Reason("zone", "Please choose a time zone from the list.", "zone"))
        return _zone_page(request, form, 422)
    says = f"Times now show for {clock.city(zone)} too."
    response = render.see_other(render.safe_path(form.value("next")) or "/gatherings", notice=says)
    cookies.set_zone(response, access.context(request).settings, zone)
    return response
