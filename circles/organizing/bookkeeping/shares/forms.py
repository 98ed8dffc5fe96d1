"""The form of what the community keeps: filled with terms, and read."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from circles.base import clock, money, reading
from circles.base.errors import Reason
from circles.payments import shares
from circles.web.forms import Form

# A preview holds for the values of these fields.
FIELDS = ("kind", "percent", "flat", "at_most", "starts_on")


def values_of(
    terms: shares.ShareTerms | None, currency: str, starts_on: date, basis: UUID | None
) -> dict[str, str]:
    """The values of a form that shows these terms. basis: the version that was set last."""
    values = {
        "kind": "terms" if terms else "none",
        "starts_on": starts_on.isoformat(),
        "basis": str(basis or ""),
    }
    if terms:
        values["percent"] = f"{terms.percent / 100:g}"
        values["flat"] = money.format_plain(terms.flat, currency) if terms.flat else ""
        values["at_most"] = money.format_plain(terms.at_most, currency) if terms.at_most is not None else ""
    return values


def read(form: Form, circle_id: UUID | None, currency: str) -> shares.NewTerms:
    """What is to be set. Raises Refused with every reason."""
    kind = form.choice("kind", ("terms", "none"), "Please choose one of the two.")
    terms = _read_terms(form, currency) if kind == "terms" else None
    starts_on = form.take(lambda: clock.parse_date(form.value("starts_on"), "starts_on"), date.min)
    reason = form.line("reason", max_length=shares.MAX_REASON, required=False)
    form.raise_refusals()
    basis = reading.uuid_or_none(form.value("basis"))
    return shares.NewTerms(circle_id, currency, terms, starts_on, reason, basis)


def _read_terms(form: Form, currency: str) -> shares.ShareTerms:
    typed = {name: form.value(name).strip() for name in ("percent", "flat", "at_most")}
    if not typed["percent"] and not typed["flat"]:
        text = "Please give a percentage, an amount for each seat, or both. Each may be 0."
        form.add(Reason("terms_empty", text, "percent"))
    percent = form.take(lambda: shares.parse_percent(typed["percent"]), 0) if typed["percent"] else 0
    flat = form.take(lambda: money.parse(typed["flat"], currency, "flat"), 0) if typed["flat"] else 0
    at_most = (
        form.take(lambda: money.parse(typed["at_most"], currency, "at_most")) if typed["at_most"] else None
    )
    return shares.ShareTerms(percent, flat, at_most)


def preview_key(form: Form) -> str:
    """What a preview was made of: it is set only as it was shown."""
    return "|".join(form.value(name).strip() for name in FIELDS)
