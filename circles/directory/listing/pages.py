"""A therapist's page for everybody, their picture, and the link from a mail that says all of it still holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import clock
from circles.base.errors import NotFound, Refused
from circles.base.reading import Reader
from circles.directory.listing import own_actions, words
from circles.directory.listing import views as listing_views
from circles.directory.search import rules as search_rules
from circles.directory.search import short_list_rules
from circles.people import picture_upload
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("directory/listing")


async def listing(request: Request) -> Response:
    """One therapist. A page that is not shown is there for its owner and for organizers alone."""
    viewer = request.state.person
    codes = short_list_rules.read(",".join(request.query_params.getlist("t")))
    async with access.context(request).db.reading() as tx:
        row = await SQL.seen_listing(
            tx,
            id=access.path_id(request),
            viewer=viewer.id if viewer else None,
            organizer=bool(viewer and viewer.is_organizer),
        )
        if row is None:
            raise NotFound
        owner = row["person_id"]
        profile = (await people.profiles(tx, [owner])).get(owner) if owner else None
    return render.page(
        request,
        "directory/listing/listing.html",
        listing=row,
        view=listing_views,
        words=words,
        licenses=listing_views.licenses(row),
        ways=listing_views.ways(row),
        in_short=listing_views.in_short(row),
        mark=listing_views.mark_words(row),
        is_own=viewer is not None and viewer.id == owner,
        host_page=f"/facilitators/{owner}" if profile and profile.has_page else "",
        more=search_rules.Search(kept=codes).url(),
        **_short_list(row, codes),
    )


def _short_list(row: db.Record, codes: Sequence[str]) -> dict[str, Any]:
    """Whether somebody is on the short list that the address carries, else on the account's; and where to go next."""
    code = short_list_rules.code(row["id"])
    if code in codes:
        return {"is_kept": True, "short_list": short_list_rules.url(codes)}
    if row["is_kept"] and not codes:
        return {"is_kept": True, "short_list": short_list_rules.PATH}
    return {"is_kept": False, "short_list": short_list_rules.putting(codes, code)}


async def picture(request: Request) -> Response:
    """A listing's picture."""
    return await picture_upload.serve(request, SQL.listing_picture)


async def confirm_form(request: Request) -> Response:
    """The page behind the link of a mail: what is asked, and one button. Signing in is not needed."""
    async with access.context(request).db.reading() as tx:
        row = await _by_token(request, tx)
    return _confirm_page(request, row, Form())


async def _by_token(request: Request, tx: db.Tx) -> db.Record | None:
    settings = access.context(request).settings
    return await own_actions.by_token(tx, settings, request.path_params["token"])


def _confirm_page(request: Request, row: db.Record | None, form: Form, status: int = 200) -> Response:
    if row is None:
        response = render.page(request, "directory/listing/confirm_gone.html", 404)
    else:
        form.values.setdefault("room", row["room"])
        response = render.page(
            request,
            "directory/listing/confirm.html",
            status,
            listing=row,
            form=form,
            rooms=list(words.ROOM.items()),
            ending=_ending(row),
            view=listing_views,
            token=request.path_params["token"],
        )
    response.headers["Cache-Control"] = "no-store"
    return response


def _ending(row: db.Record) -> list[listing_views.LicenseView]:
    """The licenses whose last day is asked about: those that run out soon, or have."""
    return [
        each
        for each in listing_views.licenses(row)
        if each.is_active and (each.runs_out_soon or not each.counts)
    ]


async def confirm(request: Request) -> Response:
    """All of it still holds, said by the link of a mail."""
    form = await Form.read(request)
    context = access.context(request)
    try:
        async with context.db.transaction() as tx:
            row = await _by_token(request, tx)
            if row is None:
                return _confirm_page(request, None, form)
            expiries = _expiries(row, form.values)
            shown = await own_actions.confirm(
                tx, row["id"], who=None, room=form.value("room", row["room"]), expiries=expiries
            )
    except Refused as refused:
        form.add(refused.reasons)
        async with context.db.reading() as tx:
            return _confirm_page(request, await _by_token(request, tx), form, 422)
    if not shown:
        says = "Thank you, that is kept. The page stays hidden until a license on it counts again."
        return render.see_other("/therapists", notice=says, kind="matters")
    return render.see_other(f"/therapists/{row['id']}", notice="Thank you. Your page says so from today on.")


def _expiries(row: db.Record, values: dict[str, str]) -> dict[UUID, date]:
    """The new last days that were typed. Raises Refused."""
    reader: Any = Reader(values)
    found: dict[UUID, date] = {}
    for each in _ending(row):
        field = f"expires_{each.id}"
        typed = values.get(field, "").strip()
        if typed:
            day = reader.take(lambda typed=typed, field=field: clock.parse_date(typed, field), None)
            if day and day != each.expires_on:
                found[each.id] = day
    reader.raise_refusals()
    return found
