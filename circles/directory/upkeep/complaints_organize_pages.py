"""The organizers' page of one complaint: its history, a note, another date, and closing it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import NotFound, Refused, or_not_found
from circles.directory.upkeep import complaints_actions as actions
from circles.directory.upkeep import complaints_rules as rules
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("directory/upkeep")


async def complaint(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.complaint(tx, id=access.path_id(request), actor_id=request.state.person.id)
    row = or_not_found(row)
    form.values.setdefault("answer_by", row["answer_by"].isoformat())
    return render.page(
        request,
        "directory/upkeep/complaint_organize.html",
        200 if form.ok else 422,
        form=form,
        complaint=row,
        history=[_step(step) for step in row["steps"]],
        steps=rules.STEPS,
        decisions=[
            ("kept", "The listing stays as it is", "Nothing on it changes."),
            ("hidden", "Hide the listing", "At once. Introductions that are open with them end."),
        ],
        rules=rules,
    )


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """A step of the history, with its times read from JSON."""
    day = step["answer_by"]
    return step | {
        "at": datetime.fromisoformat(step["at"]),
        "answer_by": date.fromisoformat(day) if day else None,
    }


async def act(request: Request) -> Response:
    """Keep a note, set the date, or close the complaint, as the pressed button says."""
    form = await Form.read(request)
    then = {"note": _note, "date": _set_date, "close": _close}.get(form.value("then"))
    if then is None:
        raise NotFound
    try:
        notice = await then(request, form)
    except Refused as refused:
        form.add(reason for reason in refused.reasons if reason not in form.reasons)
        return await _page(request, form)
    return render.see_other(f"/organize/complaints/{access.path_id(request)}", notice=notice)


async def _note(request: Request, form: Form) -> str:
    body = text.body(form.value("note"), "note", max_length=rules.MAX_NOTE)
    context, actor_id = access.context(request), request.state.person.id
    await actions.note(context, access.path_id(request), actor_id=actor_id, body=body)
    return "The note is saved. Organizers alone read it."


async def _set_date(request: Request, form: Form) -> str:
    day = clock.parse_date_ahead(
        form.value("answer_by"), "answer_by", clock.now().date(), rules.LATEST_ANSWER
    )
    context, actor_id = access.context(request), request.state.person.id
    await actions.set_answer_by(context, access.path_id(request), actor_id=actor_id, day=day)
    return f"They see that you answer by {clock.format_date(day)}."


async def _close(request: Request, form: Form) -> str:
    closing = rules.read_closing(form)
    context, actor_id = access.context(request), request.state.person.id
    await actions.close(context, access.path_id(request), closing, actor_id=actor_id)
    done = "The listing is hidden" if closing.decision == "hidden" else "The listing stays as it is"
    return f"{done}. {'Whoever wrote gets a mail.' if closing.is_silent else 'Both sides get a mail.'}"
