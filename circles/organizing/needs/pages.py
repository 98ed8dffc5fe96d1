"""The organizers' pages of what was given up: jobs, and mail that did not arrive."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound, Refused
from circles.organizing.needs import repairs
from circles.organizing.needs.job_words import mail_words
from circles.web import access, render
from circles.web.forms import Form

JOBS, MAIL = "/organize/jobs", "/organize/mail"

# What became of mail that did not arrive: by its state, and by why its address does not take mail.
STATES = {"refused": "Its address refused it.", "expired": "It was not taken in five days."}
REASONS = {"full": "The mailbox is full.", "refused": "The address takes no mail."}


async def jobs(request: Request) -> Response:
    """GET: the jobs that were given up."""
    return await _jobs_page(request, Form())


async def _jobs_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await repairs.given_up(tx)
    return render.page(
        request,
        "organizing/needs/jobs.html",
        200 if form.ok else 422,
        form=form,
        jobs=rows[: repairs.MAX_LISTED],
        has_more=len(rows) > repairs.MAX_LISTED,
        most=repairs.MAX_REASON,
    )


def _job_id(form: Form) -> int:
    """The number of a job in the queue. Raises NotFound."""
    typed = form.value("job")
    if not typed.isdecimal() or len(typed) > 18:
        raise NotFound
    return reading.whole_number(typed, 0)


async def retry_job(request: Request) -> Response:
    form = await Form.read(request)
    was_there = await repairs.retry_job(access.context(request), request.state.person, _job_id(form))
    notice = "A worker tries it again now." if was_there else "It was tried again or let be already."
    return render.see_other(JOBS, notice=notice, kind="good" if was_there else "calm")


async def drop_job(request: Request) -> Response:
    form = await Form.read(request)
    try:
        was_there = await repairs.drop_job(
            access.context(request), request.state.person, _job_id(form), form.value("reason")
        )
    except Refused as refused:
        return await _jobs_page(request, form.add(refused.reasons))
    notice = "It is let be: nobody does it." if was_there else "It was tried again or let be already."
    return render.see_other(JOBS, notice=notice, kind="good" if was_there else "calm")


async def mail(request: Request) -> Response:
    """GET: the mail that did not arrive."""
    return await _mail_page(request, Form())


async def _mail_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        rows, waiting = await repairs.undelivered(tx)
    return render.page(
        request,
        "organizing/needs/mail.html",
        200 if form.ok else 422,
        form=form,
        mails=[
            (row, mail_words(row["kind"]), REASONS.get(row["because"], STATES.get(row["state"], "")))
            for row in rows[: repairs.MAX_LISTED]
        ],
        has_more=len(rows) > repairs.MAX_LISTED,
        waiting=waiting,
        most=repairs.MAX_REASON,
    )


async def send_again(request: Request) -> Response:
    try:
        await repairs.send_again(access.context(request), request.state.person, access.path_id(request))
    except Refused as refused:
        return await _mail_page(request, Form().add(refused.reasons))
    return render.see_other(MAIL, notice="It is on its way once more.")


async def let_be(request: Request) -> Response:
    form, mail_id = await Form.read(request), access.path_id(request)
    form.values["mail"] = str(mail_id)
    try:
        await repairs.let_be(access.context(request), request.state.person, mail_id, form.value("reason"))
    except Refused as refused:
        return await _mail_page(request, form.add(refused.reasons))
    return render.see_other(MAIL, notice="It is let be.")
