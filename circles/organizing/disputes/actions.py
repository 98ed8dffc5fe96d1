"""Answering disputes, and telling organizers of them: opened, due within three days, ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from circles import payments, people
from circles.base.errors import OutOfDate, or_not_found, refuse_if
from circles.organizing.disputes import rules
from circles.organizing.disputes.rules import Evidence
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/disputes")


def fingerprint(evidence: Evidence) -> str:
    """The hash of what somebody was shown, so that nothing else leaves."""
    return hashlib.sha256(json.dumps(evidence.fields, sort_keys=True).encode()).hexdigest()


async def read(tx: db.Tx, stripe_id: str) -> db.Record:
    """A dispute with all that there is about its payment. Raises NotFound."""
    return or_not_found(await SQL.dispute(tx, stripe_id=stripe_id))


async def submit(
    context: Context, actor: Person, stripe_id: str, parts: Collection[str], words: str, *, shown: str
) -> None:
    """Send evidence to Stripe, as it was shown. Banks take it once. Raises NotFound, OutOfDate, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock(tx, stripe_id=stripe_id))
        refuse_if([*rules.answer_refusals(row, actor.id), *rules.words_refusals(words)])
        evidence = rules.evidence(await read(tx, stripe_id), parts, words, context.settings.mail_name)
        if fingerprint(evidence) != shown:
            raise OutOfDate(rules.CHANGED)
        if not await payments.prepare_answer(tx, stripe_id, "evidence", evidence.fields, actor_id=actor.id):
            refuse_if([rules.SENDING])
        details = {"dispute": stripe_id, "fields": sorted(evidence.fields)}
        await audit.record(
            tx, "dispute.evidence_sent", row["about"], actor_id=actor.id, after="due", details=details
        )


async def accept(context: Context, actor: Person, stripe_id: str, reason: str, *, confirmed: bool) -> None:
    """Accept a dispute as lost, which cannot be undone. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock(tx, stripe_id=stripe_id))
        refuse_if([*rules.accept_refusals(row, actor.id, reason, confirmed=confirmed)])
        if not await payments.prepare_answer(tx, stripe_id, "accept", {}, actor_id=actor.id, reason=reason):
            refuse_if([rules.SENDING])
        await audit.record(
            tx,
            "dispute.accepted",
            row["about"],
            actor_id=actor.id,
            after="due",
            why=reason,
            details={"dispute": stripe_id},
        )


@jobs.job("disputes.news")
async def run_tell(context: Context) -> None:
    """Job: tell organizers what is new of disputes."""
    await tell(context)


@jobs.every("disputes.tell", "*/10 * * * *")
async def tell(context: Context) -> None:
    """Mail organizers of disputes that were opened, are due within three days, or ended: of each once."""
    zone = context.settings.community.zone
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.untold(tx, most=100)):
            if not await SQL.note_told(tx, stripe_id=row["stripe_id"], kind=row["kind"]):
                continue
            text = rules.news_text(row["kind"], row["state"], row["answer_by"], zone)
            await people.notify_organizers(tx, context, text, f"/organize/disputes/{row['stripe_id']}")
