"""The organizers' pages of therapists: what waits, complaints, what runs out, all; one listing; writing one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading, text
from circles.base.errors import NotFound, Refused
from circles.directory.listing import actions, organize_actions, own_pages, words
from circles.directory.listing import forms as listing_forms
from circles.directory.listing import rules as listing_rules
from circles.directory.listing import views as listing_views
from circles.people import picture_upload
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import pager

SQL = db.queries("directory/listing")

EACH = 40
PARTS = {"waiting": "Waiting", "complaints": "Complaints", "asked": "Asked about", "all": "All"}


@dataclass(frozen=True, slots=True)
class Search:
    """Which listings an organizer looks at: a part of the desk, words in the name, the page."""

    part: str
    words: str
    number: int

    @classmethod
    def read(cls, request: Request, counts: db.Record) -> Search:
        """Read it from the address. Where no part is asked for, it is the first that has something to do."""
        said, number = request.query_params.get("show", ""), request.query_params.get("page", "")
        try:
            typed = text.line(request.query_params.get("q", ""), "q", max_length=100, required=False)
        except Refused:
            typed = ""
        to_do = next((part for part in ("waiting", "complaints", "asked") if counts[part]), "all")
        part = said if said in PARTS else "all" if typed else to_do
        return cls(part, typed, reading.page_number(number))

    def address(self, number: int) -> str:
        """The address of a page of this search."""
        said = {"show": self.part, "q": self.words, "page": str(number) if number > 1 else ""}
        return "/organize/therapists?" + urlencode({name: value for name, value in said.items() if value})


async def therapists(request: Request) -> Response:
    """Every listing there is to look at, what hurries first."""
    async with access.context(request).db.reading() as tx:
        viewer = request.state.person.id
        counts = await SQL.organize_counts(tx, viewer=viewer)
        search = Search.read(request, counts)
        about = search.part == "complaints"
        complaints = await db.rows(SQL.open_complaints(tx, viewer=viewer)) if about else []
        found = [] if about else await _look(tx, search)
    total = found[0]["total"] if found else 0
    return render.page(
        request,
        "directory/listing/organize.html",
        counts=counts,
        part=search.part,
        search=Form({"q": search.words}),
        complaints=complaints,
        listings=found,
        total=total,
        words=words,
        tabs=[
            (f"/organize/therapists?show={part}", _tab(part, says, counts)) for part, says in PARTS.items()
        ],
        here=f"/organize/therapists?show={search.part}",
        pager=pager(search.number, total, EACH, search.address),
    )


def _tab(part: str, says: str, counts: db.Record) -> str:
    number = counts["every" if part == "all" else part]
    return f"{says} ({number:,})" if number else says


async def _look(tx: db.Tx, search: Search) -> list[db.Record]:
    skip = (max(search.number, 1) - 1) * EACH
    rows = SQL.organize_list(tx, part=search.part, q=search.words, most=EACH, skip=skip)
    return await db.rows(rows)


async def therapist(request: Request) -> Response:
    """One listing as organizers see it."""
    return await _one(request, access.path_id(request), Form())


async def _one(request: Request, listing_id: UUID, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.listing(tx, id=listing_id)
        if row is None:
            raise NotFound
        is_own = row["person_id"] == request.state.person.id
        complaints = [] if is_own else await db.rows(SQL.complaints_of(tx, listing=listing_id))
    return render.page(
        request,
        "directory/listing/organize_one.html",
        status,
        listing=row,
        form=form,
        words=words,
        view=listing_views,
        licenses=listing_views.licenses(row),
        lacks=listing_rules.problems(actions.draft_of(row)),
        complaints=complaints,
        is_own=is_own,
        mark=listing_views.mark_words(row),
    )


async def new_form(request: Request) -> Response:
    """An empty form for a listing that an organizer writes."""
    return own_pages.form_page(request, Form(listing_forms.begin()), None, by_organizer=True)


async def create(request: Request) -> Response:
    """Keep a new listing."""
    return await _save(request, None)


async def edit_form(request: Request) -> Response:
    """The form of a listing, for an organizer."""
    row = await _row(request)
    values = listing_forms.show(actions.draft_of(row)) | {"version": str(row["version"])}
    return own_pages.form_page(request, Form(values), row, by_organizer=True)


async def _row(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        found = await SQL.listing(tx, id=access.path_id(request))
    if found is None:
        raise NotFound
    return found


async def edit(request: Request) -> Response:
    """Keep another one's listing."""
    return await _save(request, await _row(request))


async def _save(request: Request, row: db.Record | None) -> Response:
    form, wants_rows = await own_pages.read_form(request)
    if wants_rows:
        return own_pages.form_page(request, form, row, by_organizer=True)
    try:
        written = await organize_actions.save(
            access.context(request),
            who=request.state.person.id,
            draft=own_pages.read_draft(form),
            made_with=form.creation_id(),
            listing_id=row["id"] if row else None,
            version=own_pages.version_of(form) or 0 if row else None,
            show_it=form.value("then") == "show",
        )
    except Refused as refused:
        row = row or await _kept_before(request, form, refused)
        own_pages.keep_reasons(form, refused, row)
        return own_pages.form_page(request, form, row, status=422, by_organizer=True)
    return render.see_other(f"/organize/therapists/{written}", notice="The listing is kept.")


async def _kept_before(request: Request, form: Form, refused: Refused) -> db.Record | None:
    """The listing that a form for a new one has written already, to be changed by what was typed since."""
    if "kept_before" not in refused.codes:
        return None
    async with access.context(request).db.reading() as tx:
        return await SQL.listing(tx, id=form.creation_id())


async def show(request: Request) -> Response:
    """Show a listing as one looked at it."""
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        await organize_actions.show_listing(
            access.context(request),
            listing_id,
            who=request.state.person.id,
            version=own_pages.version_of(form) or 0,
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice="Everybody can see it now.")


async def _refused(request: Request, listing_id: UUID, form: Form, refused: Refused) -> Response:
    form.add(refused.reasons)
    return await _one(request, listing_id, form, 422)


async def hide(request: Request) -> Response:
    """Hide a listing at once, and say why."""
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        await organize_actions.hide_listing(
            access.context(request), listing_id, who=request.state.person.id, why=form.value("why")
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice="The listing is hidden.")


async def check_license(request: Request) -> Response:
    """A license was looked up today."""
    form = await Form.read(request)
    license_id = access.path_id(request)
    context = access.context(request)
    try:
        listing_id = await organize_actions.check_license(
            context,
            license_id,
            who=request.state.person.id,
            version=own_pages.version_of(form) or 0,
            against=form.value("against"),
        )
    except Refused as refused:
        async with context.db.reading() as tx:
            listing_id = await SQL.license_listing(tx, id=license_id)
        form.add(refused.reasons)
        return await _one(request, listing_id, form, 422)
    return render.see_other(f"/organize/therapists/{listing_id}#licenses", notice="Marked as checked today.")


async def hand_over(request: Request) -> Response:
    """Give a listing to the account of its therapist."""
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        name = await organize_actions.hand_over(
            access.context(request), listing_id, who=request.state.person.id, email=form.value("email")
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice=f"The listing is with {name} now.")


async def picture_form(request: Request) -> Response:
    """The picture of a listing that is with no therapist, and the form for another."""
    return await picture_upload.show(request, partial(_picture_page, request))


async def _picture_page(request: Request) -> picture_upload.PicturePage:
    listing_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = await SQL.unowned_portrait(tx, id=listing_id)
    if row is None:
        raise NotFound
    here = f"/organize/therapists/{listing_id}"
    return picture_upload.PicturePage(
        title=f"The picture of {row['name']}",
        lede="It shows on their page in the directory, for everybody. Use one they gave you or agreed to.",
        name=row["name"],
        hash=row["picture_hash"] or "",
        url=f"{here}/picture",
        pictures_url="/therapists/pictures",
        back=(here, "The listing"),
    )


async def send_picture(request: Request) -> Response:
    """Keep a picture, or say why it cannot be kept."""
    context, who = access.context(request), request.state.person.id
    keep = partial(organize_actions.keep_picture, context, access.path_id(request), who=who)
    return await picture_upload.save(request, partial(_picture_page, request), keep)


async def drop_picture(request: Request) -> Response:
    """Take the picture away."""
    context, who = access.context(request), request.state.person.id
    await organize_actions.drop_picture(context, access.path_id(request), who=who)
    return picture_upload.deleted(request)
