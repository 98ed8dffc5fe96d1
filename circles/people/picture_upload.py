"""The page to upload a picture, shared by facilitators and therapists: form, upload, serving."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles import sandbox
from circles.base.errors import NotFound, Reason, Refused
from circles.people import pictures
from circles.web import access, headers, limits, render
from circles.web.forms import Form


@dataclass(frozen=True, slots=True)
class PicturePage:
    """The values of one upload page.

    name: of the person shown. hash: of the present picture, or empty. url: of the page. pictures_url: prefix of the
    URLs of pictures of this kind. back: the URL and words of the link back.
    """

    title: str
    lede: str
    name: str
    hash: str
    url: str
    pictures_url: str
    back: tuple[str, str]


# A picture of 40 million pixels takes 160 MB decoded, and a progressive JPEG of as many 240 MB; the child itself 45 MB.
DECODING: Final = sandbox.Target(
    "circles.people.pictures",
    "encode_square",
    sandbox.Limits(memory=512_000_000, cpu_seconds=10, seconds=60, answer=1_000_000, at_once=2),
    noun="picture",
    form_field="picture",
)
GetPage = Callable[[], Awaitable[PicturePage]]


async def show(request: Request, get_page: GetPage, form: Form | None = None, status: int = 200) -> Response:
    """The page with the present picture and the form."""
    return render.page(
        request,
        "people/picture.html",
        status,
        form=form or Form(),
        picture_page=await get_page(),
        max_bytes=pictures.MAX_BYTES,
    )


async def save(
    request: Request, get_page: GetPage, save_picture: Callable[[bytes], Awaitable[object]]
) -> Response:
    """Save the uploaded picture by `save_picture`, or show the form again with the refusals."""
    form = Form()
    try:
        sent = await _uploaded(request)
        await limits.count_upload(access.context(request), request.state.person.id, "picture")
        await save_picture(await normalize(sent))
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, await show(request, get_page, form, 413))
        return await show(request, get_page, form, 422)
    return render.see_other(request.url.path, notice="The picture is kept.")


async def normalize(content: bytes) -> bytes:
    """A square JPEG of a picture, without its metadata, made in a child process. Raises Refused."""
    return await sandbox.run(DECODING, content)


async def _uploaded(request: Request) -> bytes:
    """The bytes of the uploaded file. Raises Refused for none, or one that is too large."""
    try:
        async with request.form(max_files=1, max_fields=4) as data:
            upload = data.get("picture")
            content = await upload.read() if isinstance(upload, UploadFile) else b""
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise Refused(pictures.too_large()) from None
    if not content:
        raise Refused(Reason("missing", "Please choose a picture first.", "picture"))
    return content


def deleted(request: Request) -> Response:
    """Back to the form, after the picture was deleted."""
    return render.see_other(request.url.path.removesuffix("/remove"), notice="The picture is taken away.")


async def serve(request: Request, query: Callable[..., Awaitable[Any]]) -> Response:
    """A picture. Cacheable for good, because its URL is the hash of its content. query: returns its bytes by hash."""
    picture_hash = request.path_params["hash"]
    if not re.fullmatch("[0-9a-f]{32}", picture_hash):
        raise NotFound
    async with access.context(request).db.reading() as tx:
        jpeg = await query(tx, hash=picture_hash)
    if jpeg is None:
        raise NotFound
    return Response(
        bytes(jpeg), media_type="image/jpeg", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
