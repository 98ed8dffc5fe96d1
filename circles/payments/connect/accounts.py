"""Accounts that facilitators connect: opened once, followed as Stripe says them, disconnected.

No call to Stripe is made inside a transaction; the parameters and the key of one that opens an account are stored
before it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from circles.base import clock
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.payments.connect import calls, rules
from circles.payments.connect.rules import AccountSnapshot
from circles.payments.gateway import ACCOUNT_GONE, RefusedByStripe, Unreachable
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("payments/connect_accounts")

PAGE = "/host/payouts"
_AWAY = Reason(
    "unreachable",
    "Stripe does not answer right now. Nothing is lost: press the button again in a minute.",
)
_NOT_OPENED = Reason(
    "refused",
    "Stripe did not open an account. The organizers need to look at the community’s own account at Stripe first.",
)
# Accounts are looked for this long before they were asked for: clocks differ.
_EARLIER = timedelta(hours=1)


async def connect(context: Context, person_id: UUID) -> str:
    """Where somebody goes on at Stripe, with the account they have or a new one. Raises Refused.

    A second press, or a crash in between, leads to the same account.
    """
    country = context.settings.connect_country
    refuse_if(rules.connect_refusals(country, "none"))
    row = await _own_or_new(context, person_id, country)
    refuse_if(rules.connect_refusals(country, rules.account_state(row, country)))
    try:
        account = row["stripe_id"] or await create(context, row)
        return await _link(context, account, "account_onboarding")
    except Unreachable:
        raise Refused(_AWAY) from None
    except RefusedByStripe as error:
        raise Refused(_NOT_OPENED) from error


async def _own_or_new(context: Context, person_id: UUID, country: str) -> db.Record:
    async with context.db.transaction() as tx:
        own = await SQL.own_account(tx, person_id=person_id)
        if own and own["ended_at"]:
            await audit.record(
                tx, "connect.again", person_id, actor_id=person_id, before="ended", after="again"
            )
            own = await SQL.connect_again(tx, id=own["id"])
        if own:
            return own
        id = uuid4()
        added = await SQL.add_account(
            tx, id=id, person_id=person_id, request=rules.account_parameters(id, country)
        )
        if added:
            await audit.record(tx, "connect.asked", person_id, actor_id=person_id, after="asked")
            return added
        return or_not_found(await SQL.own_account(tx, person_id=person_id))  # by another press meanwhile


async def create(context: Context, row: db.Record) -> str:
    """Open the account of a row at Stripe, or find the one that an earlier call opened. Returns its id.

    Raises Unreachable, RefusedByStripe.
    """
    async with context.db.transaction() as tx:
        await SQL.note_call(tx, id=row["id"])
    snapshot = None
    if clock.now() - row["created_at"] > rules.KEY_LIFE:
        opened = await calls.accounts_since(context, row["created_at"] - _EARLIER)
        snapshot = next((account for account in opened if account.operation_id == row["id"]), None)
    try:
        snapshot = snapshot or await calls.create_account(context, row["request"], row["idempotency_key"])
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            if await SQL.end_account(tx, id=row["id"], because="refused"):
                await audit.record(
                    tx, "connect.refused", row["person_id"], before="asked", after="ended", why=error.code
                )
        raise
    async with context.db.transaction() as tx:
        await SQL.account_created(tx, id=row["id"], stripe_id=snapshot.id)
        await apply(tx, context, snapshot)
    return snapshot.id


async def _link(context: Context, account: str, kind: calls.LinkKind) -> str:
    """A link for one visit: each needs a new one."""
    page = f"{context.settings.base_url}{PAGE}"
    return await calls.create_account_link(context, account, kind, f"{page}?back=on", f"{page}?link=used")


async def update_link(context: Context, person_id: UUID) -> str:
    """Where somebody changes at Stripe what they answered, such as their bank. Raises NotFound, Refused."""
    async with context.db.reading() as tx:
        row = or_not_found(await SQL.account_of_person(tx, person_id=person_id))
    if row["stripe_id"] is None or not row["details_submitted"]:
        raise Refused(
            Reason("not_ready", "Answer Stripe’s questions first. Then you can change what you answered.")
        )
    try:
        return await _link(context, row["stripe_id"], "account_update")
    except (Unreachable, RefusedByStripe):
        raise Refused(_AWAY) from None


async def read_own(context: Context, person_id: UUID) -> None:
    """Read somebody's account from Stripe now, since they look at its page. Raises Refused while Stripe is away."""
    async with context.db.reading() as tx:
        row = await SQL.account_of_person(tx, person_id=person_id)
    if row is None:
        return
    try:
        if row["stripe_id"] is None:
            await create(context, row)
        else:
            await read(context, row["stripe_id"])
    except Unreachable:
        raise Refused(_AWAY) from None
    except RefusedByStripe as error:
        raise Refused(_NOT_OPENED) from error


async def read(context: Context, stripe_id: str) -> None:
    """Read an account from Stripe and store what it says. Raises Unreachable."""
    try:
        snapshot = await calls.retrieve_account(context, stripe_id)
    except RefusedByStripe as error:
        if error.code in (ACCOUNT_GONE, "resource_missing"):
            await end_at_stripe(context, stripe_id)
        return
    async with context.db.transaction() as tx:
        await apply(tx, context, snapshot)


async def apply(tx: db.Tx, context: Context, snapshot: AccountSnapshot) -> None:
    """Store an account as it is at Stripe now; its person is told by mail once payments stop going there."""
    row = await SQL.account_by_stripe_id(tx, stripe_id=snapshot.id)
    if row is None:  # of another site on the same account at Stripe
        return
    country = context.settings.connect_country
    saved = await SQL.save_account(
        tx,
        id=row["id"],
        country=snapshot.country,
        currency=snapshot.currency,
        charges=snapshot.charges,
        payouts=snapshot.payouts,
        details=snapshot.details,
        transfers=snapshot.transfers,
        due=list(snapshot.due),
        disabled_reason=snapshot.disabled_reason,
    )
    before, after = rules.account_state(row, country), rules.account_state(saved, country)
    if before == after:
        if after == "active" and not set(saved["due"]) <= set(row["due"]):
            await _tell(tx, context, row, saved, soon=True)
        return
    await audit.record(
        tx,
        f"connect.{after}",
        row["person_id"],
        before=before,
        after=after,
        why=snapshot.disabled_reason,
    )
    if before == "active" and after not in ("active", "ended"):
        await _tell(tx, context, row, saved)


async def _tell(tx: db.Tx, context: Context, row: db.Record, saved: db.Record, *, soon: bool = False) -> None:
    """Tell somebody that their account gets no payments, or soon will not: Stripe leaves that to the community."""
    await mail.send(
        tx,
        context.settings,
        "payouts_restricted",
        to=row["email"],
        to_name=row["name"],
        person_id=row["person_id"],
        subject="About your payouts",
        due=rules.due_words(saved["due"]),
        is_soon=soon,
        link=f"{context.settings.base_url}{PAGE}",
    )


async def disconnect(context: Context, person_id: UUID) -> None:
    """Somebody's account gets no more payments; what went there stays theirs. Raises NotFound."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.account_of_person(tx, person_id=person_id))
        await SQL.end_account(tx, id=row["id"], because="by_person")
        await audit.record(
            tx, "connect.ended", person_id, actor_id=person_id, before="connected", after="ended"
        )


async def end_at_stripe(context: Context, stripe_id: str) -> None:
    """An account is not connected with the community's any more: its person left at Stripe, or Stripe closed it."""
    async with context.db.transaction() as tx:
        row = await SQL.account_by_stripe_id(tx, stripe_id=stripe_id)
        if row is None or not await SQL.end_account(tx, id=row["id"], because="deauthorized"):
            return
        await audit.record(
            tx, "connect.ended", row["person_id"], before="connected", after="ended", why="deauthorized"
        )
        await _tell(tx, context, row, row)


async def own_account(tx: db.Tx, person_id: UUID) -> db.Record | None:
    """The account that somebody has connected, or disconnected last."""
    return await SQL.own_account(tx, person_id=person_id)


async def create_later(tx: db.Tx, most: int) -> None:
    """Enqueue what a crash left of accounts that were asked for, and the reading of those that are due."""
    for row in await db.rows(SQL.accounts_to_create(tx, most=most)):
        await jobs.enqueue(tx, "payments.create_account", person_id=row["person_id"], key=str(row["id"]))
    for row in await db.rows(SQL.accounts_to_read(tx, most=most)):
        await jobs.enqueue(tx, "payments.read_account", stripe_id=row["stripe_id"], key=row["stripe_id"])
