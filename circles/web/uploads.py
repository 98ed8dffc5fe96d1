"""Pictures over HTTP: the one that a form sends, and one that a URL names."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound, Reason, Refused
from circles.sandbox import pictures
from circles.web import access

FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


async def picture(request: Request) -> bytes:
    """The bytes of the file in the field "picture". Raises Refused for none, or one that is too large."""
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


async def serve(
    request: Request, query: Callable[..., Awaitable[Any]], *, media_type: str = "image/jpeg"
) -> Response:
    """A picture. Cacheable for good, because its URL is the hash of its content. query: returns its bytes by hash."""
    picture_hash = request.path_params["hash"]
    if not re.fullmatch("[0-9a-f]{32}", picture_hash):
        raise NotFound
    async with access.context(request).db.reading() as tx:
        content = await query(tx, hash=picture_hash)
    if content is None:
        raise NotFound
    return Response(bytes(content), media_type=media_type, headers=FOR_GOOD)
