"""The pages of invitations: organizers invite a list and withdraw; those invited open theirs."""

from __future__ import annotations

from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles import imports, sheets
from circles.base import reading
from circles.base.errors import NotFound, Refused, or_not_found
from circles.organizing.moving_in import actions as lists
from circles.organizing.moving_in.inviting import actions, rules
from circles.store import db
from circles.web import access, headers, limits, render
from circles.web.encoding import compression
from circles.web.forms import Form

SQL = db.queries("organizing/inviting")
HOME = "/organize/invitations"
# Where mail programs may post to (RFC 8058).
PATH = "/invitations/"
MAX_BODY = imports.MAX_BODY + rules.MAX_CHARACTERS * 4


async def invitations(request: Request) -> Response:
    """The lists so far, and the form for another."""
    return await _page(request, Form())


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        batches = await db.rows(SQL.batches(tx, most=50))
        circles = await db.rows(SQL.circles(tx))
    return render.page(
        request,
        "organizing/moving_in/inviting/invitations.html",
        status,
        form=form,
        batches=batches,
        circles=[("", "No circle: the site alone"), *((str(row["id"]), row["name"]) for row in circles)],
        home=HOME,
    )


async def invite(request: Request) -> Response:
    """Invite the addresses that were typed, and those in a file."""
    context, actor_id, form = access.context(request), request.state.person.id, Form()
    try:
        sent = await _sent(request, form)
        circle_id = form.take(lambda: _circle(form.value("circle")))
        if not form.ok:
            return await _page(request, form, 422)
        typed = form.value("addresses")
        if sent:
            await limits.count_upload(context, actor_id, "file")
            list_file = await imports.actions.read(lists.KINDS["people"], sent)
            cells = "\n".join(cell for _, row in list_file.rows for cell in row if rules.may_be(cell))
            typed = f"{typed}\n{cells}"
        batch = await actions.invite(
            context,
            actor_id=actor_id,
            addresses=rules.read(typed),
            circle_id=circle_id,
        )
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, await _page(request, form, 413))
        return await _page(request, form, 422)
    return render.see_other(f"{HOME}/{batch}", notice="They are invited in turn, some each minute.")


def _circle(typed: str) -> UUID | None:
    """The circle that an invitation names, or none. Raises Refused."""
    circle_id = reading.uuid_or_none(typed)
    if typed and circle_id is None:
        raise Refused(actions.no_such_circle())
    return circle_id


async def _sent(request: Request, form: Form) -> bytes:
    """The file, if there is one; what was typed beside it goes into the form. Raises Refused for one too large."""
    try:
        async with request.form(max_files=1, max_fields=6, max_part_size=rules.MAX_CHARACTERS * 4) as data:
            form.values |= {name: value for name, value in data.items() if isinstance(value, str)}
            upload = data.get("file")
            return await upload.read() if isinstance(upload, UploadFile) and upload.filename else b""
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise Refused(sheets.too_large()) from None


async def batch(request: Request) -> Response:
    """One list: whom it invited. It says nothing of whether an address has an account."""
    batch_id = access.path_id(request)
    after = request.query_params.get("after", "")[:254]
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.of_batch(tx, batch=batch_id, after=after, most=actions.PER_PAGE + 1))
    or_not_found(rows or after or None)
    more = rows[actions.PER_PAGE - 1]["email"] if len(rows) > actions.PER_PAGE else ""
    return render.page(
        request,
        "organizing/moving_in/inviting/batch.html",
        rows=rows[: actions.PER_PAGE],
        after=more,
        states=rules.STATES,
        here=f"{HOME}/{batch_id}",
        home=HOME,
    )


async def withdraw(request: Request) -> Response:
    """Withdraw one invitation, or all of a list."""
    form, batch_id = await Form.read(request), access.path_id(request)
    await actions.withdraw(
        access.context(request),
        actor_id=request.state.person.id,
        batch=batch_id,
        invitation_id=reading.uuid_or_none(form.value("invitation")),
    )
    return render.see_other(
        f"{HOME}/{batch_id}", notice="Withdrawn. The link in that mail opens nothing any more."
    )


# Those invited


async def opened(request: Request) -> Response:
    """An invitation. A GET changes nothing: programs that check links open this page too."""
    token = request.path_params["token"]
    try:
        row = await actions.opened(access.context(request), token)
    except NotFound:
        return render.page(request, "organizing/moving_in/inviting/over.html", 404)
    compression.send_as_it_is(request)  # the page holds the key of its address
    page = render.page(
        request, "organizing/moving_in/inviting/opened.html", row=row, token=token, form=Form()
    )
    page.headers["Cache-Control"] = "no-store"
    return page


async def refuse_mail(request: Request) -> Response:
    """POST: no more of these mails. Programs that send the header's request get a plain answer."""
    form, token = await Form.read(request), request.path_params["token"]
    try:
        await actions.refuse_mail(access.context(request), token)
    except NotFound:
        return render.page(request, "organizing/moving_in/inviting/over.html", 404)
    if form.value("List-Unsubscribe"):  # RFC 8058, 3.1: no redirect
        return PlainTextResponse("You get no invitations by mail any more.")
    return render.see_other(f"/invitations/{token}", notice="You get no invitations by mail any more.")
