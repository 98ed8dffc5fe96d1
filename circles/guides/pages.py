"""The pages of the guides: the list, the texts, the card of three questions, the reflection sheet. Without queries."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound
from circles.directory import QUESTIONS
from circles.guides import texts
from circles.web import access, render

# The fallback for people abroad, where the community's own crisis lines do not list it.
ABROAD = "findahelpline.com"


async def index(request: Request) -> Response:
    return render.page(request, "guides/index.html", groups=texts.contents())


async def guide(request: Request) -> Response:
    chosen = texts.guides().get(request.path_params["slug"])
    if chosen is None:
        raise NotFound
    lines = access.context(request).settings.crisis_lines
    return render.page(
        request,
        "guides/crisis.html" if chosen.slug == "in-a-crisis" else "guides/guide.html",
        guide=chosen,
        abroad="" if any(ABROAD in f"{line.how} {line.href}" for line in lines) else ABROAD,
    )


async def three_questions(request: Request) -> Response:
    return render.page(request, "guides/three_questions.html", questions=list(QUESTIONS.values()))


async def reflection(request: Request) -> Response:
    """The reflection sheet. What is written there never leaves the browser, and the page is not cached."""
    response = render.page(request, "guides/reflection.html")
    response.headers["Cache-Control"] = "no-store"
    return response
