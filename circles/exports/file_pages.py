"""The page of a file that a job makes, for the organizer who asked for it: progress, download, deleting."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound, or_not_found
from circles.exports import actions
from circles.exports.kinds import DEPTH_NAMES, FORMAT_NAMES
from circles.exports.pages import HOME
from circles.exports.rules import Choices
from circles.store import db
from circles.web import access, render

SQL = db.queries("exports/exports")


async def _own_file(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return or_not_found(
            await SQL.own_file(tx, export_id=access.path_id(request), actor_id=request.state.person.id)
        )


def _choices(file: db.Record) -> Choices:
    """What was chosen for a file. Raises NotFound where a newer version wrote words that this one does not know."""
    try:
        return Choices.stored(file)
    except (KeyError, ValueError):
        raise NotFound from None


async def show(request: Request) -> Response:
    file = await _own_file(request)
    choices = _choices(file)
    return render.page(
        request,
        "exports/file.html",
        file=file,
        choices=choices,
        is_made=file["state"] in ("waiting", "being_made"),
        home=HOME,
        here=f"{HOME}/{file['id']}",
        depth=DEPTH_NAMES[choices.depth],
        written_as=FORMAT_NAMES[choices.format],
    )


async def download(request: Request) -> Response:
    """POST, since it is noted: the file as it is kept."""
    choices = _choices(await _own_file(request))
    chunks = await actions.fetch(
        access.context(request), actor_id=request.state.person.id, export_id=access.path_id(request)
    )
    return render.Download(chunks, choices.filename, choices.format.media_type)


async def delete(request: Request) -> Response:
    await actions.discard(
        access.context(request), actor_id=request.state.person.id, export_id=access.path_id(request)
    )
    return render.see_other(HOME, notice="The file is deleted.")
