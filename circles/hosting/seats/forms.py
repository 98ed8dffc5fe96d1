"""Forms of seats: what a host or an organizer typed, read with every reason at once."""

from __future__ import annotations

from circles import bookings, payments, people
from circles.base import text
from circles.base.errors import Reason
from circles.web.forms import Form

REFUND_CHOICES = (
    ("all", "All of what they paid", ""),
    ("terms", "What the terms of the circle say today", ""),
    ("none", "Nothing", "For example because you settled it in another way."),
)
CASH_KINDS = (
    ("received", "They paid this much in cash", ""),
    ("given_back", "They were given this much back in cash", ""),
    ("correction", "The right sum is this, what is noted is wrong", "Write below why."),
)


def read_gift(form: Form, currency: str) -> bookings.Gift | None:
    """A seat to give; None where something is refused, which the form then says."""
    email = form.take(lambda: people.parse_address(form.value("email")))
    name = form.take(lambda: people.parse_name(form.value("name")))
    how = form.value("how")
    if how not in ("free", "cash"):
        form.add(Reason("how", "Please say whether it is free or paid in cash.", "how"))
    cash = (form.take(lambda: _parse_cash(form.value("cash"), currency)) or 0) if how == "cash" else 0
    if not form.ok or not email or not name:
        return None
    return bookings.Gift(form.creation_id(), email, name, cash, over=form.checked("over"))


def _parse_cash(typed: str, currency: str) -> int:
    return payments.parse_cash(typed, currency, instead=", or choose that the seat costs nothing")


def read_taking_off(form: Form) -> bookings.TakenOff | None:
    """How somebody is taken off; None where something is refused."""
    refund = form.value("refund")
    if refund not in dict.fromkeys(choice[0] for choice in REFUND_CHOICES):
        form.add(Reason("refund", "Please choose what comes back.", "refund"))
    message = form.take(
        lambda: text.body(form.value("message"), "message", max_length=bookings.MAX_MESSAGE, required=False)
    )
    note = read_note(form)
    if not form.ok:
        return None
    return bookings.TakenOff(
        form.creation_id(), refund, message or "", note, cash_back=form.checked("cash_back")
    )


def read_note(form: Form, field: str = "left_note") -> str:
    """A short note, one line."""
    return form.take(
        lambda: text.line(form.value(field), field, max_length=bookings.MAX_LEFT_NOTE, required=False), ""
    )
