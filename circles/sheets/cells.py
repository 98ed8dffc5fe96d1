"""The text of a cell made comparable, and what is no value: formulas, errors of a spreadsheet, words for nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from circles.base import names, text

_FORMULA: Final = re.compile(
    r"\s*[=\uFF1D]|\s*[@\uFF20]\s*\w+\s*\("
    r"|\s*[+\-\uFF0B\uFF0D]\s*(?:[A-Za-z]\w*\s*[(!]|[A-Z]{1,3}\$?\d+\b|\d+(?:[+*]\d*)+\w|[^|]*\|)"
)
_ERROR: Final = re.compile(r"#(?:REF|N/A|VALUE|DIV/0|NAME|NULL|NUM|SPILL|CALC|FIELD|GETTING_DATA)[!?]?", re.I)
_BLANK: Final = re.compile(
    r"[-–—_.?\s]*|n\.?/?a\.?|tbd|tba|unknown|unk|not given|not stated|not sure|unsure|null|nil|\(blank\)",
    re.I,
)


@lru_cache(maxsize=8192)
def fold(typed: str) -> str:
    """Small letters without accents, and nothing that cannot be seen."""
    return names.fold(text.without_invisible(typed))


@lru_cache(maxsize=8192)
def plain(typed: str) -> str:
    """Folded, with anything but letters and figures as one space: for comparing words. Ph.D. is phd."""
    joined = re.sub(r"\b(?:\w{1,4}\.)+\w{1,2}\b", lambda match: match[0].replace(".", ""), fold(typed))
    return " ".join(re.findall(r"[^\W_]+", joined))


def tidy(cell: str) -> str:
    """A cell without the space around it and what cannot be seen; empty for a dash, n/a, and other words for nothing.

    An apostrophe before a sign is taken off.
    """
    trimmed = cell.strip()
    if "  " in trimmed or not (trimmed.isascii() and trimmed.isprintable()):
        trimmed = text.without_invisible(trimmed.replace("\r\n", "\n").replace("\r", "\n"))
        trimmed = re.sub(r"[^\S\n]+", " ", trimmed).strip()
    if trimmed[:1] == "'" and re.match(r"'\s*[=+\-@]", trimmed):
        trimmed = trimmed[1:]
    return "" if _BLANK.fullmatch(trimmed) else trimmed


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this. A telephone, a list or a number that begins with a sign is none."""
    return bool(_FORMULA.match(cell))


def is_error(cell: str) -> bool:
    """Whether a cell shows an error of its spreadsheet, such as #REF!."""
    return bool(_ERROR.fullmatch(cell.strip()))
