"""Pages of receipts: one's own, one of them to print, a year's summary; and an organizer's, to send one again."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, money, reading
from circles.base.errors import Refused
from circles.bookings.receipts import actions, rules
from circles.imports import csv_file
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("bookings/receipts")
PER_PAGE = 50

HEADINGS = ("Date", "Receipt", "Group", "What", "Amount", "Currency")


def _zone(request: Request) -> str:
    return access.context(request).settings.community.zone


async def mine(request: Request) -> Response:
    """A person's receipts, the newest first."""
    person, zone = request.state.person, _zone(request)
    before = reading.whole_number(request.query_params.get("before", ""), 0) or None
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.mine(tx, person_id=person.id, before=before, most=PER_PAGE + 1))
        first_at = await SQL.first_at(tx, person_id=person.id)
    shown = rows[:PER_PAGE]
    return render.page(
        request,
        "bookings/receipts/mine.html",
        receipts=[(row, rules.day_words(row["at"], zone)) for row in shown],
        more=shown[-1]["number"] if len(rows) > PER_PAGE else None,
        years=rules.years(first_at, clock.now(), zone),
    )


async def receipt(request: Request) -> Response:
    """One receipt. Whether the person's name is on it, they choose each time; nothing of that is stored."""
    async with access.context(request).db.reading() as tx:
        row = await actions.read(tx, access.path_id(request), request.state.person.id)
    with_name = request.query_params.get("name") == "on"
    form = Form({"name": "on" if with_name else ""})
    return render.page(
        request, "bookings/receipts/receipt.html", form=form, with_name=with_name, **_values(request, row)
    )


def _values(request: Request, row: db.Record) -> dict[str, Any]:
    zone = _zone(request)
    lines = rules.lines_of(row["name"], row["lines"])
    return {
        "receipt": row,
        "date": rules.day_words(row["at"], zone),
        "lines": [(rules.day_words(line.at, zone), line) for line in lines],
        "sums": rules.sums_of(row["lines"], row["currency"]),
        "dates": rules.dates_of(row),
        "title": rules.title_of(row),
    }


async def year(request: Request) -> Response:
    """What a person paid and got back within a year, by the calendar of the community."""
    number, rows = await _of_year(request)
    zone = _zone(request)
    with_name = request.query_params.get("name") == "on"
    return render.page(
        request,
        "bookings/receipts/year.html",
        year=number,
        form=Form({"name": "on" if with_name else ""}),
        with_name=with_name,
        lines=[(rules.day_words(row["at"], zone), row, rules.words_of(row["kind"])) for row in rows],
        sums=rules.sums_by_currency(rows),
        made=rules.day_words(clock.now(), zone),
    )


async def year_csv(request: Request) -> Response:
    number, rows = await _of_year(request)
    zone = _zone(request)
    lines = [
        (
            f"{rules.day_of(row['at'], zone):%Y-%m-%d}",
            row["name"],
            row["name_cell"],
            rules.words_of(row["kind"]),
            f"{'-' if row['amount'] < 0 else ''}{money.format_plain(abs(row['amount']), row['currency'])}",
            row["currency"],
        )
        for row in rows
    ]
    return csv_file(f"receipts-{number}.csv", [HEADINGS, *lines])


async def _of_year(request: Request) -> tuple[int, list[db.Record]]:
    number = rules.read_year(request.path_params["year"])
    since, until = rules.year_bounds(number, _zone(request))
    async with access.context(request).db.reading() as tx:
        person_id = request.state.person.id
        return number, await db.rows(SQL.year_lines(tx, person_id=person_id, since=since, until=until))


# Organizers


async def organizers_receipt(request: Request) -> Response:
    return await _organizers_page(request, Form())


async def _organizers_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.read(tx, access.path_id(request))
    return render.page(
        request,
        "bookings/receipts/organizers.html",
        200 if form.ok else 422,
        form=form,
        with_name=False,
        refusals=rules.send_refusals(row["email"]),
        **_values(request, row),
    )


async def send_again(request: Request) -> Response:
    """POST: mail a receipt to its person once more."""
    form, receipt_id = await Form.read(request), access.path_id(request)
    try:
        name = await actions.send_again(access.context(request), request.state.person, receipt_id)
    except Refused as refused:
        return await _organizers_page(request, form.add(refused.reasons))
    return render.see_other(f"/organize/receipts/{receipt_id}", notice=f"Receipt {name} is on its way.")
