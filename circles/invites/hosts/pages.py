"""The page on which a host chooses how what they host comes into their calendar."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.invites import feeds
from circles.invites.hosts import actions
from circles.web import access, render
from circles.web.encoding import compression
from circles.web.forms import Form


async def calendar(request: Request) -> Response:
    context, actor = access.context(request), request.state.person
    compression.send_as_it_is(request)  # the page holds the address of the feed, which is a key
    async with context.db.reading() as tx:
        feed, row = await feeds.hosting_feed_and_choices(context, tx, actor.id)
    values = {
        "mail": "on" if row["hosting_mail"] else "",
        "feed": "within" if row["hosting_within"] else "own",
    }
    return render.page(
        request, "invites/host_calendar.html", form=Form(values), feed=feed, row=row, has_feed=row["number"]
    )


async def choose(request: Request) -> Response:
    """POST: by mail or not, and in which feed."""
    form, actor = await Form.read(request), request.state.person
    by_mail = form.checked("mail")
    await actions.choose(
        access.context(request), actor, by_mail=by_mail, within=form.value("feed") == "within"
    )
    notice = "What you host comes by mail." if by_mail else "What you host does not come by mail."
    return render.see_other("/host/calendar", notice=f"Kept. {notice}")
