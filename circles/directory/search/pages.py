"""/therapists: the search, as a page or as the part that htmx replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Reason
from circles.directory.listing import cards, words
from circles.directory.search import queries, rules, short_list_rules, wording
from circles.directory.search.queries import Results
from circles.directory.search.rules import Search, Where
from circles.store import templates
from circles.web import access, htmx, render
from circles.web.forms import Form
from circles.web.paging import pager


async def listing(request: Request) -> Response:
    # Empty fields of the form are left out of the address.
    values = reading.join_fields(request.query_params.multi_items())
    query, reasons = rules.read(values)
    by_htmx = "hx-request" in request.headers
    if not (by_htmx or reasons or all(values.values())):
        return render.see_other(query.url(query.page))
    results = await queries.find(access.context(request), query)
    form = _form(values, results, [*reasons, *results.where.reasons])
    part = htmx.wants_part(request)
    response = render.page(
        request,
        "directory/search/_found.html" if part else "directory/search/search.html",
        part=part,
        form=form,
        amount_read=bool(values.get("amount")) and not form.value("amount"),
        filters="" if part else _filters(form, results),
        **_results_context(results),
    )
    if by_htmx:
        response.headers["HX-Push-Url"] = query.url(query.page)
    return htmx.vary(response)


def _form(values: dict[str, str], results: Results, reasons: list[Reason]) -> Form:
    """The form: what cannot be read as it was typed, with its reasons, and the rest as it was understood."""
    form = Form(reading.join_fields(results.search.pairs()))
    form.values |= {reason.field: values.get(reason.field, "") for reason in reasons if reason.field}
    if any(reason.field == "fee" for reason in reasons):
        form.values |= {"amount": form.value("fee"), "fee": ""}
    form.add(reasons)
    return form


class _Marks(dict[str, str]):
    """In place of the counts while the filters are rendered for the cache: a mark for each count."""

    def get(self, key: str, default: object = None) -> str:
        """The mark of a count."""
        return f"\x02{key}\x03"


def _filters(form: Form, results: Results) -> str:
    """The filters with their counts: from the cache, or rendered anew where something cannot be read."""
    if not form.ok:
        return _render_filters(form, results.search, results.where, results.counts)
    pieces = list(_cached_filters(replace(results.search, page=1), results.where))
    pieces[1::2] = [str(results.counts.get(name, 0)) for name in pieces[1::2]]
    return "".join(pieces)


@lru_cache(maxsize=256)
def _cached_filters(query: Search, where: Where) -> tuple[str, ...]:
    """The filters in pieces, HTML and names of counts in turn. Rendering them takes longer than the query."""
    form = _form({}, Results(query, where, (), 0, {}), [])
    return tuple(re.split("[\x02\x03]", _render_filters(form, query, where, _Marks())))


def _render_filters(form: Form, query: Search, where: Where, counts: Mapping[str, object]) -> str:
    return templates.render(
        "directory/search/_filters.html",
        form=form,
        search=query,
        where=where,
        counts=counts,
        rules=rules,
        areas=words.AREAS,
    )


def _results_context(results: Results) -> dict[str, Any]:
    query = results.search
    return {
        "search": query,
        "where": results.where,
        "counts": results.counts,
        "how_many": results.total,
        "cards": [_row(results, card) for card in results.cards],
        "chips": wording.chips(query),
        "loosened": [] if results.total else wording.loosened(query, results.counts, results.where.area),
        "pager": pager(query.page, results.total, rules.PER_PAGE, query.url),
        "result": wording.result(query, results.where, results.total),
        "wording": wording,
        "closest": results.total <= rules.MAX_RANKED,
        "rules": rules,
        "areas": words.AREAS,
        "short_list": short_list_rules.url(query.kept),
    }


def _row(results: Results, card: cards.Card) -> dict[str, Any]:
    """A card with the link that puts it on the short list in the address, or takes it off."""
    code = short_list_rules.code(card.id)
    kept = code in results.search.kept
    change = short_list_rules.remove if kept else short_list_rules.add
    changed = replace(results.search, kept=change(results.search.kept, code))
    return {
        "html": cards.html(card, results.note(card), short_list_rules.query_string(results.search.kept)),
        "name": card.name,
        "code": code,
        "kept": kept,
        "full": not kept and len(results.search.kept) >= short_list_rules.MAX_LISTINGS,
        "url": changed.url(results.search.page),
    }
