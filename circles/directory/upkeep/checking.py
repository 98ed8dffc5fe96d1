"""The timetable of listings: asked about by mail, marked, hidden; and licenses that run out are found no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from circles.base.settings import Settings
from circles.directory.introductions import leaving as introductions_leaving
from circles.directory.listing import actions, own_actions
from circles.directory.listing import views as listing_views
from circles.directory.upkeep import rules as checking_rules
from circles.directory.upkeep.rules import Standing, Step
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("directory/listing")
SUBJECTS: dict[Step, str] = {
    "ask": "Does your page still hold?",
    "mark": "Does your page still hold?",
    "hide": "Your page is hidden for now",
}
# How many listings one transaction looks after.
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _About:
    """A listing that something is done about, locked, with the time by the database's clock."""

    row: db.Record
    standing: Standing

    @property
    def now(self) -> datetime:
        return self.row["now"]


@jobs.every("directory.look_after", "13 9 * * *")
async def look_after(context: Context) -> None:
    """Once a day: ask about, mark or hide what is due.

    Each listing is locked and looked at again before anything is done, so running twice, or in two workers at
    once, does nothing twice.
    """
    after: UUID | None = None
    while True:
        async with context.db.transaction() as tx:
            due = await db.rows(
                SQL.to_look_after(
                    tx,
                    after=after,
                    ask_after=checking_rules.ASK_AFTER,
                    license_ahead=checking_rules.LICENSE_AHEAD.days,
                    most=AT_ONCE,
                )
            )
            for each in due:
                await _look_at(tx, context.settings, each["id"])
        if len(due) < AT_ONCE:
            return
        after = due[-1]["id"]


async def _look_at(tx: db.Tx, settings: Settings, listing_id: UUID) -> None:
    # First the lock, then the row as it is now that it is our turn.
    locked = await SQL.lock_listing(tx, id=listing_id)
    row = await SQL.listing(tx, id=listing_id) if locked and locked["state"] == "shown" else None
    if row is None:
        return
    licenses = actions.draft_of(row).licenses
    standing = Standing(row["confirmed_at"], row["asked_at"], row["marked_at"], licenses)
    about = _About(row, standing)
    step: Step = checking_rules.step(standing, about.now)
    if step == "ask":
        await _ask(tx, settings, about)
    elif step == "mark":
        await _mark(tx, settings, about)
    elif step == "hide":
        await _hide(tx, settings, about)
    elif step == "clear":
        await SQL.clear_asked(tx, id=listing_id)
        await audit.record(tx, "listing.settled", listing_id, before="asked", after="shown")


async def _ask(tx: db.Tx, settings: Settings, about: _About) -> None:
    asked_at = await SQL.mark_asked(tx, id=about.row["id"])
    await _write(tx, settings, about, asked_at, "ask")
    await audit.record(tx, "listing.asked", about.row["id"], before="shown", after="asked")


async def _mark(tx: db.Tx, settings: Settings, about: _About) -> None:
    await SQL.mark_unconfirmed(tx, id=about.row["id"])
    await _write(tx, settings, about, about.row["asked_at"], "mark")
    await audit.record(tx, "listing.marked", about.row["id"], before="asked", after="marked")


async def _hide(tx: db.Tx, settings: Settings, about: _About) -> None:
    because = checking_rules.hides_because(about.standing, about.now)
    await own_actions.move(tx, about.row, "hidden", who=None, because=because)
    await introductions_leaving.page_hidden(tx, settings, about.row["id"], because)
    await _write(tx, settings, about, about.row["asked_at"], "hide")


async def _write(tx: db.Tx, settings: Settings, about: _About, asked_at: datetime, step: Step) -> None:
    """The mail of a step, where there is an address to write to."""
    to = await SQL.mail_of(tx, id=about.row["id"])
    if not to["to_address"]:
        return
    token = checking_rules.token(settings.signing_key(), about.row["id"], asked_at)
    ending = [each for each in listing_views.licenses(about.row) if each.runs_out_soon or not each.counts]
    await mail.send(
        tx,
        settings,
        "listing_ask",
        to=to["to_address"],
        to_name=to["name"],
        subject=SUBJECTS[step],
        person_id=to["person_id"],
        step=step,
        is_stale=checking_rules.stale(about.row["confirmed_at"], about.now),
        none_left=checking_rules.none_left(about.standing.licenses, about.now),
        name=to["name"],
        ending=[each for each in ending if each.is_active],
        confirmed=about.row["confirmed_at"].date(),
        link=f"{settings.base_url}/listing/confirm/{token}",
        page=f"{settings.base_url}/my/listing",
    )


@jobs.every("directory.lapse", "5 * * * *")
async def lapse(context: Context) -> None:
    """Once an hour: a license that ran out finds nobody any more."""
    async with context.db.transaction() as tx:
        gone = [row["id"] for row in await db.rows(SQL.lapsed_facets(tx))]
        if gone:
            await SQL.lock_listings(tx, ids=gone)
            await SQL.refresh_facets(tx, ids=gone)
