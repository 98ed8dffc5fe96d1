"""What a facilitator shows of themselves: the picture, each training; and the organizers' mark on it."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.errors import NotFound, Refused
from circles.people import actions, pictures
from circles.people.pages import read_credential
from circles.web import guard, headers, render
from circles.web.forms import Form


async def picture_form(request: Request) -> Response:
    """The picture as it is, and the form for another."""
    return await _picture(request, Form())


async def _picture(request: Request, form: Form, status: int = 200) -> Response:
    async with guard.house(request).db.reading() as tx:
        found = await actions.SQL.own_picture(tx, person_id=request.state.person.id)
    return render.page(request, "people/picture.html", status, form=form, picture=found or "")


async def send_picture(request: Request) -> Response:
    """Keep a picture, or say why it cannot be kept."""
    form = Form()
    try:
        jpeg = await pictures.remake(await pictures.sent(request))
        await actions.keep_picture(guard.house(request), request.state.person, jpeg)
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.say_too_much_with(request.scope, await _picture(request, form, 413))
        return await _picture(request, form, 422)
    return render.see_other("/me/picture", notice="Your picture is kept.")


async def drop_picture(request: Request) -> Response:
    """Take the picture away."""
    await actions.drop_picture(guard.house(request), request.state.person)
    return render.see_other("/me/picture", notice="The picture is taken away.")


async def picture(request: Request) -> Response:
    """A picture. Its address is made of its content, so it may be kept for good."""
    found = request.path_params["hash"]
    if not re.fullmatch("[0-9a-f]{32}", found):
        raise NotFound
    async with guard.house(request).db.reading() as tx:
        jpeg = await actions.SQL.picture(tx, hash=found)
    if jpeg is None:
        raise NotFound
    return Response(
        bytes(jpeg), media_type="image/jpeg", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


async def credential_form(request: Request) -> Response:
    """One training, to be changed."""
    async with guard.house(request).db.reading() as tx:
        row = await actions.SQL.own_credential(
            tx, id=guard.path_id(request), person_id=request.state.person.id
        )
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
        guard.house(request), request.state.person, guard.path_id(request), **values
    )
    return render.see_other("/me#training", notice="Your changes are kept.")


async def see_credential(request: Request) -> Response:
    """An organizer saw the papers of a credential, or takes that word back."""
    form = await Form.read(request)
    version = form.value("version")
    seen = form.value("seen") == "yes"
    owner = await actions.see_credential(
        guard.house(request),
        request.state.person,
        guard.path_id(request),
        version=int(version) if re.fullmatch("[0-9]{1,9}", version) else 0,
        seen=seen,
    )
    says = "Marked as seen by the organizers today." if seen else "The mark is taken away."
    return render.see_other(f"/facilitators/{owner}#training", notice=says)
