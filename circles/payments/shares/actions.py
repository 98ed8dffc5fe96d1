"""Set what the community keeps, for every circle or for one, from a day on; its leads are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from circles.base import clock
from circles.base.errors import OutOfDate, Reason, or_not_found, refuse_if
from circles.base.row import Row
from circles.payments.shares import rules
from circles.payments.shares.rules import ShareTerms
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("payments/shares")


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What is to be set.

    circle_id: None for the community's default. terms: None where a circle is to follow the default again, or where
    by the default nothing is due to anybody. basis: the version that was the last one when the form was made.
    """

    circle_id: UUID | None
    currency: str
    terms: ShareTerms | None
    starts_on: date
    reason: str
    basis: UUID | None


def community_zone(context: Context) -> str:
    """The zone on whose clock months end and terms begin."""
    return context.settings.community.zone or "UTC"


def community_today(context: Context) -> date:
    """The date on the community's clock."""
    return clock.wall_time(clock.now(), community_zone(context)).date()


def terms_of(row: Row | None, prefix: str = "") -> ShareTerms | None:
    """The terms in the columns of a row; None where it has none."""
    if row is None or row[f"{prefix}percent"] is None:
        return None
    return ShareTerms(row[f"{prefix}percent"], row[f"{prefix}flat"], row[f"{prefix}at_most"])


async def check_terms(tx: db.Tx, context: Context, new: NewTerms) -> None:
    """Raise Refused with every reason against new terms; NotFound for a circle that can have none."""
    starts_at = rules.day_start(new.starts_on, community_zone(context))
    if new.circle_id:
        or_not_found(await SQL.circle(tx, id=new.circle_id))
    before = await SQL.own_terms(tx, circle=new.circle_id, currency=new.currency, at=starts_at)
    today = community_today(context)
    refuse_if(rules.terms_refusals(new.terms, terms_of(before), new.starts_on, today))


async def set_terms(context: Context, actor: Person, new: NewTerms) -> int:
    """Set terms; returns how many people were told.

    Raises Refused, NotFound, and OutOfDate where somebody else set terms since the form was made.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_terms(tx, circle=new.circle_id)
        if new.basis != await SQL.newest(tx, circle=new.circle_id, currency=new.currency):
            text = "Somebody else set terms meanwhile: they are in the list below. Please look, and set yours again."
            raise OutOfDate(Reason("terms_changed", text))
        await check_terms(tx, context, new)
        await _add(tx, context, actor, new)
        starts_at = rules.day_start(new.starts_on, community_zone(context))
        leads = await db.rows(SQL.affected(tx, circle=new.circle_id, currency=new.currency, at=starts_at))
        terms = new.terms
        if new.circle_id and terms is None:
            terms = terms_of(await SQL.own_terms(tx, circle=None, currency=new.currency, at=starts_at))
        return await _tell(tx, context, new, terms, leads)


async def _add(tx: db.Tx, context: Context, actor: Person, new: NewTerms) -> None:
    terms_id = await SQL.add_terms(
        tx,
        circle=new.circle_id,
        currency=new.currency,
        percent=new.terms.percent if new.terms else None,
        flat=new.terms.flat if new.terms else 0,
        at_most=new.terms.at_most if new.terms else None,
        starts_at=rules.day_start(new.starts_on, community_zone(context)),
        actor_id=actor.id,
        reason=new.reason,
    )
    await audit.record(
        tx,
        "share.set",
        new.circle_id or terms_id,
        actor_id=actor.id,
        why=new.reason,
        details={"terms": str(terms_id)},
    )


async def _tell(
    tx: db.Tx, context: Context, new: NewTerms, terms: ShareTerms | None, leads: Sequence[db.Record]
) -> int:
    """One mail to each lead, with all of their circles."""
    by_person: dict[UUID, list[db.Record]] = {}
    for row in leads:
        by_person.setdefault(row["id"], []).append(row)
    day = clock.format_date(new.starts_on, community_today(context))
    for person_id, rows in by_person.items():
        names = ", ".join(dict.fromkeys(row["discreet_name"] for row in rows))
        lines = [
            f"{names}: {rules.describe(terms, new.currency)}",
            "What is paid before that day keeps the terms it has.",
            *([f"The reason: {new.reason}"] if new.reason else []),
        ]
        await mail.send(
            tx,
            context.settings,
            "payout_news",
            to=rows[0]["email"],
            to_name=rows[0]["name"],
            person_id=person_id,
            subject="What you are paid changes",
            title=f"What you are paid changes on {day}",
            lines=lines,
            link=f"{context.settings.base_url}/host/statements",
        )
    return len(by_person)
