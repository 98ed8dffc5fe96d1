"""The public page of a listing, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base.errors import or_not_found
from circles.directory.listing import views, words
from circles.directory.search import rules as search_rules
from circles.directory.search import short_list_rules
from circles.store import db
from circles.web import access, render, uploads

SQL = db.queries("directory/listing")


async def listing(request: Request) -> Response:
    viewer = request.state.person
    codes = short_list_rules.read(",".join(request.query_params.getlist("t")))
    async with access.context(request).db.reading() as tx:
        row = or_not_found(
            await SQL.visible_listing(
                tx,
                id=access.path_id(request),
                viewer_id=viewer.id if viewer else None,
                is_organizer=bool(viewer and viewer.is_organizer),
            )
        )
        owner = row["person_id"]
        profile = (await people.profiles(tx, [owner])).get(owner) if owner else None
    return render.page(
        request,
        "directory/listing/listing.html",
        listing=row,
        view=views,
        words=words,
        licenses=views.licenses(row),
        ways=views.ways(row),
        short_answers=views.short_answers(row),
        mark=views.mark_words(row),
        is_own=viewer is not None and viewer.id == owner,
        host_page=f"/facilitators/{owner}" if profile and profile.has_page else "",
        more=search_rules.Search(kept=codes).url(),
        **_short_list(row, codes),
    )


def _short_list(row: db.Record, codes: Sequence[str]) -> dict[str, Any]:
    """Whether the listing is on the short list in the address, else on the account's; and the link to show for it."""
    code = short_list_rules.code(row["id"])
    if code in codes:
        return {"is_kept": True, "short_list": short_list_rules.url(codes)}
    if row["is_kept"] and not codes:
        return {"is_kept": True, "short_list": short_list_rules.PATH}
    return {"is_kept": False, "short_list": short_list_rules.url_to_add(codes, code)}


async def picture(request: Request) -> Response:
    return await uploads.serve(request, SQL.picture)
