"""A person's own page of who was told what: through the directory, and in files of organizers."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from circles import directory
from circles.base import reading
from circles.exports.kinds import KINDS, Depth
from circles.store import db
from circles.web import access, render
from circles.web.paging import pager

SQL = db.queries("exports/exports")

PER_PAGE = 20


async def my_access(request: Request) -> Response:
    query, person_id = request.query_params, request.state.person.id
    number = reading.page_number(query.get("page", ""))
    async with access.context(request).db.reading() as tx:
        rows = await directory.read_accesses(tx, person_id, number)
        files = await db.rows(
            SQL.exports_about(
                tx, person_id=person_id, before=_moment(query.get("before", "")), most=PER_PAGE + 1
            )
        )
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "exports/access.html",
        lines=[(row["at"], directory.access_text(row)) for row in rows],
        pager=pager(number, total, directory.ACCESSES_PER_PAGE, lambda page: f"/my/access?page={page}"),
        files=[(file, text_of(file)) for file in files[:PER_PAGE]],
        more=urlencode({"before": files[PER_PAGE - 1]["at"].isoformat()}) if len(files) > PER_PAGE else "",
    )


def _moment(typed: str) -> datetime | None:
    """The moment before which the list goes on; None for what is none."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def text_of(file: db.Record) -> str:
    """What a file says of the reader, and who made it."""
    if file["made_by"] == "command":
        who = "The operator of this site"
    else:
        who = f"{file['name']}, an organizer," if file["has_maker"] else "An organizer who left"
    kind = KINDS.get(file["what"])
    about = kind.name.lower() if kind else file["what"]
    named = "with your name" if file["depth"] == Depth.NAMED else "with a code instead of your name"
    return f"{who} made a file about {about} {named}, {file['filters']['from']} to {file['filters']['to']}."
