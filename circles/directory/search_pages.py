"""/therapists: the search, whole or as the part that htmx asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.directory import cards, search, search_rules, short_list_rules, words
from circles.directory.search import Found
from circles.errors import Reason
from circles.web import guard, htmx, render
from circles.web.forms import Form
from circles.web.paging import pager


async def listing(request: Request) -> Response:
    """The therapists who fit what the address says. Two queries."""
    values = search_rules.join(request.query_params.multi_items())
    asked, reasons = search_rules.read(values)
    found = await search.look(guard.house(request), asked)
    part = htmx.asked(request)
    response = render.page(
        request,
        "directory/_found.html" if part else "directory/search.html",
        part=part,
        form=_form(values, found, [*reasons, *found.where.reasons]),
        **_about(found),
    )
    if part:
        response.headers["HX-Push-Url"] = asked.url(asked.page)
    return htmx.vary(response)


def _form(values: dict[str, str], found: Found, reasons: list[Reason]) -> Form:
    """The form as it was typed, with what cannot be read said beside it, and the rest as it was understood."""
    form = Form(search_rules.join(found.search.pairs()))
    form.values |= {reason.field: values.get(reason.field, "") for reason in reasons if reason.field}
    fee = form.value("fee")
    if fee and fee not in map(str, search_rules.FEES) and not form.value("amount"):
        form.values |= {"amount": fee, "fee": ""}
    form.add(reasons)
    return form


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
    here = f'href="/therapists/{card.id}'
    return {
        "html": cards.html(card, found.note(card)).replace(
            f'{here}"', f'{here}{short_list_rules.carry(found.search.kept)}"'
        ),
        "name": card.name,
        "code": code,
        "kept": kept,
        "full": not kept and len(found.search.kept) >= short_list_rules.MOST,
        "url": changed.url(found.search.page),
    }
