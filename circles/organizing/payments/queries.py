"""Reads of the payments: one page of them with its sums, and the story of one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from circles.base.english import MAX_COUNTED
from circles.base.errors import or_not_found
from circles.base.reading import ids_of_number
from circles.organizing.payments import rules
from circles.organizing.payments.rules import PER_PAGE, PaymentsFilter, Totals
from circles.organizing.payments.story import Chapter, story
from circles.store import db

SQL = db.queries("organizing/payments")

# Of no booking and no payment.
_NOBODY = (UUID(int=0), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of payments. total: how many there are, counted up to a limit; is_cut: whether a search read a part."""

    rows: list[db.Record]
    totals: list[Totals]
    total: int | None = None
    is_cut: bool = False


async def page(tx: db.Tx, chosen: PaymentsFilter) -> Page:
    """One page of payments, the latest first, with the sums of all that the filter has. At most two queries."""
    return await (_found(tx, chosen) if chosen.text else _listed(tx, chosen))


async def _listed(tx: db.Tx, chosen: PaymentsFilter) -> Page:
    shared = {"states": chosen.states, "circle": chosen.circle}
    since, until = chosen.since, chosen.until
    rows = await db.rows(
        SQL.page(tx, since=since, until=until, after=chosen.window.after, limit=PER_PAGE, **shared)
    )
    span = rules.span_of(since, until)
    sums = await db.rows(
        SQL.totals(
            tx,
            first_day=span.first_day,
            last_day=span.last_day,
            edges_since=[edge[0] for edge in span.edges],
            edges_until=[edge[1] for edge in span.edges],
            **shared,
        )
    )
    totals = [Totals.of(row) for row in sums]
    return Page(rows, totals, min(sum(one.payments for one in totals), MAX_COUNTED + 1))


async def _found(tx: db.Tx, chosen: PaymentsFilter) -> Page:
    first, last = ids_of_number(chosen.text) or _NOBODY
    place = chosen.window.arguments(PER_PAGE)
    rows = await db.rows(
        SQL.found(
            tx,
            text=chosen.text,
            first=first,
            last=last,
            states=chosen.states,
            circle=chosen.circle,
            since=chosen.since,
            until=chosen.until,
            most=MAX_COUNTED,
            limit=place["limit"],
            offset=place["offset"],
        )
    )
    if not rows:
        return Page([], [], 0)
    totals = [Totals.of(row) for row in rows[0]["totals"]]
    return Page(rows, totals, rows[0]["total"], is_cut=rows[0]["is_cut"])


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment, with what it pays, and its story."""

    row: db.Record
    lines: list[db.Record]
    story: list[Chapter]

    @property
    def parts(self) -> list[rules.Part]:
        return [rules.Part.of(line) for line in self.lines]

    @property
    def left(self) -> int:
        """What can still be sent back of it, in minor units."""
        return rules.left_of(self.parts, None)


async def payment(tx: db.Tx, payment_id: UUID) -> Payment:
    """One payment and its story. Raises NotFound. Three queries."""
    row = or_not_found(await SQL.payment(tx, id=payment_id))
    lines = await db.rows(SQL.lines(tx, id=payment_id))
    happened = await db.rows(SQL.story(tx, id=payment_id))
    return Payment(row, lines, story([*happened], is_shared=len(lines) > 1))
