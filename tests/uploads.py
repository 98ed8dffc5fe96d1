"""Hands for the tests of files that are sent: one far too large that comes piece by piece, and a picture."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

from PIL import Image

from tests.conftest import Browser

MEGABYTE = b"x" * 1_000_000


async def send_in_pieces(page: Browser, path: str, field: str, *, megabytes: int) -> tuple[Any, int]:
    """Send a large file without saying how large it will be. Gives the answer, and how many megabytes were taken."""
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        yield f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'.encode()
        for _ in range(megabytes):
            taken += 1
            yield MEGABYTE

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return await page.post(path, content=pieces(), headers=headers), taken


def image(kind: str = "JPEG", size: tuple[int, int] = (900, 600), mode: str = "RGB", **more: Any) -> bytes:
    """A picture: the left half red, the right half blue."""
    made = Image.new(mode, size, 0)
    if mode in ("RGB", "RGBA"):
        opaque = () if mode == "RGB" else (255,)
        made.paste((200, 30, 30, *opaque), (0, 0, size[0] // 2, size[1]))
        made.paste((30, 30, 200, *opaque), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    made.save(out, kind, **more)
    return out.getvalue()
