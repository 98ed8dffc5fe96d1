"""Uploaded pictures, re-encoded so that no metadata is kept. The only import of Pillow."""

from __future__ import annotations

import io
import math

import anyio
import anyio.to_thread
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from circles.base.errors import Reason, Refused

# Of the uploaded file, in bytes; of the picture in it, in pixels; and each side of the square that is saved.
MAX_BYTES = 5_000_000
MAX_PIXELS = 40_000_000
SIDE = 512
# Nobody can be recognized on a smaller one.
MIN_SIDE = 64
FORMATS = ("JPEG", "PNG", "WEBP")

# Pillow itself refuses to open a file of more than twice as many, before it decodes anything.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# Two at a time: decoding the largest takes about 120 MB.
_limiter = anyio.CapacityLimiter(2)


async def normalize(content: bytes) -> bytes:
    """A square JPEG of a picture, without its metadata. Raises Refused for other files, and one too large or small."""
    return await anyio.to_thread.run_sync(_normalize, content, limiter=_limiter)


def _normalize(content: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image)
            image.draft("RGB", (SIDE * 2, SIDE * 2))
            upright = ImageOps.exif_transpose(image)
            square = ImageOps.fit(_opaque(upright), (SIDE, SIDE), Image.Resampling.LANCZOS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(_too_many_pixels()) from None
    except Refused:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError):
        raise Refused(not_a_picture()) from None
    return _clean_jpeg(square)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Refused(_too_many_pixels())
    if min(width, height) < MIN_SIDE:
        raise Refused(
            Reason(
                "too_small",
                f"Please send a picture of at least {MIN_SIDE} by {MIN_SIDE} pixels.",
                "picture",
            )
        )


def _opaque(image: Image.Image) -> Image.Image:
    """The picture on a warm white background where it was transparent."""
    if image.mode.startswith("I"):
        # 16 bits a pixel, which Pillow would cut off at 255 instead of scaling them.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, (250, 246, 238, 255))
        background.alpha_composite(layer)
        return background.convert("RGB")
    return image.convert("RGB")


def _clean_jpeg(image: Image.Image) -> bytes:
    """Encoded from a new image, since the old one keeps its comments."""
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return out.getvalue()


def draw_hills(sky: tuple[str, str], sun: str, hills: tuple[str, ...], at: tuple[float, float]) -> bytes:
    """A drawn landscape, as a JPEG: a low sun over hills. Colors as #rrggbb.

    sky: its colors at the top and the bottom; hills: the farthest first; at: the sun, right and down, 0 to 1.
    """
    side = SIDE  # reduced by half in the end, which smooths the edges
    picture = ImageOps.colorize(Image.linear_gradient("L").resize((side, side)), *sky)
    pen = ImageDraw.Draw(picture)
    right, down = at[0] * side, at[1] * side
    pen.ellipse((right - side / 7, down - side / 7, right + side / 7, down + side / 7), fill=sun)
    for number, color in enumerate(hills):
        pen.polygon(_ridge(side, number, len(hills), at[0]), fill=color)
    return _clean_jpeg(picture.reduce(2))


def _ridge(side: int, number: int, of: int, turn: float) -> list[tuple[float, float]]:
    """The outline of one hill range, from the left edge to the right and along the bottom."""
    middle = side * (0.5 + 0.5 * (number + 0.4) / (of + 0.6))
    swing = side * 0.09 / (number + 1)
    steps = range(0, side + 8, 8)
    waves = [math.sin((x / side + turn) * math.tau * (0.8 + 0.35 * number) + 2.1 * number) for x in steps]
    line = [(float(x), middle - swing * wave) for x, wave in zip(steps, waves, strict=True)]
    return [(0.0, float(side)), *line, (float(side), float(side))]


def not_a_picture() -> Reason:
    """The refusal of a file that is no readable picture."""
    return Reason(
        "not_a_picture", "This is not a picture we can read. Please choose a JPEG, PNG or WebP.", "picture"
    )


def too_large() -> Reason:
    """The refusal of a file that is too large."""
    return Reason(
        "too_large",
        "This file is larger than 5 MB, so it was not taken. Please choose a smaller one.",
        "picture",
    )


def _too_many_pixels() -> Reason:
    return Reason(
        "too_many_pixels",
        "This picture has more than 40 million pixels. Please choose a smaller one.",
        "picture",
    )
