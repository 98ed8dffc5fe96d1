"""Days, fees and numbers as lists hold them: 12/2027, 6/30/27, 31.12.2026; $180/50min, 150-200, sliding from 90."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from circles.base import money, text
from circles.base.errors import Reason, Refused
from circles.directory.listing import words

# Days

_MONTHS: Final = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
_MONTH: Final = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ISO: Final = re.compile(r"(?<![\d/.-])(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d/.-])", re.ASCII)
_THREE: Final = re.compile(r"(?<!\d)(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)", re.ASCII)
_MONTH_YEAR: Final = re.compile(r"(?<!\d)(\d{1,2})\s?[-/.]\s?(\d{4}|'?\d{2})(?!\d)", re.ASCII)
_YEAR_MONTH: Final = re.compile(r"(?<!\d)(\d{4})\s?[-/.]\s?(\d{1,2})(?!\d)", re.ASCII)
_NAMED: Final = (
    re.compile(rf"{_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}|'\d{{2}})(?!\d)", re.I | re.ASCII),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[-\s.]*{_MONTH}[-\s,]*(?P<year>\d{{4}}|'?\d{{2}})(?!\d)",
               re.I | re.ASCII),
    re.compile(rf"{_MONTH}[-\s,/]*(?P<year>\d{{4}}|'?\d{{2}})(?!\d)", re.I | re.ASCII),
)  # fmt: skip
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)", re.ASCII)
# Days that a workbook counts from December 30, 1899, as a column that lost its format shows them: 1982 to 2064.
_SERIAL: Final = re.compile(r"[34567]\d{4}(?:\.\d+)?", re.ASCII)
_SERIALS: Final = date(1899, 12, 30)
NO_END: Final = frozenset(
    [
        "never",
        "none",
        "no",
        "does not expire",
        "no expiration",
        "no expiry",
        "non expiring",
        "lifetime",
        "current",
        "active",
        "ongoing",
        "indefinite",
        "permanent",
    ]
)


def day(cell: str, *, day_first: bool = False) -> date:
    """A day. A month or a year alone is its last day. Raises Refused for what is none.

    day_first: whether 3/4/2027 is in April; a day above 12 decides by itself. With points the day comes first.
    """
    found = _day(" ".join(cell.split()), day_first)
    if found is None:
        raise Refused(Reason("unreadable", "Expected: a day, such as 2028-01-31 or 1/31/2028."))
    return found


def _day(typed: str, day_first: bool) -> date | None:
    if _SERIAL.fullmatch(typed):
        return _SERIALS + timedelta(days=int(typed.partition(".")[0]))
    if re.fullmatch(r"(19|20)\d{6}", typed, re.ASCII):
        return _date(int(typed[:4]), int(typed[4:6]), int(typed[6:]))
    days = [_date(int(match[1]), int(match[2]), int(match[3])) for match in _ISO.finditer(typed)]
    days = days or [_numbered(match, day_first) for match in _THREE.finditer(typed)]
    if days:  # of “6/30/2025 - 6/30/2027” the end counts
        return max((day_ for day_ in days if day_), default=None)
    for pattern in _NAMED:
        if match := pattern.search(typed):
            groups = match.groupdict()
            month, year = _MONTHS[groups["month"].lower()], _full_year(groups["year"])
            return _date(year, month, int(groups["day"])) if groups.get("day") else _end_of_month(year, month)
    if match := _YEAR_MONTH.search(typed):
        return _end_of_month(int(match[1]), int(match[2]))
    if match := _MONTH_YEAR.search(typed):
        end = _end_of_month(_full_year(match[2]), int(match[1]))
        # 12/31 and 9/30 are days of every year, rather than December 2031 and September 2030.
        return end if end is None or len(match[2]) == 4 or match[2] != f"{end.day}" else None
    years = _YEAR.findall(typed)
    return date(int(years[0]), 12, 31) if len(years) == 1 and len(typed) < 24 else None


def _numbered(match: re.Match[str], day_first: bool) -> date | None:
    first, second, year_ = int(match[1]), int(match[3]), _full_year(match[4])
    first_is_day = first > 12 or (second <= 12 and (day_first or match[2] == "."))
    return _date(year_, second, first) if first_is_day else _date(year_, first, second)


def _full_year(typed: str) -> int:
    year = int(typed.lstrip("'"))
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year


def _date(year: int, month: int, day_: int) -> date | None:
    try:
        return date(year, month, day_)
    except ValueError:
        return None


def _end_of_month(year: int, month: int) -> date | None:
    if not (1 <= month <= 12 and 1 <= year <= 9999):
        return None
    return date(year, month, calendar.monthrange(year, month)[1])


def is_day_first(cells: Iterable[str]) -> bool:
    """Whether a column writes the day before the month, by its days above 12."""
    day_first = month_first = 0
    for cell in cells:
        if match := _THREE.search(cell):
            day_first += int(match[1]) > 12
            month_first += int(match[3]) > 12 and int(match[1]) <= 12
    return day_first > month_first


# Fees


@dataclass(frozen=True, slots=True)
class Fee:
    """What a cell says of fees, in minor units. slides: whether the fee slides, where it says so.

    left: what else it says, which has no place in a listing, in a sentence.
    """

    lowest: int | None = None
    highest: int | None = None
    floor: int | None = None
    slides: bool = False
    currency: str = ""
    left: str = ""


_AMOUNT: Final = r"\d[\d.,']*\d|\d|[.,]\d+"
_CODES: Final = "|".join(words.CURRENCIES)
_RANGE: Final = re.compile(
    rf"(?P<sign>(?:{_CODES}|[A-Z]{{1,3}}\$|[$€£¥])\s*)?(?P<low>{_AMOUNT})"
    rf"(?:\s*(?:{_CODES}|[$€£])?\s*(?:-|–|—|−|/|\bto\b|\bbis\b)\s*(?:{_CODES}|[A-Z]{{1,3}}\$|[$€£])?\s*(?P<high>{_AMOUNT})"
    rf"(?!\d)(?!\s*(?:min|mins|minutes|m|hrs?|h)\b))?"
    rf"(?P<more>\s*\+)?(?P<after>\s*(?:{_CODES}|[€£$]|dollars?|euros?|pounds?)(?!\w))?"
    rf"(?P<per>\s*(?:/|per|for|an?|each|·|\(|,)?\s*(?:a\s+)?(?:(?P<minutes>\d{{2,3}})\s*-?\s*(?:min\b|mins\b|minutes?\b|m\b)\.?"
    rf"|(?P<hour>(?:hrs?|hours?|h|session|sess|visit|appt|appointment)\b\.?)))?",
    re.I,
)
_SLIDES: Final = re.compile(r"\bslid(?:ing|es?)\b|\bscale\b|\bss\b|\breduced\b|\bstaffel", re.I)
_FLOOR: Final = re.compile(
    r"(?:\bslid\w*(?:\s+(?:fee|scale))*|\breduced(?:\s+(?:fee|rate))?)\s*(?:fee|scale)?[\s:(]*"
    r"(?:from|down to|to|starts? at|begins? at|at|as low as|-)?\s*(?=[$€£]?\s*\d)",
    re.I,
)
_FREE_TALK: Final = re.compile(
    r"(?:\bfree|\bcomplimentary)\s+(?:\d+\s*-?\s*min\w*\s+)?(?:intro\w*|initial|first)?\s*"
    r"(?:phone\s+)?(?:consult\w*|call|session|talk|chat|intake)|\bconsult\w*\s+(?:is\s+)?free",
    re.I,
)
_NOT_SAID: Final = re.compile(
    r"\b(call|ask|contact|inquire|varies|vary|varied|see (?:web|site)|tbd|upon request|on request|please)\b",
    re.I,
)
_EXPECTED_FEE: Final = "Expected: one amount or a range, such as 180 or 150-300."
_HOUR: Final = range(40, 66)


def fee(cell: str, currency: str) -> Fee:
    """What a cell says of the fee of an hour. currency: of the row, or empty. Raises Refused when there is no amount.

    An amount for another length than an hour is no fee of an hour. What “sliding” stands before is the lowest fee.
    """
    typed = " ".join(text.plain_digits(cell).split())
    left = []
    if _FREE_TALK.search(typed):
        if re.search(r"\d", _FREE_TALK.sub("", typed)):
            left.append("a free first talk, of which its own column would say how long")
        typed = _FREE_TALK.sub(" ", typed)
    if typed.casefold().strip(" .") in ("free", "pro bono", "no charge", "free of charge"):
        return Fee(0, 0)
    result = Fee(slides=bool(_SLIDES.search(typed)))
    hours, has_others = _of_an_hour(typed)
    amounts: list[tuple[int, int]] = []
    floors = {match.end() for match in _FLOOR.finditer(typed)}
    for match in hours:
        sign = _currency(match, currency)
        if result.currency and sign and sign != result.currency:
            raise Refused(Reason("unreadable", "This names two currencies. Please write one amount."))
        result = replace(result, currency=sign or result.currency)
        low, high = _both(match, result.currency or currency or "USD")
        if any(abs(match.start() - end) <= 1 for end in floors):
            result = replace(result, floor=low, slides=True)
            amounts += [(high, high)] if high != low else []
        else:
            amounts.append((low, high))
            left += _openness(typed, match)
    if has_others and amounts:
        left.append("amounts for other lengths of time")
    return replace(_with_range(result, amounts, typed, has_others), left=" and ".join(left))


def _openness(typed: str, match: re.Match[str]) -> list[str]:
    """What an open end says: 150+, from 150, up to 200."""
    before = typed[max(0, match.start() - 14) : match.start()]
    if match["more"] or re.search(
        r"\b(from|starting|starts?|begins?|at least|minimum|ab)\b[^\d]*$", before, re.I
    ):
        return ["that the fee may be higher than this"]
    return (
        ["that the fee may be lower than this"]
        if re.search(r"\b(up to|max\w*|bis)\s*$", before, re.I)
        else []
    )


def _of_an_hour(typed: str) -> tuple[list[re.Match[str]], bool]:
    """The amounts for an hour, of 40 to 65 minutes or of no stated length, and whether there are others."""
    hours: list[re.Match[str]] = []
    has_others, before = False, 50
    for match in _RANGE.finditer(typed):
        if _is_count(typed, match):
            number = int(match["low"]) if match["low"].isdigit() else before
            before = number * 55 if match["hour"] else number
            continue
        if typed[match.end() : match.end() + 1].isalpha():  # 15O is no amount
            raise Refused(Reason("unreadable", _EXPECTED_FEE))
        minutes, before = int(match["minutes"] or before), 50
        if minutes in _HOUR:
            hours.append(match)
        else:
            has_others = True
    return hours, has_others


def _with_range(result: Fee, amounts: list[tuple[int, int]], typed: str, has_others: bool) -> Fee:
    if amounts:
        return replace(
            result, lowest=min(low for low, _ in amounts), highest=max(high for _, high in amounts)
        )
    if result.floor is None and not result.slides:
        wanted = (
            "An amount for another length of time is not the fee of an hour." if has_others else _EXPECTED_FEE
        )
        raise Refused(
            Reason("not_said" if _NOT_SAID.search(typed) and not has_others else "unreadable", wanted)
        )
    return result


def _is_count(typed: str, match: re.Match[str]) -> bool:
    """Whether a number is one of minutes or of sessions, and no amount."""
    if match["hour"] and not match["sign"] and match["low"] in ("1", "2", "3"):
        return True
    after = typed[match.end("low") : match.end("low") + 12].lower()
    return (
        bool(re.match(r"\s*-?\s*(min|mins|minutes|hour|hrs?\b|%|spots?|people|sessions)", after))
        and not match["per"]
    )


def _currency(match: re.Match[str], currency: str) -> str:
    sign = (match["sign"] or match["after"] or "").strip().lower()
    if not sign or (currency and sign in money.signs_of(currency)):
        return currency
    known = {"$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "mx$": "MXN"}
    code = known.get(sign) or next((code for code in words.CURRENCIES if sign in money.signs_of(code)), "")
    if not code or (currency and code != currency):
        raise Refused(Reason("unreadable", f"“{sign}” is not the currency of this row."))
    return code


def _both(match: re.Match[str], currency: str) -> tuple[int, int]:
    low = money.parse(match["low"], currency)
    high = money.parse(match["high"], currency) if match["high"] else low
    return (low, high) if low <= high else (high, low)


# Numbers


def whole(cell: str, most: int) -> int:
    """A whole number; words such as minutes may follow it. Raises Refused."""
    digits = re.sub(
        r"(?:-|\s)*(min|mins|minutes?|spots?|places?|slots?|clients?)\.?$", "", cell.strip(), flags=re.I
    ).rstrip()
    digits = re.sub(r"\.0+$", "", text.plain_digits(digits))
    if digits.lower() in ("no", "none", "n"):
        return 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4 and int(digits) <= most):
        raise Refused(Reason("unreadable", f"Expected: a whole number from 0 to {most}."))
    return int(digits)


def year(cell: str) -> int:
    """A year. Raises Refused."""
    years = _YEAR.findall(cell)
    if len(years) != 1:
        raise Refused(Reason("unreadable", "Expected: a year, such as 2019."))
    return int(years[0])
