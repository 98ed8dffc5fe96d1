"""The organizers' pages of listings: the list with its tabs, one listing, the form, the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base.english import MAX_COUNTED
from circles.base.errors import Refused, or_not_found
from circles.directory.listing import actions, forms, organize_actions, own_pages, rules, views, words
from circles.people import picture_upload
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager
from circles.web.sent import searched

SQL = db.queries("directory/listing")
UPKEEP = db.queries("directory/upkeep")

PER_PAGE = 40
# The tabs of the list.
PARTS = {"waiting": "Waiting", "complaints": "Complaints", "asked": "Asked about", "all": "All"}
EMPTY_WORDS = {
    "waiting": "No listing waits for you.",
    "asked": "Every page was confirmed in the last half year, and no license runs out soon.",
}


@dataclass(frozen=True, slots=True)
class Search:
    """What the list shows: a tab (a key of PARTS), a part of the name, the part of the list.

    sealed: the name as it is in the address (web.sent.searched). is_over: the address had one that is old by now.
    """

    part: str
    name: str
    sealed: str
    window: Window
    is_over: bool = False

    @classmethod
    def read(cls, request: Request, counts: db.Record) -> Search:
        """Read it from the query string. Without a tab, it is the first one with something to do."""
        show = request.query_params.get("show", "")
        typed, sealed = searched.opened(request), request.query_params.get(searched.FIELD, "")
        urgent = next((part for part in ("waiting", "complaints", "asked") if counts[part]), "all")
        part = show if show in PARTS else "all" if typed else urgent
        values = request.query_params
        window = Window.read({"page": values.get("page", "")} if typed else values, PER_PAGE)
        return cls(part, typed, sealed if typed else "", window, is_over=bool(sealed and not typed))

    def address(self, window: Window) -> str:
        """The address of a part of this list. What matches a name is counted, so its pages go by their numbers."""
        place = Window(window.number) if self.name else window
        query = [("show", self.part), (searched.FIELD, self.sealed), *place.pairs]
        return "/organize/therapists?" + urlencode([(name, value) for name, value in query if value])


async def search(request: Request) -> Response:
    """POST: lead to the listings with a name. It is not sent in an address."""
    form = await Form.read(request)
    name = form.line("q", max_length=100, required=False)
    part = form.value("show") if form.value("show") in PARTS else "all"
    return render.see_other(Search(part, name, searched.sealed(request, name), Window()).address(Window()))


async def therapists(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        viewer_id = request.state.person.id
        counts = await SQL.organize_counts(tx, viewer_id=viewer_id, most=MAX_COUNTED + 1)
        search = Search.read(request, counts)
        of_complaints = search.part == "complaints"
        complaints = await db.rows(UPKEEP.open_complaints(tx, viewer_id=viewer_id)) if of_complaints else []
        listings = [] if of_complaints else await _page_of_listings(tx, search)
    total = listings[0]["total"] if listings else 0
    return render.page(
        request,
        "directory/listing/organize.html",
        counts=counts,
        part=search.part,
        search=Form({"q": search.name}),
        is_over=search.is_over,
        complaints=complaints,
        listings=listings,
        empty_words=EMPTY_WORDS.get(search.part, "No listing yet."),
        total=total,
        words=words,
        tabs=[
            (f"/organize/therapists?show={part}", _tab(part, label, counts)) for part, label in PARTS.items()
        ],
        here=f"/organize/therapists?show={search.part}",
        pager=long_pager(search.window, [row["id"] for row in listings], total, PER_PAGE, search.address),
    )


def _tab(part: str, label: str, counts: db.Record) -> str:
    number = counts["every" if part == "all" else part]
    if number > MAX_COUNTED:
        return f"{label} (more than {MAX_COUNTED:,})"
    return f"{label} ({number:,})" if number else label


async def _page_of_listings(tx: db.Tx, search: Search) -> list[db.Record]:
    window = search.window.arguments(PER_PAGE)
    query = SQL.organize_list(tx, part=search.part, name=search.name, most=MAX_COUNTED + 1, **window)
    return await db.rows(query)


async def therapist(request: Request) -> Response:
    return await _one(request, access.path_id(request), Form())


async def _one(request: Request, listing_id: UUID, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.listing(tx, id=listing_id))
        is_own = row["person_id"] == request.state.person.id
        complaints = [] if is_own else await db.rows(UPKEEP.complaints_of(tx, listing_id=listing_id))
    return render.page(
        request,
        "directory/listing/organize_one.html",
        status,
        listing=row,
        form=form,
        words=words,
        view=views,
        licenses=views.licenses(row),
        lacks=rules.publish_refusals(actions.draft_of(row)),
        complaints=complaints,
        is_own=is_own,
        mark=views.mark_words(row),
    )


async def new_form(request: Request) -> Response:
    return own_pages.form_page(request, Form.shown(request, forms.empty_values()), None, by_organizer=True)


async def create(request: Request) -> Response:
    return await _save(request, None)


async def edit_form(request: Request) -> Response:
    row = await _row(request)
    values = forms.values_of(actions.draft_of(row)) | {"version": str(row["version"])}
    return own_pages.form_page(request, Form.shown(request, values), row, by_organizer=True)


async def _row(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return or_not_found(await SQL.listing(tx, id=access.path_id(request)))


async def edit(request: Request) -> Response:
    return await _save(request, await _row(request))


async def _save(request: Request, row: db.Record | None) -> Response:
    form, is_row_button = await own_pages.read_form(request)
    if is_row_button:
        return own_pages.form_page(request, form, row, by_organizer=True)
    try:
        written = await organize_actions.save(
            access.context(request),
            actor_id=request.state.person.id,
            draft=own_pages.read_draft(form),
            made_with=form.creation_id(),
            listing_id=row["id"] if row else None,
            version=own_pages.version_of(form) or 0 if row else None,
            show_it=form.value("then") == "show",
        )
    except Refused as refused:
        row = row or await _kept_before(request, form, refused)
        own_pages.add_refusals(form, refused, row)
        return own_pages.form_page(request, form, row, status=422, by_organizer=True)
    return render.see_other(f"/organize/therapists/{written}", notice="The listing is kept.")


async def _kept_before(request: Request, form: Form, refused: Refused) -> db.Record | None:
    """The listing that this form for a new one has saved before; the form then changes it."""
    if "kept_before" not in refused.codes:
        return None
    async with access.context(request).db.reading() as tx:
        return await SQL.listing(tx, id=form.creation_id())


async def show(request: Request) -> Response:
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        await organize_actions.show_listing(
            access.context(request),
            listing_id,
            actor_id=request.state.person.id,
            version=own_pages.version_of(form) or 0,
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice="Everybody can see it now.")


async def _refused(request: Request, listing_id: UUID, form: Form, refused: Refused) -> Response:
    form.add(refused.reasons)
    return await _one(request, listing_id, form, 422)


async def hide(request: Request) -> Response:
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        await organize_actions.hide_listing(
            access.context(request), listing_id, actor_id=request.state.person.id, message=form.value("why")
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice="The listing is hidden.")


async def check_license(request: Request) -> Response:
    form = await Form.read(request)
    license_id = access.path_id(request)
    context = access.context(request)
    try:
        listing_id = await organize_actions.check_license(
            context,
            license_id,
            actor_id=request.state.person.id,
            version=own_pages.version_of(form) or 0,
            against=form.value("against"),
        )
    except Refused as refused:
        async with context.db.reading() as tx:
            listing_id = await SQL.listing_of_license(tx, id=license_id)
        form.add(refused.reasons)
        return await _one(request, listing_id, form, 422)
    return render.see_other(f"/organize/therapists/{listing_id}#licenses", notice="Marked as checked today.")


async def assign(request: Request) -> Response:
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        name = await organize_actions.assign(
            access.context(request), listing_id, actor_id=request.state.person.id, email=form.value("email")
        )
    except Refused as refused:
        return await _refused(request, listing_id, form, refused)
    return render.see_other(f"/organize/therapists/{listing_id}", notice=f"The listing is with {name} now.")


async def picture_form(request: Request) -> Response:
    return await picture_upload.show(request, partial(_picture_page, request))


async def _picture_page(request: Request) -> picture_upload.PicturePage:
    listing_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.unowned_listing(tx, id=listing_id))
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
    context, actor_id = access.context(request), request.state.person.id
    save = partial(organize_actions.save_picture, context, access.path_id(request), actor_id=actor_id)
    return await picture_upload.save(request, partial(_picture_page, request), save)


async def delete_picture(request: Request) -> Response:
    context, actor_id = access.context(request), request.state.person.id
    await organize_actions.delete_picture(context, access.path_id(request), actor_id=actor_id)
    return picture_upload.deleted(request)
