"""One cell of a list read as one value. A reader raises Refused with what it expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final, NoReturn

from circles import people, sheets
from circles.base import money, text, zones
from circles.base.errors import Reason, Refused

_PRONOUNS: Final = re.compile(
    r"[\s,]*[(\[]?\s*\b((?:she|he|they|ze|xe|any)(?:\s*/\s*(?:her|hers|him|his|them|theirs|they|she|he|hir|zir|any)){1,3})"
    r"\s*[)\]]?(?!\w)|\s*[(\[]\s*(she|he|they|ze|xe)\s*[)\]]",
    re.I,
)
_ADDRESS: Final = re.compile(r"[^\s@<>,;:/()\[\]\"“”|]+@[^\s@<>,;/()\[\]\"“”|]+\.[^\s@<>,;/()\[\]\"“”|]+")
_BESIDE_ADDRESS: Final = re.compile(r"[<(\[]?\s*(?:mailto:)?" + _ADDRESS.pattern + r"\s*[>)\]]?")
_TWO: Final = re.compile(r"\s*(?:[&+;/|\n]|\s(?:and|und|y|et|with)\s)\s*", re.I)
_GUEST: Final = re.compile(
    r"\+\s*\d|\bplus (?:one|\d|guests?)|\bguests? of\b|\band (?:guests?|friends?|partner)\b", re.I
)
_HONORIFIC: Final = re.compile(r"(?:dr|mr|mrs|ms|mx|miss|prof|rev)\b\.?\s+(?=\S)", re.I)
_SUFFIX: Final = re.compile(r"(?:jr|sr|ii|iii|iv|phd|md)\.?", re.I)
MAX_CELL: Final = 500


def expected(message: str, code: str = "unreadable") -> NoReturn:
    """Refuse a cell. Raises Refused."""
    raise Refused(Reason(code, message))


def name(cell: str) -> tuple[str, str]:
    """The name of one person, and pronouns that stand beside it. Raises Refused for several people.

    One comma turns a name around: “Osei, Ada”.
    """
    if len(cell) > MAX_CELL:
        expected("This is far too long for a name. Is a quotation mark out of place?")
    typed = _BESIDE_ADDRESS.sub(" ", cell)
    found = _PRONOUNS.search(typed)
    typed = _PRONOUNS.sub(" ", typed)
    if _GUEST.search(typed):
        expected("This names somebody and a guest. Please give each person a row.", "several")
    parts = [part.strip() for part in typed.split(",") if part.strip()]
    suffix = f" {parts.pop()}" if len(parts) > 1 and _SUFFIX.fullmatch(parts[-1]) else ""
    several = [part for part in _TWO.split(", ".join(parts)) if part.strip(" ,")]
    if (
        len(several) > 1
        or len(parts) > 2
        or (len(parts) == 2 and all(len(part.split()) > 1 for part in parts))
    ):
        expected("This looks like more than one person. Please give each a row.", "several")
    whole = " ".join((" ".join(reversed(parts)) + suffix).split())
    while match := _HONORIFIC.match(whole):
        whole = whole[match.end() :]
    spoken = next((group for group in found.groups() if group), "") if found else ""
    return people.parse_name(whole), text.tidy_line(spoken.lower().replace(" ", ""), max_length=40)


def email(cell: str) -> str:
    """The one mail address in a cell, as it is stored. Raises Refused for none, or for several."""
    typed = cell.replace("mailto:", "")
    addresses = list(dict.fromkeys(match[0].rstrip(".").lower() for match in _ADDRESS.finditer(typed)))
    if not addresses:
        expected("Please write a mail address such as name@example.org.")
    if len(addresses) > 1:
        expected(
            "This holds several mail addresses. Please keep one, since a person is found by it.", "several"
        )
    return people.parse_address(addresses[0])


def day(cell: str, *, day_first: bool) -> date:
    """A day between 1990 and 2100. Raises Refused."""
    typed = " ".join(text.normalized("NFKC", cell[:MAX_CELL]).replace("’", "'").split())
    try:
        found = sheets.days.find(_without_weekday(typed), day_first=day_first)
    except sheets.days.NoSuchDay:
        expected("There is no such day in the calendar.")
    if found is None:
        expected("Expected: a day with its year, such as 2026-03-31 or 3/31/2026.")
    if sheets.days.has_several(typed, day_first=day_first):
        expected("This holds several days. Please give each a row.", "several")
    if not 1990 <= found.year <= 2100:
        expected("This year cannot be right.")
    return found


def _without_weekday(typed: str) -> str:
    return re.sub(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", "", typed, flags=re.I)


_HOUR: Final = re.compile(
    r"(?<![\d:.])(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*(a\.?m\.?|p\.?m\.?|[ap](?!\w))?(?![\d:])",
    re.I,
)
_AFTER_DAY: Final = re.compile(
    r"(?:T|\s|,|\bat\b)\s*(\d{1,2}(?:[:.h]\d{2}|\s*[ap]\.?m\b|\s*(?:to|until|[-–])\s*\d{1,2}\s*[ap]\.?m\b).*)$",
    re.I,
)
# A time that follows a day; the second one of “7 to 9 pm” follows none.
_DAY_BEFORE: Final = re.compile(r"\d[-/.]\d{1,2}[-/.]\d|\d{8}|[a-z]{3,}.*\d.*\d{4}", re.I)
_FRACTION: Final = re.compile(r"0?\.\d+")


def clock_time(cell: str) -> tuple[time, bool]:
    """A time of day, and whether morning or evening had to be guessed: “6:30” of a circle is in the evening.

    Raises Refused.
    """
    typed = (time_beside_day(cell) if _DAY_BEFORE.search(cell) else "") or cell
    typed = typed.strip().lower()
    if typed in ("noon", "12 noon", "midday"):
        return time(12), False
    if _FRACTION.fullmatch(typed):  # a spreadsheet's time that lost its format
        minutes = round(float(typed) * 24 * 60) % (24 * 60)
        return time(minutes // 60, minutes % 60), False
    if re.fullmatch(r"\d{4}", typed):
        typed = f"{typed[:2]}:{typed[2:]}"
    match = _HOUR.match(typed)
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    half = match[3][0] if match and match[3] else ""
    if match is None or hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
        expected("Expected: a time, such as 6:30 pm or 18:30.")
    if half:
        return time(hour % 12 + (12 if half == "p" else 0), minute), False
    guessed = 1 <= hour <= 7 and not match[1].startswith("0")
    return time(hour + 12 if guessed else hour, minute), guessed


_ZONES: Final = {
    "e": "America/New_York",
    "c": "America/Chicago",
    "m": "America/Denver",
    "p": "America/Los_Angeles",
}
_ZONE: Final = re.compile(
    r"(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?|\d\d:\d\d:\d\d(?:\.\d+)?)\s?(?P<offset>[+-][01]\d:?[0-5]\d|Z)\s*$"
    r"|(?:\d|[ap]\.?m\.?)\s*\(?\b(?P<name>utc|gmt|[ecmp][sd]?t|eastern|central|mountain|pacific)\b\.?\)?",
    re.I,
)


def zone_of(cell: str) -> tuple[tzinfo, str] | None:
    """The zone that a time names, and its name: “6:30 pm PST”, or with an offset, 2026-03-31T18:30:00Z."""
    match = _ZONE.search(cell)
    if match is None:
        return None
    if match["name"]:
        name = match["name"].upper()
        return zones.of(_ZONES.get(name[0].lower(), "UTC")), name
    offset = match["offset"].upper().replace("Z", "+00:00")
    return datetime.strptime(offset, "%z").tzinfo or UTC, offset


def time_beside_day(cell: str) -> str:
    """The time that follows a day in one cell, or nothing."""
    match = _AFTER_DAY.search(" ".join(cell.split()))
    return match[1] if match else ""


def _words(table: Mapping[str, str]) -> dict[str, str]:
    return {word.strip(): code for code, line in table.items() for word in line.split("|")}


MARKS: Final = {
    "came": "Came",
    "late": "Came late",
    "left_early": "Left early",
    "late_left_early": "Came late and left early",
    "absent": "Absent",
    "excused": "Excused",
}
_MARKS: Final = _words(
    {
        "came": "came|yes|y|yep|x|1|true|attended|present|here|p|check|checked in|checkedin|showed|showed up|show"
        "|attending|in attendance|arrived|joined|✓|✔|✅|☑|full|completed|on time|1 0",
        "late": "late|came late|tardy|came but late|arrived late|l|yes late|present late|joined late",
        "late_left_early": "late left early|came late left early|late and left early|came late and left early",
        "left_early": "left early|came left early|left|early|left before end|yes left early",
        "absent": "absent|no|n|0|false|no show|noshow|ns|missed|did not attend|didn t attend|did not come|didn t come"
        "|did not show|didn t show|not present|a|dna|no call no show|ncns|✗|✘|❌|not attended|0 0",
        "excused": "excused|canceled|cancel|sick|ill|called in|sorry|e|excused absence|canceled late"
        "|late cancel|late cancelation|regrets|rescheduled|could not come",
    }
)
_OPPOSITE: Final = frozenset(("no show", "no shows", "noshow", "absent", "missed", "did not attend"))
_TURNED: Final = {"came": "absent", "absent": "came"}


def mark(cell: str, heading: str) -> str | None:
    """What a register says of somebody; None for a word that nobody knows. Under “No-show?” yes means absent."""
    # Both spellings of a word that means a seat was given back.
    typed = re.sub(r"\bcancel+", "cancel", sheets.plain(cell))
    code = _MARKS.get(typed) or _MARKS.get(cell.strip().lower())
    if code in _TURNED and sheets.plain(heading) in _OPPOSITE and sheets.plain(cell) in _YES_NO:
        return _TURNED[code]
    return code


_GIVEN_BACK: Final = frozenset(
    (
        "canceled",
        "cancel",
        "not taken up",
        "lapsed",
        "refunded",
        "waiting list",
        "waitlisted",
        "held",
        "declined",
    )
)


def is_given_back(cell: str) -> bool:
    """Whether a cell says that somebody did not have their seat in the end."""
    return re.sub(r"\bcancel+", "cancel", sheets.plain(cell)) in _GIVEN_BACK


def yes_no(cell: str) -> bool:
    """Yes or no. Raises Refused."""
    typed = sheets.plain(cell)
    if typed in ("yes", "y", "true", "1", "x"):
        return True
    if typed in ("no", "n", "false", "0"):
        return False
    expected("Expected: yes or no.")


_YES_NO: Final = frozenset(("yes", "y", "no", "n", "x", "1", "0", "true", "false", ""))
_NOTHING: Final = frozenset(
    ("free", "0", "none", "no", "n", "comp", "comped", "complimentary", "gratis", "waived", "scholarship", "community",
     "community seat", "unpaid", "not paid", "no charge", "nothing", "donated")
)  # fmt: skip
_BY_CARD: Final = re.compile(
    r"\b(?:stripe|card|credit|debit|online|visa|mastercard|amex|apple pay|google pay)\b", re.I
)
_HOW: Final = re.compile(
    r"\b(?:cash|in cash|paid|venmo|paypal|zelle|cash ?app|check|cheque|bank|transfer|donation|yes|y)\b|[()]",
    re.I,
)


# As accounts are kept: -5, 5-, $-5, (5.00).
_BELOW_ZERO: Final = re.compile(r"^\W*[-–−]\s*\W?\d|\d\s*[-–−]\s*$|^\s*\(\W*\d[\d.,]*\W*\)\s*$")


def amount(cell: str, currency: str) -> int | None:
    """What was paid, in minor units, without the words for how; 0 for free, None where no amount is said.

    Raises Refused.
    """
    if sheets.plain(cell) in _NOTHING:
        return 0
    if _BELOW_ZERO.search(cell):
        expected("An amount cannot be less than zero.")
    bare = " ".join(_HOW.sub(" ", cell[:MAX_CELL]).strip(" -–:,").split())
    if not bare:
        return None
    return money.parse(bare, currency)


def is_by_card(cell: str) -> bool:
    """Whether a cell says that somebody paid by card."""
    return bool(_BY_CARD.search(cell))


_USUAL: Final = frozenset(
    ("usual", "standard", "regular", "general", "normal", "full", "seat", "member", "free", "paid", "given",
     "general admission", "full price")
)  # fmt: skip


def seat(cell: str) -> str:
    """The kind of a seat: free (the usual one, given) or community. Raises Refused."""
    typed = sheets.plain(cell)
    if typed in ("community", "community seat", "scholarship", "solidarity", "sponsored", "supported"):
        return "community"
    if typed in (
        "usual",
        "standard",
        "regular",
        "general",
        "normal",
        "full",
        "seat",
        "member",
        "free",
        "paid",
        "general admission",
        "given",
    ):
        return "free"
    expected("Expected: usual or community.", "unknown")
