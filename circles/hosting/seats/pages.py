"""Pages of one person's seat for hosts and organizers: give, see, take off, move, cash, a note, the invite again."""

from __future__ import annotations

from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles import bookings
from circles.base import reading
from circles.base.errors import Reason, Refused
from circles.hosting.organize import acting
from circles.hosting.seats import actions, forms
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

given = bookings.given_seats


async def _asks_why(request: Request, tx: db.Tx, row: db.Record) -> bool:
    return await acting.asks_why(tx, request.state.person, row["circle_id"], row["part"])


async def _seat(request: Request, form: Form) -> db.Record:
    """The seat of a form that was sent; a reason that is asked for and missing is added to the form."""
    async with access.context(request).db.reading() as tx:
        row = await given.seat(tx, request.state.person, access.path_id(request))
        await _read_why(request, tx, form, row)
    return row


async def _read_why(request: Request, tx: db.Tx, form: Form, row: db.Record) -> None:
    if await _asks_why(request, tx, row):
        form.take(lambda: acting.read_reason(form.value("why")))


def _told(request: Request, form: Form, row: db.Record, did: str) -> actions.Also:
    return actions.told(access.context(request), request.state.person, row, form.value("why"), did)


async def seats(request: Request) -> Response:
    """GET: the seats of a gathering, who moved away from it and who left it."""
    async with access.context(request).db.reading() as tx:
        gathering, rows = await given.seats(tx, request.state.person, access.path_id(request))
        moved = await bookings.moved_away(tx, gathering["id"])
    return render.page(
        request,
        "hosting/seats/seats.html",
        gathering=gathering,
        moved=moved,
        seated=[row for row in rows if row["state"] == "confirmed"],
        left=[row for row in rows if row["state"] != "confirmed"],
    )


async def give_form(request: Request) -> Response:
    return await _give_page(request, Form({"id": str(uuid4()), "how": "free"}))


async def _give_page(request: Request, form: Form, *, preview: bookings.Gift | None = None) -> Response:
    async with access.context(request).db.reading() as tx:
        gathering, _ = await given.seats(tx, request.state.person, access.path_id(request))
        asks_why = await _asks_why(request, tx, gathering)
    return render.page(
        request,
        "hosting/seats/give.html",
        200 if form.ok else 422,
        form=form,
        gathering=gathering,
        preview=preview,
        asks_why=asks_why,
        asks="newcomers" in {reason.code for reason in form.reasons} or form.checked("over"),
    )


async def give(request: Request) -> Response:
    """POST: show what giving the seat does, and give it once that was seen."""
    form, gathering_id = await Form.read(request), access.path_id(request)
    async with access.context(request).db.reading() as tx:
        gathering, _ = await given.seats(tx, request.state.person, gathering_id)
        await _read_why(request, tx, form, gathering)
    gift = forms.read_gift(form, gathering["currency"])
    if gift is None:
        return await _give_page(request, form)
    if form.value("then") != "do":
        return await _give_page(request, form, preview=gift)
    try:
        told = _told(request, form, gathering, "gave somebody a seat")
        await given.give_seat(access.context(request), request.state.person, gathering_id, gift, also=told)
    except Refused as refused:
        return await _give_page(request, form.add(refused.reasons))
    return render.see_other(
        f"/host/gatherings/{gathering_id}/seats", notice=f"A seat is kept for {gift.name}."
    )


async def seat(request: Request) -> Response:
    return await _seat_page(request, Form())


async def _seat_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await given.seat(tx, request.state.person, access.path_id(request))
        asks_why = await _asks_why(request, tx, row)
    form.values.setdefault("id", str(uuid4()))
    form.values.setdefault("left_note", row["left_note"])
    return render.page(
        request,
        "hosting/seats/seat.html",
        200 if form.ok else 422,
        form=form,
        seat=row,
        asks_why=asks_why,
        kinds=forms.CASH_KINDS,
        cash=sum(one["amount"] for one in row["cash"]),
        ahead=row["starts_at"] > row["now"] and row["state"] == "confirmed",
    )


async def take_off_form(request: Request) -> Response:
    return await _take_off_page(request, Form({"id": str(uuid4()), "refund": "all"}))


async def _take_off_page(
    request: Request, form: Form, *, preview: bookings.TakenOff | None = None
) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await given.seat(tx, request.state.person, access.path_id(request))
        asks_why = await _asks_why(request, tx, row)
    return render.page(
        request,
        "hosting/seats/take_off.html",
        200 if form.ok else 422,
        form=form,
        seat=row,
        preview=preview,
        asks_why=asks_why,
        choices=forms.REFUND_CHOICES,
        refund_names={value: label for value, label, _ in forms.REFUND_CHOICES},
        refusals=bookings.take_off_refusals(row["state"], row["starts_at"], row["now"]),
        cash=sum(one["amount"] for one in row["cash"]),
    )


async def take_off(request: Request) -> Response:
    """POST: show what it does and who is told, and take them off once that was seen."""
    form, booking_id = await Form.read(request), access.path_id(request)
    row = await _seat(request, form)
    how = forms.read_taking_off(form)
    if how is None or form.value("then") != "do":
        return await _take_off_page(request, form, preview=how)
    try:
        told = _told(request, form, row, "took somebody off")
        await given.take_off(access.context(request), request.state.person, booking_id, how, also=told)
    except Refused as refused:
        return await _take_off_page(request, form.add(refused.reasons))
    return _to_seats(row, "They are off the list, and are told by mail.")


def _to_seats(row: db.Record, notice: str) -> Response:
    """Back to the seats of the gathering of a seat, as it was."""
    return render.see_other(f"/host/gatherings/{row['gathering_id']}/seats", notice=notice)


async def note_cash(request: Request) -> Response:
    form, booking_id = await Form.read(request), access.path_id(request)
    form.values["at"] = "cash"
    row, note = await _seat(request, form), forms.read_note(form, "note")
    try:
        if form.ok:
            await given.note_seat_cash(
                access.context(request),
                request.state.person,
                booking_id,
                form.creation_id(),
                form.value("kind"),
                form.value("cash"),
                note,
                also=_told(request, form, row, "noted cash for a seat"),
            )
            return render.see_other(f"/host/seats/{booking_id}", notice="Noted.")
    except Refused as refused:
        form.add(refused.reasons)
    return await _seat_page(request, form)


async def note_leaving(request: Request) -> Response:
    form, booking_id = await Form.read(request), access.path_id(request)
    form.values["at"] = "note"
    row, note = await _seat(request, form), forms.read_note(form)
    try:
        if form.ok:
            told = _told(request, form, row, "noted why somebody left")
            await given.note_leaving(
                access.context(request), request.state.person, booking_id, note, also=told
            )
            return render.see_other(f"/host/seats/{booking_id}", notice="Noted.")
    except Refused as refused:
        form.add(refused.reasons)
    return await _seat_page(request, form)


async def resend(request: Request) -> Response:
    form, booking_id = await Form.read(request), access.path_id(request)
    form.values["at"] = "invite"
    try:
        await actions.resend_invite(
            access.context(request), request.state.person, booking_id, why=form.value("why")
        )
    except Refused as refused:
        return await _seat_page(request, form.add(refused.reasons))
    return render.see_other(f"/host/seats/{booking_id}", notice="The invite is on its way once more.")


async def move_form(request: Request) -> Response:
    return await _move_page(request, Form())


async def _move_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await given.seat(tx, request.state.person, access.path_id(request))
        dates = await actions.dates_to_move_to(tx, row)
    to_id = reading.uuid_or_none(form.value("to"))
    if to_id and form.ok and to_id not in {date["id"] for date in dates}:
        text = "That date takes no seat any more. Please choose another one."
        form.add(Reason("date_gone", text, "to" if dates else ""))
    return render.page(
        request,
        "hosting/seats/move.html",
        200 if form.ok else 422,
        form=form,
        seat=row,
        dates=dates,
        preview=next((date for date in dates if date["id"] == to_id), None) if form.value("then") else None,
    )


async def move(request: Request) -> Response:
    """POST: show where the seat moves and who is told, and move it once that was seen."""
    form, booking_id = await Form.read(request), access.path_id(request)
    to_id: UUID | None = reading.uuid_or_none(form.value("to"))
    reason = forms.read_note(form, "reason")
    if to_id is None:
        form.add(Reason("date_unknown", "Please choose a date.", "to"))
    if not reason and not form.errors("reason"):
        form.add(Reason("no_reason", "Please write why, in one line: they read it in their mail.", "reason"))
    if not form.ok or to_id is None or form.value("then") != "do":
        return await _move_page(request, form)
    async with access.context(request).db.reading() as tx:
        row = await given.seat(tx, request.state.person, booking_id)
    try:
        # Who has the seat reads the reason; so do the hosts, where none was given for acting.
        form.values["why"] = reason
        await bookings.move_by_host(
            access.context(request),
            request.state.person,
            booking_id,
            to_id,
            reason=reason,
            also=_told(request, form, row, "moved a seat"),
        )
    except Refused as refused:
        return await _move_page(request, form.add(refused.reasons))
    return _to_seats(row, "Their seat is moved, and they are told by mail.")
