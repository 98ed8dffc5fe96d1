"""Choosing the short address of a circle."""

from __future__ import annotations

from uuid import UUID

from circles.base.errors import Refused, or_not_found, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import acted_as
from circles.hosting.organize import acting
from circles.hosting.sharing import rules
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/sharing")

# What the other hosts read.
CHANGED = "{name} gave this circle a short address: {url}. Whatever led to it before still does."


async def choose_address(
    context: Context, actor: Person, circle_id: UUID, typed: str, *, why: str = ""
) -> str:
    """Give a circle a short address, perhaps one it had before; its others lead there from now on. Idempotent.

    why: an organizer's reason, unless they act for the circle with one already.
    Returns the address. Raises NotFound, and Refused for one that is none, that is taken, or above MAX_ADDRESSES.
    """
    slug = rules.read_slug(typed)
    refuse_if(rules.slug_refusals(slug))
    async with context.db.transaction() as tx:
        circle = or_not_found(await SQL.lock_circle(tx, id=circle_id, actor_id=actor.id))
        addresses = {
            row["slug"]: row["is_current"] for row in await db.rows(SQL.addresses_of(tx, circle_id=circle_id))
        }
        if addresses.get(slug):
            return slug
        if slug not in addresses and len(addresses) >= rules.MAX_ADDRESSES:
            raise Refused(rules.too_many())
        before = next((address for address, is_current in addresses.items() if is_current), "")
        await SQL.set_former(tx, circle_id=circle_id)
        if await SQL.choose_address(tx, slug=slug, circle_id=circle_id, actor_id=actor.id) is None:
            raise Refused(rules.taken(slug))
        who = await acting.require(tx, actor, circle_id, circle["part"], why)
        await audit.record(
            tx,
            "circle.address_chosen",
            circle_id,
            actor_id=actor.id,
            before=before,
            after=slug,
            why=who.why,
            details=acted_as(circle["part"]),
        )
        news = CHANGED.format(name=who.name, url=f"{context.settings.base_url}/c/{slug}")
        await hosts_mail.notify_hosts(tx, context, circle["id"], actor, who.says(news))
    return slug
