"""The pages of who comes: what a circle asks first, the request and its answer, the inbox, who is kept apart."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions
from circles.bookings.rules import Desk
from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening import rules
from circles.gatherings import Offer
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("bookings/screening")

MAX_SHOWN = 200
STATES = {
    "waiting": "Waiting for you",
    "asked": "You asked back",
    "approved": "Welcome",
    "declined": "Not this time",
}


# The person who asks


def request_page(request: Request, offer: Offer, desk: Desk, form: Form, status: int = 200) -> Response:
    """What somebody sees who cannot book here yet: the questions, or how their request stands."""
    if desk.room.request_id and status == 200:
        return render.see_other(f"/my/requests/{desk.room.request_id}")
    return render.page(
        request,
        "bookings/screening/request.html",
        status,
        offer=offer,
        room=desk.room,
        form=form,
        opens=rules.opens_for_newcomers(desk.room, offer.starts_at),
        now=desk.now,
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


def instead(request: Request, offer: Offer, desk: Desk, status: int) -> Response:
    """What stands in the place of the booking form for somebody who is not approved yet."""
    form = Form()
    if status != 200:
        reasons = rules.refusals(desk.room, offer.starts_at, offer.zone, desk.now)
        form.add(reason for reason in reasons if reason.code == "not_approved")
    return request_page(request, offer, desk, form, status)


async def send_request(request: Request) -> Response:
    """POST: send the request."""
    form = await Form.read(request)
    person, gathering_id = request.state.person, access.path_id(request)
    try:
        sent = await screening_actions.send_request(
            access.context(request),
            person,
            gathering_id,
            form.values,
            version=reading.whole_number(form.value("version"), -1),
        )
    except Refused as refused:
        return await _sent_already(request, form, refused)
    return render.see_other(f"/my/requests/{sent}", notice="Your request is on its way to the hosts.")


async def _sent_already(request: Request, form: Form, refused: Refused) -> Response:
    async with access.context(request).db.reading() as tx:
        offer, desk = await actions.desk(tx, request.state.person.id, access.path_id(request))
    if desk.room.approved:
        return render.see_other(f"/gatherings/{offer.gathering_id}/book")
    if desk.room.request_id:
        return render.see_other(f"/my/requests/{desk.room.request_id}")
    form.add(refused.reasons)
    return request_page(request, offer, desk, form, 422)


async def my_request(request: Request) -> Response:
    """GET: how a request stands, for the person who made it."""
    return await _mine(request, Form())


async def _mine(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await screening_actions.my_request(tx, request.state.person, access.path_id(request))
    return render.page(
        request,
        "bookings/screening/mine.html",
        status,
        row=row,
        form=form,
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


async def answer(request: Request) -> Response:
    """POST: answer what a host asked back."""
    form = await Form.read(request)
    request_id = access.path_id(request)
    try:
        await screening_actions.answer(
            access.context(request), request.state.person, request_id, form.value("answer")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _mine(request, form, 422)
    return render.see_other(f"/my/requests/{request_id}", notice="Your answer is on its way to the hosts.")


async def withdraw(request: Request) -> Response:
    """POST: take the request back."""
    request_id = access.path_id(request)
    try:
        await screening_actions.withdraw(access.context(request), request.state.person, request_id)
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _mine(request, form, 422)
    return render.see_other(
        f"/my/requests/{request_id}", notice="Your request is taken back, and what you wrote is deleted."
    )


# The hosts


async def inbox(request: Request) -> Response:
    """GET: the requests to the circles a person hosts, those that wait first."""
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.hosted_requests(tx, person=request.state.person.id, most=MAX_SHOWN))
    return render.page(
        request,
        "bookings/screening/inbox.html",
        waiting=[row for row in rows if row["state"] == "waiting"],
        others=[row for row in rows if row["state"] != "waiting"],
        states=STATES,
        keep_days=rules.KEEP_DAYS,
    )


async def hosted_request(request: Request) -> Response:
    """GET: one request, for the hosts of its circle."""
    return await _hosted(request, Form({"words": rules.DECLINE_TEXT, "question": rules.ASK_TEXT}))


async def _hosted(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted_request(tx, id=access.path_id(request), person=request.state.person.id)
    if row is None:
        raise NotFound
    return render.page(
        request,
        "bookings/screening/hosted.html",
        status,
        row=row,
        form=form,
        states=STATES,
        open=row["state"] not in rules.DECIDED,
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


async def decide(request: Request) -> Response:
    """POST: yes, no with kind words, or a question back."""
    form = await Form.read(request)
    then = form.value("then")
    context, person, request_id = access.context(request), request.state.person, access.path_id(request)
    try:
        if then == "ask":
            await screening_actions.ask_back(context, person, request_id, form.value("question"))
        elif then in ("approve", "decline"):
            words = form.value("welcome" if then == "approve" else "words")
            await screening_actions.decide(
                context, person, request_id, approve=then == "approve", words=words
            )
        else:
            raise NotFound
    except Refused as refused:
        form.add(refused.reasons)
        form.values = {"words": rules.DECLINE_TEXT, "question": rules.ASK_TEXT} | form.values
        return await _hosted(request, form, 422)
    says = {
        "ask": "Your question is on its way.",
        "approve": "They can book from now on, and are being told.",
    }
    return render.see_other("/host/requests", notice=says.get(then, "Your answer is on its way."))


# What a circle asks, and whom it takes


async def settings_form(request: Request) -> Response:
    """GET: what a circle asks first, and how many newcomers it takes."""
    row = await _circle(request)
    return _settings_page(request, row, Form(_typed(row)), row["version"])


async def _circle(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted(tx, circle_id=access.path_id(request), person=request.state.person.id)
    if row is None:
        raise NotFound
    return row


def _typed(row: db.Record) -> dict[str, str]:
    questions = row["questions"] or ([] if row["version"] else rules.STARTING_QUESTIONS)
    values = {f"q{number}": words for number, words in enumerate(questions, start=1)}
    limits = ("newcomers_most", "newcomers_days")
    return values | {"asks": row["asks"]} | {name: str(row[name]) for name in limits if row[name] is not None}


def _settings_page(request: Request, row: db.Record, form: Form, version: int, status: int = 200) -> Response:
    return render.page(
        request,
        "bookings/screening/settings.html",
        status,
        circle=row,
        form=form,
        version=version,
        numbers=range(1, rules.MAX_QUESTIONS + 1),
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_QUESTION,
    )


async def save_settings(request: Request) -> Response:
    """POST: save them."""
    form = await Form.read(request)
    row = await _circle(request)
    version = reading.whole_number(form.value("version"), -1)
    try:
        screening = rules.read_screening(form.values)
        await screening_actions.save_screening(
            access.context(request), request.state.person, row["id"], screening, version=version
        )
    except OutOfDate as stale:
        form.add(stale.reasons)
        return _settings_page(request, row, form, row["version"], 422)
    except Refused as refused:
        form.add(refused.reasons)
        return _settings_page(request, row, form, version, 422)
    return render.see_other(f"/host/circles/{row['id']}/screening", notice="Saved. It holds from now on.")


# Who is kept apart


async def pairs(request: Request) -> Response:
    """GET: who is not to be seated together in a circle."""
    return await _pairs_page(request, Form())


async def _pairs_page(request: Request, form: Form, status: int = 200) -> Response:
    circle_id, person = access.path_id(request), request.state.person
    async with access.context(request).db.reading() as tx:
        circle = await screening_actions.kept(tx, person, circle_id)
        found = await db.rows(SQL.pairs(tx, circle_id=circle_id, person=person.id))
        known = await db.rows(SQL.known(tx, circle_id=circle_id, person=person.id))
    options = [("", "Choose somebody"), *((row["id"], _name(row)) for row in known)]
    return render.page(
        request,
        "bookings/screening/pairs.html",
        status,
        circle=circle,
        pairs=found,
        people=options,
        form=form,
    )


def _name(row: db.Record) -> str:
    return f"{row['name']} ({row['pronouns']})" if row["pronouns"] else row["name"]


async def keep_apart(request: Request) -> Response:
    """POST: keep two people apart."""
    form = await Form.read(request)
    circle_id = access.path_id(request)
    try:
        await screening_actions.keep_apart(
            access.context(request), request.state.person, circle_id, form.value("one"), form.value("other")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _pairs_page(request, form, 422)
    return render.see_other(
        f"/host/circles/{circle_id}/apart", notice="Saved. They will not be given seats together."
    )


async def let_together(request: Request) -> Response:
    """POST: let two people sit together again."""
    circle_id: UUID = await screening_actions.let_together(
        access.context(request), request.state.person, access.path_id(request)
    )
    return render.see_other(f"/host/circles/{circle_id}/apart", notice="They can sit together again.")
