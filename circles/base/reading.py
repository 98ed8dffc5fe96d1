"""Reading values that people type or URLs hold: numbers, ids, repeated fields, and whole forms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Self, TypeVar, overload
from uuid import UUID

from circles.base import text
from circles.base.errors import Reason, Refused, refuse_if

T = TypeVar("T")

# Crockford's digits: without I, L, O and U, which are read as other characters or make words.
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 10
_MISREAD: Final = str.maketrans("ILO", "110", " -–—#.")
_BITS: Final = 48  # of the id, all of them random; the ten digits hold two more, which are zero


def join_fields(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form or of a query string, by name; values of a repeated name are joined by commas."""
    values: dict[str, str] = {}
    for name, value in items:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def page_number(typed: str, max_number: int = 10_000) -> int:
    """The page of a list that a URL names, from 1 to `max_number`; 1 where it names none."""
    return min(max(whole_number(typed, 1), 1), max_number)


def whole_number(typed: str, otherwise: T) -> int | T:
    """The whole number in a URL or a hidden field; `otherwise` for anything else, and from ten digits on."""
    digits = typed.strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else otherwise


def uuid_or_none(typed: str) -> UUID | None:
    """The id in a URL or a hidden field; None for anything else."""
    try:
        return UUID(typed)
    except ValueError:
        return None


def number_of(id: UUID) -> str:
    """The number of what has this id, such as 4T9K2-MX7Q8; the SQL function `number_of` gives the same.

    Two of a million bookings share one with a probability of 1 in 500.
    """
    value = (id.int >> (128 - _BITS)) << 2
    digits = "".join(_DIGITS[value >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
    return f"{digits[:5]}-{digits[5:]}"


def ids_of_number(typed: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that have this number, as somebody typed it; None for what is no number."""
    digits = typed.upper().translate(_MISREAD)
    if len(digits) != _LENGTH or not set(digits) <= set(_DIGITS):
        return None
    value = 0
    for digit in digits:
        value = value << 5 | _DIGITS.index(digit)
    if value & 3:
        return None
    first = value >> 2 << (128 - _BITS)
    return UUID(int=first), UUID(int=first | (1 << (128 - _BITS)) - 1)


class Reader:
    """The typed values of a form, read field by field. Keeps every refusal, so that a form is corrected once.

    values: as typed, by field. reasons: what was refused so far. Of the methods' `refusal`: the sentence for a
    value that is none of those allowed.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.reasons: list[Reason] = []

    def value(self, field: str, default: str = "") -> str:
        """What was typed into a field."""
        return self.values.get(field, default)

    @property
    def ok(self) -> bool:
        """Whether nothing was refused so far."""
        return not self.reasons

    def add(self, reasons: Iterable[Reason] | Reason) -> Self:
        """Add refusals; the same sentence about the same field is kept once. Returns the reader itself."""
        for reason in (reasons,) if isinstance(reasons, Reason) else reasons:
            if all((reason.field, reason.text) != (kept.field, kept.text) for kept in self.reasons):
                self.reasons.append(reason)
        return self

    @overload
    def take(self, read: Callable[[], T]) -> T | None: ...
    @overload
    def take(self, read: Callable[[], T], otherwise: T) -> T: ...
    def take(self, read: Callable[[], T], otherwise: T | None = None) -> T | None:
        """The result of `read` (text.line, money.parse ...); when that raises Refused, its reasons are added."""
        try:
            return read()
        except Refused as refused:
            self.add(refused.reasons)
            return otherwise

    def line(self, field: str, *, max_length: int, required: bool = True) -> str:
        """One line of text."""
        return self.take(
            lambda: text.line(self.value(field), field, max_length=max_length, required=required), ""
        )

    def body(self, field: str, *, max_length: int, required: bool = True) -> str:
        """Several lines of text."""
        return self.take(
            lambda: text.body(self.value(field), field, max_length=max_length, required=required), ""
        )

    def choice(self, field: str, options: Collection[str], refusal: str) -> str:
        """One of the options; the first where it was refused."""
        value = self.value(field).strip()
        if value in options:
            return value
        self.add(Reason("unknown_choice", refusal, field))
        return next(iter(options))

    def one(self, field: str, options: Collection[str], refusal: str) -> str:
        """One of the options, or empty where none was chosen."""
        value = self.value(field).strip()
        if value and value not in options:
            self.add(Reason("unknown_choice", refusal, field))
        return value if value in options else ""

    def several(self, field: str, options: Collection[str], refusal: str) -> tuple[str, ...]:
        """Any number of the options, in their order."""
        values = {value.strip() for value in self.value(field).split(",")} - {""}
        if values - set(options):
            self.add(Reason("unknown_choice", refusal, field))
        return tuple(option for option in options if option in values)

    def whole(self, field: str, low: int, high: int, refusal: str) -> int:
        """A whole number from low to high; low where it was refused."""
        typed = text.plain_digits(self.value(field))
        if (
            typed.isascii()
            and typed.removeprefix("-").isdecimal()
            and len(typed) <= 6
            and low <= int(typed) <= high
        ):
            return int(typed)
        self.add(Reason("number", refusal, field))
        return low

    def raise_refusals(self) -> None:
        """Raise Refused with every reason, if there is any."""
        refuse_if(self.reasons)
