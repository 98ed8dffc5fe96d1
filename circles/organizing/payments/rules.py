"""The filter of the payments, what is left to send back of one, and why a refund by hand cannot be made. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import clock, money, reading
from circles.base.english import Labels
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.base.row import Row
from circles.web.paging import FIRST, Window
from circles.web.sent import searched

PER_PAGE: Final = 50
MIN_REASON, MAX_REASON = 3, 500
MAX_NOTE: Final = 1_000

# Of what arrived; see the view payment_sources.
ARRIVED: Final = ("paid", "part", "refunded", "waiting", "disputed", "lost")
STATES: Final = (*ARRIVED, "open", "unpaid")
STATE_NAMES: Final = Labels(
    {
        "paid": "Paid",
        "part": "Refunded in part",
        "refunded": "Refunded",
        "waiting": "Refund waits",
        "disputed": "Disputed",
        "lost": "Taken by a dispute",
        "open": "Not paid yet",
        "unpaid": "Never paid",
    }
)
ALWAYS, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


# The list


@dataclass(frozen=True, slots=True)
class PaymentsFilter:
    """The filter of the list: text in a name, a number or an id; days on the viewer's calendar; a state; a circle.

    sealed: the text as it is in the address (web.sent.searched).
    """

    text: str = ""
    sealed: str = ""
    first: date | None = None
    last: date | None = None
    zone: str = ""
    state: str = ""
    circle: UUID | None = None
    window: Window = FIRST

    @property
    def states(self) -> list[str]:
        """The states that it shows. A list without a search has what arrived."""
        if self.state:
            return [self.state]
        return list(STATES if self.text else ARRIVED)

    @property
    def since(self) -> datetime:
        return _midnight(self.first, self.zone) if self.first else ALWAYS

    @property
    def until(self) -> datetime:
        return _midnight(self.last + timedelta(days=1), self.zone) if self.last else NEVER

    def url(self, window: Window) -> str:
        """The address of a part of this list. What is searched goes by its number, the rest after a row."""
        place = replace(window, after=None) if self.text else window
        pairs = [
            (searched.FIELD, self.sealed),
            ("from", str(self.first or "")),
            ("to", str(self.last or "")),
            ("state", self.state),
            ("circle", str(self.circle or "")),
            *place.pairs,
        ]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"/organize/payments?{query}" if query else "/organize/payments"


def read_filter(
    values: Mapping[str, str], text: str, zone: str, *, sealed: str = ""
) -> tuple[PaymentsFilter, list[Reason]]:
    """The filter of an address or a form, with every reason against it; what is wrong is left out."""
    reader = Reader(dict(values))
    first, last = _day(reader, "from"), _day(reader, "to")
    reasons = list(reader.reasons)
    if first and last and last < first:
        reasons.append(Reason("dates_order", "The last day cannot be before the first.", "to"))
        first = last = None
    state = values.get("state", "")
    window = Window.read({"page": values.get("page", "")}, PER_PAGE) if text else _after(values)
    return PaymentsFilter(
        text,
        sealed if text else "",
        first,
        last,
        zone,
        state if state in (STATES if text else ARRIVED) else "",
        reading.uuid_or_none(values.get("circle", "")),
        window,
    ), reasons


def _after(values: Mapping[str, str]) -> Window:
    window = Window.read(values, PER_PAGE)
    return window if window.after else FIRST


def _day(reader: Reader, field: str) -> date | None:
    typed = reader.value(field).strip()
    return reader.take(lambda: clock.parse_date(typed, field), None) if typed else None


def _midnight(day: date, zone: str) -> datetime:
    return clock.moment(datetime.combine(day, time.min), zone or "UTC").utc


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time as whole days (UTC), of which sums are kept, and the parts of days before and after them.

    last_day is not in it. edges: (since, until), at most two.
    """

    first_day: date
    last_day: date
    edges: tuple[tuple[datetime, datetime], ...]


def span_of(since: datetime, until: datetime) -> Span:
    """How a span of time is summed up: together its days and edges are all of it, and no moment twice."""
    begin, end = _next_midnight(since), _midnight(until.astimezone(UTC).date(), "UTC")
    if begin >= end:
        return Span(ALWAYS.date(), ALWAYS.date(), ((since, until),) if since < until else ())
    edges = tuple(edge for edge in ((since, begin), (end, until)) if edge[0] < edge[1])
    return Span(begin.date(), end.date(), edges)


def _next_midnight(at: datetime) -> datetime:
    midnight = _midnight(at.astimezone(UTC).date(), "UTC")
    return midnight if midnight == at else midnight + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of payments in one currency, in minor units. without_fee: of how many the fee is not read yet."""

    currency: str
    payments: int
    gross: int
    refunded: int
    taken: int
    waiting: int
    fee: int
    without_fee: int

    @classmethod
    def of(cls, row: Row) -> Totals:
        names = ("payments", "gross", "refunded", "taken", "waiting", "fee", "without_fee")
        return cls(row["currency"], *(int(row[name]) for name in names))

    @property
    def net(self) -> int:
        """What is left of them: less what went back, what disputes took, and Stripe's fees as far as they are known."""
        return self.gross - self.refunded - self.taken - self.fee


# Refunds by hand


OVER: Final = Reason("over", "This was decided already, so nothing was changed.")
NOT_BY_YOURSELF: Final = Reason(
    "own", "You asked for this refund of your own payment, so another organizer has to agree."
)
DISPUTED: Final = Reason(
    "disputed",
    "A bank looks into a dispute of this payment. It may take the money back by itself, so nothing is sent back until "
    "it has decided; else it could go back twice.",
)
NOTHING_LEFT: Final = Reason(
    "nothing_left", "Nothing is left to send back: it went back, is on its way, or a dispute took it."
)
ASKED_ALREADY: Final = Reason(
    "asked",
    "Another refund of this payment waits for a second organizer. Please decide about that one first.",
)


_NO_REASON: Final = Reason("no_reason", "Please say in a few words why.", "reason")
_ALL_AND_AMOUNT: Final = Reason(
    "all_and_amount",
    "You gave an amount, and chose all that is left. Please choose “A part of it”, or take the amount away.",
    "amount",
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a payment pays: a booking or a pass. left: what can still be sent back of it, in minor units."""

    id: UUID
    left: int
    person_id: UUID
    may_be_freed: bool = False

    @classmethod
    def of(cls, row: Row) -> Part:
        return cls(row["id"], row["left_over"], row["person_id"], row["may_be_freed"])


@dataclass(frozen=True, slots=True)
class HandRefund:
    """A refund that an organizer asks for.

    part: of that booking or pass alone, None: of the whole payment. amount: minor units, None: all that is left. shown:
    what was left when they looked. note: what the member reads of it.
    """

    key: UUID
    part: UUID | None
    amount: int | None
    shown: int
    reason: str
    note: str = ""
    frees_seat: bool = False


def left_of(parts: Sequence[Part], part: UUID | None) -> int:
    """What can still be sent back, of one part of a payment or of all of it."""
    return sum(each.left for each in parts if part in (None, each.id))


def shares_of(parts: Sequence[Part], part: UUID | None, amount: int) -> list[tuple[UUID, int]]:
    """How much of a refund is of which part of the payment, none more than what is left of it.

    Of the whole payment, the last part comes first, since its evening is the farthest.
    """
    shares, rest = [], amount
    for each in reversed(parts):
        share = min(rest, each.left) if part in (None, each.id) else 0
        if share > 0:
            shares.append((each.id, share))
            rest -= share
    return shares


def read_refund(form: Reader, currency: str, parts: Sequence[Part], key: UUID) -> HandRefund | None:
    """The refund of a form; None where something is refused, which the form then says."""
    part = _read_part(form, parts)
    amount = None
    if form.one("what", ("all", "part"), "Please choose how much goes back.") == "part":
        amount = form.take(lambda: money.parse(form.value("amount"), currency)) or 0
        if form.ok and amount == 0:
            form.add(Reason("nothing", "Please give an amount above 0.", "amount"))
        if part is None and len(parts) > 1:
            form.add(Reason("which", "Please choose the booking that this amount is of.", "part"))
    elif form.value("what") != "all":
        form.add(Reason("what", "Please choose how much goes back.", "what"))
    elif form.value("amount").strip():
        form.add(_ALL_AND_AMOUNT)
    reason = form.body("reason", max_length=MAX_REASON, required=False)
    if len(reason) < MIN_REASON and len(form.value("reason").strip()) <= MAX_REASON:
        form.add(_NO_REASON)
    note = form.body("note", max_length=MAX_NOTE, required=False)
    if not form.ok:
        return None
    shown, frees_seat = reading.whole_number(form.value("left"), -1), form.value("frees_seat") == "on"
    return HandRefund(key, part, amount, shown, reason, note, frees_seat)


def _read_part(form: Reader, parts: Sequence[Part]) -> UUID | None:
    typed = form.value("part")
    if not typed or len(parts) == 1:
        return parts[0].id if len(parts) == 1 else None
    part = reading.uuid_or_none(typed)
    if part not in {each.id for each in parts}:
        form.add(Reason("part", "Please choose one of the bookings of this payment.", "part"))
    return part


def refund_refusals(
    wish: HandRefund, parts: Sequence[Part], currency: str, *, is_disputed: bool, is_asked: bool
) -> Iterator[Reason]:
    """Why a refund by hand cannot be made of a locked payment."""
    left, whole = left_of(parts, wish.part), left_of(parts, None)
    if is_disputed:
        yield DISPUTED
    if is_asked:
        yield ASKED_ALREADY
    if not left:
        yield NOTHING_LEFT
    elif wish.shown != whole:
        text = f"This changed since you looked: {money.format_amount(whole, currency)} is left of the payment now."
        yield Reason("changed", f"{text} Please look once more before you send anything back.")
    elif wish.amount is not None and wish.amount > left:
        text = f"No more than {money.format_amount(left, currency)} is left to send back."
        yield Reason("more_than_left", text, "amount")
    if wish.frees_seat and not any(each.may_be_freed for each in parts if wish.part in (None, each.id)):
        text = "There is no seat ahead to free. Please take the tick away."
        yield Reason("no_seat", text, "frees_seat")


def agree_refusals(
    asked: Row, actor_id: UUID, parts: Sequence[Part], *, is_disputed: bool
) -> Iterator[Reason]:
    """Why a second organizer cannot agree to a refund that was asked for."""
    if asked["state"] != "asked":
        yield OVER
        return
    if asked["asked_by"] == actor_id:
        yield NOT_BY_YOURSELF
    if is_disputed:
        yield DISPUTED
    left = left_of(parts, asked["booking_id"])
    if left < asked["amount"]:
        amount = money.format_amount(left, asked["currency"])
        yield Reason(
            "more_than_left", f"Only {amount} is left by now. Please decline it; it can be asked anew."
        )


def needs_second(parts: Sequence[Part], actor_id: UUID, *, others: int) -> bool:
    """Whether another organizer has to agree: the payment is the actor's own, and there is another one."""
    return others > 0 and any(each.person_id == actor_id for each in parts)


def read_note(form: Reader) -> str:
    """A note beside a payment."""
    body = form.body("body", max_length=MAX_NOTE, required=False)
    if form.ok and not body:
        form.add(Reason("no_note", "Please write something.", "body"))
    return body
