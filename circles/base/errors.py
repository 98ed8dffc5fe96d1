"""Errors with a message for people, refusals with every reason, and what a log may say of an exception."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

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


# What logs say of an exception

MAX_PLACES = 6
MAX_CAUSES = 3


def kind_and_place(error: BaseException) -> str:
    """The type of an exception and the line that raised it, without its text, which may hold personal data."""
    places = _places(error)
    return f"{type(error).__name__} at {places[-1]}" if places else type(error).__name__


def describe(error: BaseException) -> dict[str, Any]:
    """The fields by which a log names an exception: type, places, what it came from; of a database also the constraint.

    Never its text, which may hold personal data: PostgreSQL's holds the row.
    """
    fields: dict[str, Any] = {"error": type(error).__name__, "places": _places(error)}
    for name in ("sqlstate", "constraint_name"):
        value = getattr(error, name, None)
        if isinstance(value, str) and (value.isidentifier() or value.isalnum()):
            fields[name] = value
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else _causes(error)
    if causes:
        fields["causes"] = [kind_and_place(cause) for cause in causes[:MAX_CAUSES]]
    return fields


def _causes(error: BaseException) -> list[BaseException]:
    """The exceptions that this one came from, the last first."""
    causes: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and cause not in causes and len(causes) < MAX_CAUSES:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def _places(error: BaseException) -> list[str]:
    """The last lines of the traceback, as `web/errors.py:12`, the one that raised last."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_PLACES:]
    return [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}" for frame in frames]
