"""Query plans in a large community: no named query reads a large table as a whole.

100,000 people with 500,000 bookings are made once, within the database. Every query is explained with typical
arguments, planned for them and planned for any.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from circles.gatherings.filters import Filters
from circles.store import db
from tests.architecture.test_sql import FILES, names_in
from tests.bench import community, directory
from tests.growth import plans, typical
from tests.growth.plans import Tables

# Filling the large community takes half a minute on a quiet machine, and the first test waits for it.
pytestmark = pytest.mark.timeout(900)

PEOPLE = 100_000

# What reads a large table as a whole, and why that is right.
WHOLE = {
    "bookings/apart.known_people": "a circle's people; with 100,000 in all, reading everybody is as quick",
    "commands/personal_data": "a command for one person, by an operator",
    "invites/invites.end_feeds": "ends the feeds of everybody, once a secret is lost",
    "exports/exports.freeze_snapshot": "a statement that has no plan",
    "organizing/months.freeze_snapshot": "a statement that has no plan",
    "practice/": "practice mode alone",
    "store/monitoring.other_mail_went": "stops at the first mail that was sent lately",
    "store/zone_data.planned_times": "once a night and at the start: every gathering ahead is compared",
    "store/audit.broken": "verifies the chain: what is new every night, all of it by a command",
    "store/jobs.changed_bookings": "the events of three days; the planner cannot know how few they are",
    "store/jobs.lost_jobs": "a check of everything, once a week",
    "store/zone_data.zones_in_use": "every zone there is, to compare with new zone data",
    "invites/changes.people_untold": "a check of everything, once a week",
    "invites/hosts.keep_all": "a check of everything, by the timetable",
    "payments/reconciliation.books": "once a night: all that Stripe lists is added up",
    "payments/stuck.settled": "few were ever settled; the planner cannot know it of a new column",
    "store/migrate": "statements that have no plan",
}
EMPTY_STATISTICS = (
    "set local allow_system_table_mods = on",
    "delete from pg_statistic",
    "update pg_class set reltuples = 0, relpages = 0 where relnamespace = 'public'::regnamespace",
)
MODES = ("force_custom_plan", "force_generic_plan")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large(server: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the large community."""
    connection = await directory.connected(await community.fill(server, "large_community", PEOPLE))
    yield connection
    await connection.close()
    keeper = await asyncpg.connect(server)
    await keeper.execute('drop database "large_community" with (force)')
    await keeper.close()


async def explained(connection: asyncpg.Connection, file: str, name: str, mode: str) -> plans.Node:
    query = getattr(db.queries(file), name)
    statement = await connection.prepare(query.sql)
    types = [kind.name for kind in statement.get_parameters()]
    pairs = list(zip(plans.parameters(file)[name], types, strict=True))
    given = typical.arguments(f"{file}.{name}", pairs, typical.by_name(community.Community(PEOPLE)))
    return await plans.explain(connection, query.sql, given, mode)


@pytest.mark.parametrize("file", [file for file in FILES if file != "checks"])
async def test_no_query_reads_a_large_table_as_a_whole(large: asyncpg.Connection, file: str) -> None:
    tables = await Tables.read(large)
    reads = {}
    for name in names_in(file):
        if any(f"{file}.{name}".startswith(exempt) for exempt in WHOLE):
            continue
        for mode in MODES:
            if faults := plans.faults(await explained(large, file, name, mode), tables):
                reads[f"{name} ({mode.removeprefix('force_').replace('_', ' ')})"] = faults
    assert reads == {}


@pytest.mark.parametrize("mode", MODES)
async def test_attendance_is_read_by_indexes_with_statistics_of_empty_tables(
    large: asyncpg.Connection, mode: str
) -> None:
    """As after a restore. What such a plan expects of rows means nothing, so only whole tables count."""
    tables = await Tables.read(large)
    transaction = large.transaction()
    await transaction.start()
    try:
        for statement in EMPTY_STATISTICS:
            await large.execute(statement)
        plan = await explained(large, "exports/rows", "attendance", mode)
    finally:
        await transaction.rollback()
    assert [fault for fault in plans.faults(plan, tables) if "of all of" in fault] == []


async def test_the_list_of_gatherings_reads_nothing_of_the_past(large: asyncpg.Connection) -> None:
    """An index condition that begins at the first gathering there ever was has the index read up to now."""
    query = db.queries("gatherings/gatherings").ahead
    arguments = Filters().arguments() | {"actor_id": None, "limit": 4, "most": 0, "most_read": 0}
    given = [arguments[name] for name in plans.parameters("gatherings/gatherings")["ahead"]]
    explained = await large.fetchval(f"explain (analyze, buffers, format json) {query.sql}", *given)
    nodes = list(_nodes(json.loads(explained)[0]["Plan"]))
    blocks = [
        node["Shared Hit Blocks"] + node["Shared Read Blocks"]
        for node in nodes
        if node.get("Index Name") == "gatherings_start"
    ]
    assert blocks
    assert max(blocks) < 20


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def test_every_check_reads_each_table_a_few_times(large: asyncpg.Connection) -> None:
    """They read everything, so each part once: nothing is looked up for each of a million rows."""
    tables = await Tables.read(large)
    found = {
        name: repeated
        for name in names_in("checks")
        if (repeated := plans.repeated(await explained(large, "checks", name, MODES[0]), tables))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("select * from bookings where amount = 7", "Seq Scan of all of bookings"),
        ("select count(*) over () from people order by name_key, email limit 3", "of all of people"),
        ("select * from people order by name_key, email offset 3 limit 3", ""),
        ("select * from bookings where gathering_id = gen_random_uuid()", "Seq Scan of all of bookings"),
        ("select * from bookings where gathering_id = '00000000-0000-0000-0000-000000000000'", ""),
        ("select * from events where about in (select id from bookings)", "of all of"),
    ],
)
async def test_what_reads_a_whole_table_is_noticed(
    large: asyncpg.Connection, statement: str, fault: str
) -> None:
    faults = plans.faults(await plans.explain(large, statement, [], MODES[0]), await Tables.read(large))
    assert fault in " ".join(faults)
    assert bool(faults) == bool(fault)


def test_a_new_parameter_needs_a_typical_argument() -> None:
    with pytest.raises(typical.NoTypicalArgument, match=r"tests/growth/typical\.py"):
        typical.arguments("people/people.new", [("never_heard_of", "text")], {})
