"""Pages of letters: the form, the letter itself on one sheet, and the public page that checks a code."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.letters import actions, rules
from circles.attendance.own.pages import period_of, today_of
from circles.attendance.periods import format_hours
from circles.base.errors import Refused
from circles.web import access, limits, render
from circles.web.forms import Form

# Where the letters of each kind are listed.
LISTS = {"attended": "/my/attendance", "hosted": "/my/hours"}


def _kind(typed: str) -> str:
    return typed if typed in rules.KINDS else rules.KINDS[0]


async def new_form(request: Request) -> Response:
    period, _ = period_of(request)
    kind = _kind(request.query_params.get("kind", ""))
    values = {"id": str(uuid4()), "kind": kind, "name": request.state.person.name, "names": "none"}
    hours = {"hours_said": "on"}
    return await _form_page(request, Form.shown(request, values | hours | period.typed))


async def _form_page(request: Request, form: Form) -> Response:
    kind = _kind(form.value("kind"))
    async with access.context(request).db.reading() as tx:
        circles = await actions.circles_of(tx, request.state.person.id, kind)
    return render.page(
        request,
        "attendance/letters/new.html",
        200 if form.ok else 422,
        form=form,
        kind=kind,
        back=LISTS[kind],
        circles=[("", "All circles"), *((str(circle), name) for circle, name in circles.items())],
    )


async def make(request: Request) -> Response:
    form = await Form.read(request)
    kind = _kind(form.value("kind"))
    try:
        letter_id = await actions.make(
            access.context(request),
            request.state.person,
            form.creation_id(),
            kind,
            form.values,
            today_of(request),
        )
    except Refused as refused:
        return await _form_page(request, form.add(refused.reasons))
    return render.see_other(f"/my/letters/{letter_id}")


async def show(request: Request) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        letter = await actions.letter(tx, access.path_id(request), request.state.person.id)
    return render.page(
        request,
        "attendance/letters/letter.html",
        letter=letter,
        code=rules.known_code(context.settings.signing_keys, letter),
        check_address=f"{context.settings.base_url}/check",
        rules=rules,
        hours=format_hours,
        back=LISTS[_kind(letter["kind"])],
    )


async def withdraw(request: Request) -> Response:
    kind = await actions.withdraw(
        access.context(request), actor_id=request.state.person.id, letter_id=access.path_id(request)
    )
    return render.see_other(
        LISTS[_kind(kind)], notice="The letter is withdrawn. Its code says nothing any more."
    )


async def check_form(request: Request) -> Response:
    return render.page(request, "attendance/letters/check.html", form=Form(), asked=False, letter=None)


async def check(request: Request) -> Response:
    """POST: what the letter with a code says. The code is in no address, so no log has it."""
    context, form = access.context(request), await Form.read(request)
    letter, asked = None, True
    try:
        network = limits.client_network(request, context.settings)
        letter = await actions.check(context, form.value("code"), network)
    except Refused as refused:
        form.add(refused.reasons)
        asked = False
    page = render.page(
        request,
        "attendance/letters/check.html",
        200 if form.ok else 422,
        form=form,
        asked=asked,
        letter=letter,
        rules=rules,
    )
    page.headers["Cache-Control"] = "no-store"
    return page
