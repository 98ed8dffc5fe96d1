"""Organizers who act for a circle as its lead would: begun with a reason, recorded, and told to its hosts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from circles.base import clock, text
from circles.base.clock import Viewer
from circles.base.errors import NotFound
from circles.base.row import Row
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import acted_as
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/organize")
HOSTS = db.queries("hosting/hosts")

# An organizer says again why, after so long.
LASTS = timedelta(hours=24)
MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class By:
    """Who changed a circle, for its hosts. name: "Farid", or "Odile, an organizer,". why: an organizer's reason."""

    name: str
    why: str = ""

    @classmethod
    def organizer(cls, actor: Person, why: str) -> By:
        return cls(f"{actor.name}, an organizer,", why)

    @property
    def is_organizer(self) -> bool:
        return bool(self.why)

    def says(self, news: str) -> str:
        """News with the reason of an organizer at its end."""
        return f"{news} The reason: {self.why}" if self.why else news


async def by(tx: db.Tx, actor: Person, circle_id: UUID) -> By:
    """Who changes a circle: a host of it, or an organizer who acts for it now, with their reason."""
    row = await SQL.acting(tx, circle_id=circle_id, actor_id=actor.id)
    return By.organizer(actor, row["reason"]) if row else By(actor.name)


async def record(tx: db.Tx, actor: Person, circle_id: UUID, did: str) -> By:
    """Add an event row where an organizer acts for a circle: what they did, and why. Returns who it was by."""
    who = await by(tx, actor, circle_id)
    await _record(tx, actor, circle_id, who, did)
    return who


async def _record(tx: db.Tx, actor: Person, circle_id: UUID, who: By, did: str) -> None:
    if who.is_organizer:
        details = {"did": did} | acted_as("organizer")
        await audit.record(tx, "organizer.acted", circle_id, actor_id=actor.id, why=who.why, details=details)


async def note(tx: db.Tx, context: Context, actor: Person, circle_id: UUID, did: str) -> None:
    """The same for what hosts are not told of otherwise: they get a mail. did: such as "published the circle"."""
    await tell(tx, context, actor, circle_id, await by(tx, actor, circle_id), did)


async def tell(
    tx: db.Tx,
    context: Context,
    actor: Person,
    circle_id: UUID,
    who: By,
    did: str,
    *,
    gathering: Row | None = None,
) -> None:
    """The same, for somebody whose reason is known.

    gathering: at whose name `did` ends, with its starts_at and zone. The mail has its time.
    """
    await _record(tx, actor, circle_id, who, did)

    def news(viewer: Viewer) -> str:
        if gathering is None:
            return who.says(f"{who.name} {did}.")
        when = clock.format_when(gathering["starts_at"], gathering["zone"], viewer)
        return who.says(f"{who.name} {did} of {when}.")

    if who.is_organizer:
        await hosts_mail.notify_hosts(tx, context, circle_id, actor, news)


async def begin(context: Context, actor: Person, circle_id: UUID, reason: str) -> None:
    """Act for a circle from now on, for LASTS. Its hosts get a mail with the reason.

    Raises NotFound for everybody but organizers, and for a host, who needs none of this; Refused without a reason.
    """
    why = read_reason(reason)
    async with context.db.transaction() as tx:
        circle = await HOSTS.lock_circle(tx, id=circle_id, actor_id=actor.id)
        if circle is None or circle["part"] != "organizer":
            raise NotFound
        before = await SQL.acting(tx, circle_id=circle_id, actor_id=actor.id)
        if before and before["reason"] == why:
            return
        await SQL.begin_acting(tx, circle_id=circle_id, actor_id=actor.id, reason=why, lasts=LASTS)
        details = acted_as("organizer")
        await audit.record(
            tx, "organizer.began", circle_id, actor_id=actor.id, after="acting", why=why, details=details
        )
        news = f"{actor.name}, an organizer, may change this circle for a day. The reason: {why}"
        await hosts_mail.notify_hosts(tx, context, circle_id, actor, news)


def read_reason(typed: str) -> str:
    """Raises Refused."""
    return text.line(typed, "why", max_length=MAX_REASON)


async def end(context: Context, actor: Person, circle_id: UUID) -> None:
    """Act for a circle no more. Idempotent."""
    async with context.db.transaction() as tx:
        if await SQL.end_acting(tx, circle_id=circle_id, actor_id=actor.id):
            await audit.record(tx, "organizer.ended", circle_id, actor_id=actor.id, before="acting", after="")


async def asks_why(tx: db.Tx, actor: Person, circle_id: UUID, part: str) -> bool:
    """Whether somebody with this part has to type a reason: an organizer who does not act for the circle already."""
    return part == "organizer" and not (await by(tx, actor, circle_id)).is_organizer


async def require(tx: db.Tx, actor: Person, circle_id: UUID, part: str, typed: str) -> By:
    """Who changes a circle, its seats or who hosts it: an organizer with the reason given before, or typed now.

    part: of the actor. Raises Refused where an organizer gives no reason.
    """
    if part != "organizer":
        return By(actor.name)
    who = await by(tx, actor, circle_id)
    return who if who.is_organizer else By.organizer(actor, read_reason(typed))


@jobs.job("hosting.guidelines_by_organizer")
async def tell_of_guidelines(context: Context, *, circle_id: str, actor_name: str, why: str) -> None:
    """Mail the hosts of a circle that an organizer changed its guidelines. Guidelines are below this package."""
    async with context.db.transaction() as tx:
        news = By(f"{actor_name}, an organizer,", why)
        await hosts_mail.notify_hosts(
            tx, context, UUID(circle_id), None, news.says(f"{news.name} changed the session guidelines.")
        )


@jobs.every("hosting.forget_acting", "57 4 * * *")
async def forget(context: Context) -> None:
    """Delete who acted for circles, a month after it ended. The event rows stay."""
    async with context.db.transaction() as tx:
        await SQL.forget_acting(tx)
