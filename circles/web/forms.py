"""Forms: the fields of a request, their refusals beside them when the form is shown again."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from starlette.requests import Request

from circles.base import reading, text
from circles.web.sent import fields, origin
from circles.web.sent.kept import KeptForm


class Form(reading.Reader):
    """A form of a page. Handlers read it, templates show its values and errors."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__(values or {})

    @classmethod
    async def read(cls, request: Request) -> Form:
        """Read the posted form. Values of a repeated field are joined by commas; files are left out."""
        request.state.sent_pairs = await fields.read(request)
        values = reading.join_fields(request.state.sent_pairs[0])
        request.state.sent_from = origin.read(values.pop(origin.FIELD, ""))
        return cls(values)

    @classmethod
    def shown(cls, request: Request, values: Mapping[str, str]) -> Form:
        """The form of a page whose number of rows depends on what was typed: what was kept of it, or these values."""
        form: KeptForm | None = getattr(request.state, "kept", None)
        return cls({**values, **reading.join_fields((form and form.pairs) or ())})

    def creation_id(self) -> UUID:
        """The id in the form of what it creates, so that sending it twice creates one thing.

        A form without a readable one gets a new one.
        """
        return reading.uuid_or_none(self.value("id")) or self.renew_id()

    def renew_id(self) -> UUID:
        """Give the form another id: what it creates from now on is another thing."""
        new_id = uuid4()
        self.values["id"] = str(new_id)
        return new_id

    def reason(self) -> str:
        """Why somebody did this by hand, which may be empty here. Raises Refused for what cannot be kept as text."""
        return text.body(self.value("reason"), "reason", required=False)

    def checked(self, name: str, value: str = "on") -> bool:
        """Whether a box is ticked, or this choice is chosen."""
        return self.values.get(name, "") == value

    def errors(self, name: str) -> list[str]:
        """What was refused about a field."""
        return [reason.text for reason in self.reasons if reason.field == name]

    @property
    def all_errors(self) -> list[tuple[str, str]]:
        """Everything that was refused, as (field, sentence); the field is empty for the whole form."""
        return [(reason.field, reason.text) for reason in self.reasons]
