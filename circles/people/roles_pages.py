"""The organizers' list of people, with links to the pages that give and remove roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.reading import Reader
from circles.people.rules import Person
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import pager

SQL = db.queries("people/roles")

PER_PAGE = 30
ROLES = [("", "Everybody"), ("facilitator", "Facilitators"), ("organizer", "Organizers")]


@dataclass(frozen=True, slots=True)
class Search:
    """A search of people: text in a name or address, a role, and the page of the results."""

    text: str
    role: Literal["", "facilitator", "organizer"]
    page: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Search:
        """Read a search from a query string or a form; values that cannot be read are ignored."""
        role = values.get("part", "")
        return cls(
            Reader(values).line("q", max_length=100, required=False),
            role if role == "facilitator" or role == "organizer" else "",
            reading.page_number(values.get("page", "")),
        )

    def url(self, page: int) -> str:
        """The URL of a page of this search."""
        fields = {"q": self.text, "part": self.role, "page": str(page) if page > 1 else ""}
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/organize/people?{query}" if query else "/organize/people"


async def people(request: Request) -> Response:
    search = Search.read(request.query_params)
    async with access.context(request).db.reading() as tx:
        total, page, found = await _find(tx, search)
    return render.page(
        request,
        "people/roles.html",
        search=Form({"q": search.text, "part": search.role}),
        roles=ROLES,
        number=page,
        people=found,
        total=total,
        pager=pager(page, total, PER_PAGE, search.url),
    )


async def _find(tx: db.Tx, search: Search) -> tuple[int, int, list[Person]]:
    """The count of people, the page's number (the last page where it lies beyond), and its people."""
    total = await SQL.count_people(tx, text=search.text, role=search.role)
    page = min(search.page, max(1, -(-total // PER_PAGE)))
    rows = await db.rows(
        SQL.list_people(tx, text=search.text, role=search.role, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    )
    return total, page, [Person(**row) for row in rows]
