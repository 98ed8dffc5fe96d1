"""A member's pages of introductions: asking, the mail before it goes, every step, and their own access log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles.base import reading
from circles.base.errors import OutOfDate, Refused
from circles.directory.introductions import access_log as accesses
from circles.directory.introductions import actions, rules, suggestions_actions
from circles.directory.introductions.rules import Told
from circles.directory.listing import cards
from circles.people import Person
from circles.store import db, mail
from circles.store.context import Context
from circles.web import access, cookies, headers, render
from circles.web.forms import Form
from circles.web.paging import pager

# Asking


async def ask_form(request: Request) -> Response:
    """What would you like to tell? Nothing is ticked but how to be reached."""
    person = request.state.person
    form = Form({"id": str(uuid4()), "tell_reach": "on", "reach": person.email, "call_name": person.name})
    return _ask_page(request, await _listing(request), form)


async def _listing(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await actions.asking(tx, access.path_id(request), request.state.person.id)


def _ask_page(request: Request, listing: db.Record, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "directory/introductions/introduction_ask.html",
        status,
        listing=listing,
        form=form,
        closed=rules.asking_reasons(listing),
        most=rules.MOST,
        days=rules.PROMISED_DAYS,
    )


async def ask(request: Request) -> Response:
    """Look at the mail, go back to the form with everything kept, or send it. Nothing is kept before it is sent."""
    form = await Form.read(request)
    listing = await _listing(request)
    if form.value("do") == "change":
        return _ask_page(request, listing, form)
    try:
        told = rules.read(form.values)
    except Refused as refused:
        form.add(refused.reasons)
        return _ask_page(request, listing, form, 422)
    if form.value("do") == "send":
        return await _send(request, listing, form, told)
    if rules.asking_reasons(listing):
        return _ask_page(request, listing, form, 422)
    return _preview_page(request, listing, form, told)


async def _send(request: Request, listing: db.Record, form: Form, told: Told) -> Response:
    introduction_id = form.creation_id()
    try:
        await actions.ask(
            access.context(request),
            request.state.person,
            introduction_id=introduction_id,
            listing_id=listing["id"],
            told=told,
        )
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            form.renew_id()
        form.add(refused.reasons)
        return _ask_page(request, await _listing(request), form, 422)
    return render.see_other(
        f"/my/introductions/{introduction_id}", notice=f"Your mail to {listing['name']} is on its way."
    )


def _preview_page(request: Request, listing: db.Record, form: Form, told: Told) -> Response:
    return render.page(
        request,
        "directory/introductions/introduction_preview.html",
        listing=listing,
        form=form,
        told=rules.told_words(told.kinds),
        kept_back=rules.kept_back(form.values, told),
        mail=_written(request, listing, form, told),
        days=rules.PROMISED_DAYS,
    )


def _written(request: Request, listing: db.Record, form: Form, told: Told) -> mail.ComposedMail:
    return actions.preview(access.context(request).settings, form.creation_id(), listing["name"], told)


async def mail_html(request: Request) -> Response:
    """The HTML of the mail by itself, under a policy of its own, for the frame. Posted: its words are in no address."""
    form = await Form.read(request)
    listing = await _listing(request)
    written = _written(request, listing, form, rules.read(form.values))
    return HTMLResponse(written.html, headers={"Content-Security-Policy": headers.MAIL_CSP})


# Every step


async def mine(request: Request) -> Response:
    """Everything one ever asked."""
    async with access.context(request).db.reading() as tx:
        rows = await actions.mine(tx, request.state.person.id)
    return render.page(
        request,
        "directory/introductions/introductions.html",
        open=[row for row in rows if rules.is_open(row)],
        past=[row for row in rows if not rules.is_open(row)],
        stands=rules.state_words,
        zone=_zone(request),
        days=rules.PROMISED_DAYS,
    )


def _zone(request: Request) -> str:
    return cookies.viewer_zone(request) or "UTC"


async def one(request: Request) -> Response:
    """One introduction: every step, and everything that was shared."""
    return await _one_page(request, Form())


async def _one_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.one_of_mine(tx, access.path_id(request), request.state.person.id)
        other = row["other_listing_id"]
        found = await cards.cards(tx, [other] if other else [])
    return render.page(
        request,
        "directory/introductions/introduction.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        steps=rules.steps(row),
        told=rules.told_words(row["told"]),
        labels=rules.TOLD,
        stands=rules.state_words(row),
        gone=rules.gone_words(row),
        is_open=rules.is_open(row),
        card=found.get(other),
        zone=_zone(request),
        reference=rules.reference(row["id"]),
        days=rules.PROMISED_DAYS,
    )


async def withdraw(request: Request) -> Response:
    """Take it back before it is answered."""
    return await _change(request, actions.withdraw, "It is withdrawn, and what you told is deleted here.")


async def end(request: Request) -> Response:
    """End what was accepted."""
    return await _change(request, actions.end, "It is ended, and what you told is deleted here.")


async def forget_words(request: Request) -> Response:
    """Delete what was told before its time."""
    return await _change(request, actions.forget_words, "What you told is deleted here.")


async def _change(
    request: Request, do: Callable[[Context, Person, UUID], Awaitable[None]], done: str
) -> Response:
    introduction_id = access.path_id(request)
    try:
        await do(access.context(request), request.state.person, introduction_id)
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _one_page(request, form)
    return render.see_other(f"/my/introductions/{introduction_id}", notice=done)


# The access log, and what was suggested


async def my_access_log(request: Request) -> Response:
    """Who was told or saw what of one's own, when."""
    number = reading.page_number(request.query_params.get("page", ""))
    async with access.context(request).db.reading() as tx:
        rows = await accesses.page(tx, request.state.person.id, number)
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "directory/introductions/accesses.html",
        lines=[(row["at"], accesses.say(row)) for row in rows],
        pager=pager(number, total, accesses.PAGE, lambda page: f"/my/access?page={page}"),
        zone=_zone(request),
    )


async def suggestions(request: Request) -> Response:
    """What facilitators suggested to one."""
    async with access.context(request).db.reading() as tx:
        rows = await suggestions_actions.mine(tx, request.state.person.id)
        found = await cards.cards(tx, {each for row in rows for each in row["listing_ids"]})
    return render.page(
        request,
        "directory/introductions/suggestions.html",
        suggestions=[(row, [found[each] for each in row["listing_ids"] if each in found]) for row in rows],
        zone=_zone(request),
    )


async def put_away(request: Request) -> Response:
    """Put a suggestion away. Nobody is told."""
    await suggestions_actions.put_away(
        access.context(request), person_id=request.state.person.id, suggestion_id=access.path_id(request)
    )
    return render.see_other("/my/suggestions", notice="It is put away. Nobody is told.")
