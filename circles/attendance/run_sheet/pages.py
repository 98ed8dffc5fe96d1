"""The run sheet on the page and on paper, and the form that changes it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.run_sheet import actions, rules
from circles.attendance.run_sheet.actions import Kind, Sheet
from circles.base.errors import OutOfDate, Refused
from circles.web import access, cookies, render
from circles.web.forms import Form


def _kind(request: Request) -> Kind:
    return "circle" if request.url.path.startswith("/host/circles/") else "gathering"


async def _sheet(request: Request, *, to_change: bool = False) -> Sheet:
    async with access.context(request).db.reading() as tx:
        return await actions.sheet(
            tx, _kind(request), access.path_id(request), request.state.person.id, to_change=to_change
        )


async def show(request: Request) -> Response:
    sheet = await _sheet(request)
    about = sheet.about
    return render.page(
        request,
        "attendance/run_sheet/run_sheet.html",
        sheet=sheet,
        about=about,
        begins=rules.times(sheet.steps, about["starts_at"], about["zone"], cookies.viewer(request)),
        total=rules.total_sentence(sheet.steps, about["length_minutes"]),
        base=_base(request),
    )


def _base(request: Request) -> str:
    return f"/host/{_kind(request)}s/{access.path_id(request)}"


async def edit_form(request: Request) -> Response:
    sheet = await _sheet(request, to_change=True)
    form = Form(rules.form_values(sheet.steps) | {"version": str(sheet.about["version"])})
    return _form_page(request, sheet, form)


async def edit(request: Request) -> Response:
    """Save the form, with the step moved, added or removed whose button was pressed."""
    form = await Form.read(request)
    sheet = await _sheet(request, to_change=True)
    verb, number = rules.read_button(form.value("then"))
    try:
        steps = rules.change(rules.read(form.values), verb, number)
        await actions.save(
            access.context(request),
            actor_id=request.state.person.id,
            kind=sheet.kind,
            about_id=sheet.about["id"],
            steps=steps,
            version=rules.version(form.values),
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.values["version"] = str(sheet.about["version"])
        return _form_page(request, sheet, form.add(refused.reasons), 422)
    if verb == "save":
        return render.see_other(f"{_base(request)}/run-sheet", notice="The run sheet is saved.")
    return render.see_other(f"{_base(request)}/run-sheet/edit#step-{rules.anchor(steps, verb, number)}")


def _form_page(request: Request, sheet: Sheet, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "attendance/run_sheet/run_sheet_form.html",
        status,
        sheet=sheet,
        about=sheet.about,
        form=form,
        count=rules.count(form.values),
        total=rules.total_sentence(sheet.steps, sheet.about["length_minutes"]),
        base=_base(request),
        limits=rules,
    )


async def reset(request: Request) -> Response:
    kind = _kind(request)
    await actions.reset(
        access.context(request), actor_id=request.state.person.id, kind=kind, about_id=access.path_id(request)
    )
    notices = {
        "gathering": "This gathering follows its circle’s run sheet again.",
        "circle": "The run sheet is the starting one again.",
    }
    return render.see_other(f"{_base(request)}/run-sheet", notice=notices[kind])
