"""What every page of a picture shares: the form, keeping what was sent or saying why not, and serving it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound, Reason, Refused
from circles.people import pictures
from circles.web import access, headers, render
from circles.web.forms import Form


@dataclass(frozen=True, slots=True)
class Portrait:
    """The page of one picture: whose it is and where that shows, the page it goes back to, its own address.

    hash: of the picture there is, or nothing. served_at: where pictures of this kind are. back: an address, its words.
    """

    title: str
    lede: str
    name: str
    hash: str
    here: str
    served_at: str
    back: tuple[str, str]


Find = Callable[[], Awaitable[Portrait]]


async def show(request: Request, find: Find, form: Form | None = None, status: int = 200) -> Response:
    """The picture as it is, and the form for another."""
    return render.page(
        request,
        "people/picture.html",
        status,
        form=form or Form(),
        portrait=await find(),
        most=pictures.MAX_BYTES,
    )


async def send(request: Request, find: Find, keep: Callable[[bytes], Awaitable[object]]) -> Response:
    """Keep the picture that was sent, or show its form again and say why it cannot be kept."""
    form = Form()
    try:
        await keep(await pictures.remake(await _sent(request)))
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, await show(request, find, form, 413))
        return await show(request, find, form, 422)
    return render.see_other(request.url.path, notice="The picture is kept.")


async def _sent(request: Request) -> bytes:
    """The file that was sent, whole. Raises Refused for none, or one that is too large."""
    try:
        async with request.form(max_files=1, max_fields=4) as data:
            found = data.get("picture")
            sent = await found.read() if isinstance(found, UploadFile) else b""
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise Refused(pictures.too_large()) from None
    if not sent:
        raise Refused(Reason("missing", "Please choose a picture first.", "picture"))
    return sent


def dropped(request: Request) -> Response:
    """Back to the form, after the picture was taken away."""
    return render.see_other(request.url.path.removesuffix("/remove"), notice="The picture is taken away.")


async def serve(request: Request, find: Callable[..., Awaitable[Any]]) -> Response:
    """A picture. Its address is made of its content, so it may be kept for good. find: the query of its kind."""
    found = request.path_params["hash"]
    if not re.fullmatch("[0-9a-f]{32}", found):
        raise NotFound
    async with access.context(request).db.reading() as tx:
        jpeg = await find(tx, hash=found)
    if jpeg is None:
        raise NotFound
    return Response(
        bytes(jpeg), media_type="image/jpeg", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
