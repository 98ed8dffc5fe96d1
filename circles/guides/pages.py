"""The guides as pages: the list, the texts, the card of three questions, the sheet to write on. No query in any."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound
from circles.directory import QUESTIONS
from circles.guides import texts
from circles.web import access, render

# What stands where a community's own lines name nobody abroad.
ABROAD = "findahelpline.com"


async def index(request: Request) -> Response:
    """Every guide with one sentence."""
    return render.page(request, "guides/index.html", groups=texts.contents())


async def guide(request: Request) -> Response:
    """One text, with its one next step."""
    found = texts.guides().get(request.path_params["slug"])
    if found is None:
        raise NotFound
    lines = access.context(request).settings.crisis_lines
    return render.page(
        request,
        "guides/crisis.html" if found.slug == "in-a-crisis" else "guides/guide.html",
        guide=found,
        abroad="" if any(ABROAD in f"{line.how} {line.href}" for line in lines) else ABROAD,
    )


async def three_questions(request: Request) -> Response:
    """The three questions with good and worrying answers, made to be printed on one page."""
    return render.page(request, "guides/three_questions.html", questions=list(QUESTIONS.values()))


async def reflection(request: Request) -> Response:
    """The sheet to write on. What is written never leaves the browser, and nothing of the page is kept by it."""
    response = render.page(request, "guides/reflection.html")
    response.headers["Cache-Control"] = "no-store"
    return response
