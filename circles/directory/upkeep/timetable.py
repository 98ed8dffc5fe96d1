"""Jobs of upkeep: ask therapists to confirm their listings, mark and hide unconfirmed ones, expire licenses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from circles.base.settings import Settings
from circles.directory.introductions import ending
from circles.directory.listing import actions
from circles.directory.listing import views as listing_views
from circles.directory.upkeep import rules
from circles.directory.upkeep.rules import Confirmation, Step
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("directory/upkeep")
LISTINGS = db.queries("directory/listing")
SUBJECTS: dict[Step, str] = {
    "ask": "Is your page still right?",
    "mark": "Is your page still right?",
    "hide": "Your page is hidden for now",
}
# Listings per transaction.
BATCH_SIZE = 50


@dataclass(frozen=True, slots=True)
class _Due:
    """A locked listing that a step is due for, with the time by the database's clock."""

    row: db.Record
    confirmation: Confirmation

    @property
    def now(self) -> datetime:
        return self.row["now"]


@jobs.every("directory.look_after", "13 9 * * *")
async def take_due_steps(context: Context) -> None:
    """Once a day: ask about, mark or hide what is due.

    Idempotent, also in two workers at once: each listing is locked and read again before its step.
    """
    after: UUID | None = None
    while True:
        async with context.db.transaction() as tx:
            due = await db.rows(
                SQL.due_listings(
                    tx,
                    after=after,
                    ask_after=rules.ASK_AFTER,
                    expires_within_days=rules.LICENSE_AHEAD.days,
                    batch_size=BATCH_SIZE,
                )
            )
            for row in due:
                await _take_step(tx, context.settings, row["id"])
        if len(due) < BATCH_SIZE:
            return
        after = due[-1]["id"]


async def _take_step(tx: db.Tx, settings: Settings, listing_id: UUID) -> None:
    locked = await LISTINGS.lock_listing(tx, id=listing_id)
    row = await LISTINGS.listing(tx, id=listing_id) if locked and locked["state"] == "shown" else None
    if row is None:
        return
    licenses = actions.draft_of(row).licenses
    due = _Due(row, Confirmation(row["confirmed_at"], row["asked_at"], row["marked_at"], licenses))
    step: Step = rules.next_step(due.confirmation, due.now)
    if step == "ask":
        await _ask(tx, settings, due)
    elif step == "mark":
        await _mark(tx, settings, due)
    elif step == "hide":
        await _hide(tx, settings, due)
    elif step == "clear":
        await SQL.clear_asked(tx, id=listing_id)
        await audit.record(tx, "listing.settled", listing_id, before="asked", after="shown")


async def _ask(tx: db.Tx, settings: Settings, due: _Due) -> None:
    asked_at = await SQL.mark_asked(tx, id=due.row["id"])
    await _send_mail(tx, settings, due, asked_at, "ask")
    await audit.record(tx, "listing.asked", due.row["id"], before="shown", after="asked")


async def _mark(tx: db.Tx, settings: Settings, due: _Due) -> None:
    await SQL.mark_unconfirmed(tx, id=due.row["id"])
    await _send_mail(tx, settings, due, due.row["asked_at"], "mark")
    await audit.record(tx, "listing.marked", due.row["id"], before="asked", after="marked")


async def _hide(tx: db.Tx, settings: Settings, due: _Due) -> None:
    reason = rules.hide_reason(due.confirmation, due.now)
    await actions.set_state(tx, due.row, "hidden", actor_id=None, reason=reason)
    await ending.end_for_hidden(tx, settings, due.row["id"], reason)
    await _send_mail(tx, settings, due, due.row["asked_at"], "hide")


async def _send_mail(tx: db.Tx, settings: Settings, due: _Due, asked_at: datetime, step: Step) -> None:
    """Mail the therapist about a step, if there is an address."""
    recipient = await LISTINGS.mail_recipient(tx, id=due.row["id"])
    if not recipient["to_address"]:
        return
    token = rules.confirm_token(settings.signing_key(), due.row["id"], asked_at)
    await mail.send(
        tx,
        settings,
        "listing_ask",
        to=recipient["to_address"],
        to_name=recipient["name"],
        subject=SUBJECTS[step],
        person_id=recipient["person_id"],
        step=step,
        is_stale=rules.is_stale(due.row["confirmed_at"], due.now),
        none_left=not rules.has_valid_license(due.confirmation.licenses, due.now),
        name=recipient["name"],
        ending=listing_views.ending_licenses(due.row),
        confirmed=due.row["therapist_confirmed_at"] and due.row["therapist_confirmed_at"].date(),
        link=f"{settings.base_url}/listing/confirm/{token}",
        page=f"{settings.base_url}/my/listing",
    )


@jobs.every("directory.lapse", "5 * * * *")
async def expire_licenses(context: Context) -> None:
    """Once an hour: listings are no longer found where their license has expired."""
    async with context.db.transaction() as tx:
        lapsed = [row["id"] for row in await db.rows(SQL.lapsed_listings(tx))]
        if lapsed:
            await SQL.lock_listings(tx, ids=lapsed)
            await LISTINGS.refresh_facets(tx, ids=lapsed)
