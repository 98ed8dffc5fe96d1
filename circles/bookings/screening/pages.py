"""Pages of screening: the request and its answer, the hosts' list of requests, a circle's settings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import reading
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import queries as booking_queries
from circles.bookings.rules import Eligibility
from circles.bookings.screening import actions, queries, rules
from circles.gatherings import BookableGathering
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

# The notice after a host's answer to a request, by the button pressed.
_NOTICES = {
    "ask": "Your question is on its way.",
    "approve": "They can book from now on, and are being told.",
    "decline": "Your answer is on its way.",
}


# The person who sends a request


def instead_of_booking(
    request: Request, gathering: BookableGathering, eligibility: Eligibility, status: int
) -> Response:
    """The page for a person who is not approved yet, in place of the booking form."""
    form = Form()
    if status != 200:
        reasons = rules.admission_refusals(
            eligibility.admission,
            gathering.starts_at,
            gathering.zone,
            eligibility.now,
            cookies.viewer(request),
        )
        form.add(reason for reason in reasons if reason.code == "not_approved")
    return _request_form(request, gathering, eligibility, form, status)


def _request_form(
    request: Request, gathering: BookableGathering, eligibility: Eligibility, form: Form, status: int
) -> Response:
    admission = eligibility.admission
    if admission.request_id and status == 200:
        return render.see_other(f"/my/requests/{admission.request_id}")
    return render.page(
        request,
        "bookings/screening/request.html",
        status,
        gathering=gathering,
        admission=admission,
        titles=rules.REQUEST_TITLES[admission.asks],
        form=form,
        opens=rules.opens_for_newcomers(admission, gathering.starts_at),
        now=eligibility.now,
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


async def send_request(request: Request) -> Response:
    form = await Form.read(request)
    try:
        request_id = await actions.send_request(
            access.context(request),
            request.state.person,
            access.path_id(request),
            form.values,
            version=reading.whole_number(form.value("version"), -1),
        )
    except Refused as refused:
        return await _request_refused(request, form, refused)
    return render.see_other(f"/my/requests/{request_id}", notice="Your request is on its way to the hosts.")


async def _request_refused(request: Request, form: Form, refused: Refused) -> Response:
    async with access.context(request).db.reading() as tx:
        gathering, eligibility = await booking_queries.eligibility(
            tx, request.state.person.id, access.path_id(request)
        )
    if eligibility.admission.approved:
        return render.see_other(f"/gatherings/{gathering.gathering_id}/book")
    if eligibility.admission.request_id:
        return render.see_other(f"/my/requests/{eligibility.admission.request_id}")
    form.add(refused.reasons)
    return _request_form(request, gathering, eligibility, form, 422)


async def my_request(request: Request) -> Response:
    return await _own(request, Form())


async def _own(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await queries.own_request(tx, request.state.person, access.path_id(request))
    texts = rules.SEAT_TEXTS if row["kind"] == "seat" else rules.OWN_TEXTS
    title, text = texts.get(row["state"], texts["withdrawn"])
    return render.page(
        request,
        "bookings/screening/mine.html",
        status,
        row=row,
        title=title,
        text=text,
        form=form,
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


async def answer(request: Request) -> Response:
    form = await Form.read(request)
    request_id = access.path_id(request)
    try:
        await actions.answer(access.context(request), request.state.person, request_id, form.value("answer"))
    except Refused as refused:
        form.add(refused.reasons)
        return await _own(request, form, 422)
    return render.see_other(f"/my/requests/{request_id}", notice="Your answer is on its way to the hosts.")


async def withdraw(request: Request) -> Response:
    request_id = access.path_id(request)
    try:
        await actions.withdraw(access.context(request), request.state.person, request_id)
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _own(request, form, 422)
    return render.see_other(
        f"/my/requests/{request_id}", notice="Your request is withdrawn, and what you wrote is deleted."
    )


# The hosts


async def inbox(request: Request) -> Response:
    """GET: the requests to the circles a person hosts, those that wait first."""
    async with access.context(request).db.reading() as tx:
        waiting, others = await queries.hosted_requests(tx, request.state.person)
    return render.page(
        request,
        "bookings/screening/inbox.html",
        waiting=waiting,
        others=others,
        hints=people.same_names.tell_apart([*waiting, *others]),
        states=rules.HOST_LABELS,
        kinds=rules.KINDS,
        keep_days=rules.KEEP_DAYS,
    )


async def hosted_request(request: Request) -> Response:
    return await _hosted(request, Form())


async def _hosted(request: Request, form: Form, status: int = 200) -> Response:
    form.values = {"words": rules.DECLINE_TEXT, "question": rules.QUESTION_BACK_TEXT} | form.values
    async with access.context(request).db.reading() as tx:
        row = await queries.hosted_request(tx, request.state.person, access.path_id(request))
        kept = []
        if row["kind"] == "seat":
            kept = await queries.kept_from(tx, row["id"])
    return render.page(
        request,
        "bookings/screening/hosted.html",
        status,
        row=row,
        kept_from=kept,
        form=form,
        states=rules.HOST_LABELS,
        kinds=rules.KINDS,
        open=not rules.is_decided(row["state"]),
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_ANSWER,
    )


async def decide(request: Request) -> Response:
    form = await Form.read(request)
    button = form.value("then")
    if button not in _NOTICES:
        raise NotFound
    target = access.context(request), request.state.person, access.path_id(request)
    try:
        if button == "ask":
            await actions.ask_back(*target, form.value("question"))
        else:
            words = form.value("welcome" if button == "approve" else "words")
            await actions.decide(*target, approve=button == "approve", words=words)
    except Refused as refused:
        form.add(refused.reasons)
        return await _hosted(request, form, 422)
    return render.see_other("/host/requests", notice=_NOTICES[button])


# A circle's settings


async def settings_form(request: Request) -> Response:
    """GET: what a circle asks first, and how many newcomers it takes."""
    row = await _circle(request)
    return _settings_page(request, row, Form(rules.screening_values(row)), row["version"])


async def _circle(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await queries.hosted_circle(tx, request.state.person, access.path_id(request))


def _settings_page(request: Request, row: db.Record, form: Form, version: int, status: int = 200) -> Response:
    return render.page(
        request,
        "bookings/screening/settings.html",
        status,
        circle=row,
        form=form,
        version=version,
        asks=[(key, *texts) for key, texts in rules.ASKS.items()],
        numbers=range(1, rules.MAX_QUESTIONS + 1),
        keep_days=rules.KEEP_DAYS,
        most=rules.MAX_QUESTION,
    )


async def save_settings(request: Request) -> Response:
    form = await Form.read(request)
    row = await _circle(request)
    version = reading.whole_number(form.value("version"), -1)
    try:
        screening = rules.read_screening(form.values)
        await actions.save_screening(
            access.context(request), request.state.person, row["id"], screening, version=version
        )
    except OutOfDate as stale:
        form.add(stale.reasons)
        return _settings_page(request, row, form, row["version"], 422)
    except Refused as refused:
        form.add(refused.reasons)
        return _settings_page(request, row, form, version, 422)
    return render.see_other(f"/host/circles/{row['id']}/screening", notice="Saved. It counts from now on.")
