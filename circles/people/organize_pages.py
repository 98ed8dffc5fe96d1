"""The organizers' page of people: who is here, and who is facilitator or organizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading, text
from circles.base.errors import NotFound, Refused
from circles.people import actions
from circles.people.rules import Part, Person
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import pager

SQL = db.queries("people/people")

EACH = 30
PARTS = [("", "Everybody"), ("facilitator", "Facilitators"), ("organizer", "Organizers")]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: words in a name or address, a part people have, and the page of the list."""

    words: str
    part: Literal["", "facilitator", "organizer"]
    number: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Search:
        """Read it from an address or a form; what cannot be read counts as not said."""
        try:
            words = text.line(values.get("q", ""), "q", max_length=100, required=False)
        except Refused:
            words = ""
        part, number = values.get("part", ""), values.get("page", "")
        return cls(
            words,
            part if part == "facilitator" or part == "organizer" else "",
            reading.page_number(number),
        )

    def address(self, number: int) -> str:
        """The address of a page of this search."""
        said = {"q": self.words, "part": self.part, "page": str(number) if number > 1 else ""}
        query = urlencode({name: value for name, value in said.items() if value})
        return f"/organize/people?{query}" if query else "/organize/people"


async def people(request: Request) -> Response:
    """Everybody, by search and part."""
    return await _people(request, Search.read(request.query_params), Form())


async def _people(request: Request, search: Search, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        total, found, number = await _look(tx, search)
    return render.page(
        request,
        "people/organize.html",
        200 if form.ok else 422,
        form=form,
        search=Form({"q": search.words, "part": search.part}),
        parts=PARTS,
        number=number,
        people=found,
        total=total,
        pager=pager(number, total, EACH, search.address),
    )


async def _look(tx: db.Tx, search: Search) -> tuple[int, list[Person], int]:
    """How many there are, those of this page, and the page's number: the last one where it lies beyond."""
    words = search.words.lower()
    total = await SQL.count_people(tx, words=words, part=search.part)
    number = min(max(1, search.number), max(1, -(-total // EACH)))
    rows = await db.rows(
        SQL.list_people(tx, words=words, part=search.part, most=EACH, skip=(number - 1) * EACH)
    )
    return total, [Person(**row) for row in rows], number


async def set_part(request: Request) -> Response:
    """Make somebody facilitator or organizer, or no longer."""
    form = await Form.read(request)
    search = Search.read(form.values)
    part, on = form.value("role"), form.value("on")
    if part not in get_args(Part) or on not in ("yes", "no"):
        raise NotFound
    try:
        person = await actions.set_part(
            access.context(request),
            request.state.person,
            access.path_id(request),
            part="facilitator" if part == "facilitator" else "organizer",
            on=on == "yes",
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _people(request, search, form)
    word = "now" if on == "yes" else "no longer"
    article = "a facilitator" if part == "facilitator" else "an organizer"
    stays = person.id != request.state.person.id or part != "organizer"
    return render.see_other(
        search.address(search.number) if stays else "/me", notice=f"{person.name} is {word} {article}."
    )
