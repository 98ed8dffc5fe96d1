"""Writing to the organizers, and what came of it: for the person who wrote, signed in or by a mailed link."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import NotFound, OutOfDate, Refused, or_not_found
from circles.organizing.concerns import actions, rules
from circles.organizing.concerns.rules import Concern
from circles.store import db
from circles.store.context import Context
from circles.web import access, limits, render, tokens
from circles.web.forms import Form

SQL = db.queries("organizing/concerns")


async def write_form(request: Request) -> Response:
    return await _form_page(request, Form(), None)


async def write(request: Request) -> Response:
    return await _write(request, None)


async def about_form(request: Request) -> Response:
    """The same about one facilitator or organizer."""
    return await _form_page(request, Form(), await _somebody(request))


async def about(request: Request) -> Response:
    return await _write(request, await _somebody(request))


async def _somebody(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return or_not_found(await SQL.somebody_to_write_about(tx, id=access.path_id(request)))


async def _choices(request: Request) -> list[db.Record]:
    """Whom a signed-in person may name; nobody to a visitor."""
    person = request.state.person
    if person is None:
        return []
    async with access.context(request).db.reading() as tx:
        return await db.rows(SQL.people_to_write_about(tx, person_id=person.id))


async def _form_page(request: Request, form: Form, about: db.Record | None, status: int = 200) -> Response:
    form.creation_id()
    choices = [] if about else await _choices(request)
    async with access.context(request).db.reading() as tx:
        others = await SQL.other_organizers(tx, about_person=about["id"] if about else None)
    return render.page(
        request,
        "organizing/concerns/write.html",
        status,
        form=form,
        about=about,
        choices=[("", "Nobody, it is something else"), *((str(row["id"]), row["name"]) for row in choices)],
        nobody_reads=about is not None and not others,
        has_one_reader=about is None and others == 1,
        rules=rules,
    )


async def _write(request: Request, about: db.Record | None) -> Response:
    form, context, person = await Form.read(request), access.context(request), request.state.person
    try:
        concern = rules.read_concern(
            form,
            signed_in=person is not None,
            about=about["id"] if about else None,
            choices={row["id"] for row in await _choices(request)},
        )
        answer_by = await actions.write(
            context, person, concern, made_with=form.creation_id(), network=_network(request)
        )
    except Refused as refused:
        form.add(refused.reasons)
        if isinstance(refused, OutOfDate):
            form.renew_id()
        return await _form_page(request, form, about, 429 if "too_many" in refused.codes else 422)
    return render.see_other(
        "/my/concerns" if person else "/", notice=await _sent(context, concern, answer_by)
    )


async def _sent(context: Context, concern: Concern, answer_by: date) -> str:
    """What somebody reads once it is sent: nobody is promised an answer where nobody may read it."""
    async with context.db.reading() as tx:
        if not await SQL.other_organizers(tx, about_person=concern.about_person):
            return "Thank you. It is kept. Nobody else organizes here just now, so nobody reads it until somebody does."
    return f"Thank you. The organizers have it now, and you get an answer by {clock.format_date(answer_by)}."


def _network(request: Request) -> str:
    return limits.client_network(request, access.context(request).settings)


async def mine(request: Request) -> Response:
    """What somebody told the organizers, of listings too."""
    async with access.context(request).db.reading() as tx:
        told = await db.rows(SQL.told_by(tx, person_id=request.state.person.id))
    return render.page(request, "organizing/concerns/my_concerns.html", told=told)


async def one(request: Request) -> Response:
    return await _own_page(request, Form(), await _own(request))


async def reply(request: Request) -> Response:
    row = await _own(request)
    return await _reply(request, row, f"/my/concerns/{row['id']}", request.state.person.id)


async def _own(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        row = await SQL.own_concern(tx, id=access.path_id(request), person_id=request.state.person.id)
    return or_not_found(row)


async def by_link(request: Request) -> Response:
    """What a visitor wrote, by the link of the mail that said it is answered."""
    return await _own_page(request, Form(), await _linked(request))


async def reply_by_link(request: Request) -> Response:
    return await _reply(request, await _linked(request), request.url.path, None)


async def _linked(request: Request) -> db.Record:
    context = access.context(request)
    concern_id = tokens.read(context.settings.signing_keys, rules.PURPOSE, request.path_params["token"])
    if concern_id is None:
        raise NotFound
    async with context.db.reading() as tx:
        return or_not_found(await SQL.concern_by_link(tx, id=concern_id))


async def _reply(request: Request, row: db.Record, back: str, actor_id: UUID | None) -> Response:
    form = await Form.read(request)
    try:
        body = text.body(form.value("body"), "body", max_length=rules.MAX_CHARACTERS)
        promised = await actions.reply(
            access.context(request), row["id"], actor_id=actor_id, body=body, network=_network(request)
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _own_page(request, form, row, 429 if "too_many" in refused.codes else 422)
    notice = "Thank you. The organizers have it now, and are reminded that an answer is due."
    if not promised["is_late"]:
        day = clock.format_date(promised["answer_by"])
        notice = f"Thank you. The organizers have it now, and you get an answer by {day}."
    return render.see_other(back, notice=notice)


async def _own_page(request: Request, form: Form, row: db.Record, status: int = 200) -> Response:
    page = render.page(
        request,
        "organizing/concerns/my_concern.html",
        status,
        form=form,
        concern=row,
        steps=steps_of(row),
        rules=rules,
        is_linked="token" in request.path_params,
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def steps_of(row: db.Record) -> list[dict[str, Any]]:
    """What followed, with its times read from JSON."""
    return [
        step
        | {
            "at": datetime.fromisoformat(step["at"]),
            "answer_by": clock.parse_date(step["answer_by"], "") if step["answer_by"] else None,
        }
        for step in row["steps"]
    ]
