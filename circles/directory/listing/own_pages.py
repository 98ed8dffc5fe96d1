"""A therapist's pages of their own listing: its state, the form, the picture."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found
from circles.directory.listing import actions, forms, own_actions, rules, views, words
from circles.directory.listing.values import Draft
from circles.directory.upkeep import actions as upkeep_actions
from circles.people import picture_upload
from circles.store import db
from circles.web import access, htmx, render
from circles.web.forms import Form

NOTICES = {
    "draft": "Your draft is kept. Only you and the organizers can see it.",
    "waiting": "Your page is with the organizers now. We write to you when they have looked at it.",
    "shown": "Your changes are live.",
    "hidden": "Your changes are kept. The page stays hidden.",
}


async def mine(request: Request) -> Response:
    return await _mine(request, Form())


async def _mine(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await own_actions.read_own(tx, request.state.person.id)
    if row is None:
        return render.page(request, "directory/listing/own_none.html")
    form.values.setdefault("room", views.room_value(row))
    return render.page(
        request,
        "directory/listing/own.html",
        status,
        listing=row,
        form=form,
        words=words,
        view=views,
        rooms=views.room_options(row),
        licenses=views.licenses(row),
        lacks=rules.publish_refusals(actions.draft_of(row)),
        mark=views.mark_words(row),
    )


async def edit_form(request: Request) -> Response:
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        row = await own_actions.read_own(tx, person.id)
    if row is None:
        return form_page(request, Form.shown(request, forms.empty_values(person.email, person.name)), None)
    values = forms.values_of(actions.draft_of(row)) | {"version": str(row["version"])}
    return form_page(request, Form.shown(request, values), row)


async def edit(request: Request) -> Response:
    """Save the listing, or add or remove a row of the form."""
    form, is_row_button = await read_form(request)
    person_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        row = await own_actions.read_own(tx, person_id)
    if is_row_button:
        return form_page(request, form, row)
    try:
        draft = read_draft(form)
        state = await own_actions.save(
            access.context(request),
            actor_id=person_id,
            draft=draft,
            version=version_of(form),
            made_with=form.creation_id(),
            send=form.value("then") == "send",
        )
    except Refused as refused:
        if row is None:  # the same form, sent at the same moment
            async with access.context(request).db.reading() as tx:
                row = await own_actions.read_own(tx, person_id)
        add_refusals(form, refused, row)
        return form_page(request, form, row, status=422)
    return render.see_other("/my/listing", notice=NOTICES[state])


async def read_form(request: Request) -> tuple[Form, bool]:
    """The posted form with compact rows, and whether a button added or removed a row."""
    form = await Form.read(request)
    form.values, is_row_button = forms.change_rows(form.values)
    return form, is_row_button


def read_draft(form: Form) -> Draft:
    """The draft in a form. Raises Refused with every reason: unreadable fields, and refusals of the readable ones."""
    draft, reasons = forms.read(form.values)
    if reasons:
        unread = {reason.field for reason in reasons}
        refusals = rules.draft_refusals(rules.tidy(draft))
        raise Refused([*reasons, *(reason for reason in refusals if reason.field not in unread)])
    return draft


def version_of(form: Form) -> int | None:
    """The version of the listing that a form was made from; None for a first listing."""
    return reading.whole_number(form.value("version"), None)


def add_refusals(form: Form, refused: Refused, row: db.Record | None) -> None:
    """Show the refusals; a form that was out of date gets the current version, so that its next try is saved."""
    form.add(refused.reasons)
    if isinstance(refused, OutOfDate) and row is not None:
        form.values["version"] = str(row["version"])
    elif isinstance(refused, OutOfDate):
        form.renew_id()


def form_page(
    request: Request, form: Form, row: db.Record | None, *, status: int = 200, by_organizer: bool = False
) -> Response:
    """The form of a listing, for its therapist or for an organizer."""
    for kind in forms.ROWS:
        if forms.row_count(form.values, kind) == 0:
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
        rules=rules,
        max_rows=forms.MAX_ROWS,
        kinds=[("", "Choose"), *((kind, words.LICENSES[kind][1]) for kind in words.LICENSES)],
        credentials=_credentials(),
        by_organizer=by_organizer,
        action=(f"{here}/edit" if row else here) if by_organizer else "/my/listing/edit",
        back=("/organize/therapists" if row is None else here) if by_organizer else "/my/listing",
    )
    return htmx.vary(response)


def _credentials() -> list[tuple[str, str]]:
    return [
        ("", "None, or another"),
        *(item for known in words.CREDENTIALS.values() for item in known.items()),
    ]


async def confirm(request: Request) -> Response:
    form = await Form.read(request)
    try:
        is_shown = await upkeep_actions.confirm_own(
            access.context(request), request.state.person.id, room=form.value("room")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _mine(request, form, 422)
    notice = "Thank you. Your page says so from today on." if is_shown else "Thank you, that is kept."
    return render.see_other("/my/listing", notice=notice)


async def withdraw(request: Request) -> Response:
    await own_actions.withdraw(access.context(request), request.state.person.id)
    notice = "Your page is off the directory. Everything on it is kept, and you can bring it back."
    return render.see_other("/my/listing", notice=notice)


async def show_again(request: Request) -> Response:
    try:
        await own_actions.show_again(access.context(request), request.state.person.id)
    except Refused as refused:
        form = Form()
        # Without their fields: the page has none of these.
        form.add(Reason(reason.code, reason.text) for reason in refused.reasons)
        return await _mine(request, form, 422)
    return render.see_other("/my/listing", notice="Your page is shown again.")


async def picture_form(request: Request) -> Response:
    return await picture_upload.show(request, partial(_picture_page, request))


async def _picture_page(request: Request) -> picture_upload.PicturePage:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await own_actions.read_own(tx, request.state.person.id))
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
    save = partial(own_actions.save_picture, access.context(request), request.state.person.id)
    return await picture_upload.save(request, partial(_picture_page, request), save)


async def delete_picture(request: Request) -> Response:
    await own_actions.delete_picture(access.context(request), request.state.person.id)
    return picture_upload.deleted(request)
