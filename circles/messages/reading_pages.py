"""A member's pages of the messages that went to them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import or_not_found
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("messages/messages")

PER_PAGE = 20


async def mine(request: Request) -> Response:
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.mine(tx, actor_id=request.state.person.id, after=after, most=PER_PAGE + 1))
    shown = rows[:PER_PAGE]
    return render.page(
        request,
        "messages/mine.html",
        messages=shown,
        unread=[row["id"] for row in shown if row["read_at"] is None],
        more=shown[-1]["id"] if len(rows) > PER_PAGE else None,
    )


async def one(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        message = or_not_found(
            await SQL.one_of_mine(tx, id=access.path_id(request), actor_id=request.state.person.id)
        )
    return render.page(request, "messages/one_of_mine.html", message=message)


async def mark_read(request: Request) -> Response:
    """POST: the messages of the form were read. Nobody is told."""
    form = await Form.read(request)
    ids = [message_id for message_id in map(reading.uuid_or_none, form.value("ids").split(",")) if message_id]
    context = access.context(request)
    async with context.db.transaction() as tx:
        await SQL.mark_read(tx, actor_id=request.state.person.id, ids=ids[:PER_PAGE])
    return render.see_other("/my/messages")
