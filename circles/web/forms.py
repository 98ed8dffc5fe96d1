"""Forms: what was typed is kept, what is wrong is said beside it, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TypeVar
from uuid import UUID, uuid4

from starlette.requests import Request

from circles.base import clock, reading
from circles.base.errors import Reason, Refused

T = TypeVar("T")


class Form:
    """What was typed into a form and what is wrong with it. Templates read it; handlers fill it."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self._errors: list[tuple[str, str]] = []

    @classmethod
    async def read(cls, request: Request) -> Form:
        """Read the posted form. Fields that come several times are joined by commas; files are left out."""
        data = await request.form()
        return cls(
            reading.joined((name, value) for name, value in data.multi_items() if isinstance(value, str))
        )

    def made_with(self) -> UUID:
        """The id that was made with the form, so that it makes one thing however often it is sent.

        Where it is lost or is none, it gets a new one.
        """
        return reading.uuid_or_none(self.value("id")) or self.renew()

    def renew(self) -> UUID:
        """Give the form another id: what it makes from now on is another thing."""
        made = uuid4()
        self.values["id"] = str(made)
        return made

    def value(self, name: str, default: str = "") -> str:
        """What stands in a field."""
        return self.values.get(name, default)

    def checked(self, name: str, value: str = "on") -> bool:
        """Whether a box is ticked, or this choice is chosen."""
        return self.values.get(name, "") == value

    def errors(self, name: str) -> list[str]:
        """What is wrong with a field."""
        return [text for field, text in self._errors if field == name]

    @property
    def all_errors(self) -> list[tuple[str, str]]:
        """Everything that is wrong, as (field, sentence); the field is empty for the whole form."""
        return list(self._errors)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self._errors

    def add(self, reasons: Iterable[Reason] | Reason) -> None:
        """Say what is wrong. The same sentence about the same field is said once."""
        for reason in (reasons,) if isinstance(reasons, Reason) else reasons:
            if (reason.field, reason.text) not in self._errors:
                self._errors.append((reason.field, reason.text))

    def take(self, read: Callable[[], T]) -> T | None:
        """Call a reader (text.line, money.parse, clock.parse_wall ...); a refusal becomes an error here."""
        try:
            return read()
        except Refused as refused:
            self.add(refused.reasons)
            return None


@cache
def zone_options() -> list[tuple[str, str]]:
    """Every time zone as a choice of a form: its name, and the name in words."""
    return [(zone, zone.replace("_", " ").replace("/", ", ")) for zone in sorted(clock.zones())]
