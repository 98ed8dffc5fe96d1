"""A therapist's pages of their own listing: how it stands, the form, the picture."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.directory.listing import actions, own_actions, words
from circles.directory.listing import forms as listing_forms
from circles.directory.listing import rules as listing_rules
from circles.directory.listing import views as listing_views
from circles.directory.listing.values import Draft
from circles.people import picture_upload
from circles.store import db
from circles.web import access, htmx, render
from circles.web.forms import Form

SAID = {
    "draft": "Your draft is kept. Only you and the organizers can see it.",
    "waiting": "Your page is with the organizers now. We write to you when they have looked at it.",
    "shown": "Your changes are live.",
    "hidden": "Your changes are kept. The page stays hidden.",
}


async def mine(request: Request) -> Response:
    """How one's own listing stands, and what one can do."""
    return await _mine(request, Form())


async def _mine(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await own_actions.own(tx, request.state.person.id)
    if row is None:
        return render.page(request, "directory/listing/own_none.html")
    form.values.setdefault("room", row["room"])
    return render.page(
        request,
        "directory/listing/own.html",
        status,
        listing=row,
        form=form,
        words=words,
        view=listing_views,
        rooms=list(words.ROOM.items()),
        licenses=listing_views.licenses(row),
        lacks=listing_rules.problems(actions.draft_of(row)),
        mark=listing_views.mark_words(row),
    )


async def edit_form(request: Request) -> Response:
    """The form of one's own listing, empty for a first one."""
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        row = await own_actions.own(tx, person.id)
    if row is None:
        return form_page(request, Form(listing_forms.begin(person.email, person.name)), None)
    values = listing_forms.show(actions.draft_of(row)) | {"version": str(row["version"])}
    return form_page(request, Form(values), row)


async def edit(request: Request) -> Response:
    """Keep the listing, or show the form with a row more or less."""
    form, wants_rows = await read_form(request)
    person_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        row = await own_actions.own(tx, person_id)
    if wants_rows:
        return form_page(request, form, row)
    try:
        draft = read_draft(form)
        state = await own_actions.save(
            access.context(request),
            person_id=person_id,
            draft=draft,
            version=version_of(form),
            made_with=form.creation_id(),
            send=form.value("then") == "send",
        )
    except Refused as refused:
        if row is None:  # the same form, sent at the same moment
            async with access.context(request).db.reading() as tx:
                row = await own_actions.own(tx, person_id)
        keep_reasons(form, refused, row)
        return form_page(request, form, row, status=422)
    return render.see_other("/my/listing", notice=SAID[state])


async def read_form(request: Request) -> tuple[Form, bool]:
    """The posted form with its rows counted from 1, and whether a row more or less is what was asked for."""
    form = await Form.read(request)
    form.values, wants_rows = listing_forms.change_rows(form.values)
    return form, wants_rows


def read_draft(form: Form) -> Draft:
    """The draft a form holds. Raises Refused with every reason at once, the rules' own too."""
    draft, reasons = listing_forms.read(form.values)
    if reasons:
        unread = {reason.field for reason in reasons}
        ruled = listing_rules.broken(listing_rules.tidy(draft))
        raise Refused([*reasons, *(reason for reason in ruled if reason.field not in unread)])
    return draft


def version_of(form: Form) -> int | None:
    """Which version of the listing a form was made from; None for a first one."""
    return reading.whole_number(form.value("version"), None)


def keep_reasons(form: Form, refused: Refused, row: db.Record | None) -> None:
    """Say why, and let a form that was out of date be kept on its second try."""
    form.add(refused.reasons)
    if isinstance(refused, OutOfDate) and row is not None:
        form.values["version"] = str(row["version"])
    elif isinstance(refused, OutOfDate):
        form.renew_id()


def form_page(
    request: Request,
    form: Form,
    row: db.Record | None,
    *,
    status: int = 200,
    by_organizer: bool = False,
) -> Response:
    """The form of a listing, for its therapist or for an organizer."""
    for kind in listing_forms.ROWS:
        if listing_forms.how_many(form.values, kind) == 0:
            form.values[f"{kind}s"] = "1"
    form.creation_id()
    here = f"/organize/therapists/{row['id'] if row else 'new'}"
    response = render.page(
        request,
        "directory/listing/own_form.html",
        status,
        form=form,
        listing=row,
        words=words,
        rules=listing_rules,
        most=listing_forms.MOST,
        kinds=[("", "Choose"), *((kind, words.LICENSES[kind][1]) for kind in words.LICENSES)],
        credentials=_credentials(),
        by_organizer=by_organizer,
        action=(f"{here}/edit" if row else here) if by_organizer else "/my/listing/edit",
        back=("/organize/therapists" if row is None else here) if by_organizer else "/my/listing",
    )
    return htmx.vary(response)


def _credentials() -> list[tuple[str, str]]:
    """Every credential there is to choose, way by way."""
    every = [each for known in words.CREDENTIALS.values() for each in known.items()]
    return [("", "None, or another"), *every]


async def confirm(request: Request) -> Response:
    """All of it still holds today."""
    form = await Form.read(request)
    try:
        shown = await own_actions.confirm_own(
            access.context(request), request.state.person.id, room=form.value("room")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _mine(request, form, 422)
    says = "Thank you. Your page says so from today on." if shown else "Thank you, that is kept."
    return render.see_other("/my/listing", notice=says)


async def withdraw(request: Request) -> Response:
    """Take one's listing off the directory."""
    await own_actions.withdraw(access.context(request), request.state.person.id)
    says = "Your page is off the directory. Everything on it is kept, and you can bring it back."
    return render.see_other("/my/listing", notice=says)


async def bring_back(request: Request) -> Response:
    """Show one's listing again."""
    try:
        await own_actions.bring_back(access.context(request), request.state.person.id)
    except Refused as refused:
        form = Form()
        form.add(Reason(each.code, each.text) for each in refused.reasons)
        return await _mine(request, form, 422)
    return render.see_other("/my/listing", notice="Your page is shown again.")


async def picture_form(request: Request) -> Response:
    """The picture as it is, and the form for another."""
    return await picture_upload.show(request, partial(_picture_page, request))


async def _picture_page(request: Request) -> picture_upload.PicturePage:
    async with access.context(request).db.reading() as tx:
        row = await own_actions.own(tx, request.state.person.id)
    if row is None:
        raise NotFound
    return picture_upload.PicturePage(
        title="The picture of your listing",
        lede="It shows on your page in the directory, for everybody. A calm one of your face works best.",
        name=row["name"],
        hash=row["picture_hash"] or "",
        url="/my/listing/picture",
        pictures_url="/therapists/pictures",
        back=("/my/listing", "Your listing"),
    )


async def send_picture(request: Request) -> Response:
    """Keep a picture, or say why it cannot be kept."""
    keep = partial(own_actions.keep_picture, access.context(request), request.state.person.id)
    return await picture_upload.save(request, partial(_picture_page, request), keep)


async def drop_picture(request: Request) -> Response:
    """Take the picture away."""
    await own_actions.drop_picture(access.context(request), request.state.person.id)
    return picture_upload.deleted(request)
