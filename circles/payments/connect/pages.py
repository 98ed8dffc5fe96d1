"""The organizers' pages of accounts that facilitators connected, and of parts that Stripe would not move."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Refused, or_not_found
from circles.payments.connect import rules, transfers
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("payments/connect")
ACCOUNTS = db.queries("payments/connect_accounts")
PER_PAGE = 100
PAGE = "/organize/accounts"


async def accounts(request: Request) -> Response:
    """GET: the accounts with their states, and what waits for a person."""
    after = reading.uuid_or_none(request.query_params.get("after", "")) or UUID(int=0)
    country = access.context(request).settings.connect_country
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(ACCOUNTS.all_accounts(tx, after=after, most=PER_PAGE + 1))
        waiting = await db.rows(SQL.stuck_operations(tx, most=PER_PAGE))
        differing = await db.rows(SQL.differences(tx, most=PER_PAGE))
    return render.page(
        request,
        "payments/connect/accounts.html",
        country=country,
        accounts=[
            {
                "row": row,
                "state": rules.STATE_WORDS[rules.account_state(row, country)],
                "due": rules.due_words(row["due"], to_others=True),
            }
            for row in rows[:PER_PAGE]
        ],
        after=rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else None,
        waiting=waiting,
        differing=[{"row": row, "facts": rules.difference_words(row["differs"])} for row in differing],
    )


async def part_form(request: Request) -> Response:
    return await _show_part(request, Form())


async def _show_part(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.operation_to_settle(tx, id=access.path_id(request)))
    if row["state"] == "done" or row["settled_at"]:
        return render.see_other(PAGE, notice="This was settled already, so nothing was changed.", kind="calm")
    return render.page(
        request,
        "payments/connect/part.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        why=rules.why_refused(row["fault"]),
        most=rules.MAX_REASON,
    )


async def settle_part(request: Request) -> Response:
    """POST: a person settled what Stripe refused."""
    form = await Form.read(request)
    try:
        settled = await transfers.settle_by_hand(
            access.context(request),
            request.state.person.id,
            access.path_id(request),
            form.reason(),
        )
    except Refused as refused:
        return await _show_part(request, form.add(refused.reasons))
    notice = (
        "Settled. Nothing more is tried." if settled else "This was settled already, so nothing was changed."
    )
    return render.see_other(PAGE, notice=notice, kind="good" if settled else "calm")


async def retry_part(request: Request) -> Response:
    """POST: make the call again, now."""
    await transfers.retry(access.context(request), request.state.person.id, access.path_id(request))
    return render.see_other(PAGE, notice="It is tried once more. Look here again in a minute.")


async def see_difference(request: Request) -> Response:
    """POST: a person looked at a part that differs."""
    await transfers.see(access.context(request), request.state.person.id, access.path_id(request))
    return render.see_other(PAGE, notice="Noted.")
