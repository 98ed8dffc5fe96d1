"""Public pages: the first page, the list with its filters, a gathering, a circle, a facilitator, the time zone."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import directory, people
from circles.base import clock, reading, zone_choices
from circles.base.errors import NotFound, Reason, or_not_found
from circles.base.money import Scale
from circles.gatherings import filters, rules, structured_data
from circles.gatherings.cards import Card, GatheringDate, by_day, card_html
from circles.gatherings.filters import Filters
from circles.gatherings.own_seats import own_mark, seat_rules
from circles.store import db, templates
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form
from circles.web.paging import FIRST, long_pager
from circles.web.sent import origin

SQL = db.queries("gatherings/gatherings")
SHARING = db.queries("gatherings/sharing")

ON_FIRST_PAGE = 4

# The path of the community's public feed, without the ending of its format.
COMMUNITY_FEED = "/gatherings/feed"


async def home(request: Request) -> Response:
    viewer = cookies.viewer(request)
    async with access.context(request).db.reading() as tx:
        arguments = Filters().arguments() | {
            "limit": ON_FIRST_PAGE,
            "most": 0,
            "most_read": 0,  # nothing is counted
            "actor_id": _actor_id(request),
        }
        cards = [Card.of(row) for row in await db.rows(SQL.ahead(tx, **arguments))]
    return render.page(
        request,
        "gatherings/home.html",
        cards=[card_html(card, viewer) for card in cards],
        next=next((card for card in cards if card.seats_left > 0), None),
        public_feed=COMMUNITY_FEED,
    )


def _actor_id(request: Request) -> UUID | None:
    person = request.state.person
    return person.id if person else None


async def what_it_is_not(request: Request) -> Response:
    return render.page(request, "gatherings/what_it_is_not.html")


async def listing(request: Request) -> Response:
    """The list of gatherings, or its results alone for htmx. One query."""
    form = Form(reading.join_fields(request.query_params.multi_items()))
    wanted, reasons = filters.parse(form.values)
    form.add(reasons)
    viewer = cookies.viewer(request)
    async with access.context(request).db.reading() as tx:
        arguments = wanted.arguments(viewer.zone) | {"actor_id": _actor_id(request)}
        rows = await db.rows(SQL.ahead(tx, **arguments))
    is_part = bool(rows) and rows[0]["is_part"]
    total = max(rows[0]["total"], len(rows)) if rows else 0
    part = htmx.wants_part(request)
    cards, most = tuple(Card.of(row) for row in rows), None if is_part else total

    def context() -> dict[str, Any]:
        return {
            "part": part,
            "form": form,
            "filters": wanted,
            "filter_form": filter_form(form, wanted, viewer.zone),
            "days": by_day(cards, viewer),
            "total": total,
            "result": wanted.result_words(total, is_part=is_part),
            "public_feed": COMMUNITY_FEED,
            "pager": long_pager(
                wanted.window, [card.id for card in cards], most, filters.PER_PAGE, wanted.url
            ),
            "here": wanted.url(wanted.window),
        }

    refused = tuple((reason.field, reason.text) for reason in reasons)
    shown = (wanted, refused and tuple(form.values.items()), refused, total, is_part, cards)
    template = "gatherings/_results.html" if part else "gatherings/list.html"
    response = render.visitors_page(request, template, shown, context)
    if part:
        response.headers["HX-Push-Url"] = wanted.url(wanted.window)
    return htmx.vary(response)


def filter_form(form: Form, wanted: Filters, zone: str) -> str:
    """The HTML of the filters' form. Kept by what is set, unless it shows what was refused."""
    return _kept_form(replace(wanted, window=FIRST), zone) if form.ok else _render_form(form, wanted, zone)


@lru_cache(maxsize=256)
def _kept_form(wanted: Filters, zone: str) -> str:
    return _render_form(Form(reading.join_fields(wanted.pairs())), wanted, zone)


def _render_form(form: Form, wanted: Filters, zone: str) -> str:
    return templates.render(
        "gatherings/_filters.html",
        form=form,
        filters=wanted,
        options=filters,
        formats=rules.FORMATS,
        places=rules.PLACES,
        zone=zone,
    )


async def gathering(request: Request) -> Response:
    """One gathering: what it is, and the visitor's own seat. One query."""
    viewer, actor_id = cookies.viewer(request), _actor_id(request)
    async with access.context(request).db.reading() as tx:
        row = await SQL.gathering_page(tx, id=access.path_id(request), actor_id=actor_id)
        row = dict(or_not_found(row))
    left = row["capacity"] - row["seats_taken"]
    settings = access.context(request).settings
    return render.page(
        request,
        "gatherings/gathering.html",
        gathering=row,
        link_card=structured_data.gathering_card(row, settings.base_url),
        structured_data=structured_data.gathering_event(
            row, _scale(row), left, settings.base_url, settings.community_name
        ),
        public_feed=f"/circles/{row['circle_id']}/feed" if row["circle_state"] == "published" else "",
        scale=_scale(row),
        seats_left=left,
        community_left=min(row["community_seats"] - row["community_taken"], left),
        others=GatheringDate.read(row["others"]),
        format=rules.FORMATS[row["format"]],
        terms=rules.terms_words(row["refund_hours"], row["late_refund_percent"]),
        closed=rules.why_closed(row["state"], row["starts_at"], left, clock.now(), row["circle_state"]),
        own=seat_rules().view(row, viewer, signed_in=actor_id is not None),
        pass_offer=_sold(row["pass_offer"], row["circle_state"], row["currency"]),
    )


def _sold(offer: dict[str, Any] | None, circle_state: str, currency: str) -> dict[str, Any] | None:
    """The pass that a circle sells now, for its pages; None where it sells none, or did in another currency."""
    is_sold = offer and offer["is_sold"] and offer["currency"] == currency and circle_state == "published"
    return offer if is_sold else None


def _scale(row: dict[str, Any]) -> Scale:
    return Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"])


async def circle(request: Request) -> Response:
    return await circle_page(request, access.path_id(request))


async def circle_at_address(request: Request) -> Response:
    """The circle of a short address. A former one, or one in capitals, leads to the address of now."""
    slug = request.path_params["slug"]
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SHARING.circle_at(tx, slug=slug.lower()))
    if row["current_slug"] != slug:
        # Not a permanent one: a host may choose a former address again.
        return RedirectResponse(f"/c/{row['current_slug']}", status_code=302)
    return await circle_page(request, row["circle_id"])


async def circle_page(request: Request, circle_id: UUID) -> Response:
    """The page of a circle, by whichever address. Raises NotFound."""
    async with access.context(request).db.reading() as tx:
        row = await SQL.circle_page(tx, id=circle_id, actor_id=_actor_id(request))
        row = dict(or_not_found(row))
        profiles = await people.profiles(tx, row["host_ids"])
    settings, ahead = access.context(request).settings, GatheringDate.read(row["ahead"])
    card = structured_data.circle_card(row, settings.base_url)
    return render.page(
        request,
        "gatherings/circle.html",
        circle=row,
        link_card=card,
        canonical=card.url,
        structured_data=structured_data.circle_events(
            row, ahead, _scale(row), settings.base_url, settings.community_name
        ),
        public_feed=f"/circles/{row['id']}/feed" if row["state"] == "published" else "",
        scale=_scale(row),
        hosts=[profiles[host_id] for host_id in row["host_ids"] if host_id in profiles],
        ahead=ahead,
        notes=seat_rules().circle_notes(row["admission"]),
        pass_offer=_sold(row["pass_offer"], row["state"], row["currency"]),
        format=rules.FORMATS[row["format"]],
        place=rules.place_words(row["place"], row["city"]),
        terms=rules.terms_words(row["refund_hours"], row["late_refund_percent"]),
    )


async def facilitator(request: Request) -> Response:
    """One facilitator with their training and their circles. Three queries."""
    facilitator_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        profile = (await people.profiles(tx, [facilitator_id])).get(facilitator_id)
        if profile is None or not profile.has_page:
            raise NotFound
        query = SQL.circles_of_host(tx, person_id=facilitator_id, actor_id=_actor_id(request))
        rows = await db.rows(query)
        listing = await directory.own_listing(tx, facilitator_id)
    viewer = request.state.person
    return render.page(
        request,
        "gatherings/facilitator.html",
        facilitator=profile,
        circles=[
            dict(row) | {"where": rules.place_words(row["place"], row["city"]), "mark": own_mark(row["own"])}
            for row in rows
        ],
        listing=listing if listing and listing.state == "shown" else None,
        formats=rules.FORMATS,
        is_me=viewer is not None and viewer.id == profile.id,
    )


async def zone_form(request: Request) -> Response:
    back = origin.safe_path(request.query_params.get("next", "")) or "/gatherings"
    return _zone_page(request, Form({"zone": cookies.viewer_zone(request), "next": back}))


def _zone_page(request: Request, form: Form) -> Response:
    return render.page(
        request,
        "gatherings/zone.html",
        200 if form.ok else 422,
        form=form,
        zones=zone_choices.choices(form.value("zone")),
    )


async def choose_zone(request: Request) -> Response:
    """Keep the visitor's zone in a cookie of its own, and go back."""
    form = await Form.read(request)
    zone = form.value("zone")
    if zone and not clock.is_zone(zone):
        form.add(Reason("zone", "Please choose a time zone from the list.", "zone"))
        return _zone_page(request, form)
    text = (
        f"Times now show in your time zone, {clock.city(zone)}." if zone else "Times now go by this device."
    )
    response = render.see_other(origin.safe_path(form.value("next")) or "/gatherings", notice=text)
    cookies.set_zone(response, access.context(request).settings, zone, chosen=True)
    return response
