"""/therapists/short-list: a few therapists side by side, to print with the three questions beside each name."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.directory.listing import cards, words
from circles.directory.search import rules as search_rules
from circles.directory.search import short_list_actions, short_list_rules
from circles.web import access, render
from circles.web.forms import Form


async def short_list(request: Request) -> Response:
    """The list that the address names; without one, the list kept in the account. At most two queries."""
    values = reading.join_fields(request.query_params.multi_items())
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        kept = await short_list_actions.kept(tx, person.id) if person else ()
        codes = short_list_rules.read(values["t"]) if "t" in values else kept
        if put := short_list_rules.read(request.query_params.get("put", "")):
            return _put(codes, put[0])
        shown = await cards.cards(tx, short_list_rules.ids(codes))
    here = [code for code in codes if short_list_rules.listing_id(code) in shown]
    return render.page(
        request,
        "directory/search/short_list.html",
        rows=[
            (shown[each], short_list_rules.url(short_list_rules.take(here, short_list_rules.code(each))))
            for each in short_list_rules.ids(here)
        ],
        codes=here,
        carry=short_list_rules.carry(here),
        gone=len(codes) - len(here),
        kept=kept,
        same=bool(kept) and set(kept) == set(here),
        more=search_rules.Search(kept=tuple(here)).url(),
        questions=words.QUESTIONS,
        rooms=words.ROOM,
    )


def _put(codes: Sequence[str], one: str) -> Response:
    """On to the address of the list with one more on it. Nothing is written."""
    more = short_list_rules.put(codes, one)
    if one in more:
        return render.see_other(short_list_rules.url(more))
    full = f"Your short list is full: it holds {short_list_rules.MOST}. Take one away first."
    return render.see_other(short_list_rules.url(codes), notice=full, kind="matters")


async def keep(request: Request) -> Response:
    """Keep the list in the account, because one asks."""
    codes = short_list_rules.read((await Form.read(request)).value("t"))
    await short_list_actions.keep(access.context(request), person_id=request.state.person.id, codes=codes)
    return render.see_other(short_list_rules.PATH, notice="Your short list is kept in your account.")


async def forget(request: Request) -> Response:
    """Take the list out of the account. It stays in the address for as long as one keeps that."""
    codes = short_list_rules.read((await Form.read(request)).value("t"))
    await short_list_actions.forget(access.context(request), person_id=request.state.person.id)
    return render.see_other(short_list_rules.url(codes), notice="Your account holds no short list any more.")
