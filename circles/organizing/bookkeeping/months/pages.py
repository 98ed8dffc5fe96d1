"""The organizers' pages of months: their list, one month, and its files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import NotFound
from circles.organizing.bookkeeping.months import files, queries, rules
from circles.organizing.bookkeeping.months.rules import Month
from circles.payments import ledger_zone
from circles.web import access, render
from circles.web.forms import Form

HOME = "/organize/months"


async def months(request: Request) -> Response:
    zone = ledger_zone(access.context(request))
    today = Month.of(clock.now(), zone)
    newest = Month.read(request.query_params.get("until", ""), zone) or today
    async with access.context(request).db.reading() as tx:
        listed, has_earlier = await queries.listed(tx, newest)
    return render.page(
        request,
        "organizing/bookkeeping/months.html",
        listed=listed,
        today=today,
        columns=rules.page_columns(sums for one in listed for _, sums in one.sums),
        zone=_zone_name(request),
        is_newest=newest.first >= today.first,
        earlier=f"{HOME}?until={newest.later(-rules.PER_PAGE).slug}" if has_earlier else "",
        home=HOME,
    )


async def month(request: Request) -> Response:
    chosen = _month(request)
    async with access.context(request).db.reading() as tx:
        summaries = await queries.summaries(tx, chosen)
    today = Month.of(clock.now(), chosen.zone)
    return render.page(
        request,
        "organizing/bookkeeping/month.html",
        month=chosen,
        summaries=summaries,
        is_over=chosen.first < today.first,
        zone=_zone_name(request),
        home=HOME,
    )


async def file(request: Request) -> Response:
    """POST, since it is noted: one of the files of a month."""
    context, chosen, form = access.context(request), _month(request), await Form.read(request)
    name = form.value("file")
    if name not in files.FILES:
        raise NotFound
    export_id = await files.begin(context, actor_id=request.state.person.id, month=chosen, file=name)
    ending, media_type = files.FILES[name]
    made = files.chunks(context, export_id, chosen, name)
    return render.Download(made, f"{chosen.slug}-{ending}", media_type)


def _month(request: Request) -> Month:
    """The month of the address. Raises NotFound for what is none, and for one that has not begun."""
    zone = ledger_zone(access.context(request))
    chosen = Month.read(request.path_params["month"], zone)
    if chosen is None or chosen.first > Month.of(clock.now(), zone).first:
        raise NotFound
    return chosen


def _zone_name(request: Request) -> str:
    """The city of the community's time zone; empty where it has none."""
    zone = access.context(request).settings.community.zone
    return clock.city(zone) if zone else ""
