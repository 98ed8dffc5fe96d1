"""The page to upload a picture, shared by facilitators and therapists: form and upload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from circles import sandbox
from circles.base.errors import Refused
from circles.sandbox import pictures
from circles.web import access, headers, limits, render, uploads
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
    "circles.sandbox.pictures",
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
        sent = await uploads.picture(request)
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


def deleted(request: Request) -> Response:
    """Back to the form, after the picture was deleted."""
    return render.see_other(request.url.path.removesuffix("/remove"), notice="The picture is taken away.")
