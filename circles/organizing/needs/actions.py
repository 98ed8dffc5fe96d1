"""Putting off what needs a hand, doing what its button says, and the daily mail about what is pressing."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from circles import people
from circles.base import clock
from circles.base.clock import Viewer
from circles.base.errors import NotFound, Refused
from circles.organizing.needs import queries, rules
from circles.organizing.needs.kinds import KINDS
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/needs")

MAX_ABOUT = 200


async def put_off(
    context: Context, actor: Person, kind: str, about: str, choice: str, viewer: Viewer
) -> None:
    """Put something off for some days, or for others than before.

    Raises NotFound for no known kind; Refused for no known choice, and for what does not wait any more.
    """
    _check(kind, about)
    at = rules.until(choice, clock.now(), viewer)
    async with context.db.transaction() as tx:
        found = await queries.waiting(tx, actor.id)
        need = found.need(kind, about) or found.need("put_off", about, of=kind)
        if need is None:
            raise Refused(rules.OVER)
        await SQL.put_off(tx, source=kind, about=about, until=at, not_for=need.not_for, actor_id=actor.id)
        details = {"kind": kind, "about": about, "until": at.isoformat()}
        await audit.record(tx, "need.put_off", _key(kind, about), actor_id=actor.id, details=details)


async def bring_back(context: Context, actor: Person, kind: str, about: str) -> None:
    """List something at once that was put off. Idempotent. Raises NotFound."""
    _check(kind, about)
    async with context.db.transaction() as tx:
        if not await SQL.bring_back(tx, source=kind, about=about, actor_id=actor.id):
            return
        details = {"kind": kind, "about": about}
        await audit.record(tx, "need.brought_back", _key(kind, about), actor_id=actor.id, details=details)


async def act(context: Context, actor: Person, kind: str, about: str) -> str:
    """Do what the button of a need says. Returns the notice. Raises NotFound, Refused."""
    _check(kind, about)
    do = KINDS[kind].act
    if do is None:
        raise NotFound
    return await do(context, actor, about)


def _check(kind: str, about: str) -> None:
    if kind not in KINDS or not 0 < len(about) <= MAX_ABOUT or "\0" in about:
        raise NotFound


def _key(kind: str, about: str) -> UUID:
    """The id of a need in event rows, since what it is about is not always a row with an id."""
    return uuid5(NAMESPACE_URL, f"{kind}:{about}")


@jobs.every("needs.tell_organizers", "23 15 * * *")
async def tell_organizers(context: Context) -> None:
    """Mail the organizers once a day while something pressing waits for them."""
    async with context.db.transaction() as tx:
        found = await queries.waiting(tx)
        if text := rules.daily_text(found.needs, clock.now()):
            await people.notify_organizers(tx, context, text, "/organize")


@jobs.every("needs.forget", "53 4 * * *")
async def forget(context: Context) -> None:
    """Delete what was put off, a month after it came back."""
    async with context.db.transaction() as tx:
        await SQL.forget_put_off(tx)
