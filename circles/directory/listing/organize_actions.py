"""What organizers do with listings: write, show, hide, check a license, hand one over."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import people
from circles.base import text
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.base.settings import Settings
from circles.directory.introductions import leaving as introductions_leaving
from circles.directory.listing import actions, own_actions
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.values import Draft
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("directory/listing")
SUBJECT = "About your page"
OWN_LICENSE = (
    "This page is your own, so another organizer has to look the license up. Nobody checks their own."
)


async def save(
    context: Context,
    *,
    who: UUID,
    draft: Draft,
    made_with: UUID,
    listing_id: UUID | None = None,
    version: int | None = None,
    show_it: bool = False,
) -> UUID:
    """Keep what an organizer wrote, a new listing or another one's words, and show it where that is asked for.

    made_with: the id that was made with the form, so that it makes one new listing however often it is sent.
    Raises Refused with every reason, OutOfDate, NotFound.
    """
    said: dict[str, Any] = {"by": who, "source": "organizer"}
    async with context.db.transaction() as tx:
        if show_it:
            refuse_if(listing_rules.problems(listing_rules.tidy(draft)))
        if listing_id is None:
            written = await actions.write_once(tx, draft, made_with=made_with, **said)
        else:
            written = await actions.write_listing(tx, draft, listing_id=listing_id, version=version, **said)
        if show_it:
            await show(tx, written, who=who, settings=context.settings)
        return written


async def show_listing(context: Context, listing_id: UUID, *, who: UUID, version: int) -> None:
    """Show a listing as the organizer looked at it. Raises Refused with what it lacks, OutOfDate, NotFound."""
    async with context.db.transaction() as tx:
        await show(tx, listing_id, who=who, settings=context.settings, version=version)


async def show(
    tx: db.Tx, listing_id: UUID, *, who: UUID, settings: Settings, version: int | None = None
) -> None:
    """The same in the caller's transaction. Its therapist gets a mail."""
    before = await _lock(tx, listing_id, version)
    if before["state"] == "shown":
        return
    if before["hidden_because"] == "therapist":
        raise Refused(Reason("withdrawn", "The therapist took this page off. Only they can bring it back."))
    if before["state"] == "draft" and before["person_id"] and before["source"] == "applied":
        says = "Its therapist has not sent this page, or took it back. It can be shown once they send it."
        raise Refused(Reason("not_sent", says))
    refuse_if(listing_rules.problems(await actions.read_draft(tx, listing_id)))
    await own_actions.move(tx, before, "shown", who=who)
    await SQL.refresh_facets(tx, ids=[listing_id])
    await tell(
        tx, settings, listing_id, "Your page can be seen by everybody now.", f"/therapists/{listing_id}"
    )


async def _lock(tx: db.Tx, listing_id: UUID, version: int | None) -> db.Record:
    found = await SQL.lock_listing(tx, id=listing_id)
    if found is None:
        raise NotFound
    if version is not None and version != found["version"]:
        raise OutOfDate(
            Reason("changed_meanwhile", "This listing was changed meanwhile. Please look at it again.")
        )
    return found


async def hide_listing(context: Context, listing_id: UUID, *, who: UUID, why: str) -> None:
    """Hide a listing at once. why: said to its therapist and kept for organizers. Raises Refused, NotFound."""
    said = text.body(why, "why", max_length=500)
    async with context.db.transaction() as tx:
        await hide(tx, listing_id, who=who, because="organizer", settings=context.settings, why=said)


async def hide(
    tx: db.Tx, listing_id: UUID, *, who: UUID | None, because: str, settings: Settings, why: str = ""
) -> None:
    """Hide a listing in the caller's transaction; one that is hidden already gets the newer reason."""
    before = await _lock(tx, listing_id, None)
    await own_actions.move(tx, before, "hidden", who=who, because=because, why=why)
    await introductions_leaving.page_hidden(tx, settings, listing_id, because)
    if before["state"] == "shown":
        said = "The organizers took your page off the directory for now."
        await tell(tx, settings, listing_id, said, "/my/listing", they_wrote=why)


async def tell(
    tx: db.Tx, settings: Settings, listing_id: UUID, said: str, page: str, *, they_wrote: str = ""
) -> None:
    """Write to a listing's therapist, where there is an address. they_wrote: an organizer's own words, if any."""
    found = await SQL.mail_of(tx, id=listing_id)
    if found is None or not found["to_address"]:
        return
    await mail.send(
        tx,
        settings,
        "listing_news",
        to=found["to_address"],
        to_name=found["name"],
        subject=SUBJECT,
        person_id=found["person_id"],
        said=said,
        they_wrote=they_wrote,
        link=f"{settings.base_url}{page}",
    )


async def check_license(context: Context, license_id: UUID, *, who: UUID, version: int, against: str) -> UUID:
    """An organizer looked a license up today, in this source. Returns its listing.

    version: of the listing as they saw it. Raises Refused, also for a license of their own; NotFound, OutOfDate.
    """
    said = text.line(against, "against", max_length=300)
    async with context.db.transaction() as tx:
        about = await SQL.license_listing(tx, id=license_id)
        if about is None:
            raise NotFound
        before = await _lock(tx, about, version)
        if before["person_id"] == who:
            raise Refused(Reason("own", OWN_LICENSE))
        checked = await SQL.check_license(tx, id=license_id, version=version, who=who, against=said)
        if checked is None:
            raise NotFound
        await audit.record(
            tx, "licence.checked", about, actor_id=who, after="checked", details={"licence": str(license_id)}
        )
        return about


async def hand_over(context: Context, listing_id: UUID, *, who: UUID, email: str) -> str:
    """Give a listing to the account of its therapist. Returns their name. Raises Refused, NotFound."""
    address = people.parse_address(email)
    async with context.db.transaction() as tx:
        before = await _lock(tx, listing_id, None)
        person = await people.by_email(tx, address)
        if person is None:
            says = "Nobody has an account with this address yet. Ask them to sign in once, then try again."
            raise Refused(Reason("nobody", says, "email"))
        if before["person_id"] is not None:
            raise Refused(Reason("taken", "This listing is with an account already.", "email"))
        if await SQL.own_listing(tx, person=person.id):
            raise Refused(Reason("has_one", f"{person.name} has a listing already.", "email"))
        await SQL.hand_over(tx, id=listing_id, person=person.id)
        await SQL.forget_own_checks(tx, listing=listing_id, person=person.id)
        await audit.record(tx, "listing.handed_over", listing_id, actor_id=who, after=str(person.id))
        said = "The organizers handed a page over to your account. You can change it from now on."
        await tell(tx, context.settings, listing_id, said, "/my/listing")
        return person.name


async def keep_picture(context: Context, listing_id: UUID, jpeg: bytes, *, who: UUID) -> str:
    """Keep the picture of a listing that is with no therapist, as `pictures.normalize` made it. Raises NotFound."""
    async with context.db.transaction() as tx:
        await _lock_unowned(tx, listing_id)
        return await own_actions.put_picture(tx, listing_id, jpeg, who=who)


async def drop_picture(context: Context, listing_id: UUID, *, who: UUID) -> None:
    """Take the picture of such a listing away. Raises NotFound."""
    async with context.db.transaction() as tx:
        await _lock_unowned(tx, listing_id)
        await own_actions.take_picture(tx, listing_id, who=who)


async def _lock_unowned(tx: db.Tx, listing_id: UUID) -> None:
    if await SQL.lock_unowned(tx, id=listing_id) is None:
        raise NotFound
