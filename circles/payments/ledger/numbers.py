"""Numbers of bookings, payments and passes, short enough to read out: a part of their id. Pure."""

from __future__ import annotations

from typing import Final
from uuid import UUID

# Crockford's digits: without I, L, O and U, which are read as other characters or make words.
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 10
_MISREAD: Final = str.maketrans("ILO", "110", " -–—#.")
_BITS: Final = 48  # of the id, all of them random; the ten digits hold two more, which are zero


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
