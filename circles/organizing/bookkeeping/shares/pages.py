"""What the community keeps: the list of circles, and the form with its preview for the default and for one circle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, money, reading
from circles.base.english import plural
from circles.base.errors import NotFound, Refused, or_not_found
from circles.organizing.bookkeeping.shares import forms
from circles.payments import shares
from circles.store import db
from circles.store.context import Context
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("organizing/shares")
PAGE: Final = "/organize/shares"
PER_PAGE: Final = 50
MAX_VERSIONS: Final = 100
# Of the default, in whole units: a preview says what becomes of these.
EXAMPLES: Final = (20, 40, 80)


@dataclass(frozen=True, slots=True)
class Subject:
    """What terms are set of. circle_id: None for the default. amounts: those of a preview, in minor units."""

    circle_id: UUID | None
    name: str
    currency: str
    path: str
    amounts: Sequence[int]


async def share_list(request: Request) -> Response:
    """The default in each currency, and the circles with their terms."""
    after, context = reading.uuid_or_none(request.query_params.get("after", "")), access.context(request)
    async with context.db.reading() as tx:
        defaults = await db.rows(SQL.defaults(tx))
        circles = await db.rows(SQL.circles(tx, after=after, limit=PER_PAGE + 1))
    return render.page(
        request,
        "organizing/bookkeeping/shares.html",
        defaults=[(row["currency"], *_words(row, context)) for row in defaults],
        circles=[(row, *_words(row, context)) for row in circles[:PER_PAGE]],
        more=circles[PER_PAGE - 1]["id"] if len(circles) > PER_PAGE else None,
        is_first=after is None,
    )


def _words(row: db.Record, context: Context) -> tuple[str, str]:
    """The terms of a row in words, and the day on which others begin."""
    return shares.describe(shares.terms_of(row), row["currency"]), _day(row["changes_at"], context)


def _day(at: Any, context: Context) -> str:
    if at is None:
        return ""
    day = clock.wall_time(at, shares.community_zone(context)).date()
    return clock.format_date(day, shares.community_today(context))


async def share_form(request: Request) -> Response:
    """The form with the version that was set last, or begins last."""
    async with access.context(request).db.reading() as tx:
        subject = await _subject(request, tx)
        versions = await _versions(tx, subject)
    newest = max(versions, key=lambda row: row["created_at"], default=None)
    last = versions[0] if versions else None
    starts_on = shares.month_after(shares.community_today(access.context(request)))
    values = forms.values_of(
        shares.terms_of(last), subject.currency, starts_on, newest["id"] if newest else None
    )
    if last is None:
        values["kind"] = "terms"
    return _page(request, Form.shown(request, values), subject, versions)


async def save_share(request: Request) -> Response:
    """Show the preview; set the terms once they were shown as they are typed."""
    form, context = await Form.read(request), access.context(request)
    async with context.db.reading() as tx:
        subject = await _subject(request, tx)
    try:
        new = forms.read(form, subject.circle_id, subject.currency)
        if form.value("then") != "set" or form.value("shown") != forms.preview_key(form):
            async with context.db.reading() as tx:
                await shares.check_terms(tx, context, new)
                versions = await _versions(tx, subject)
            return _page(request, form, subject, versions, preview=new)
        told = await shares.set_terms(context, request.state.person, new)
    except Refused as refused:
        async with context.db.reading() as tx:
            versions = await _versions(tx, subject)
        newest = max(versions, key=lambda row: row["created_at"], default=None)
        form.values["basis"] = str(newest["id"]) if newest else ""
        return _page(request, form.add(refused.reasons), subject, versions)
    day = clock.format_date(new.starts_on, shares.community_today(context))
    who = f"Told by mail: {plural(told, 'facilitator')}."
    return render.see_other(PAGE, notice=f"Set. It counts from {day} on. {who}")


async def _subject(request: Request, tx: db.Tx) -> Subject:
    """The circle or the default that an address names. Raises NotFound."""
    currency = request.path_params.get("currency")
    if currency is None:
        row = or_not_found(await SQL.circle(tx, id=access.path_id(request)))
        amounts = sorted({row["minimum"], row["suggested"], row["maximum"]} - {0})
        return Subject(row["id"], row["name"], row["currency"], f"{PAGE}/circles/{row['id']}", amounts)
    if currency not in money.CURRENCIES:
        raise NotFound
    amounts = [amount * money.minor_per_unit(currency) for amount in EXAMPLES]
    return Subject(
        None, f"Every circle paid in {currency}", currency, f"{PAGE}/community/{currency}", amounts
    )


async def _versions(tx: db.Tx, subject: Subject) -> list[db.Record]:
    return await db.rows(
        SQL.versions(tx, circle=subject.circle_id, currency=subject.currency, most=MAX_VERSIONS)
    )


def _page(
    request: Request,
    form: Form,
    subject: Subject,
    versions: Sequence[db.Record],
    preview: shares.NewTerms | None = None,
) -> Response:
    context = access.context(request)
    return render.page(
        request,
        "organizing/bookkeeping/share_form.html",
        200 if form.ok else 422,
        form=form,
        subject=subject,
        preview=preview and _preview(preview, subject, shares.community_today(context)),
        shown=forms.preview_key(form),
        versions=[
            (row, shares.describe(shares.terms_of(row), row["currency"]), _day(row["starts_at"], context))
            for row in versions
        ],
    )


def _preview(new: shares.NewTerms, subject: Subject, today: date) -> tuple[str, str, list[str]]:
    """The day, the terms in words, and what becomes of some amounts."""
    if new.circle_id and new.terms is None:
        return clock.format_date(new.starts_on, today), "The community’s default counts for this circle.", []
    examples = [shares.example(new.terms, amount, subject.currency) for amount in subject.amounts]
    return clock.format_date(new.starts_on, today), shares.describe(new.terms, subject.currency), examples
