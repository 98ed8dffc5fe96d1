"""Uploaded pictures, re-encoded so that no metadata is kept. The only import of Pillow.

`encode_square` and `encode_logo` run in a child process; nothing of an upload is decoded in ours.
"""

from __future__ import annotations

import io
import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from circles.base.errors import Reason, Refused

# Of the uploaded file, in bytes; of the picture in it, in pixels; and each side of the square that is saved.
MAX_BYTES = 5_000_000
MAX_PIXELS = 40_000_000
SIDE = 512
# Nobody can be recognized on a smaller one.
MIN_SIDE = 64
# What a logo is scaled into, for a head of a page of half as many; and the shortest side of one that is sent.
LOGO = (640, 160)
MIN_LOGO_SIDE = 24
# Of the longer side to the shorter.
MAX_RATIO = 20
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
    with _opened(content, MIN_SIDE) as image:
        image.draft("RGB", (SIDE * 2, SIDE * 2))
        square = _small_square(image)
    upright = ImageOps.exif_transpose(square)
    return _clean_jpeg(upright.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def encode_logo(content: bytes) -> bytes:
    """A PNG of a whole picture within LOGO, without its metadata; what is transparent stays so. Raises Refused."""
    with _opened(content, MIN_LOGO_SIDE) as image:
        if max(image.size) > MAX_RATIO * min(image.size):
            text = f"This picture is more than {MAX_RATIO} times as long as it is wide. Please cut it to fit."
            raise Refused(Reason("too_long", text, "picture"))
        image.draft("RGB", (LOGO[0] * 2, LOGO[1] * 2))
        small = _small_logo(image)
    upright = ImageOps.exif_transpose(small)
    upright.thumbnail(LOGO, Image.Resampling.LANCZOS)
    clean = Image.new("RGBA", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()


@contextmanager
def _opened(content: bytes, min_side: int) -> Generator[Image.Image]:
    """A picture, of which the header alone is read yet. Raises Refused, also for what fails in the block."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image, min_side)
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(_too_many_pixels()) from None
    except Refused:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError):
        raise Refused(not_a_picture()) from None


def _check_size(image: Image.Image, min_side: int) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Refused(_too_many_pixels())
    if min(width, height) < min_side:
        text = f"Please send a picture of at least {min_side} by {min_side} pixels."
        raise Refused(Reason("too_small", text, "picture"))


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG that `encode_logo` made, from its header (RFC 2083, 4.1.1)."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def _small_logo(image: Image.Image) -> Image.Image:
    """The picture with its transparency, reduced to no less than twice the size that is saved, in strips."""
    width, height = image.size
    factor = max(1, min(width // (LOGO[0] * 2), height // (LOGO[1] * 2)))
    small = Image.new("RGBA", (-(-width // factor), -(-height // factor)))
    rows = factor * _STRIP
    for down in range(0, height, rows):
        strip = image.crop((0, down, width, min(height, down + rows)))
        opaque = strip.mode.startswith("I")
        small.paste((_opaque(strip) if opaque else strip).convert("RGBA").reduce(factor), (0, down // factor))
    small.info = {name: image.info[name] for name in _TURNED if name in image.info}
    return small


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
