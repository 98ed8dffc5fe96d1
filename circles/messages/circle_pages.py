"""A host's pages of messages to people of a circle: the list and the form."""

from __future__ import annotations

from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import clock, reading
from circles.base.errors import OutOfDate, Refused
from circles.messages import actions, audience_rules, rules
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("messages/messages")

PER_PAGE = 20


async def messages(request: Request) -> Response:
    actor_id = request.state.person.id
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    async with access.context(request).db.reading() as tx:
        circle = await actions.circle(tx, access.path_id(request), actor_id)
        rows = await db.rows(
            SQL.of_circle(
                tx,
                circle=circle["circle_id"],
                actor_id=actor_id,
                of_hosts=circle["part"] != "organizer",
                after=after,
                most=PER_PAGE + 1,
            )
        )
    shown = rows[:PER_PAGE]
    return render.page(
        request,
        "messages/circle_list.html",
        circle=circle,
        messages=shown,
        audiences={row["id"]: audience_rules.audience_text(row) for row in shown},
        undelivered={row["id"]: rules.undelivered_summary(row) for row in shown},
        more=shown[-1]["id"] if len(rows) > PER_PAGE else None,
        refusals=actions.writing_refusals(circle),
    )


async def new_form(request: Request) -> Response:
    circle, members = await _about(request, access.path_id(request))
    to = request.query_params.get("to", "")
    form = Form(
        {
            "id": str(uuid4()),
            "audience": to if to in audience_rules.audiences_for(circle["part"]) else "ahead",
            "reply_to": circle["last_reply_to"],
            "short": "on" if circle["last_short"] else "",
        }
    )
    return _form_page(request, circle, members, form)


async def edit_form(request: Request, message: db.Record) -> Response:
    """The form of a draft."""
    circle, members = await _about(request, message["circle_id"])
    async with access.context(request).db.reading() as tx:
        chosen = await db.rows(SQL.chosen(tx, message=message["id"]))
    form = Form(
        {
            "id": str(message["id"]),
            "audience": message["audience"],
            "people": ",".join(str(row["person_id"]) for row in chosen),
            "body": message["body"],
            "reply_to": message["reply_to"],
            "short": "on" if message["is_short"] else "",
            **audience_rules.typed_time(message),
        }
    )
    return _form_page(request, circle, members, form)


async def save(request: Request) -> Response:
    """Add a starting text to the form, or save the draft and show it as mail."""
    form = await Form.read(request)
    circle, members = await _about(request, access.path_id(request))
    if form.value("start"):
        form.values["body"] = rules.add_starting_text(form.value("body"), form.value("start"))
        return _form_page(request, circle, members, form)
    message_id = form.creation_id()
    try:
        draft = rules.read(
            form.values,
            people.parse_address,
            actions.timing(circle, cookies.viewer(request)),
            audience_rules.audiences_for(circle["part"]),
        )
        await actions.save_draft(
            access.context(request),
            actor_id=request.state.person.id,
            circle_id=circle["circle_id"],
            message_id=message_id,
            draft=draft,
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.renew_id()
        return _form_page(request, circle, members, form.add(refused.reasons), 422)
    return render.see_other(f"/host/messages/{message_id}")


async def _about(request: Request, circle_id: UUID) -> tuple[db.Record, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        circle = await actions.circle(tx, circle_id, request.state.person.id)
        return circle, await actions.people_of_circle(tx, circle)


def _form_page(
    request: Request, circle: db.Record, members: list[db.Record], form: Form, status: int = 200
) -> Response:
    hints = people.same_names.tell_apart(members)
    return render.page(
        request,
        "messages/circle_form.html",
        status,
        circle=circle,
        form=form,
        audiences=list(audience_rules.audiences_for(circle["part"]).items()),
        members=[(str(row["person_id"]), people.same_names.label(row, hints)) for row in members],
        unreached=rules.unreached_text([row["name"] for row in members if row["unreached"]]),
        subject=actions.subject(circle, clock.NOBODY),
        starting_texts=[(key, label) for key, (label, _) in rules.STARTING_TEXTS.items()],
        refusals=actions.writing_refusals(circle),
    )
