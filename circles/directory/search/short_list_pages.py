"""/therapists/short-list: a few therapists in one list, to print with three questions for each."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.directory.listing import cards, words
from circles.directory.search import rules, short_list_actions, short_list_rules
from circles.web import access, render
from circles.web.forms import Form


async def short_list(request: Request) -> Response:
    # The list in the address; without one, the list kept in the account. At most two queries.
    values = reading.join_fields(request.query_params.multi_items())
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        kept = await short_list_actions.kept(tx, person.id) if person else ()
        codes = short_list_rules.read(values["t"]) if "t" in values else kept
        if added := short_list_rules.read(request.query_params.get("put", "")):
            return _added(codes, added[0])
        shown = await cards.cards(tx, short_list_rules.ids(codes))
    here = [code for code in codes if short_list_rules.listing_id(code) in shown]
    return render.page(
        request,
        "directory/search/short_list.html",
        rows=[
            (
                shown[listing_id],
                short_list_rules.url(short_list_rules.remove(here, short_list_rules.code(listing_id))),
            )
            for listing_id in short_list_rules.ids(here)
        ],
        codes=here,
        carry=short_list_rules.query_string(here),
        gone=len(codes) - len(here),
        kept=kept,
        same=bool(kept) and set(kept) == set(here),
        more=rules.Search(kept=tuple(here)).url(),
        questions=words.QUESTIONS,
        rooms={**words.ROOM, "": "Whether they take new people is not said"},
    )


def _added(codes: Sequence[str], one: str) -> Response:
    """Redirect to the list with one more on it. Nothing is written."""
    more = short_list_rules.add(codes, one)
    if one in more:
        return render.see_other(short_list_rules.url(more))
    full = f"Your short list is full: it has {short_list_rules.MAX_LISTINGS}. Remove one first."
    return render.see_other(short_list_rules.url(codes), notice=full, kind="matters")


async def keep(request: Request) -> Response:
    codes = short_list_rules.read((await Form.read(request)).value("t"))
    await short_list_actions.keep(access.context(request), actor_id=request.state.person.id, codes=codes)
    return render.see_other(short_list_rules.PATH, notice="Your short list is kept in your account.")


async def delete(request: Request) -> Response:
    codes = short_list_rules.read((await Form.read(request)).value("t"))
    await short_list_actions.delete(access.context(request), actor_id=request.state.person.id)
    return render.see_other(
        short_list_rules.url(codes), notice="The short list is removed from your account."
    )
