"""/therapists: the search, whole or as the part that htmx asks for."""

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
from circles.directory.search import queries as search
from circles.directory.search import rules as search_rules
from circles.directory.search import short_list_rules
from circles.directory.search.queries import Found
from circles.directory.search.rules import Search, Where
from circles.store import templates
from circles.web import access, htmx, render
from circles.web.forms import Form
from circles.web.paging import pager


async def listing(request: Request) -> Response:
    """The therapists who fit what the address says. Two queries; a form's empty fields are left out of the address."""
    values = reading.join_fields(request.query_params.multi_items())
    asked, reasons = search_rules.read(values)
    by_htmx = "hx-request" in request.headers
    if not (by_htmx or reasons or all(values.values())):
        return render.see_other(asked.url(asked.page))
    found = await search.look(access.context(request), asked)
    form = _form(values, found, [*reasons, *found.where.reasons])
    part = htmx.wants_part(request)
    response = render.page(
        request,
        "directory/search/_found.html" if part else "directory/search/search.html",
        part=part,
        form=form,
        amount_read=bool(values.get("amount")) and not form.value("amount"),
        filters="" if part else _filters(form, found),
        **_about(found),
    )
    if by_htmx:
        response.headers["HX-Push-Url"] = asked.url(asked.page)
    return htmx.vary(response)


def _form(values: dict[str, str], found: Found, reasons: list[Reason]) -> Form:
    """The form as it was typed, with what cannot be read said beside it, and the rest as it was understood."""
    form = Form(reading.join_fields(found.search.pairs()))
    form.values |= {reason.field: values.get(reason.field, "") for reason in reasons if reason.field}
    if any(reason.field == "fee" for reason in reasons):
        form.values |= {"amount": form.value("fee"), "fee": ""}
    form.add(reasons)
    return form


class _Slots(dict[str, str]):
    """Stands in for the counts while the filters are rendered to be kept: each count is a slot, filled later."""

    def get(self, key: str, default: object = None) -> str:
        """The slot of a count."""
        return f"\x02{key}\x03"


def _filters(form: Form, found: Found) -> str:
    """The filters with their counts: kept by what is chosen, or rendered anew with what cannot be read."""
    if not form.ok:
        return _render_filters(form, found.search, found.where, found.counts)
    pieces = list(_kept_filters(replace(found.search, page=1), found.where))
    pieces[1::2] = [str(found.counts.get(name, 0)) for name in pieces[1::2]]
    return "".join(pieces)


@lru_cache(maxsize=256)
def _kept_filters(asked: Search, where: Where) -> tuple[str, ...]:
    """The filters in pieces, in turns HTML and the name of a count."""
    form = _form({}, Found(asked, where, (), 0, {}), [])
    return tuple(re.split("[\x02\x03]", _render_filters(form, asked, where, _Slots())))


def _render_filters(form: Form, asked: Search, where: Where, counts: Mapping[str, object]) -> str:
    return templates.render(
        "directory/search/_filters.html",
        form=form,
        search=asked,
        where=where,
        counts=counts,
        rules=search_rules,
        areas=words.AREAS,
    )


def _about(found: Found) -> dict[str, Any]:
    """What the page shows of what was found."""
    asked = found.search
    return {
        "search": asked,
        "where": found.where,
        "counts": found.counts,
        "how_many": found.how_many,
        "cards": [_row(found, each) for each in found.cards],
        "chips": search_rules.chips(asked),
        "loosened": [] if found.how_many else search_rules.loosened(asked, found.counts, found.where.area),
        "pager": pager(asked.page, found.how_many, search_rules.PER_PAGE, asked.url),
        "closest": found.how_many <= search_rules.FEW,
        "rules": search_rules,
        "areas": words.AREAS,
        "short_list": short_list_rules.url(asked.kept),
    }


def _row(found: Found, card: cards.Card) -> dict[str, Any]:
    """A card with the button that keeps it, or takes it away, in the address of this very page."""
    code = short_list_rules.code(card.id)
    kept = code in found.search.kept
    change = short_list_rules.take if kept else short_list_rules.put
    changed = replace(found.search, kept=change(found.search.kept, code))
    return {
        "html": cards.html(card, found.note(card), short_list_rules.carry(found.search.kept)),
        "name": card.name,
        "code": code,
        "kept": kept,
        "full": not kept and len(found.search.kept) >= short_list_rules.MOST,
        "url": changed.url(found.search.page),
    }
