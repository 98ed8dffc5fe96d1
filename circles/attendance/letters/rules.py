"""Letters: their codes, what is chosen for one, and what checking one says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from circles.attendance.periods import Period, format_hours, read_period
from circles.base import clock, reading
from circles.base.english import plural
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.base.row import Row

KINDS: Final = ("attended", "hosted")
# How a letter may name circles.
NAMES_SAID: Final = ("none", "discreet", "full")
MAX_NAME: Final = 120
# Of one person: kept, and made in a day.
MAX_LETTERS: Final = 100
MAX_A_DAY: Final = 20
# So long a letter can be checked; then it is deleted.
CHECKED_FOR: Final = timedelta(days=5 * 366)
# Codes typed by one network. Nobody comes near one by trying: there are 2 to the power of 80.
LIMITS: Final = ((20, timedelta(minutes=10)), (200, timedelta(days=1)))

# Crockford's base 32: no letter looks like a digit (https://www.crockford.com/base32.html).
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 16
_LOOKS_LIKE: Final = str.maketrans("OIL", "011")


def code_of(key: bytes, letter_id: UUID) -> str:
    """The code of a letter, in groups of four. It follows from the letter's id alone, and only its hash is stored."""
    digest = hmac.digest(key, f"letter|{letter_id}".encode(), "sha256")
    number = int.from_bytes(digest[:10], "big")
    signs = [ALPHABET[number >> 5 * place & 31] for place in range(CODE_LENGTH)]
    return "-".join("".join(signs[start : start + 4]) for start in range(0, CODE_LENGTH, 4))


def parse_code(typed: str) -> str | None:
    """The sixteen signs of a code as somebody typed it; None for what cannot be one."""
    signs = "".join(sign for sign in typed.upper() if sign.isalnum()).translate(_LOOKS_LIKE)
    return signs if len(signs) == CODE_LENGTH and set(signs) <= set(ALPHABET) else None


def code_hash(code: str) -> bytes:
    """The hash of a code, as stored; however its groups are written."""
    return hashlib.sha256(code.replace("-", "").encode()).digest()


def known_code(keys: Iterable[bytes], letter: Row) -> str:
    """The code of a letter for its person; empty where it was made with a key that is no longer known."""
    codes = (code_of(key, letter["id"]) for key in keys)
    return next((code for code in codes if code_hash(code) == letter["code_hash"]), "")


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose for a letter."""

    kind: str
    period: Period
    name: str
    circle_id: UUID | None
    names_said: str
    kind_said: bool
    hours_said: bool


def read_choice(
    values: Mapping[str, str], kind: str, today: date, circles: Iterable[UUID]
) -> tuple[Choice, list[Reason]]:
    """Read the form of a letter. circles: those of the person. Returns the choice, and every reason against it."""
    reader = Reader(values)
    period, reasons = read_period(values, today)
    reader.add(reasons)
    name = reader.line("name", max_length=MAX_NAME)
    chosen = reading.uuid_or_none(reader.value("circle"))
    if reader.value("circle") and chosen not in set(circles):
        reader.add(Reason("circle_unknown", "Please choose one of these circles.", "circle"))
    names = reader.choice("names", NAMES_SAID, "Please choose how much the letter says.")
    choice = Choice(
        kind,
        period,
        name,
        chosen,
        names,
        reader.value("kind_said") == "on",
        reader.value("hours_said") == "on",
    )
    return choice, reader.reasons


def nothing_reason() -> Reason:
    """Why there is no letter about nothing."""
    return Reason(
        "nothing", "The register says nothing for this period, so there is nothing to write.", "from"
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What the register says for a letter. lines: by circle, with both names."""

    gatherings: int
    minutes: int
    people: int
    lines: Sequence[Row]

    @classmethod
    def of(cls, rows: Iterable[Row], circle_id: UUID | None) -> Said:
        """The sum over rows of one circle or of all."""
        chosen = [row for row in rows if circle_id in (None, row["circle_id"]) and row["gatherings"]]
        return cls(
            sum(row["gatherings"] for row in chosen),
            sum(row["minutes"] for row in chosen),
            sum(row["people"] for row in chosen),
            chosen,
        )

    def named(self, names_said: str) -> list[dict[str, Any]]:
        """The lines as the letter has them: each circle once, under the chosen name; none without names."""
        if names_said == "none":
            return []
        lines: dict[UUID, dict[str, Any]] = {}
        for row in self.lines:
            name = row["name"] if names_said == "full" else row["discreet_name"]
            line = lines.setdefault(row["circle_id"], {"name": name, "gatherings": 0, "minutes": 0})
            line["gatherings"] += row["gatherings"]
            line["minutes"] += row["minutes"]
        return list(lines.values())


# What a letter says, and what checking it says


def verb(kind: str) -> str:
    """What somebody did: attended, or hosted."""
    return "hosted" if kind == "hosted" else "attended"


def counted(letter: Row, now: str = "") -> str:
    """The gatherings of a letter, and the hours where it says them. now: "_now" for what the register says by now."""
    words = plural(letter[f"gatherings{now}"], "gathering")
    if letter["hours_said"]:
        words += f", {format_hours(letter[f'minutes{now}'])} in all"
    return words


def present(letter: Row, now: str = "") -> str:
    """Of a letter about hosting: how many were there. Empty for a letter about attending."""
    if letter["kind"] != "hosted":
        return ""
    people = plural(letter[f"people{now}"], "person", "people")
    return f"{people} came to them, each counted as often as they came."


def period_of(letter: Row) -> Period:
    """The period of a letter."""
    return Period(letter["first_date"], letter["last_date"])


def made_on(letter: Row) -> str:
    """The day on which a letter was made, in UTC, with its year: November 26, 2026."""
    return clock.format_day_of_year(letter["made_at"].date(), date.min)


def checked_until(letter: Row) -> str:
    """The day until which a letter can be checked."""
    return clock.format_day_of_year((letter["made_at"] + CHECKED_FOR).date(), date.min)


def has_changed(letter: Row) -> bool:
    """Whether the register says something else by now than what the letter says."""
    columns = ["gatherings", *(["minutes"] if letter["hours_said"] else [])]
    if letter["kind"] == "hosted":
        columns.append("people")
    return any(letter[column] != letter[f"{column}_now"] for column in columns)


def statement(letter: Row) -> str:
    """What checking a letter says it says."""
    said = (
        f"A letter of {made_on(letter)} says that somebody {verb(letter['kind'])} {counted(letter)}, "
        f"{period_of(letter).words}."
    )
    return f"{said} {present(letter)}".rstrip()


def since(letter: Row) -> str:
    """What the register says by now: the same, or what it says since it was corrected."""
    if not has_changed(letter):
        return "The register says the same today."
    corrected = (
        f"Since then the register was corrected. For the same days it now says {counted(letter, '_now')}."
    )
    return f"{corrected} {present(letter, '_now')}".rstrip()


def code_refusal() -> Reason:
    """Why what was typed is no code."""
    return Reason("no_code", "A code has 16 letters and digits, such as 7K3M-9XQ2-4TBD-V8RA.", "code")
