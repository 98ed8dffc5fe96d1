"""Reading a form's fields one after another, keeping every refusal, so that a form is corrected once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar
from uuid import UUID

from circles.base import text
from circles.base.errors import Reason, Refused, refuse_if

T = TypeVar("T")


def joined(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form or of an address, by name; what comes several times is joined by commas."""
    values: dict[str, str] = {}
    for name, value in items:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def page(typed: str, most: int = 10_000) -> int:
    """Which page of a list an address asks for: the first where it asks for none, and none beyond `most`."""
    return min(max(whole(typed, 1), 1), most)


def whole(typed: str, otherwise: T) -> int | T:
    """The whole number that an address or a hidden field holds; `otherwise` for what is none, or is too long."""
    said = typed.strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else otherwise


def uuid_or_none(typed: str) -> UUID | None:
    """The id that an address or a hidden field holds; None for what is none."""
    try:
        return UUID(typed)
    except ValueError:
        return None


class Reader:
    """Reads typed values and remembers every reason why one of them cannot stand."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.reasons: list[Reason] = []

    def take(self, read: Callable[[], T], instead: T) -> T:
        """What `read` answers; when it refuses, its reasons are kept and `instead` stands in."""
        try:
            return read()
        except Refused as refused:
            self.reasons.extend(refused.reasons)
            return instead

    def line(self, field: str, *, most: int, required: bool = True) -> str:
        """One line of text."""
        return self.take(
            lambda: text.line(self.values.get(field, ""), field, most=most, required=required), ""
        )

    def body(self, field: str, *, most: int, required: bool = True) -> str:
        """Several lines of text."""
        return self.take(
            lambda: text.body(self.values.get(field, ""), field, most=most, required=required), ""
        )

    def choice(self, field: str, options: Mapping[str, object], says: str) -> str:
        """One of the options' keys. says: what to tell when it is none of them."""
        value = self.values.get(field, "").strip()
        if value in options:
            return value
        self.reasons.append(Reason("unknown_choice", says, field))
        return next(iter(options))

    def one(self, field: str, options: Collection[str], says: str) -> str:
        """One of the options, or empty where none was chosen. says: what to tell when it is none of them."""
        value = self.values.get(field, "").strip()
        if value and value not in options:
            self.reasons.append(Reason("unknown_choice", says, field))
        return value if value in options else ""

    def several(self, field: str, options: Collection[str], says: str) -> tuple[str, ...]:
        """Any number of the options, in their order. says: what to tell when one is none of them."""
        values = {value.strip() for value in self.values.get(field, "").split(",")} - {""}
        if values - set(options):
            self.reasons.append(Reason("unknown_choice", says, field))
        return tuple(option for option in options if option in values)

    def whole(self, field: str, low: int, high: int, says: str) -> int:
        """A whole number from low to high. says: what to tell when it is not."""
        typed = self.values.get(field, "").strip()
        if (
            typed.isascii()
            and typed.removeprefix("-").isdecimal()
            and len(typed) <= 6
            and low <= int(typed) <= high
        ):
            return int(typed)
        self.reasons.append(Reason("number", says, field))
        return low

    def done(self) -> None:
        """Raise Refused with every reason there is."""
        refuse_if(self.reasons)
