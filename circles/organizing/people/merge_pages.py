"""Pages for joining two accounts: the organizer's question, and the answer from each address."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import reading, text
from circles.base.errors import NotFound, Reason, Refused, or_not_found
from circles.organizing.people import merge_rules, merging
from circles.web import access, render
from circles.web.forms import Form

MAX_MATCHES = 20
MAX_WHY = 500


async def merge_form(request: Request) -> Response:
    return await _page(request, Form(), None)


async def merge(request: Request) -> Response:
    """POST: look up the other account, show what joining does, or ask both addresses."""
    form, person_id = await Form.read(request), access.path_id(request)
    other = reading.uuid_or_none(form.value("other"))
    if form.value("then") != "do" or other is None:
        return await _page(request, form, other)
    why = form.take(lambda: text.body(form.value("why"), "why", max_length=MAX_WHY), "")
    if not form.ok:
        return await _page(request, form, other)
    try:
        await merging.ask(access.context(request), request.state.person, person_id, other, why)
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), other)
    notice = "Both addresses are asked. Nothing is joined before both agree."
    return render.see_other(f"/organize/people/{person_id}", notice=notice)


async def _page(request: Request, form: Form, other: UUID | None) -> Response:
    person_id, matches, plan = access.path_id(request), list[people.Person](), None
    async with access.context(request).db.reading() as tx:
        members = await people.by_ids(tx, [person_id])
        if person_id not in members:
            raise NotFound
        if other:
            try:
                plan = await merging.plan(tx, person_id, other)
                form.add(plan.reasons)
            except Refused as refused:
                form.add(refused.reasons)
        elif form.value("q").strip():
            found = await people.matching(tx, form.line("q", max_length=100), MAX_MATCHES)
            matches = [one for one in found if one.id != person_id]
            if found and not matches:
                form.add(Reason("same", merge_rules.SAME.text, "q"))
            elif not found:
                form.add(Reason("nobody", "Nobody has this name or address here.", "q"))
    return render.page(
        request,
        "organizing/people/merge.html",
        200 if form.ok else 422,
        form=form,
        member=members[person_id],
        matches=matches,
        other=other,
        plan=plan,
        max_why=MAX_WHY,
    )


async def withdraw(request: Request) -> Response:
    """POST: ask no longer."""
    person_id = access.path_id(request)
    await merging.withdraw(access.context(request), request.state.person, person_id)
    return render.see_other(f"/organize/people/{person_id}", notice="Nobody is asked any more.")


async def answer_form(request: Request) -> Response:
    """The page of a link. Opening it changes nothing, because mail scanners open links."""
    return await _answer_page(request, Form())


async def _answer_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await merging.of_token(tx, request.path_params["token"])
    agreed = row["kept_agreed_at"] if row["is_kept"] else row["gone_agreed_at"]
    response = render.page(
        request,
        "organizing/people/join_accounts.html",
        200 if form.ok else 422,
        form=form,
        row=row,
        agreed=agreed,
        over=merge_rules.answer_refusals(row),
        robots="noindex",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def answer(request: Request) -> Response:
    """POST: agree or decline."""
    form, token = await Form.read(request), request.path_params["token"]
    agrees = form.value("answer") == "yes"
    try:
        is_done = await merging.answer(access.context(request), token, agrees=agrees)
    except Refused as refused:
        return await _answer_page(request, form.add(merge_rules.shown_to_them(refused.reasons)))
    if is_done:
        notice = "Your accounts are one now. You can sign in with either address."
        return render.see_other("/sign-in" if not request.state.person else "/my/gatherings", notice=notice)
    return render.see_other(f"/join-accounts/{token}")


async def merge_now(request: Request) -> Response:
    """POST: carry out what both agreed to, and what was not possible then."""
    person_id = access.path_id(request)
    context = access.context(request)
    async with context.db.reading() as tx:
        row = or_not_found(await merging.of_person(tx, person_id))
    try:
        await merging.carry_out(context, row["id"], actor_id=request.state.person.id)
    except Refused as refused:
        return await _page(request, Form().add(refused.reasons), row["gone_id"])
    return render.see_other(f"/organize/people/{row['kept_id']}", notice="The accounts are one now.")
