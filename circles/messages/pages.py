"""A host's pages of messages: what was written, the form, the mail as it will be, and sending it."""

from __future__ import annotations

from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles import people
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.messages import actions, rules
from circles.store import db
from circles.web import access, headers, render
from circles.web.forms import Form


async def messages(request: Request) -> Response:
    """Everything sent about one gathering, and one's own drafts."""
    person_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        gathering = await actions.gathering(tx, access.path_id(request), person_id)
        written = await actions.of_gathering(tx, gathering["id"], person_id)
    return render.page(
        request,
        "messages/list.html",
        gathering=gathering,
        messages=written,
        closed=rules.closed(gathering),
        people_words=rules.people_words,
    )


async def new_form(request: Request) -> Response:
    """An empty message, to everybody or to the one who is asked for."""
    gathering, booked = await _about(request, access.path_id(request))
    form = Form(
        {
            "id": str(uuid4()),
            "to": request.query_params.get("to", "all"),
            "reply_to": gathering["last_reply_to"],
        }
    )
    return _form_page(request, gathering, booked, form)


async def edit_form(request: Request) -> Response:
    """A draft, to be changed."""
    async with access.context(request).db.reading() as tx:
        message = await actions.one(tx, access.path_id(request), request.state.person.id)
    if message["state"] != "draft":
        return render.see_other(f"/host/messages/{message['id']}")
    gathering, booked = await _about(request, message["gathering_id"])
    form = Form(
        {
            "id": str(message["id"]),
            "to": str(message["booking_id"] or "all"),
            "body": message["body"],
            "reply_to": message["reply_to"],
        }
    )
    return _form_page(request, gathering, booked, form)


async def keep(request: Request) -> Response:
    """Put a starting text in, or keep what was typed as a draft and show it as mail."""
    form = await Form.read(request)
    gathering, booked = await _about(request, access.path_id(request))
    if form.value("start"):
        form.values["body"] = rules.begin_with(form.value("body"), form.value("start"))
        return _form_page(request, gathering, booked, form)
    message_id = form.creation_id()
    try:
        words = rules.read(form.values, people.parse_address)
        await actions.keep(
            access.context(request),
            person_id=request.state.person.id,
            gathering_id=gathering["id"],
            message_id=message_id,
            words=words,
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.renew_id()
        form.add(refused.reasons)
        return _form_page(request, gathering, booked, form, 422)
    return render.see_other(f"/host/messages/{message_id}")


async def _about(request: Request, gathering_id: UUID) -> tuple[db.Record, list[db.Record]]:
    """The gathering, for a host who may write, and everybody booked."""
    async with access.context(request).db.reading() as tx:
        gathering = await actions.gathering(tx, gathering_id, request.state.person.id)
        return gathering, await actions.booked(tx, gathering_id)


def _form_page(
    request: Request, gathering: db.Record, booked: list[db.Record], form: Form, status: int = 200
) -> Response:
    everybody = f"Everybody booked, {rules.people_words(len(booked))}"
    return render.page(
        request,
        "messages/form.html",
        status,
        gathering=gathering,
        form=form,
        readers=[("all", everybody), *((row["id"], f"Only {row['name']}") for row in booked)],
        subject=actions.subject(gathering),
        starts=[(key, words) for key, (words, _) in rules.STARTS.items()],
        closed=rules.closed(gathering),
        most=rules.MAX_CHARACTERS,
    )


async def message(request: Request) -> Response:
    """A draft as the mail it will be, or a message that was sent."""
    return await _message_page(request, Form())


async def _message_page(request: Request, form: Form, status: int = 200) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        found = await actions.preview(context.settings, tx, access.path_id(request), request.state.person.id)
    return render.page(
        request,
        "messages/message.html",
        status,
        form=form,
        message=found.message,
        gathering=found.gathering,
        readers=found.readers,
        mail=found.mail,
        subject=actions.subject(found.gathering),
        people_words=rules.people_words,
        gaps=rules.gaps(found.message["body"]) if found.mail else [],
    )


async def mail_html(request: Request) -> Response:
    """The HTML of a draft's mail by itself, under a policy of its own, for the frame."""
    context = access.context(request)
    async with context.db.reading() as tx:
        found = await actions.preview(context.settings, tx, access.path_id(request), request.state.person.id)
    if found.mail is None:
        raise NotFound
    return HTMLResponse(found.mail.html, headers={"Content-Security-Policy": headers.MAIL_CSP})


async def send(request: Request) -> Response:
    """Send a draft. Pressed twice, it goes once."""
    try:
        sent = await actions.send(
            access.context(request), person_id=request.state.person.id, message_id=access.path_id(request)
        )
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _message_page(request, form, 422)
    to = sent["to_name"] or rules.people_words(sent["mails"])
    return render.see_other(
        f"/host/gatherings/{sent['gathering_id']}/messages", notice=f"Your message is on its way to {to}."
    )


async def discard(request: Request) -> Response:
    """Throw a draft away."""
    gathering_id = await actions.discard(
        access.context(request), person_id=request.state.person.id, message_id=access.path_id(request)
    )
    return render.see_other(f"/host/gatherings/{gathering_id}/messages", notice="The draft is gone.")
