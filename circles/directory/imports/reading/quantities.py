"""Days and numbers as lists hold them: 12/2027, 6/30/27, 31.12.2026, June 30, 2027; 15 min."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Final

from circles.base import clock, text
from circles.base.errors import Reason, Refused
from circles.sheets import days

# Days

_MONTH_YEAR: Final = re.compile(r"(?<!\d)(\d{1,2})\s?[-/.]\s?(\d{4}|'?\d{2})(?!\d)", re.ASCII)
_YEAR_MONTH: Final = re.compile(r"(?<!\d)(\d{4})\s?[-/.]\s?(\d{1,2})(?!\d)", re.ASCII)
_NAMED_MONTH: Final = re.compile(rf"{days.MONTH}[-\s,/]*(?P<year>\d{{4}}|'?\d{{2}})(?!\d)", re.I | re.ASCII)
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)", re.ASCII)
# Words before a day that begins or ends a license; and what may stand beside a year that is the end of one.
_BEGINS: Final = re.compile(
    r"\b(?:issued?|original\w*|first licensed|licensed (?:since|in)|since|renewed|last renew\w*|effective|eff"
    r"|granted)\b",
    re.I,
)
_ENDS: Final = re.compile(
    r"\b(?:exp\w*|until|till?|through|thru|valid|good|ends?|renewal|renews?(?: by)?|due)\b", re.I
)
_BESIDE_YEAR: Final = re.compile(
    r"\b(?:exp\w*|until|till?|through|thru|valid|good|ends?|end of|renewal|renews?|due|by|in|on"
    r"|the|year|lapsed|lapses)\b|[\W_]+",
    re.I,
)
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
    typed = " ".join(text.normalized("NFKC", cell).replace("’", "'").replace("‘", "'").split())
    found = _day(_last_of(typed), day_first)
    is_past = found is None or found <= clock.now().date()
    if is_past and _BEGINS.search(typed) and not _ENDS.search(typed) and re.search(r"\d", typed):
        message = "This says when the license was issued or renewed, not when it runs out."
        raise Refused(Reason("unreadable", message))
    if found is None:
        raise Refused(Reason("unreadable", "Expected: a day, such as 2028-01-31 or 1/31/2028."))
    return found


def _last_of(typed: str) -> str:
    """Of a cell with several days the one on which the license runs out. Raises Refused where none is marked."""
    written = [match for pattern in (days.ISO, days.THREE, *days.NAMED) for match in pattern.finditer(typed)]
    written = sorted(
        {match.start(): match for match in reversed(written)}.values(), key=lambda match: match.start()
    )
    written = [match for n, match in enumerate(written) if n == 0 or match.start() >= written[n - 1].end()]
    if len({match[0] for match in written}) < 2:
        return typed
    between = typed[written[0].end() : written[1].start()]
    if len(written) == 2 and re.fullmatch(r"\s*(?:-|–|—|to|through|thru|until|/)\s*", between):
        return written[1][0]
    ends = [match for match in written if _ENDS.search(re.split(r"[;,)]", typed[: match.start()])[-1])]
    if len(ends) != 1:
        raise Refused(
            Reason(
                "unreadable", "This holds several days. Please write the one on which the license runs out."
            )
        )
    return ends[0][0]


def _day(typed: str, day_first: bool) -> date | None:
    try:
        return days.find(typed, day_first=day_first) or _named_month(typed) or _month(typed)
    except days.NoSuchDay:
        return None


def _named_month(typed: str) -> date | None:
    match = _NAMED_MONTH.search(typed)
    if match is None:
        return None
    # “Oct 31” is a day of every year as well as a month of 2031.
    is_day = re.search(r"[a-z.]\s+\d\d$", match[0], re.I) and int(match["year"]) < 32
    return (
        None if is_day else _end_of_month(days.full_year(match["year"]), days.MONTHS[match["month"].lower()])
    )


def _month(typed: str) -> date | None:
    """The last day of a month, or of a year that stands alone."""
    if match := _YEAR_MONTH.search(typed):
        return _end_of_month(int(match[1]), int(match[2]))
    if match := _MONTH_YEAR.search(typed):
        end = _end_of_month(days.full_year(match[2]), int(match[1]))
        # 12/31 and 9/30 are days of every year, rather than December 2031 and September 2030.
        return end if end is None or len(match[2]) == 4 or match[2] != f"{end.day}" else None
    years = _YEAR.findall(typed)
    is_alone = not _BESIDE_YEAR.sub("", _YEAR.sub("", typed))
    return date(int(years[0]), 12, 31) if len(years) == 1 and is_alone else None


_WITH_END: Final = re.compile(
    r"[\s,;]*[(\[]?\s*(?:lic\w*\s+)?(?:exp(?:ir\w*)?\.?|valid|good|until|through|thru|ends?|renews?)(?:\s+(?:until|through|thru|date|on|by))?"
    r"\s*:?\s*(?P<day>[A-Z][a-z]{2,8}\.?[\s-]*\d{1,2}(?:st|nd|rd|th)?,?\s+(?:\d{4}|'\d\d)|\d{1,2}[\s-][A-Z][a-z]{2,8}\.?[\s-]\d{2,4}"
    r"|[A-Z][a-z]{2,8}\.?[\s-]*'?\d{2,4}|\d{1,4}[-/.]\d{1,4}(?:[-/.]\d{1,4})?|(?:19|20)\d\d)\s*[)\]]?",
    re.I | re.ASCII,
)


def without_end(typed: str) -> tuple[str, str]:
    """A license without the day on which it runs out, and that day as written: “C012345 (NC) exp 6/30/27”."""
    match = _WITH_END.search(typed)
    if not match:
        return typed, ""
    return f"{typed[: match.start()]} {typed[match.end() :]}".strip(" ,;-–"), match["day"]


def _end_of_month(year: int, month: int) -> date | None:
    if not (1 <= month <= 12 and 1 <= year <= 9999):
        return None
    return date(year, month, calendar.monthrange(year, month)[1])


# Numbers


# The pattern below takes time by the square of a run of spaces or hyphens: 2 s for the longest cell.
_LONGEST_NUMBER: Final = 200


def whole(cell: str, most: int) -> int:
    """A whole number; words such as minutes may follow it. Raises Refused."""
    if len(cell) > _LONGEST_NUMBER:
        raise Refused(Reason("unreadable", f"Expected: a whole number from 0 to {most}."))
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
