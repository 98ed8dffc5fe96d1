"""What is mailed to those who hold circles, or are asked to: invitations and one line of news."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from circles import people
from circles.base.errors import Refused
from circles.hosting.hosts import rules
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("hosting/hosts")


class Gathering(Protocol):
    """The one gathering somebody is asked to hold."""

    @property
    def id(self) -> UUID:
        """Which one."""
        ...

    @property
    def starts_at(self) -> datetime:
        """When it is."""
        ...

    @property
    def zone(self) -> str:
        """On whose clocks."""
        ...


async def within_limit(context: Context, person: Person) -> None:
    """Raise Refused for somebody who asked a great many people today."""
    if not await limits.allow(context, f"host invitation {person.id}", rules.MAX_A_DAY, timedelta(days=1)):
        raise Refused(rules.too_often())


async def ask(
    tx: db.Tx,
    context: Context,
    person: Person,
    circle_id: UUID,
    discreet: str,
    *,
    part: str,
    email: str,
    gathering: Gathering | None = None,
) -> UUID:
    """Write the invitation and the mail with its link. The link is stored as its hash."""
    token = secrets.token_urlsafe(32)
    asked = await SQL.invite(
        tx,
        circle_id=circle_id,
        gathering_id=gathering.id if gathering else None,
        email=email,
        part=part,
        token_hash=people.fingerprint(token),
        by=person.id,
        lasts=rules.INVITATION_LASTS,
    )
    await audit.record(
        tx, "host.invited", asked["id"], actor_id=person.id, after="open", details={"part": part}
    )
    await mail.send(
        tx,
        context.settings,
        "host_invitation",
        to=email,
        subject=f"{discreet}: an invitation to you",
        circle=discreet,
        inviter=person.name,
        part=part,
        gathering=gathering,
        until=asked["expires_at"],
        link=f"{context.settings.base_url}/host/invitations/{token}",
    )
    return asked["id"]


async def tell(
    tx: db.Tx, context: Context, to: str, name: str, person_id: UUID, discreet: str, said: str
) -> None:
    """One line of news to a host, under the discreet name."""
    await mail.send(
        tx,
        context.settings,
        "host_news",
        to=to,
        to_name=name,
        person_id=person_id,
        subject=f"{discreet}: news for its hosts",
        circle=discreet,
        said=said,
        link=f"{context.settings.base_url}/host",
    )
