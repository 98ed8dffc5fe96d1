"""What a facilitator shows: the picture, each credential, and the organizers' mark on it."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound
from circles.people import actions, picture_upload, rules
from circles.people.picture_upload import PicturePage
from circles.store import db
from circles.web import access, render, uploads
from circles.web.forms import Form

SQL = db.queries("people/people")


async def picture_form(request: Request) -> Response:
    return await picture_upload.show(request, partial(_picture_page, request))


async def _picture_page(request: Request) -> PicturePage:
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        picture_hash = await SQL.own_picture(tx, person_id=person.id)
    return PicturePage(
        title="Your picture",
        lede="It shows on your page and beside your circles, for everybody.",
        name=person.name,
        hash=picture_hash or "",
        url="/me/picture",
        pictures_url="/pictures",
        back=("/me", "You"),
    )


async def save_picture(request: Request) -> Response:
    save = partial(actions.save_picture, access.context(request), request.state.person)
    return await picture_upload.save(request, partial(_picture_page, request), save)


async def delete_picture(request: Request) -> Response:
    await actions.delete_picture(access.context(request), request.state.person)
    return picture_upload.deleted(request)


async def picture(request: Request) -> Response:
    return await uploads.serve(request, SQL.picture)


async def credential_form(request: Request) -> Response:
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
    form = await Form.read(request)
    values = rules.read_credential(form)
    if not form.ok:
        return _credential(request, form, 422)
    await actions.change_credential(
        access.context(request), request.state.person, access.path_id(request), **values
    )
    return render.see_other("/me#training", notice="Your changes are kept.")


async def mark_credential(request: Request) -> Response:
    form = await Form.read(request)
    seen = form.value("seen") == "yes"
    owner_id = await actions.mark_credential(
        access.context(request),
        request.state.person,
        access.path_id(request),
        version=reading.whole_number(form.value("version"), 0),
        seen=seen,
    )
    notice = "Marked as seen by the organizers today." if seen else "The mark is taken away."
    return render.see_other(f"/facilitators/{owner_id}#training", notice=notice)
