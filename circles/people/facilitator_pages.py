"""What a facilitator shows of themselves: the picture, each training; and the organizers' mark on it."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound
from circles.people import actions, picture_upload
from circles.people.pages import read_credential
from circles.people.picture_upload import Portrait
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("people/people")


async def picture_form(request: Request) -> Response:
    """The picture as it is, and the form for another."""
    return await picture_upload.show(request, partial(_portrait, request))


async def _portrait(request: Request) -> Portrait:
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        found = await SQL.own_picture(tx, person_id=person.id)
    return Portrait(
        title="Your picture",
        lede="It shows on your page and beside your circles, for everybody.",
        name=person.name,
        hash=found or "",
        here="/me/picture",
        served_at="/pictures",
        back=("/me", "You"),
    )


async def send_picture(request: Request) -> Response:
    """Keep a picture, or say why it cannot be kept."""
    keep = partial(actions.keep_picture, access.context(request), request.state.person)
    return await picture_upload.send(request, partial(_portrait, request), keep)


async def drop_picture(request: Request) -> Response:
    """Take the picture away."""
    await actions.drop_picture(access.context(request), request.state.person)
    return picture_upload.dropped(request)


async def picture(request: Request) -> Response:
    """A person's picture."""
    return await picture_upload.serve(request, SQL.picture)


async def credential_form(request: Request) -> Response:
    """One training, to be changed."""
    async with access.context(request).db.reading() as tx:
        row = await SQL.own_credential(tx, id=access.path_id(request), person_id=request.state.person.id)
    if row is None:
        raise NotFound
    return _credential(
        request, Form({name: str(row[name] or "") for name in ("kind", "body", "year", "link")})
    )


def _credential(request: Request, form: Form, status: int = 200) -> Response:
    return render.page(request, "people/credential.html", status, form=form)


async def change_credential(request: Request) -> Response:
    """Keep a changed training."""
    form = await Form.read(request)
    values: dict[str, Any] = read_credential(form)
    if not form.ok:
        return _credential(request, form, 422)
    await actions.change_credential(
        access.context(request), request.state.person, access.path_id(request), **values
    )
    return render.see_other("/me#training", notice="Your changes are kept.")


async def see_credential(request: Request) -> Response:
    """An organizer saw the papers of a credential, or takes that word back."""
    form = await Form.read(request)
    seen = form.value("seen") == "yes"
    owner = await actions.see_credential(
        access.context(request),
        request.state.person,
        access.path_id(request),
        version=reading.whole_number(form.value("version"), 0),
        seen=seen,
    )
    says = "Marked as seen by the organizers today." if seen else "The mark is taken away."
    return render.see_other(f"/facilitators/{owner}#training", notice=says)
