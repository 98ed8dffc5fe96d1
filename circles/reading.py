"""Reading a form's fields one after another, keeping every refusal, so that a form is corrected once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from circles import text
from circles.errors import Reason, Refused, refuse_if

T = TypeVar("T")


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
