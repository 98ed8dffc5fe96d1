"""Pictures of every depth keep their light and dark."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from circles.people import picture_upload

SIZE = (200, 200)


def png(mode: str, scale: int) -> bytes:
    """A ramp from black at the left to white at the right; scale: of its lightest value to 255."""
    ramp = Image.new(mode, SIZE)
    ramp.putdata([int(255 * x / (SIZE[0] - 1)) * scale for _ in range(SIZE[1]) for x in range(SIZE[0])])
    out = io.BytesIO()
    ramp.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(("mode", "scale"), [("L", 1), ("I;16", 257)])
async def test_a_ramp_stays_a_ramp(mode: str, scale: int) -> None:
    with Image.open(io.BytesIO(await picture_upload.normalize(png(mode, scale)))) as saved:
        gray = saved.convert("L")
    lightness = [gray.getpixel((x, 256)) for x in (10, 128, 256, 384, 500)]
    for found, expected in zip(lightness, (5, 64, 128, 191, 249), strict=True):
        assert isinstance(found, int | float)
        assert abs(found - expected) < 8
