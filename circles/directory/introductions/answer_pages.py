"""A therapist's pages of introductions: by the link of a mail, or signed in. Opening one answers nothing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound, Refused
from circles.directory.introductions import actions, rules, suggestions_actions, suggestions_rules, texts
from circles.directory.introductions.actions import Key
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

MINE = "/my/listing/introductions"


def _key(request: Request) -> Key:
    """The token of the link, or the account and an id."""
    token = request.path_params.get("token", "")
    if token:
        return Key(token=token)
    return Key(id=access.path_id(request), actor_id=request.state.person.id)


async def answer_form(request: Request) -> Response:
    """What was shared, with the answer of the mail's link preselected.

    That it was opened is not recorded: mail scanners open links too.
    """
    return await _page(request, Form({"answer": request.query_params.get("answer", "")}))


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    try:
        async with access.context(request).db.reading() as tx:
            row = await actions.read_for_therapist(tx, _key(request))
            listings = await _nameable(tx, row, form)
    except NotFound:
        return _private(_gone(request))
    return _private(
        render.page(
            request,
            "directory/introductions/introduction_answer.html",
            status,
            row=row,
            form=form,
            others=suggestions_rules.listing_options(listings, none="Nobody of these"),
            licensed=suggestions_rules.areas_words(row["licensed"]),
            is_open=rules.is_open(row),
            answers=rules.ANSWERS,
            heading=texts.heading_for_therapist(row),
            detail=texts.for_therapist(row, cookies.viewer(request)),
            texts=texts,
            reference=rules.reference(row["id"]),
            here=request.url.path,
            home=MINE if request.url.path.startswith(MINE) else "",
            robots="noindex",
        )
    )


async def _nameable(tx: db.Tx, row: db.Record, form: Form) -> list[db.Record]:
    other, listing_id = reading.uuid_or_none(form.value("other")), row["listing_id"]
    chosen = await suggestions_actions.read_nameable(tx, [other] if other else [], listing_id)
    chosen_ids = [listing["id"] for listing in chosen]
    return chosen + await suggestions_actions.find_nameable(tx, form.value("name"), chosen_ids, listing_id)


def _gone(request: Request) -> Response:
    if not request.path_params.get("token", ""):
        raise NotFound
    return render.page(
        request,
        "directory/introductions/introduction_gone.html",
        404,
        days=rules.PROMISED_DAYS,
        robots="noindex",
    )


def _private(response: Response) -> Response:
    """Set no-store, for readers who are not signed in too."""
    response.headers["Cache-Control"] = "no-store"
    return response


async def answer(request: Request) -> Response:
    """Send the answer, or search for another therapist to name in it."""
    form = await Form.read(request)
    if form.value("do") == "find":
        if not form.value("name").strip():
            form.values["other"] = ""
        return await _page(request, form)
    try:
        await actions.answer(access.context(request), _key(request), rules.read_answer(form.values))
    except NotFound:
        return _private(_gone(request))
    except Refused as refused:
        form.add(refused.reasons)
        return await _page(request, form, 422)
    return _private(render.see_other(request.url.path, notice="Thank you. Your answer is on its way."))


async def of_my_listing(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await actions.open_for_therapist(tx, request.state.person.id)
    return render.page(
        request,
        "directory/introductions/introductions_listing.html",
        rows=rows,
        home=MINE,
        days=rules.PROMISED_DAYS,
    )
