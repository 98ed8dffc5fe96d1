"""Uploaded pictures, re-encoded so that no metadata is kept. The only import of Pillow.

`encode_square` runs in a child process (picture_upload.DECODING); nothing of an upload is decoded in ours.
"""

from __future__ import annotations

import io
import math
from typing import Final

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from circles.base.errors import Reason, Refused

# Of the uploaded file, in bytes; of the picture in it, in pixels; and each side of the square that is saved.
MAX_BYTES = 5_000_000
MAX_PIXELS = 40_000_000
SIDE = 512
# Nobody can be recognized on a smaller one.
MIN_SIDE = 64
FORMATS = ("JPEG", "PNG", "WEBP")

# Rows of the reduced picture that are made at a time.
_STRIP: Final = 64
# What of a picture's information says how it is turned.
_TURNED: Final = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")

# Pillow itself refuses to open a file of more than twice as many, before it decodes anything.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def encode_square(content: bytes) -> bytes:
    """A square JPEG of a picture, without its metadata. Raises Refused for other files, and one too large or small.

    The size is checked by the picture's header before anything is decoded. A JPEG is scaled while it is decoded; of the
    others one whole decoded picture is held, and scaled before anything else is done with it.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image)
            image.draft("RGB", (SIDE * 2, SIDE * 2))
            square = _small_square(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(_too_many_pixels()) from None
    except Refused:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError):
        raise Refused(not_a_picture()) from None
    upright = ImageOps.exif_transpose(square)
    return _clean_jpeg(upright.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


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


def _small_square(image: Image.Image) -> Image.Image:
    """The square in the middle, opaque, reduced to no less than twice the size that is saved.

    In strips, so that each step works on a few rows: converting a whole picture would hold it several times.
    """
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    factor = max(1, side // (SIDE * 2))
    reduced = -(-side // factor)
    small = Image.new("RGB", (reduced, reduced))
    rows = factor * _STRIP
    for down in range(0, side, rows):
        box = (left, top + down, left + side, top + min(side, down + rows))
        small.paste(_opaque(image.crop(box)).reduce(factor), (0, down // factor))
    small.info = {name: image.info[name] for name in _TURNED if name in image.info}
    return small


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
