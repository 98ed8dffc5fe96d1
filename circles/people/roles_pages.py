"""The organizers' list of people, with links to the pages that give and remove roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from circles.base.english import MAX_COUNTED
from circles.people.rules import Person
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager
from circles.web.sent import searched

SQL = db.queries("people/roles")

PER_PAGE = 30
ROLES = [("", "Everybody"), ("facilitator", "Facilitators"), ("organizer", "Organizers")]


@dataclass(frozen=True, slots=True)
class Search:
    """A search of people: text in a name or address, a role, and the part of the results.

    sealed: the text as it is in the address (web.sent.searched). is_over: the address had one that is old by now.
    """

    text: str
    sealed: str
    role: Literal["", "facilitator", "organizer"]
    window: Window
    is_over: bool = False

    @classmethod
    def read(cls, request: Request) -> Search:
        """Read a search from an address; values that cannot be read are ignored."""
        values = request.query_params
        text, typed = searched.opened(request), values.get(searched.FIELD, "")
        window = Window.read({"page": values.get("page", "")} if text else values, PER_PAGE)
        return cls(text, typed if text else "", _role(values), window, is_over=bool(typed and not text))

    @classmethod
    def typed(cls, request: Request, form: Form) -> Search:
        """Read a search from the posted form."""
        text = form.line("q", max_length=100, required=False)
        return cls(text, searched.sealed(request, text), _role(form.values), Window())

    def url(self, window: Window) -> str:
        """The URL of a part of this search. What matches a text is counted, so its pages go by their numbers."""
        place = Window(window.number) if self.text else window
        query = urlencode([(name, value) for name, value in self._pairs + place.pairs if value])
        return f"/organize/people?{query}" if query else "/organize/people"

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return [(searched.FIELD, self.sealed), ("part", self.role)]


def _role(values: Mapping[str, str]) -> Literal["", "facilitator", "organizer"]:
    role = values.get("part", "")
    return role if role == "facilitator" or role == "organizer" else ""


async def search(request: Request) -> Response:
    """POST: lead to the people that match. A name or an address is typed, so it is not sent in an address."""
    return render.see_other(Search.typed(request, await Form.read(request)).url(Window()))


async def people(request: Request) -> Response:
    search = Search.read(request)
    async with access.context(request).db.reading() as tx:
        total, window, found = await (_find(tx, search) if search.text else _page(tx, search))
    return render.page(
        request,
        "people/roles.html",
        search=Form({"q": search.text, "part": search.role}),
        sealed=search.sealed,
        is_over=search.is_over,
        roles=ROLES,
        number=window.number,
        people=found,
        total=total,
        is_cut=bool(search.text) and total > MAX_COUNTED,
        pager=long_pager(window, [person.id for person in found], total, PER_PAGE, search.url),
    )


async def _find(tx: db.Tx, search: Search) -> tuple[int, Window, list[Person]]:
    """The count of matches, the window (the last page where it lies beyond), and its people."""
    offset = (search.window.number - 1) * PER_PAGE
    query = SQL.find_people(
        tx, text=search.text, part=search.role, most=MAX_COUNTED + 1, limit=PER_PAGE, offset=offset
    )
    rows = [dict(row) for row in await db.rows(query)]
    total = max((row.pop("total") for row in rows), default=0)
    return total, _within(search.window, total), [Person(**row) for row in rows]


async def _page(tx: db.Tx, search: Search) -> tuple[int, Window, list[Person]]:
    """The same for everybody, or everybody with a role."""
    total = await SQL.count_people(tx, part=search.role, most=MAX_COUNTED + 1)
    window = _within(search.window, total)
    rows = await db.rows(SQL.list_people(tx, part=search.role, **window.arguments(PER_PAGE)))
    return total, window, [Person(**row) for row in rows]


def _within(window: Window, total: int) -> Window:
    return window if window.after else Window(min(window.number, max(1, -(-total // PER_PAGE))))
