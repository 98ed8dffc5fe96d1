"""Number formats of a workbook's cells (ECMA-376, 18.8.30): what a cell shows, where that is more than its number.

A license number typed as 1234 and shown as 001234, a telephone shown with its brackets, an amount shown in euros.
Days are not formatted here: the library reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

# Formats without a code of their own in the file (ECMA-376, 18.8.30), of those that show more than the number.
_BUILT_IN: Final[Mapping[int, str]] = {9: "0%", 10: "0.00%"}
_TOKEN: Final = re.compile(
    r"""(?P<quoted>"[^"]*")|\\(?P<escaped>.)|(?P<skipped>[_*].)|(?P<bracket>\[[^\]]*\])|(?P<place>[0#?])|(?P<other>.)""",
    re.DOTALL,
)
_CONDITION: Final = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_CURRENCY: Final = re.compile(r"\[\$([^\]-]*)")
_IS_DATE: Final = re.compile(r"[ymdhs]", re.I)
_SIGNS: Final = "€£¥₹"


def codes(number_formats: Mapping[int, str], cell_formats: list[int]) -> dict[int, str]:
    """The code of each style of a workbook that may show more than the number. cell_formats: a format id a style."""
    by_style: dict[int, str] = {}
    for style, id in enumerate(cell_formats):
        code = number_formats.get(id) or _BUILT_IN.get(id, "")
        if code and _shows_more(code):
            by_style[style] = code
    return by_style


@lru_cache(maxsize=1024)
def _shows_more(code: str) -> bool:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|[_*].', "", code)
    if _IS_DATE.search(bare) or "General" in code:
        return False
    whole = re.split(r"[.;]", bare)[0]
    return (
        whole.count("0") > 1
        or "%" in bare
        or any(sign in code for sign in _SIGNS)
        or any(match[1].strip(" $") for match in _CURRENCY.finditer(code))
        or bool(
            re.search(
                r'"[^"]*\w[^"]*"|\\[()\-/A-Za-z]|[()/-]', re.sub(r"\[[^\]]*\]|[_*].", "", code).split(";")[0]
            )
        )
    )


def show(number: Decimal, code: str) -> str:
    """A number as its cell shows it."""
    section = _section(number, code)
    tokens = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(section)]
    plain = "".join(part for kind, part in tokens if kind in ("place", "other"))
    symbol = next((match[1].strip() for match in _CURRENCY.finditer(section) if match[1].strip()), "")
    symbol = symbol or next((sign for sign in _SIGNS if sign in section), "")
    if "%" in plain:
        return f"{_number(number * 100)}%"
    if symbol.strip("$"):
        return f"{symbol} {_number(number)}"
    if number != number.to_integral_value() or "." in plain or "E" in plain:
        return _number(number)
    shown = _filled(str(abs(int(number))), tokens)
    return f"-{shown}" if number < 0 else shown


def _number(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _section(number: Decimal, code: str) -> str:
    sections = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', code)
    condition = _CONDITION.search(sections[0])
    if condition:
        sign, limit = condition[1], Decimal(condition[2])
        holds = {
            "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit,
            "=": number == limit, "<>": number != limit,
        }[sign]  # fmt: skip
        return sections[0] if holds or len(sections) == 1 else sections[1]
    if number == 0 and len(sections) > 2:
        return sections[2]
    return sections[0]


def _filled(digits: str, tokens: list[tuple[str, str]]) -> str:
    """The digits in the places of a format, from the last to the first; what is left goes before the first place."""
    places = [at for at, (kind, _) in enumerate(tokens) if kind == "place"]
    if not places:
        return digits
    shown: list[str] = []
    for at in range(len(tokens) - 1, -1, -1):
        kind, part = tokens[at]
        if kind == "place":
            digit = digits[-1:] or ("0" if part == "0" else "")
            digits = digits[:-1]
            shown.append(digit if at != places[0] else digits + digit)
        elif kind == "quoted":
            shown.append(part[1:-1])
        elif kind == "escaped":
            shown.append(part[1:])
        elif kind == "other" and part != ",":
            shown.append(part)
    return "".join(reversed(shown)).strip()
