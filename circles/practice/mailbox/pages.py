"""The practice mailbox, and signing in as a person of the demo community. Never in production."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from circles import people
from circles.base.errors import NotFound, or_not_found
from circles.practice.mailbox import rules
from circles.store import mail
from circles.store.db import Record
from circles.web import access, cookies, headers, render
from circles.web.forms import Form
from circles.web.sent import kept

# The first page of each demo person.
DEMO = {"mira": "/gatherings", "farid": "/host", "odile": "/organize"}


async def mailbox(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        mails = await mail.recent(tx)
    return render.page(request, "practice/mailbox/mailbox.html", mails=mails, sent_at=mail.sent_at_words)


async def one(request: Request) -> Response:
    """One mail: its headers as they would go out, its HTML in a frame, its text, its calendar part."""
    row = await _mail(request)
    settings = access.context(request).settings
    calendar = row["calendar"] or ""
    return render.page(
        request,
        "practice/mailbox/mail.html",
        mail=row,
        headers=[(name, str(value)) for name, value in mail.message(settings, row).items()],
        links=rules.links(row["text_body"], settings.base_url),
        facts=rules.calendar_facts(calendar, cookies.viewer(request)),
        sent_at=mail.sent_at_words,
    )


async def _mail(request: Request) -> Record:
    async with access.context(request).db.reading() as tx:
        return or_not_found(await mail.one(tx, access.path_id(request)))


async def html(request: Request) -> Response:
    """A mail's HTML by itself, under a policy of its own, for the frame."""
    row = await _mail(request)
    return HTMLResponse(row["html_body"], headers={"Content-Security-Policy": headers.MAIL_CSP})


async def calendar(request: Request) -> Response:
    row = await _mail(request)
    if not row["calendar"]:
        raise NotFound
    return Response(
        row["calendar"],
        media_type=f"text/calendar; charset=utf-8; method={row['calendar_method']}",
        headers={"Content-Disposition": 'attachment; filename="invite.ics"'},
    )


async def sign_in(request: Request) -> Response:
    """Sign this browser in as a person of the demo community, who must exist."""
    context = access.context(request)
    name = (await Form.read(request)).value("who")
    if name not in DEMO:
        raise NotFound
    async with context.db.transaction() as tx:
        person = await people.by_email(tx, f"{name}@example.org")
        is_suspended = bool(person) and await people.is_suspended(tx, person.id)
        token = await people.start_sign_in(tx, person.id) if person and not is_suspended else ""
    if person is None:
        notice = f"{name.capitalize()} is not here: this database has no demo community."
        return render.see_other("/", notice=notice, kind="matters")
    if is_suspended:
        return render.see_other("/practice/mail", notice=f"{person.name} is suspended.", kind="matters")
    form = await kept.of(request, person.id)
    page = form.page if form else ""
    response = render.see_other(page or DEMO[name], notice=f"You are signed in as {person.name}.")
    kept.after(request, response)
    cookies.write(
        response, context.settings, access.SIGN_IN, token, int(people.SIGN_IN_LASTS.total_seconds())
    )
    return response
