"""Pages of invitations to be a facilitator: the organizers' list, and the invitation itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading, text
from circles.base.errors import Refused
from circles.organizing.people import invitations
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("organizing/invitations")

PER_PAGE = 30


async def invitations_page(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form) -> Response:
    micros, _, after = request.query_params.get("after", "").partition(".")
    after_id = (
        reading.uuid_or_none(after) if micros.isascii() and micros.isdigit() and len(micros) < 18 else None
    )
    after_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros)) if after_id else None
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(
            SQL.open_invitations(tx, after_at=after_at, after_id=after_id, limit=PER_PAGE + 1)
        )
    last = rows[PER_PAGE - 1] if len(rows) > PER_PAGE else None
    more = f"{int(last['created_at'].timestamp() * 1_000_000)}.{last['id']}" if last else ""
    return render.page(
        request,
        "organizing/people/invitations.html",
        200 if form.ok else 422,
        form=form,
        rows=rows[:PER_PAGE],
        more=f"/organize/people/invitations?after={more}" if more else "",
    )


async def invite(request: Request) -> Response:
    """POST: invite an address. The answer is the same whether or not it has an account."""
    form = await Form.read(request)
    email = form.take(lambda: text.parse_address(form.value("email")))
    if email is None:
        return await _page(request, form)
    try:
        await invitations.invite(access.context(request), request.state.person, email)
    except Refused as refused:
        return await _page(request, form.add(refused.reasons))
    notice = "The invitation is on its way. It is open for two weeks."
    return render.see_other("/organize/people/invitations", notice=notice)


async def withdraw(request: Request) -> Response:
    """POST: withdraw an invitation."""
    await invitations.withdraw(access.context(request), request.state.person, access.path_id(request))
    return render.see_other("/organize/people/invitations", notice="The invitation is withdrawn.")


async def invitation(request: Request) -> Response:
    """What a facilitator does, and the question. Opening it changes nothing, because mail scanners open links."""
    return await _invitation_page(request, Form())


async def _invitation_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await invitations.of_token(tx, request.path_params["token"])
    person = request.state.person
    response = render.page(
        request,
        "organizing/people/facilitator_invitation.html",
        200 if form.ok else 422,
        form=form,
        row=row,
        over=invitations.answer_refusals(row),
        is_other=person is not None and person.email != row["email"],
        robots="noindex",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def answer(request: Request) -> Response:
    """POST: accept or decline, signed in."""
    form, token = await Form.read(request), request.path_params["token"]
    accepts = form.value("answer") == "yes"
    try:
        await invitations.answer(
            access.context(request),
            request.state.person,
            token,
            accepts=accepts,
            is_mine=form.value("mine") == "on",
        )
    except Refused as refused:
        return await _invitation_page(request, form.add(refused.reasons))
    if accepts:
        return render.see_other("/host", notice="Welcome. You are a facilitator here now.")
    return render.see_other("/gatherings", notice="Thank you for your answer. Nothing changed.", kind="calm")
