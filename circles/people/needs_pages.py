"""What the room should know of somebody: told by themselves, read by the hosts of their gatherings alone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import text
from circles.people.rules import MAX_NEEDS, Person
from circles.store import audit, db
from circles.store.context import Context
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("people/people")


async def needs_form(request: Request) -> Response:
    """What is told so far, to be changed."""
    async with access.context(request).db.reading() as tx:
        words = await SQL.access_needs(tx, id=request.state.person.id)
    return render.page(request, "people/needs.html", form=Form({"needs": words}))


async def tell_needs(request: Request) -> Response:
    """Keep what was told, or nothing any more."""
    form = await Form.read(request)
    words = form.take(lambda: text.body(form.value("needs"), "needs", max_length=MAX_NEEDS, required=False))
    if words is None:
        return render.page(request, "people/needs.html", 422, form=form)
    await _tell(access.context(request), request.state.person, words)
    return render.see_other("/me", notice="Kept. Your hosts see it." if words else "Your hosts see nothing.")


async def _tell(context: Context, person: Person, words: str) -> None:
    async with context.db.transaction() as tx:
        await SQL.tell_access_needs(tx, id=person.id, words=words)
        await audit.record(
            tx, "person.access_needs", person.id, actor_id=person.id, after="told" if words else ""
        )
