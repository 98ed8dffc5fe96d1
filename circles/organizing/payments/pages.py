"""The organizers' pages of payments: the list with its search and sums, one payment, and what is done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, money, reading
from circles.base.clock import Viewer
from circles.base.errors import Refused, or_not_found
from circles.organizing.bookings import queries as bookings_queries
from circles.organizing.payments import actions, queries, rules
from circles.organizing.payments.queries import Payment
from circles.payments import why_waits
from circles.web import access, cookies, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager
from circles.web.sent import searched


async def search(request: Request) -> Response:
    """POST: lead to the payments that match. A name is typed, so it is not sent in an address."""
    form = await Form.read(request)
    text = form.line("q", max_length=100, required=False)
    sealed = searched.sealed(request, text)
    chosen, reasons = rules.read_filter(
        form.values | {"page": "", "after": ""}, text, cookies.viewer(request).zone, sealed=sealed
    )
    if not form.add(reasons).ok:
        return await _list(request, form, chosen, is_over=False)
    return render.see_other(chosen.url(Window()))


async def payments(request: Request) -> Response:
    text = searched.opened(request)
    sealed = request.query_params.get(searched.FIELD, "")
    chosen, reasons = rules.read_filter(
        request.query_params, text, cookies.viewer(request).zone, sealed=sealed
    )
    typed = {
        "q": chosen.text,
        "from": str(chosen.first or ""),
        "to": str(chosen.last or ""),
        "state": chosen.state,
        "circle": str(chosen.circle or ""),
    }
    return await _list(request, Form(typed).add(reasons), chosen, is_over=bool(sealed) and not text)


async def _list(request: Request, form: Form, chosen: rules.PaymentsFilter, *, is_over: bool) -> Response:
    async with access.context(request).db.reading() as tx:
        page = await queries.page(tx, chosen)
        choices = await bookings_queries.circle_choices(tx, [chosen.circle] if chosen.circle else [])
    states = rules.STATES if chosen.text else rules.ARRIVED
    return render.page(
        request,
        "organizing/payments/payments.html",
        200 if form.ok else 422,
        payments=page.rows,
        totals=page.totals,
        is_cut=page.is_cut,
        form=form,
        is_over=is_over,
        is_filtered=any(form.values.get(name) for name in ("q", "from", "to", "state", "circle")),
        states=[("", "All states"), *((state, rules.STATE_NAMES[state]) for state in states)],
        circles=[("", "All circles"), *choices.circles],
        are_all=choices.are_all,
        state_names=rules.STATE_NAMES,
        pager=long_pager(
            chosen.window, [row["id"] for row in page.rows], page.total, rules.PER_PAGE, chosen.url
        ),
    )


# One payment


async def payment(request: Request) -> Response:
    shown = await _read(request)
    return _page(request, shown, _refund_form(shown), _note_form())


async def _read(request: Request) -> Payment:
    async with access.context(request).db.reading() as tx:
        return await queries.payment(tx, access.path_id(request))


def _refund_form(shown: Payment) -> Form:
    return Form({"id": str(uuid4()), "left": str(shown.left), "what": "all"})


def _note_form() -> Form:
    return Form({"id": str(uuid4())})


def _page(request: Request, shown: Payment, form: Form, note_form: Form) -> Response:
    actor_id = request.state.person.id
    others = [id for id in shown.row["organizers"] or [] if id != actor_id]
    return render.page(
        request,
        "organizing/payments/payment.html",
        200 if form.ok and note_form.ok else 422,
        payment=shown.row,
        lines=shown.lines,
        story=shown.story,
        left=shown.left,
        form=form,
        part_options=_part_options(shown, cookies.viewer(request)),
        note_form=note_form,
        may_free=any(line["may_be_freed"] for line in shown.lines),
        needs_second=rules.needs_second(shown.parts, actor_id, others=len(others)),
        is_asker=shown.row["asked_by"] == actor_id,
        why_waits=why_waits,
        disputed=rules.DISPUTED.text,
        nothing_left=rules.NOTHING_LEFT.text,
        state_names=rules.STATE_NAMES,
    )


def _part_options(shown: Payment, viewer: Viewer) -> list[tuple[str, str]]:
    """The choice of one of several bookings, with what is left of each."""
    currency = shown.row["currency"]
    options = [("", f"All of them, {money.format_amount(shown.left, currency)} left")]
    for line in shown.lines:
        left = money.format_amount(line["left_over"], currency)
        when = clock.format_short(line["starts_at"], line["zone"], viewer) if line["starts_at"] else ""
        options.append((str(line["id"]), f"{reading.number_of(line['id'])}, {when}, {left} left"))
    return options


async def refund(request: Request) -> Response:
    """POST: send money back, or ask another organizer to agree to it."""
    form, shown = await Form.read(request), await _read(request)
    wish = rules.read_refund(form, shown.row["currency"], shown.parts, form.creation_id())
    if wish is not None:
        context, actor = access.context(request), request.state.person
        try:
            state = await actions.refund(context, actor, shown.row["id"], wish)
        except Refused as refused:
            form.add(refused.reasons)
            shown = await _read(request)
        else:
            return render.see_other(_path(shown.row["id"]), notice=_NOTICES.get(state, _NOTICES["done"]))
    form.values["left"] = str(shown.left)
    return _page(request, shown, form, _note_form())


_NOTICES = {
    "done": "It goes out now, and the member is told.",
    "asked": "Another organizer is asked to agree. Nothing goes out before.",
    "declined": "It was declined. Nothing goes out.",
    "withdrawn": "It was withdrawn. Nothing goes out.",
}

Decide = Callable[[Request, UUID], Awaitable[UUID]]


def _decision(decide: Decide, notice: str) -> Callable[[Request], Awaitable[Response]]:
    """POST: decide about a refund that waits for a second organizer."""

    async def handler(request: Request) -> Response:
        form = await Form.read(request)
        asked = or_not_found(reading.uuid_or_none(form.value("asked")))
        try:
            payment_id = await decide(request, asked)
        except Refused as refused:
            shown = await _read(request)
            return _page(request, shown, _refund_form(shown).add(refused.reasons), _note_form())
        return render.see_other(_path(payment_id), notice=notice)

    return handler


async def _agree(request: Request, asked: UUID) -> UUID:
    return await actions.agree(access.context(request), request.state.person, asked)


async def _decline(request: Request, asked: UUID) -> UUID:
    return await actions.decline(access.context(request), request.state.person, asked)


agree = _decision(_agree, _NOTICES["done"])
decline = _decision(_decline, "Nothing goes out.")


async def write_note(request: Request) -> Response:
    form = await Form.read(request)
    payment_id, key = access.path_id(request), form.creation_id()
    body = rules.read_note(form)
    if not form.ok:
        shown = await _read(request)
        return _page(request, shown, _refund_form(shown), form)
    await actions.write_note(access.context(request), request.state.person, payment_id, key, body)
    return render.see_other(_path(payment_id), notice="Noted.")


def _path(payment_id: UUID) -> str:
    return f"/organize/payments/{payment_id}"
