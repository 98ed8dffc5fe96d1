"""Mail to the organizers: something waits for them."""

from __future__ import annotations

from uuid import UUID

from circles.people.queries import organizers
from circles.store import db, mail
from circles.store.context import Context


async def notify_organizers(
    tx: db.Tx, context: Context, text: str, path: str, *, without: UUID | None = None
) -> None:
    """Mail every organizer that something waits for them.

    text: without names, since somebody else may see it. without: an organizer whom it is about.
    """
    for organizer in await organizers(tx):
        if organizer.id == without:
            continue
        await mail.send(
            tx,
            context.settings,
            "organizers_todo",
            to=organizer.email,
            to_name=organizer.name,
            person_id=organizer.id,
            subject="Something waits for the organizers",
            text=text,
            link=f"{context.settings.base_url}{path}",
        )
