"""What organizers do with listings: write, show, hide, check a license, assign to an account, the picture."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import people
from circles.base import text
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.base.settings import Settings
from circles.directory.introductions import ending
from circles.directory.listing import actions, rules
from circles.directory.listing.values import Draft
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("directory/listing")
SUBJECT = "About your page"
# By what the listing was before it was hidden. Who sent a page to the organizers was promised a word about it.
HIDDEN_NEWS = {
    "shown": "The organizers took your page off the directory for now.",
    "waiting": "The organizers have looked at your page, and cannot show it for now.",
}


async def save(
    context: Context,
    *,
    actor_id: UUID,
    draft: Draft,
    made_with: UUID,
    listing_id: UUID | None = None,
    version: int | None = None,
    show_it: bool = False,
) -> UUID:
    """Save what an organizer wrote, a new listing (no listing_id) or another's. Returns its id.

    made_with: the id made with the form; it makes one new listing however often it is sent. show_it: show it as well.
    Raises Refused with every reason, OutOfDate, NotFound.
    """
    origin: dict[str, Any] = {"actor_id": actor_id, "source": "organizer"}
    async with context.db.transaction() as tx:
        if show_it:
            refuse_if(rules.publish_refusals(rules.tidy(draft)))
        if listing_id is None:
            written = await actions.write_once(tx, draft, made_with=made_with, **origin)
        else:
            written = await actions.write_listing(tx, draft, listing_id=listing_id, version=version, **origin)
        if show_it:
            await show(tx, written, actor_id=actor_id, settings=context.settings)
        return written


async def show_listing(context: Context, listing_id: UUID, *, actor_id: UUID, version: int) -> None:
    """Show a listing in the version the organizer read. Raises Refused with what it lacks, OutOfDate, NotFound."""
    async with context.db.transaction() as tx:
        await show(tx, listing_id, actor_id=actor_id, settings=context.settings, version=version)


async def show(
    tx: db.Tx, listing_id: UUID, *, actor_id: UUID, settings: Settings, version: int | None = None
) -> None:
    """Show a listing in the caller's transaction and mail its therapist; a shown one stays as it is."""
    before = await _lock(tx, listing_id, version)
    if before["state"] == "shown":
        return
    refuse_if(rules.show_refusals(before))
    refuse_if(rules.publish_refusals(await actions.read_draft(tx, listing_id)))
    await actions.set_state(tx, before, "shown", actor_id=actor_id)
    await SQL.refresh_facets(tx, ids=[listing_id])
    await notify_therapist(
        tx, settings, listing_id, "Your page can be seen by everybody now.", f"/therapists/{listing_id}"
    )


async def _lock(tx: db.Tx, listing_id: UUID, version: int | None) -> db.Record:
    changed = Reason("changed_meanwhile", "This listing was changed meanwhile. Please look at it again.")
    return await actions.lock(tx, listing_id, version, changed)


async def hide_listing(context: Context, listing_id: UUID, *, actor_id: UUID, message: str) -> None:
    """Hide a listing at once. message: mailed to its therapist, kept for organizers. Raises Refused, NotFound."""
    body = text.body(message, "why", max_length=500)
    async with context.db.transaction() as tx:
        await hide(
            tx, listing_id, actor_id=actor_id, reason="organizer", settings=context.settings, message=body
        )


async def hide(
    tx: db.Tx, listing_id: UUID, *, actor_id: UUID | None, reason: str, settings: Settings, message: str = ""
) -> bool:
    """Hide a listing in the caller's transaction; one that is hidden already gets the newer reason.

    Returns whether its therapist was mailed: about a page that was shown, or that waited for the organizers.
    """
    before = await _lock(tx, listing_id, None)
    await actions.set_state(tx, before, "hidden", actor_id=actor_id, reason=reason, message=message)
    await ending.end_for_hidden(tx, settings, listing_id, reason)
    news = HIDDEN_NEWS.get(before["state"])
    if news:
        await notify_therapist(tx, settings, listing_id, news, "/my/listing", message=message)
    return news is not None


async def notify_therapist(
    tx: db.Tx, settings: Settings, listing_id: UUID, news: str, page: str, *, message: str = ""
) -> None:
    """Mail a listing's therapist, if there is an address. message: an organizer's own words, if any."""
    recipient = await SQL.mail_recipient(tx, id=listing_id)
    if recipient is None or not recipient["to_address"]:
        return
    await mail.send(
        tx,
        settings,
        "listing_news",
        to=recipient["to_address"],
        to_name=recipient["name"],
        subject=SUBJECT,
        person_id=recipient["person_id"],
        news=news,
        message=message,
        link=f"{settings.base_url}{page}",
    )


async def check_license(
    context: Context, license_id: UUID, *, actor_id: UUID, version: int, against: str
) -> UUID:
    """Note that an organizer looked a license up today, in this source. Returns the listing's id.

    version: of the listing when it was read. Raises Refused, also for a license of their own; NotFound, OutOfDate.
    """
    source = text.line(against, "against", max_length=300)
    async with context.db.transaction() as tx:
        listing_id = or_not_found(await SQL.listing_of_license(tx, id=license_id))
        before = await _lock(tx, listing_id, version)
        refuse_if(rules.check_license_refusals(before, actor_id))
        or_not_found(
            await SQL.check_license(tx, id=license_id, version=version, actor_id=actor_id, against=source)
        )
        details = {"licence": str(license_id)}
        await audit.record(
            tx, "licence.checked", listing_id, actor_id=actor_id, after="checked", details=details
        )
        return listing_id


async def assign(context: Context, listing_id: UUID, *, actor_id: UUID, email: str) -> str:
    """Give a listing to the account of its therapist. Returns their name. Raises Refused, NotFound."""
    address = people.parse_address(email)
    async with context.db.transaction() as tx:
        before = await _lock(tx, listing_id, None)
        person = await people.by_email(tx, address)
        if person is None:
            message = "Nobody has an account with this address yet. Ask them to sign in once, then try again."
            raise Refused(Reason("nobody", message, "email"))
        if before["person_id"] is not None:
            raise Refused(Reason("taken", "This listing is with an account already.", "email"))
        if await SQL.own_listing(tx, person_id=person.id):
            raise Refused(Reason("has_one", f"{person.name} has a listing already.", "email"))
        await SQL.assign(tx, id=listing_id, person_id=person.id)
        await SQL.clear_own_checks(tx, listing_id=listing_id, person_id=person.id)
        await audit.record(tx, "listing.handed_over", listing_id, actor_id=actor_id, after=str(person.id))
        news = "The organizers handed a page over to your account. You can change it from now on."
        await notify_therapist(tx, context.settings, listing_id, news, "/my/listing")
        return person.name


async def save_picture(context: Context, listing_id: UUID, jpeg: bytes, *, actor_id: UUID) -> str:
    """Save the picture of a listing without an account, as `picture_upload.normalize` made it. Raises NotFound."""
    async with context.db.transaction() as tx:
        await _lock_unowned(tx, listing_id)
        return await actions.save_picture(tx, listing_id, jpeg, actor_id=actor_id)


async def delete_picture(context: Context, listing_id: UUID, *, actor_id: UUID) -> None:
    """Delete the picture of a listing without an account. Raises NotFound."""
    async with context.db.transaction() as tx:
        await _lock_unowned(tx, listing_id)
        await actions.delete_picture(tx, listing_id, actor_id=actor_id)


async def _lock_unowned(tx: db.Tx, listing_id: UUID) -> None:
    or_not_found(await SQL.lock_unowned(tx, id=listing_id))
