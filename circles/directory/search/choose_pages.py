"""/therapists/choose: five plain questions and three therapists. The answers are not kept anywhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.english import join_names
from circles.directory.listing import cards, words
from circles.directory.search import choose_rules, short_list_rules
from circles.directory.search import queries as search
from circles.directory.search.choose_rules import Answers
from circles.directory.search.queries import Found
from circles.web import access, render
from circles.web.forms import Form


async def questions(request: Request) -> Response:
    """The five questions."""
    return _form_page(request, Form())


def _form_page(request: Request, form: Form, status: int = 200) -> Response:
    page = render.page(
        request,
        "directory/search/choose.html",
        status,
        form=form,
        rules=choose_rules,
        areas=words.AREAS,
        words=words,
        kinds=[(key, said) for key, (said, _) in choose_rules.WITH.items()],
    )
    page.headers["Cache-Control"] = "no-store"
    return page


async def answers(request: Request) -> Response:
    """Up to three therapists for the answers, and why each of them. Two queries; nothing is written."""
    form = await Form.read(request)
    if form.values.pop("change", ""):
        return _form_page(request, form)
    given, reasons = choose_rules.read(form.values)
    form.add(reasons)
    if not form.ok:
        return _form_page(request, form, 422)
    found = await search.look(
        access.context(request),
        choose_rules.search(given),
        most=choose_rules.HOW_MANY,
        wishes=choose_rules.wishes(given),
    )
    form.add(found.where.reasons)
    if not form.ok:
        return _form_page(request, form, 422)
    return _chosen_page(request, form, given, found)


def _chosen_page(request: Request, form: Form, given: Answers, found: Found) -> Response:
    page = render.page(
        request,
        "directory/search/chosen.html",
        form=form,
        rules=choose_rules,
        where=found.where,
        how_many=found.how_many,
        picks=[
            (
                cards.html(card, found.note(card)),
                choose_rules.whys(card, given, found.where, found.note(card)),
            )
            for card in found.cards
        ],
        unnamed=join_names(choose_rules.unnamed(found.cards, given), last="or"),
        looser=choose_rules.looser(found.counts, found.where, given, found.how_many),
        short_list=short_list_rules.url([short_list_rules.code(card.id) for card in found.cards]),
        answers={name: form.value(name) for name in ("state", "zip", "how", "with", "pay", "kind", "wait")},
    )
    page.headers["Cache-Control"] = "no-store"
    return page
