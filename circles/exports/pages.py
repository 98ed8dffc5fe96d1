"""The organizers' page of exports: the form, presets, and the log of every file."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.exports import actions, queries, rules, streaming
from circles.exports.kinds import (
    DEPTH_NAMES,
    FORMAT_NAMES,
    GROUP_NAMES,
    KINDS,
    Depth,
    Format,
    Group,
    Kind,
)
from circles.exports.queries import Preset
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("exports/exports")
HOME = "/organize/exports"

DEPTH_SAYS = {
    Depth.TOTALS: "Numbers of whole months that are over. Fewer than five people are never told apart.",
    Depth.PSEUDONYMOUS: "Rows with a code for each person, another one in each file. No names, addresses, or times.",
    Depth.NAMED: "A row for each person with their name. Say below what it is for.",
}


async def exports(request: Request) -> Response:
    query = reading.join_fields(request.query_params.multi_items())
    kind = KINDS.get(query.get("kind", ""), next(iter(KINDS.values())))
    today = clock.now().date()
    typed = {
        "kind": kind.key,
        "from": str(rules.month_before(today)),
        "to": str(rules.end_of_month(rules.month_before(today))),
        "depth": Depth.TOTALS.value,
        "format": Format.CSV.value,
        "group": Group.CIRCLE_MONTH.value,
        **{
            name: query[name]
            for name in ("from", "to", "circle", "facilitator", "depth", "format")
            if name in query
        },
    }
    return await _page(request, typed, preset_id=reading.uuid_or_none(query.get("preset", "")))


async def attendance(request: Request) -> Response:
    """The former address of the form."""
    circles = ",".join(request.query_params.getlist("circle"))
    return render.see_other(f"{HOME}?{urlencode({'kind': 'attendance', 'circle': circles})}")


async def export(request: Request) -> Response:
    """POST: begin an export, which is logged; stream it, or lead to the page of its job."""
    context, form = access.context(request), await Form.read(request)
    # What the form of earlier versions, which a browser may still show, does not have.
    values = {"kind": "attendance", "depth": Depth.NAMED.value, "format": Format.CSV.value} | form.values
    form.values.update(values)
    try:
        choices = rules.read_choices(values, today=clock.now().date())
        begun = await actions.begin(context, actor_id=request.state.person.id, choices=choices)
    except Refused as refused:
        return await _page(request, form.values, refused.reasons)
    if begun.is_long:
        return render.see_other(f"{HOME}/{begun.id}")
    return render.Download(
        streaming.chunks(context, begun.id, choices), choices.filename, choices.format.media_type
    )


async def save_preset(request: Request) -> Response:
    """POST: keep kind, depth, format and columns under a name."""
    form = await Form.read(request)
    name = form.line("preset", max_length=rules.MAX_PRESET_NAME)
    kind = KINDS.get(form.value("kind"))
    try:
        # A preset has no time and no purpose: those are of one file.
        choices = rules.read_shape(form.values)
    except Refused as refused:
        form.add(refused.reasons)
        choices = None
    if not form.ok or choices is None or kind is None:
        return await _page(request, form.values, form.reasons)
    preset_id = await actions.save_preset(
        access.context(request), actor_id=request.state.person.id, name=name, choices=choices
    )
    dates = {"kind": kind.key, "preset": str(preset_id), "from": form.value("from"), "to": form.value("to")}
    return render.see_other(f"{HOME}?{urlencode(dates)}", notice=f"Kept as {name}.")


async def delete_preset(request: Request) -> Response:
    kind = await actions.delete_preset(
        access.context(request), actor_id=request.state.person.id, preset_id=access.path_id(request)
    )
    return render.see_other(f"{HOME}?kind={kind}", notice="The preset is gone.")


async def _page(
    request: Request,
    typed: dict[str, str],
    reasons: tuple[Reason, ...] | list[Reason] = (),
    preset_id: UUID | None = None,
) -> Response:
    """The form, filled in. preset_id: a preset that fills in the rest."""
    kind = KINDS.get(typed.get("kind", ""), next(iter(KINDS.values())))
    async with access.context(request).db.reading() as tx:
        circles, facilitators = await queries.form_choices(
            tx, rules.ids_in(typed.get("circle", "")), rules.ids_in(typed.get("facilitator", ""))
        )
        log = await db.rows(SQL.export_log(tx, actor_id=request.state.person.id, most=queries.MAX_LOGGED))
        presets = await queries.presets(tx, kind.key)
    preset = next((one for one in presets if one.id == preset_id), None)
    form = Form.shown(request, _filled(kind, typed, preset)).add(reasons)
    return render.page(
        request,
        "exports/exports.html",
        200 if form.ok else 422,
        form=form,
        kind=kind,
        kinds=list(KINDS),
        tabs=[(_url(key, typed), one.name) for key, one in KINDS.items()],
        home=HOME,
        depths=[(depth.value, name, DEPTH_SAYS[depth]) for depth, name in DEPTH_NAMES.items()],
        formats=[(written_as.value, name) for written_as, name in FORMAT_NAMES.items()],
        groups=[(group.value, name) for group, name in GROUP_NAMES.items()],
        circles=circles,
        facilitators=facilitators,
        presets=presets,
        preset=preset,
        log=log,
        kind_names={key: one.name for key, one in KINDS.items()},
        depth_names=DEPTH_NAMES,
        format_names=FORMAT_NAMES,
        url=_url(kind.key, typed),
    )


def _url(kind: str, typed: dict[str, str]) -> str:
    """The address of the form of a kind, with the time, circles and facilitators that are chosen already."""
    kept = {name: typed[name] for name in ("from", "to", "circle", "facilitator") if typed.get(name)}
    return f"{HOME}?{urlencode({'kind': kind} | kept)}"


def _filled(kind: Kind, typed: dict[str, str], preset: Preset | None) -> dict[str, str]:
    """What the form shows: what was typed; else the preset's choices; else the usual columns."""
    if preset:
        shape = {"depth": preset.depth.value, "format": preset.format.value, "preset": preset.name}
        return typed | shape | rules.places_of(preset.columns)
    if any(name.startswith("place-") for name in typed):
        return typed
    return typed | rules.places_of(column for column in kind.columns if column.chosen)
