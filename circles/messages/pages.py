"""A host's pages of messages: the list, the form, the preview as mail, and sending."""

from __future__ import annotations

from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles import people
from circles.base import clock
from circles.base.english import plural
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.messages import actions, audience_rules, circle_pages, rules, sending
from circles.store import db
from circles.web import access, cookies, headers, render
from circles.web.forms import Form


async def messages(request: Request) -> Response:
    actor_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        gathering = await actions.gathering(tx, access.path_id(request), actor_id)
        rows = await actions.of_gathering(tx, gathering, actor_id)
    return render.page(
        request,
        "messages/list.html",
        gathering=gathering,
        messages=rows,
        audiences={row["id"]: audience_rules.audience_text(row) for row in rows},
        undelivered={row["id"]: rules.undelivered_summary(row) for row in rows},
        refusals=rules.writing_refusals(gathering),
    )


async def new_form(request: Request) -> Response:
    """An empty message, to everybody or to the booking of the parameter `to`."""
    gathering, booked = await _about(request, access.path_id(request))
    form = Form(
        {
            "id": str(uuid4()),
            "to": request.query_params.get("to", "all"),
            "reply_to": gathering["last_reply_to"],
            "short": "on" if gathering["last_short"] else "",
        }
    )
    return _form_page(request, gathering, booked, form)


async def edit_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        message = await actions.message(tx, access.path_id(request), request.state.person.id)
    if message["state"] != "draft":
        return render.see_other(f"/host/messages/{message['id']}")
    if message["circle_id"]:
        return await circle_pages.edit_form(request, message)
    gathering, booked = await _about(request, message["gathering_id"])
    form = Form(
        {
            "id": str(message["id"]),
            "to": "waiting" if message["audience"] == "waiting" else str(message["booking_id"] or "all"),
            "body": message["body"],
            "reply_to": message["reply_to"],
            "short": "on" if message["is_short"] else "",
            **audience_rules.typed_time(message),
        }
    )
    return _form_page(request, gathering, booked, form)


async def save(request: Request) -> Response:
    """Add a starting text to the form, or save the draft and show it as mail."""
    form = await Form.read(request)
    gathering, booked = await _about(request, access.path_id(request))
    if form.value("start"):
        form.values["body"] = rules.add_starting_text(form.value("body"), form.value("start"))
        return _form_page(request, gathering, booked, form)
    message_id = form.creation_id()
    try:
        await actions.save_draft(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering["id"],
            message_id=message_id,
            draft=rules.read(
                form.values, people.parse_address, actions.timing(gathering, cookies.viewer(request))
            ),
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.renew_id()
        return _form_page(request, gathering, booked, form.add(refused.reasons), 422)
    return render.see_other(f"/host/messages/{message_id}")


async def _about(request: Request, gathering_id: UUID) -> tuple[db.Record, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        gathering = await actions.gathering(tx, gathering_id, request.state.person.id)
        return gathering, await actions.booked(tx, gathering_id)


def _form_page(
    request: Request, gathering: db.Record, booked: list[db.Record], form: Form, status: int = 200
) -> Response:
    hints = people.same_names.tell_apart(booked)
    waiting = f"The waiting list, {plural(gathering['waiting'], 'person', 'people')}"
    everybody = f"Everybody booked, {plural(len(booked), 'person', 'people')}"
    return render.page(
        request,
        "messages/form.html",
        status,
        gathering=gathering,
        form=form,
        recipients=[
            ("all", everybody),
            *([("waiting", waiting)] if gathering["waiting"] else []),
            *((row["id"], rules.recipient_label(row, people.same_names.label(row, hints))) for row in booked),
        ],
        unreached=rules.unreached_text([row["name"] for row in booked if row["unreached"]]),
        subject=actions.subject(gathering, clock.NOBODY),
        starting_texts=[(key, label) for key, (label, _) in rules.STARTING_TEXTS.items()],
        refusals=rules.writing_refusals(gathering),
        most=rules.MAX_CHARACTERS,
    )


async def message(request: Request) -> Response:
    return await _message_page(request, Form())


async def _message_page(request: Request, form: Form, status: int = 200) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        preview = await actions.preview(
            context.settings, tx, access.path_id(request), request.state.person.id
        )
    return render.page(
        request,
        "messages/message.html",
        status,
        undelivered=rules.undelivered_texts(preview.message),
        form=form,
        message=preview.message,
        about=preview.about,
        recipients=preview.recipients,
        mail=preview.mail,
        seen=rules.fingerprint(preview.message, preview.recipients),
        subject=actions.subject(preview.about, clock.NOBODY),
        placeholders=rules.placeholders(preview.message["body"]) if preview.mail else [],
        audience=audience_rules.audience_text(preview.message),
        goes_at=audience_rules.set_time_text(preview.message, preview.about["zone"], cookies.viewer(request)),
        home=_home(preview.message),
    )


def _home(message: db.Record) -> str:
    """The list that a message belongs to."""
    if message["circle_id"]:
        return f"/host/circles/{message['circle_id']}/messages"
    return f"/host/gatherings/{message['gathering_id']}/messages"


async def mail_html(request: Request) -> Response:
    """The HTML of a draft's mail for the frame, with a stricter Content-Security-Policy."""
    context = access.context(request)
    async with context.db.reading() as tx:
        preview = await actions.preview(
            context.settings, tx, access.path_id(request), request.state.person.id
        )
    if preview.mail is None:
        raise NotFound
    return HTMLResponse(preview.mail.html, headers={"Content-Security-Policy": headers.MAIL_CSP})


async def send(request: Request) -> Response:
    form = await Form.read(request)
    try:
        sent = await sending.send(
            access.context(request),
            actor_id=request.state.person.id,
            message_id=access.path_id(request),
            fingerprint=form.value("seen") or None,
        )
    except Refused as refused:
        return await _message_page(request, Form().add(refused.reasons), 422)
    to = sent["to_name"] or plural(sent["mails"], "person", "people")
    return render.see_other(_home(sent), notice=f"Your message is on its way to {to}.")


async def schedule(request: Request) -> Response:
    """POST: let a draft go by itself at its time."""
    try:
        row = await sending.schedule(
            access.context(request), actor_id=request.state.person.id, message_id=access.path_id(request)
        )
    except Refused as refused:
        return await _message_page(request, Form().add(refused.reasons), 422)
    return render.see_other(_home(row), notice="It goes by itself at its time. Until then you can change it.")


async def discard(request: Request) -> Response:
    row = await actions.discard(
        access.context(request), actor_id=request.state.person.id, message_id=access.path_id(request)
    )
    return render.see_other(_home(row), notice="The draft is gone.")
