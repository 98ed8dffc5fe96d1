"""What was given up: jobs and mail that did not arrive, tried again or let be with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from circles.base import reading, text
from circles.base.errors import Reason, Refused, or_not_found
from circles.organizing.needs.job_words import job_words, shown_kind
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context
from circles.store.queue import repair

SQL = db.queries("organizing/repairs")

MAX_LISTED = 60
MAX_REASON = 300
SENT_AGAIN = "Sent again."


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A job that was given up. subject: whom or what it is about, where one of its arguments is known."""

    job: db.Record
    words: str
    subject: db.Record | None


async def given_up(tx: db.Tx) -> list[GivenUp]:
    """The jobs that were given up, the oldest first; one more than MAX_LISTED where there are more. Two queries."""
    rows = await db.rows(SQL.given_up(tx, most=MAX_LISTED + 1))
    ids = {row["id"]: _ids_of(row["payload"]) for row in rows}
    every = [one for of_job in ids.values() for one in of_job]
    subjects = {row["id"]: row for row in await db.rows(SQL.subjects(tx, ids=every))} if every else {}
    return [
        GivenUp(
            row,
            job_words(row["name"]),
            next((subjects[one] for one in ids[row["id"]] if one in subjects), None),
        )
        for row in rows
    ]


def _ids_of(payload: str) -> list[UUID]:
    """The ids among the arguments of a job, a booking before its person."""
    try:
        arguments: Any = json.loads(payload or "{}")
    except ValueError:
        return []
    values = arguments.values() if isinstance(arguments, dict) else ()
    return [one for one in map(reading.uuid_or_none, _texts(values)) if one]


def _texts(values: Iterable[Any]) -> list[str]:
    texts: list[str] = []
    for value in values:
        texts += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    return texts


async def retry_job(context: Context, actor: Person, job_id: int) -> bool:
    """Have a job that was given up done now. Returns whether it was still given up. Idempotent."""
    async with context.db.transaction() as tx:
        rows = await repair.given_up(tx, [job_id])
        for row in rows:
            await audit.record(
                tx, "job.retried", uuid4(), actor_id=actor.id, details={"job": row["name"], "id": row["id"]}
            )
        await repair.retry(tx, [row["id"] for row in rows])
    return bool(rows)


async def drop_job(context: Context, actor: Person, job_id: int, reason: str) -> bool:
    """Let a job be that was given up. Returns whether it was still given up. Raises Refused without a reason."""
    why = _reason(reason)
    async with context.db.transaction() as tx:
        rows = await repair.given_up(tx, [job_id])
        for row in rows:
            details = {"job": row["name"], "id": row["id"]}
            await audit.record(tx, "job.dropped", uuid4(), actor_id=actor.id, why=why, details=details)
        await repair.drop(tx, [row["id"] for row in rows])
    return bool(rows)


def _reason(typed: str) -> str:
    return text.line(typed, "reason", max_length=MAX_REASON)


async def send_again(context: Context, actor: Person, mail_id: UUID) -> None:
    """Send a mail that did not arrive once more, to the address that its person has now. Idempotent.

    Raises NotFound; Refused for one that is of no use any more.
    """
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_undelivered(tx, id=mail_id))
        if row["settled_at"] is not None:
            return
        if row["is_over"]:
            text_ = "This mail is of no use any more, such as one about a gathering that is over. You can let it be."
            raise Refused(Reason("over", text_))
        await mail.send_copy(tx, context.settings, mail_id, row["address"])
        await SQL.settle_mail(tx, id=mail_id, actor_id=actor.id, reason=SENT_AGAIN)
        await audit.record(
            tx, "mail.sent_again", mail_id, actor_id=actor.id, details={"kind": shown_kind(row["kind"])}
        )


async def let_be(context: Context, actor: Person, mail_id: UUID, reason: str) -> None:
    """Settle a mail that did not arrive without sending it. Idempotent. Raises NotFound; Refused without a reason."""
    why = _reason(reason)
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_undelivered(tx, id=mail_id))
        if row["settled_at"] is None:
            await SQL.settle_mail(tx, id=mail_id, actor_id=actor.id, reason=why)
            await audit.record(
                tx,
                "mail.let_be",
                mail_id,
                actor_id=actor.id,
                why=why,
                details={"kind": shown_kind(row["kind"])},
            )


async def undelivered(tx: db.Tx) -> tuple[list[db.Record], db.Record]:
    """The mail that did not arrive, the newest first, one more than MAX_LISTED where there are more; and what waits."""
    return await db.rows(SQL.undelivered(tx, most=MAX_LISTED + 1)), await SQL.mail_waits(tx)
