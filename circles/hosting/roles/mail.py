"""Mail about roles to the person whose role changes, or who asked for one."""

from __future__ import annotations

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import join_names
from circles.hosting.roles import rules
from circles.hosting.roles.rules import RoleChange
from circles.people import Person
from circles.store import db, mail
from circles.store.context import Context


async def notify_person(tx: db.Tx, context: Context, actor: Person, change: RoleChange, path: str) -> None:
    """Mail somebody that they have a role or lost it, and what ends with it."""
    person = change.person
    await send_news(tx, context, person, news_lines(change, actor.name, person.viewer), path)


def news_lines(change: RoleChange, actor_name: str, viewer: Viewer) -> list[str]:
    """What the person is told of a change, a sentence or two each."""
    noun = rules.NOUNS[change.role]
    if change.on:
        lines = [f"{actor_name} made you {noun}. You can {rules.MAY[change.role]}."]
        if change.role == "facilitator":
            lines.append("Your training and pronouns, as your account has them, show beside what you host.")
        return lines
    lines = [f"{actor_name} changed your account: you are no longer {noun} here."]
    names = [f"“{circle.discreet_name}”" for circle in change.circles]
    if names:
        lines.append(f"You no longer host {join_names(names)}. Those with a seat are told by mail.")
    for stand_in in change.stand_ins:
        when = clock.format_when(stand_in.starts_at, stand_in.zone, viewer)
        lines.append(f"Others host “{stand_in.discreet_name}” of {when}, so you do not have to.")
    lines.append("Your own seats stay as they are. If you think this is a mistake, write to the organizers.")
    return lines


async def send_news(tx: db.Tx, context: Context, to: Person, lines: list[str], path: str) -> None:
    """Mail somebody about their account."""
    await mail.send(
        tx,
        context.settings,
        "role_news",
        to=to.email,
        to_name=to.name,
        person_id=to.id,
        subject="About your account",
        lines=lines,
        link=f"{context.settings.base_url}{path}",
    )
