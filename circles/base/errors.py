"""What may go wrong in a way a person can be told about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a refusal: a code for the code, a sentence for the person, the field it is about."""

    code: str
    text: str
    field: str = ""


class CirclesError(Exception):
    """The root of the errors the site itself raises."""


class NotFound(CirclesError):
    """There is no such row, or it is not this person's to see. The two look the same on purpose."""


class NotAllowed(CirclesError):
    """The person is known and the row is theirs to see, but not theirs to change."""


class Refused(CirclesError, ValueError):
    """The house's rules say no. Carries every reason at once, so that a person corrects a form once.

    A ValueError too, so that a pydantic validator may raise it.
    """

    def __init__(self, reasons: Iterable[Reason] | Reason) -> None:
        self.reasons = (reasons,) if isinstance(reasons, Reason) else tuple(reasons)
        super().__init__("; ".join(reason.code for reason in self.reasons))

    @property
    def codes(self) -> set[str]:
        """The codes of all reasons."""
        return {reason.code for reason in self.reasons}


class OutOfDate(Refused):
    """What the person saw has changed while they were reading. Shown again with what they typed kept."""


def refuse_if(reasons: Iterable[Reason]) -> None:
    """Raise Refused when there is any reason."""
    found = tuple(reasons)
    if found:
        raise Refused(found)
