"""Mail to hosts and to those invited to host: invitations, and one line of news."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from circles import people
from circles.base.clock import Viewer
from circles.base.errors import Refused
from circles.hosting.hosts import rules
from circles.hosting.hosts.rules import Host
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("hosting/hosts")

DAY = timedelta(days=1)

# One line of news that names a time, for the clock of its reader.
News = Callable[[Viewer], str]


class Gathering(Protocol):
    """The one gathering that a stand-in is invited to host."""

    @property
    def id(self) -> UUID: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def zone(self) -> str: ...


async def _count_invitation(tx: db.Tx, context: Context, actor: Person) -> None:
    key = f"host invitation {actor.id}"
    if not await limits.allow(tx, context.settings, key, rules.MAX_INVITATIONS_A_DAY, DAY):
        raise Refused(rules.too_often())


async def invite(
    tx: db.Tx,
    context: Context,
    actor: Person,
    circle_id: UUID,
    discreet_name: str,
    *,
    part: str,
    email: str,
    gathering: Gathering | None = None,
) -> UUID:
    """Store an invitation and mail its link. Returns its id. Raises Refused above MAX_INVITATIONS_A_DAY of a host."""
    await _count_invitation(tx, context, actor)
    token = secrets.token_urlsafe(32)
    row = await SQL.insert_invitation(
        tx,
        circle_id=circle_id,
        gathering_id=gathering.id if gathering else None,
        email=email,
        part=part,
        token_hash=people.fingerprint(token),
        actor_id=actor.id,
        lasts=rules.INVITATION_LASTS,
    )
    await audit.record(tx, "host.invited", row["id"], actor_id=actor.id, after="open", details={"part": part})
    await mail.send(
        tx,
        context.settings,
        "host_invitation",
        to=email,
        subject=f"{discreet_name}: an invitation to you",
        circle=discreet_name,
        inviter=actor.name,
        part=part,
        useful_until=row["expires_at"],
        gathering=gathering,
        until=row["expires_at"],
        link=f"{context.settings.base_url}/host/invitations/{token}",
    )
    return row["id"]


async def notify(
    tx: db.Tx, context: Context, to: Host | Person, discreet_name: str, text: str | News
) -> None:
    """Mail one line of news to a host, under the discreet name."""
    if not isinstance(text, str):
        text = text(await mail.viewer_of(tx, to.id))
    await mail.send(
        tx,
        context.settings,
        "host_news",
        to=to.email,
        to_name=to.name,
        person_id=to.id,
        subject=f"{discreet_name}: news for its hosts",
        circle=discreet_name,
        text=text,
        link=f"{context.settings.base_url}/host",
    )


async def notify_hosts(
    tx: db.Tx,
    context: Context,
    circle_id: UUID,
    actor: Person | None,
    text: str | News,
    *,
    but_for: UUID | None = None,
    gathering_id: UUID | None = None,
) -> int:
    """Mail one line of news to the lead and the co-facilitators of a circle, but for the actor (None: the site itself).

    but_for: another host who knows it already. gathering_id: its stand-in reads it too. Returns how many were told.
    """
    actor_id = actor.id if actor else None
    hosts = await db.rows(SQL.hosts_to_notify(tx, circle_id=circle_id, actor_id=actor_id))
    stand_in = await SQL.stand_in_to_notify(tx, gathering_id=gathering_id) if gathering_id else None
    told = [
        row for row in [*hosts, *([stand_in] if stand_in else [])] if row["id"] not in (but_for, actor_id)
    ]
    for row in told:
        await notify(tx, context, Host(row["id"], row["name"], row["email"]), row["discreet_name"], text)
    return len(told)
