"""Errors with a message for people, and refusals with every reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a refusal: a code for programs, a sentence for people, the form field it is about."""

    code: str
    text: str
    field: str = ""


class CirclesError(Exception):
    """The base class of the site's own errors."""


class NotFound(CirclesError):
    """No such row, or not visible to this person; the response is the same for both."""


class NotAllowed(CirclesError):
    """The person may see the row, but not change it."""


class Refused(CirclesError):
    """Refused by the rules, with every reason at once, so that a form is corrected once."""

    def __init__(self, reasons: Iterable[Reason] | Reason) -> None:
        self.reasons = (reasons,) if isinstance(reasons, Reason) else tuple(reasons)
        super().__init__("; ".join(reason.code for reason in self.reasons))

    @property
    def codes(self) -> set[str]:
        """The reasons' codes."""
        return {reason.code for reason in self.reasons}


class OutOfDate(Refused):
    """The row changed since the person loaded it. The form is shown again with what they typed."""


def or_not_found(row: T | None) -> T:
    """The row itself. Raises NotFound when there is none."""
    if row is None:
        raise NotFound
    return row


def refuse_if(reasons: Iterable[Reason]) -> None:
    """Raise Refused when there is any reason."""
    all_reasons = tuple(reasons)
    if all_reasons:
        raise Refused(all_reasons)
