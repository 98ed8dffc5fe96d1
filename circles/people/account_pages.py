"""The page of one's own account: name, zone, what facilitators show, access needs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import zone_choices
from circles.base.errors import Refused
from circles.people import actions, rules
from circles.people.queries import profiles
from circles.people.rules import Person, Profile
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("people/people")


async def account(request: Request) -> Response:
    return await _account(request)


async def _account(
    request: Request, form: Form | None = None, credential_form: Form | None = None
) -> Response:
    """The page; of its two forms, the one that was refused keeps what was typed."""
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        profile = (await profiles(tx, [person.id]))[person.id]
        chosen = await SQL.reminders(tx, id=person.id)
    return render.page(
        request,
        "people/account.html",
        422 if form or credential_form else 200,
        form=form or Form(_values(profile, person)),
        credential_form=credential_form or Form(),
        credentials=profile.credentials,
        picture=profile.picture,
        zones=[("", "Not said"), *zone_choices.choices(form.value("zone") if form else person.zone)],
        clocks=list(rules.CLOCKS.items()),
        reminders=Form(_reminder_values(chosen)),
    )


def _values(profile: Profile, person: Person) -> dict[str, str]:
    return {
        "name": profile.name,
        "pronouns": profile.pronouns,
        "zone": person.zone,
        "clock": str(person.clock_hours) if person.clock_chosen else "",
        "about": profile.about,
        "approach": profile.approach,
        "languages": profile.languages,
    }


def _reminder_values(chosen: db.Record | None) -> dict[str, str]:
    """The ticks of the form of reminders."""
    kinds = [name for name in ("day", "hour") if chosen and chosen[f"remind_{name}"]]
    return {"kinds": ",".join(kinds), "alarms": "on" if chosen and chosen["calendar_alarms"] else ""}


async def choose_reminders(request: Request) -> Response:
    form = await Form.read(request)
    kinds = form.value("kinds").split(",")
    await actions.choose_reminders(
        access.context(request),
        request.state.person,
        day="day" in kinds,
        hour="hour" in kinds,
        alarms=form.checked("alarms"),
    )
    return render.see_other("/me#reminders", notice="Your choice of reminders is kept.")


async def change_account(request: Request) -> Response:
    form = await Form.read(request)
    name, pronouns = rules.read_name(form, required=True)
    zone = form.take(lambda: rules.parse_zone(form.value("zone")), "")
    hours = form.take(lambda: rules.parse_clock(form.value("clock")))
    about = form.body("about", max_length=2000, required=False)
    approach = form.body("approach", max_length=3000, required=False)
    languages = form.take(lambda: rules.parse_languages(form.value("languages")), "")
    if not form.ok:
        return await _account(request, form=form)
    await actions.change_profile(
        access.context(request),
        request.state.person,
        name=name,
        pronouns=pronouns,
        zone=zone,
        clock_hours=hours,
        about=about,
        approach=approach,
        languages=languages,
    )
    response = render.see_other("/me", notice="Your changes are kept.")
    if zone:
        cookies.set_zone(response, access.context(request).settings, zone)
    return response


async def add_credential(request: Request) -> Response:
    form = await Form.read(request)
    values = rules.read_credential(form)
    if form.ok:
        try:
            await actions.add_credential(access.context(request), request.state.person, **values)
            return render.see_other("/me#training", notice="Added.")
        except Refused as refused:
            form.add(refused.reasons)
    return await _account(request, credential_form=form)


async def delete_credential(request: Request) -> Response:
    await actions.delete_credential(access.context(request), request.state.person, access.path_id(request))
    return render.see_other("/me#training", notice="Taken away.")


async def access_needs_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        needs = await SQL.access_needs(tx, id=request.state.person.id)
    return render.page(request, "people/access_needs.html", form=Form({"needs": needs}))


async def set_access_needs(request: Request) -> Response:
    form = await Form.read(request)
    needs = form.body("needs", max_length=rules.MAX_NEEDS, required=False)
    if not form.ok:
        return render.page(request, "people/access_needs.html", 422, form=form)
    await actions.set_access_needs(access.context(request), request.state.person, needs)
    return render.see_other("/me", notice="Kept. Your hosts see it." if needs else "Your hosts see nothing.")
