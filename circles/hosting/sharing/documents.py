"""What is printed of a circle: its address as a QR code, and a poster with it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import cos, pi, sin
from typing import TYPE_CHECKING

from circles.base import names

if TYPE_CHECKING:
    from fpdf import FPDF
    from segno import QRCode

# A code with a tenth of it torn off or covered is still read (ISO/IEC 18004, level M is 15 percent).
_ERROR_LEVEL = "m"
_QUIET_ZONE = 4  # modules around a code, as the standard asks
# Points: a US Letter page, which printers elsewhere fit to theirs.
_WIDTH, _HEIGHT, _MARGIN = 612.0, 792.0, 60.0
_QR_SIDE = 230.0
_INK, _MOSS, _SOFT = (35, 38, 34), (63, 90, 60), (92, 94, 88)
# Of the built-in fonts of PDF (WinAnsiEncoding): Western European letters, typographic signs, the euro.
_ENCODING = "windows-1252"


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says. lines: what it is, where, what it costs; none where the discreet name stands alone."""

    community: str
    title: str
    lines: tuple[str, ...]
    url: str
    foot: str


def qr_svg(url: str) -> str:
    """An address as a QR code: an SVG that scales, dark on light in both color schemes."""
    out = io.BytesIO()
    _code(url).save(
        out, kind="svg", xmldecl=False, border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True, nl=False
    )
    return out.getvalue().decode()


def _code(url: str) -> QRCode:
    import segno

    return segno.make_qr(url, error=_ERROR_LEVEL)


@lru_cache(maxsize=32)
def poster_pdf(poster: Poster) -> bytes:
    """A poster as one page of PDF. The same poster is the same bytes."""
    from fpdf import FPDF

    pdf = FPDF(unit="pt", format="Letter")
    pdf.core_fonts_encoding = _ENCODING
    pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))
    pdf.set_title(writable(poster.title))
    pdf.set_lang("en")
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(_MARGIN)
    pdf.add_page()
    _ring(pdf, _WIDTH / 2, 104.0, 30.0)
    pdf.set_y(158)
    _paragraph(pdf, poster.community, "Helvetica", 13, _SOFT)
    _title(pdf, poster.title)
    for line in poster.lines:
        _paragraph(pdf, line, "Helvetica", 15, _INK)
    _qr(pdf, poster.url, (_WIDTH - _QR_SIDE) / 2, 418.0)
    pdf.set_y(418 + _QR_SIDE + 14)
    _paragraph(pdf, poster.url.split("://", 1)[-1], "Helvetica", 16, _MOSS)
    pdf.set_y(_HEIGHT - 74)
    _paragraph(pdf, poster.foot, "Helvetica", 10, _SOFT)
    return bytes(pdf.output())


def writable(line: str) -> str:
    """A line in the letters of the built-in fonts of PDF: others as Latin letters, or a question mark."""
    line = line.replace("\u00a0", " ")
    return "".join(letter if letter.encode(_ENCODING, "ignore") else _latin(letter) for letter in line)


def _latin(letter: str) -> str:
    written = names.latin(letter)
    return (written.title() if letter.isupper() else written) if written.isascii() else "?"


def _title(pdf: FPDF, title: str) -> None:
    """The title, smaller where it is long, in three lines at most."""
    size = next(size for size in (42, 34, 28, 22) if size == 22 or len(title) * size <= 1400)
    pdf.set_y(pdf.get_y() + 8)
    _paragraph(pdf, title, "Times", size, _INK, space=1.12)
    pdf.set_y(pdf.get_y() + 10)


def _paragraph(
    pdf: FPDF, line: str, font: str, size: int, color: tuple[int, int, int], *, space: float = 1.5
) -> None:
    pdf.set_font(font, size=size)
    pdf.set_text_color(*color)
    pdf.multi_cell(0, size * space, writable(line), align="C", new_x="LMARGIN", new_y="NEXT")


def _ring(pdf: FPDF, x: float, y: float, radius: float) -> None:
    """The mark of the site: a ring of eight seats, two of them open."""
    pdf.set_line_width(1.4)
    pdf.set_draw_color(*_MOSS)
    pdf.set_fill_color(*_MOSS)
    for seat in range(8):
        angle = 2 * pi * seat / 8 - pi / 2
        center = (x + radius * cos(angle), y + radius * sin(angle))
        pdf.circle(*center, radius=6.2, style="D" if seat in (6, 7) else "DF")


def _qr(pdf: FPDF, url: str, x: float, y: float) -> None:
    """Dark modules as squares; runs of them in one rectangle, so that no printer leaves hairlines between."""
    rows = [bytes(row) for row in _code(url).matrix]
    side = _QR_SIDE / len(rows)
    pdf.set_fill_color(0, 0, 0)
    for row_number, row in enumerate(rows):
        start = None
        for column, is_dark in enumerate((*row, 0)):
            if is_dark and start is None:
                start = column
            elif not is_dark and start is not None:
                pdf.rect(x + start * side, y + row_number * side, (column - start) * side, side, style="F")
                start = None
