"""Helpers for uploads: a large file in chunks, and a picture."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

from PIL import Image

from tests.conftest import Browser

MEGABYTE = b"x" * 1_000_000


async def send_in_chunks(page: Browser, path: str, field: str, *, megabytes: int) -> tuple[Any, int]:
    """Send a large file in chunks, without Content-Length. Returns the response, and how many megabytes were read."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        yield f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'.encode()
        for _ in range(megabytes):
            sent += 1
            yield MEGABYTE

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return await page.post(path, content=chunks(), headers=headers), sent


def image(kind: str = "JPEG", size: tuple[int, int] = (900, 600), mode: str = "RGB", **more: Any) -> bytes:
    """A picture: the left half red, the right half blue."""
    picture = Image.new(mode, size, 0)
    if mode in ("RGB", "RGBA"):
        opaque = () if mode == "RGB" else (255,)
        picture.paste((200, 30, 30, *opaque), (0, 0, size[0] // 2, size[1]))
        picture.paste((30, 30, 200, *opaque), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()
