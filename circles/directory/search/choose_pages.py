"""/therapists/choose: five questions and three therapists. The answers are not stored anywhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.english import join_names
from circles.directory.listing import cards, words
from circles.directory.search import choose_rules, queries, short_list_rules
from circles.directory.search.choose_rules import Answers
from circles.directory.search.queries import Results
from circles.web import access, render
from circles.web.forms import Form


async def questions(request: Request) -> Response:
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
        kinds=[(key, label) for key, (label, _) in choose_rules.WITH.items()],
    )
    page.headers["Cache-Control"] = "no-store"
    return page


async def answers(request: Request) -> Response:
    # Two queries; nothing is written.
    form = await Form.read(request)
    if form.values.pop("change", ""):
        return _form_page(request, form)
    given, reasons = choose_rules.read(form.values)
    form.add(reasons)
    if not form.ok:
        return _form_page(request, form, 422)
    results = await queries.find(
        access.context(request),
        choose_rules.search(given),
        page_size=choose_rules.MAX_PICKS,
        wishes=choose_rules.wishes(given),
    )
    form.add(results.where.reasons)
    if not form.ok:
        return _form_page(request, form, 422)
    return _chosen_page(request, form, given, results)


def _chosen_page(request: Request, form: Form, given: Answers, results: Results) -> Response:
    page = render.page(
        request,
        "directory/search/chosen.html",
        form=form,
        where=results.where,
        how_many=results.total,
        picks=[
            (
                cards.html(card, results.note(card)),
                choose_rules.whys(card, given, results.where, results.note(card)),
            )
            for card in results.cards
        ],
        heading=choose_rules.heading(len(results.cards)),
        unnamed=join_names(choose_rules.unnamed(results.cards, given), last="or"),
        looser=choose_rules.looser(results.counts, results.where, given, results.total),
        short_list=short_list_rules.url([short_list_rules.code(card.id) for card in results.cards]),
        answers={name: form.value(name) for name in ("state", "zip", "how", "with", "pay", "kind", "wait")},
    )
    page.headers["Cache-Control"] = "no-store"
    return page
