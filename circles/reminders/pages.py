"""The page that a reminder links to: switch reminders off, or choose others, without a sign-in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles.base.errors import NotFound
from circles.reminders import actions, rules
from circles.web import access, render
from circles.web.encoding import compression
from circles.web.forms import Form

PATH = "/reminders/"
# The form field that mail programs send (RFC 8058, 3.2).
ONE_CLICK = "List-Unsubscribe"


async def show(request: Request) -> Response:
    """The choice and a button. A GET changes nothing: programs that check links open this page too."""
    context, token = access.context(request), request.path_params["token"]
    try:
        async with context.db.reading() as tx:
            choice = await actions.choice(context, tx, token)
    except NotFound:
        return render.page(request, "reminders/unknown.html", 404)
    compression.send_as_it_is(request)  # the page holds the key of its address
    values = {"kinds": ",".join(name for name in rules.KINDS if choice[f"remind_{name}"])}
    page = render.page(
        request,
        "reminders/choose.html",
        form=Form(values),
        token=token,
        choice=choice,
        text=rules.choice_text(choice),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


async def choose(request: Request) -> Response:
    """POST: none, or those that were ticked. Programs that send the header's request get a plain answer."""
    form, token = await Form.read(request), request.path_params["token"]
    wanted = form.value("kinds").split(",") if form.value("then") == "choose" else []
    try:
        await actions.choose(
            access.context(request), token, day=rules.DAY.name in wanted, hour=rules.HOUR.name in wanted
        )
    except NotFound:
        return render.page(request, "reminders/unknown.html", 404)
    if form.value(ONE_CLICK):  # RFC 8058, 3.1: no redirect
        return PlainTextResponse("You get no reminders by mail any more.")
    notice = "Kept." if wanted else "You get no reminders by mail any more."
    return render.see_other(f"/reminders/{token}", notice=notice)
