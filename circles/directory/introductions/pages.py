"""A member's pages of introductions: the form, the preview of the mail, the steps, the access log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles.base.errors import OutOfDate, Refused
from circles.directory.introductions import actions, rules, texts
from circles.directory.introductions.rules import Shared
from circles.directory.listing import cards
from circles.people import Person
from circles.store import db, mail
from circles.store.context import Context
from circles.web import access, cookies, headers, render
from circles.web.forms import Form

# Asking


async def ask_form(request: Request) -> Response:
    """The empty form, with only how to be reached ticked."""
    person = request.state.person
    form = Form({"id": str(uuid4()), "tell_reach": "on", "reach": person.email, "call_name": person.name})
    return _ask_page(request, await _listing(request), form)


async def _listing(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await actions.listing_to_ask(tx, access.path_id(request), request.state.person.id)


def _ask_page(request: Request, listing: db.Record, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "directory/introductions/introduction_ask.html",
        status,
        listing=listing,
        form=form,
        closed=rules.ask_refusals(listing, cookies.viewer(request)),
        lengths=rules.LENGTHS,
        days=rules.PROMISED_DAYS,
    )


async def ask(request: Request) -> Response:
    """Preview the mail, go back to the form as typed, or send. Nothing is stored before it is sent."""
    form = await Form.read(request)
    listing = await _listing(request)
    if form.value("do") == "change":
        return _ask_page(request, listing, form)
    try:
        shared = rules.read_shared(form.values)
    except Refused as refused:
        form.add(refused.reasons)
        return _ask_page(request, listing, form, 422)
    if form.value("do") == "send":
        return await _send(request, listing, form, shared)
    if rules.ask_refusals(listing, cookies.viewer(request)):
        return _ask_page(request, listing, form, 422)
    return _preview_page(request, listing, form, shared)


async def _send(request: Request, listing: db.Record, form: Form, shared: Shared) -> Response:
    introduction_id = form.creation_id()
    try:
        await actions.ask(
            access.context(request),
            request.state.person,
            introduction_id=introduction_id,
            listing_id=listing["id"],
            shared=shared,
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.renew_id()
        form.add(refused.reasons)
        return _ask_page(request, await _listing(request), form, 422)
    return render.see_other(
        f"/my/introductions/{introduction_id}", notice=f"Your mail to {listing['name']} is on its way."
    )


def _preview_page(request: Request, listing: db.Record, form: Form, shared: Shared) -> Response:
    return render.page(
        request,
        "directory/introductions/introduction_preview.html",
        listing=listing,
        form=form,
        shared=rules.shared_labels(shared.kinds),
        unshared=rules.unshared_labels(
            form.values, shared, (request.state.person.name, request.state.person.email)
        ),
        mail=_written(request, listing, form, shared),
        days=rules.PROMISED_DAYS,
    )


def _written(request: Request, listing: db.Record, form: Form, shared: Shared) -> mail.ComposedMail:
    return actions.preview(access.context(request).settings, form.creation_id(), listing["name"], shared)


async def mail_html(request: Request) -> Response:
    """The HTML of the mail, with its own CSP, for the preview's frame. POST keeps its words out of the URL."""
    form = await Form.read(request)
    listing = await _listing(request)
    written = _written(request, listing, form, rules.read_shared(form.values))
    return HTMLResponse(written.html, headers={"Content-Security-Policy": headers.MAIL_CSP})


# Introductions so far


async def mine(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await actions.list_own(tx, request.state.person.id)
    return render.page(
        request,
        "directory/introductions/introductions.html",
        open=[row for row in rows if rules.is_open(row)],
        past=[row for row in rows if not rules.is_open(row)],
        state_words=rules.state_words,
        days=rules.PROMISED_DAYS,
    )


async def one(request: Request) -> Response:
    return await _one_page(request, Form())


async def _one_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.read_own(tx, access.path_id(request), request.state.person.id)
        other_id = row["other_listing_id"]
        others = await cards.cards(tx, [other_id] if other_id else [])
    return render.page(
        request,
        "directory/introductions/introduction.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        steps=rules.steps(row),
        shared=rules.shared_labels(row["told"]),
        labels=rules.SHAREABLE,
        state=rules.state_words(row),
        detail=texts.for_member(row, cookies.viewer(request)),
        end_text=rules.end_text(row),
        is_open=rules.is_open(row),
        card=others.get(other_id),
        reference=rules.reference(row["id"]),
        days=rules.PROMISED_DAYS,
    )


async def withdraw(request: Request) -> Response:
    return await _change(request, actions.withdraw, "It is withdrawn, and what you told is deleted here.")


async def end(request: Request) -> Response:
    return await _change(request, actions.end, "It is ended, and what you told is deleted here.")


async def forget_words(request: Request) -> Response:
    return await _change(request, actions.forget_words, "What you told is deleted here.")


async def _change(
    request: Request, action: Callable[[Context, Person, UUID], Awaitable[None]], notice: str
) -> Response:
    introduction_id = access.path_id(request)
    try:
        await action(access.context(request), request.state.person, introduction_id)
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _one_page(request, form)
    return render.see_other(f"/my/introductions/{introduction_id}", notice=notice)
