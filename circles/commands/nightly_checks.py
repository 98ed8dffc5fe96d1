"""The invariants of sql/checks.sql, checked every night; the log, the health check and organizers are told."""

from __future__ import annotations

import structlog

from circles import people
from circles.base.english import choose, plural
from circles.store import audit, checks, db, jobs
from circles.store.context import Context
from circles.web.monitoring import probe

log = structlog.get_logger("checks")
SQL = db.queries("commands/nightly_checks")


@probe.check("data")
async def what_is_broken(tx: db.Tx) -> str:
    """What /healthz says of the last check; empty when every invariant held."""
    count = await SQL.broken_invariants(tx)
    return f"{plural(count, 'rule')} of the data {choose(count, 'is', 'are')} broken" if count else ""


@jobs.every("checks.nightly", "37 4 * * *")
async def check(context: Context) -> None:
    """Check every invariant, store what is broken, and mail the organizers when anything is.

    Of the chain of events the links since the last time; `python -m circles check` reads all of it.
    """
    broken = await _check(context)
    if broken:
        async with context.db.transaction() as tx:
            count = len(broken)
            text = (
                f"The nightly check found that {plural(count, 'rule')} of the data {choose(count, 'is', 'are')} "
                "broken. An operator finds which with `python -m circles check`."
            )
            await people.notify_organizers(tx, context, text, "/organize")


@jobs.job("checks.run", attempts=2)
async def check_again(context: Context) -> None:
    """Check every invariant, as an organizer asked who looks at the page."""
    await _check(context)


async def _check(context: Context) -> dict[str, int]:
    """Check every invariant and store what is broken: how many rows, by the invariant's name."""
    async with context.db.reading() as tx:
        findings = await checks.run_queries(tx)
    async with context.db.transaction() as tx:
        findings.append(checks.chain_finding(await audit.chain(tx), await audit.verify_new(tx)))
    broken = {finding.name: finding.broken for finding in findings if not finding.holds}
    for name, count in broken.items():
        log.error("an invariant is broken", invariant=name, rows=count)
    async with context.db.transaction() as tx:
        await SQL.note_run(tx, broken=broken)
    return broken


@jobs.every("checks.tidy", "39 4 * * *")
async def delete_old_runs(context: Context) -> None:
    """Delete what checks found half a year ago."""
    async with context.db.transaction() as tx:
        await SQL.delete_old_runs(tx)
