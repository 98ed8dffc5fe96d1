"""What the room should know of somebody: told by themselves, read by the hosts of their gatherings alone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import audit, db, text
from circles.house import House
from circles.people.rules import MOST_NEEDS, Person
from circles.web import guard, render
from circles.web.forms import Form

SQL = db.queries("people")


async def needs_form(request: Request) -> Response:
    """What is told so far, to be changed."""
    async with guard.house(request).db.reading() as tx:
        words = await SQL.access_needs(tx, id=request.state.person.id)
    return render.page(request, "people/needs.html", form=Form({"needs": words}))


async def tell_needs(request: Request) -> Response:
    """Keep what was told, or nothing any more."""
    form = await Form.read(request)
    words = form.take(lambda: text.body(form.value("needs"), "needs", most=MOST_NEEDS, required=False))
    if words is None:
        return render.page(request, "people/needs.html", 422, form=form)
    await _tell(guard.house(request), request.state.person, words)
    return render.see_other("/me", notice="Kept. Your hosts see it." if words else "Your hosts see nothing.")


async def _tell(house: House, person: Person, words: str) -> None:
    async with house.db.transaction() as tx:
        await SQL.tell_access_needs(tx, id=person.id, words=words)
        await audit.record(tx, "person.access_needs", person.id, who=person.id, after="told" if words else "")
