"""A month of the ledger: when it begins and ends, what its sums mean, and the columns of its file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

from circles.base import clock, money, reading
from circles.base.english import Labels
from circles.base.row import Row
from circles.sheets import CellKind, SheetColumn

# How many months a page lists.
PER_PAGE: Final = 12
_SLUG: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)

KIND_NAMES: Final = Labels(
    {
        "payment": "Payment",
        "refund": "Refund",
        "refund_returned": "Refund that came back",
        "dispute": "Dispute",
        "dispute_returned": "Dispute that was won",
        "cash": "Cash",
        "fee": "Stripe fee",
        "payout": "Payout",
        "payout_returned": "Payout that came back",
        "share": "Facilitator’s part",
        "pass_share": "Facilitator’s part of a pass",
        "transfer": "Transfer to a facilitator",
        "reversal": "Transfer that came back",
        "cash_share": "Cash that a facilitator kept",
        "hand_payout": "Paid out by hand",
        "unassigned": "Not assigned yet",
        "pass_settled": "Gatherings on a pass",
    }
)


def kind_name(kind: str) -> str:
    """A kind of entry in words; one that this version does not know without its underscores."""
    return KIND_NAMES[kind] if kind in KIND_NAMES else kind.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Month:
    """A month on the clock of a zone. first: its first day."""

    first: date
    zone: str

    @classmethod
    def of(cls, at: datetime, zone: str) -> Month:
        """The month in which a moment lies."""
        return cls(clock.wall_time(at, zone).date().replace(day=1), zone)

    @classmethod
    def read(cls, slug: str, zone: str) -> Month | None:
        """The month of an address such as 2026-11; None for what is none."""
        match = _SLUG.fullmatch(slug)
        return cls(date(int(match[1]), int(match[2]), 1), zone) if match else None

    @property
    def slug(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        return clock.format_month(self.first)

    @property
    def begins(self) -> datetime:
        return clock.moment(datetime.combine(self.first, time()), self.zone).utc

    @property
    def ends(self) -> datetime:
        """When the next one begins."""
        return self.later(1).begins

    @property
    def last_day(self) -> date:
        return self.later(1).first - timedelta(days=1)

    def later(self, count: int) -> Month:
        """The month so many months later, or earlier where count is negative."""
        months = self.first.year * 12 + self.first.month - 1 + count
        return Month(date(months // 12, months % 12 + 1, 1), self.zone)


@dataclass(frozen=True, slots=True)
class Sums:
    """What movements of one currency add up to, in minor units; see the view ledger_movements."""

    entries: int = 0
    gross: int = 0
    refund: int = 0
    fee: int = 0
    payout: int = 0
    paid_out: int = 0
    income: int = 0
    owed: int = 0
    passes_sold: int = 0
    stripe: int = 0
    bank: int = 0
    cash: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, row: Row | Mapping[str, Any]) -> Self:
        return cls(**{field.name: int(row[field.name]) for field in fields(cls)})

    @property
    def net(self) -> int:
        """What the movements left: what came in, less what went back and what Stripe kept."""
        return self.gross - self.refund - self.fee

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)}
        )


# The columns of pages, as they are called there.
PAGE_COLUMNS: Final = (
    ("Came in", "gross"),
    ("Went back", "refund"),
    ("Stripe fees", "fee"),
    ("Left", "net"),
    ("To the bank", "payout"),
    ("To facilitators", "paid_out"),
)
_ALWAYS: Final = ("gross", "refund", "net")


def page_columns(sums: Iterable[Sums]) -> list[tuple[str, str]]:
    """The columns in which there is something, as (title, name of the sum)."""
    shown = list(sums)
    return [
        (title, name)
        for title, name in PAGE_COLUMNS
        if name in _ALWAYS or any(getattr(one, name) for one in shown)
    ]


def total(sums: Iterable[Sums]) -> Sums:
    """All of them together; they are of one currency."""
    return sum(sums, Sums())


@dataclass(frozen=True, slots=True)
class Part:
    """The sums of one circle, or of one kind of movement. id, discreet_name: of a circle; none without one."""

    name: str
    sums: Sums
    id: UUID | None = None
    discreet_name: str = ""

    @property
    def number(self) -> str:
        return reading.number_of(self.id) if self.id else ""


@dataclass(frozen=True, slots=True)
class Account:
    """What an account held before a month, and after it, in minor units."""

    name: str
    before: int
    change: int

    @property
    def after(self) -> int:
        return self.before + self.change

    @property
    def is_used(self) -> bool:
        return bool(self.before or self.change)


@dataclass(frozen=True, slots=True)
class Summary:
    """A month in one currency: its sums, by circle, by kind, and what every account held."""

    currency: str
    sums: Sums
    circles: list[Part]
    kinds: list[Part]
    accounts: list[Account]

    @property
    def columns(self) -> list[tuple[str, str]]:
        return page_columns(part.sums for part in (*self.circles, *self.kinds))


NO_CIRCLE: Final = "Of no circle"


def summaries(rows: Iterable[Row], before: Mapping[str, Sums]) -> list[Summary]:
    """A month by currency. rows: its sums by circle and kind. before: those of all months before, by currency."""
    parts = [(row["currency"], row, Sums.of(row)) for row in rows]
    currencies = sorted({currency for currency, _, _ in parts} | set(before))
    return [
        _summary(currency, [(row, sums) for of, row, sums in parts if of == currency], before)
        for currency in currencies
    ]


def _summary(currency: str, parts: list[tuple[Row, Sums]], before: Mapping[str, Sums]) -> Summary:
    circles: dict[UUID | None, Part] = {}
    kinds: dict[str, Sums] = {}
    for row, sums in parts:
        known = circles.get(row["circle_id"])
        name = row["name"] or NO_CIRCLE
        circles[row["circle_id"]] = Part(
            name, known.sums + sums if known else sums, row["circle_id"], row["discreet_name"] or NO_CIRCLE
        )
        kinds[row["kind"]] = kinds.get(row["kind"], Sums()) + sums
    whole = total(sums for _, sums in parts)
    return Summary(
        currency,
        whole,
        sorted(circles.values(), key=lambda part: part.id is None),  # by name, as they were read
        [Part(kind_name(kind), kinds[kind]) for kind in sorted(kinds, key=_place)],
        accounts(before.get(currency, Sums()), whole),
    )


def _place(kind: str) -> tuple[int, str]:
    known = list(KIND_NAMES)
    return (known.index(kind) if kind in known else len(known)), kind


def accounts(before: Sums, change: Sums) -> list[Account]:
    """What the community has, then what it owes, then what it earned and paid, in all that was ever posted."""
    return [
        Account("At Stripe", before.stripe, change.stripe),
        Account("Paid out to the bank", before.bank, change.bank),
        Account("Cash with hosts", before.cash, change.cash),
        Account("At Stripe, not assigned yet", -before.unknown, -change.unknown),
        Account("Owed to facilitators", before.owed, change.owed),
        Account("Passes sold and not used", before.passes_sold, change.passes_sold),
        Account("Income", before.income, change.income),
        Account("Stripe fees", before.fee, change.fee),
    ]


# The file

_TEXT, _DATE, _DECIMAL, _INTEGER = CellKind.TEXT, CellKind.DATE, CellKind.DECIMAL, CellKind.INTEGER
MOVEMENT_COLUMNS: Final = (
    ("Date", _DATE, "The day on the community’s calendar."),
    ("Number", _TEXT, "The number of the booking or pass, as its person and the organizers see it."),
    ("Circle", _TEXT, "The discreet name of the circle."),
    ("Circle number", _TEXT, "The number of the circle, since two may have the same discreet name."),
    ("Kind", _TEXT, "What moved: a payment, a refund, cash that a host noted, a fee, a payout and so on."),
    ("Currency", _TEXT, "The currency of the amounts of this row."),
    ("Gross", _DECIMAL, "What came in, by card or in cash."),
    ("Refund", _DECIMAL, "What went back. Negative where it came back to the community."),
    (
        "Fee",
        _DECIMAL,
        "What Stripe kept. That of a payment is in its row, unless Stripe took it in another month.",
    ),
    ("Net", _DECIMAL, "Gross less refund less fee."),
    ("Payout", _DECIMAL, "What went from Stripe to the bank."),
    ("To facilitators", _DECIMAL, "What facilitators got."),
    ("Income", _DECIMAL, "What the community earned. What is due to facilitators is not in it."),
    ("Due to facilitators", _DECIMAL, "What became due to facilitators, less what they got."),
    ("Passes", _DECIMAL, "Passes sold, less what was used of them."),
    ("Reference", _TEXT, "Stripe’s number of the movement."),
    ("Entry", _INTEGER, "The number of the entry in the ledger. The fee of a payment has its own."),
)
_SUM_COLUMNS: Final = MOVEMENT_COLUMNS[6:15]
CIRCLE_COLUMNS: Final = (
    ("Circle", _TEXT, "The discreet name of the circle."),
    ("Circle number", _TEXT, "The number of the circle."),
    ("Currency", _TEXT, "The currency of the amounts."),
    ("Entries", _INTEGER, "How many entries of the ledger."),
    *_SUM_COLUMNS,
)
ACCOUNT_COLUMNS: Final = (
    ("Account", _TEXT, ""),
    ("Currency", _TEXT, ""),
    ("Before", _DECIMAL, ""),
    ("Change", _DECIMAL, ""),
    ("After", _DECIMAL, ""),
)
Columns = tuple[tuple[str, CellKind, str], ...]


def sheet_columns(columns: Columns) -> list[SheetColumn]:
    """Columns as a workbook has them."""
    return [SheetColumn(title, kind) for title, kind, _ in columns]


def in_units(minor: int, currency: str) -> Decimal:
    """An amount in units of its currency, with all its decimals."""
    units = money.minor_per_unit(currency)
    return (Decimal(minor) / units).quantize(Decimal(1) / units)


def _amounts(sums: Sums, currency: str) -> list[Decimal]:
    values = (
        *(sums.gross, sums.refund, sums.fee, sums.net, sums.payout, sums.paid_out),
        *(sums.income, sums.owed, sums.passes_sold),
    )
    return [in_units(value, currency) for value in values]


def movement_cells(row: Row, zone: str) -> list[Any]:
    """A row of the file, in the order of MOVEMENT_COLUMNS."""
    return [
        clock.wall_time(row["at"], zone).date(),
        row["number"],
        row["discreet_name"],
        reading.number_of(row["circle_id"]) if row["circle_id"] else "",
        kind_name(row["kind"]),
        row["currency"],
        *_amounts(Sums.of(row), row["currency"]),
        row["reference"],
        row["id"],
    ]


def circle_cells(month: Iterable[Summary]) -> Iterator[list[Any]]:
    """The rows by circle, and a last one with the total of each currency, in the order of CIRCLE_COLUMNS."""
    for summary in month:
        for part in summary.circles:
            yield [
                *(part.discreet_name, part.number, summary.currency, part.sums.entries),
                *_amounts(part.sums, summary.currency),
            ]
        yield [
            *("Total", "", summary.currency, summary.sums.entries),
            *_amounts(summary.sums, summary.currency),
        ]


def account_cells(month: Iterable[Summary]) -> Iterator[list[Any]]:
    """What accounts held, in the order of ACCOUNT_COLUMNS."""
    for summary in month:
        for account in summary.accounts:
            amounts = (account.before, account.change, account.after)
            yield [
                account.name,
                summary.currency,
                *(in_units(amount, summary.currency) for amount in amounts),
            ]
