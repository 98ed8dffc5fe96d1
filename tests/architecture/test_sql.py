"""Named queries: PostgreSQL prepares each, each has a comment, and calls fit them exactly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from circles.store import db
from circles.store.context import Context

ROOT = Path(__file__).resolve().parents[2]
# Applied once or on purpose broken; neither has named queries.
OTHER = {"migrations", "setup"}
FILES = sorted(
    path.relative_to(db.SQL).with_suffix("").as_posix()
    for path in db.SQL.rglob("*.sql")
    if path.relative_to(db.SQL).parts[0] not in OTHER
)
MODULES = sorted((ROOT / "circles").rglob("*.py"))


def names_in(file: str) -> list[str]:
    return [name for name in db.queries(file).available_queries if not name.endswith("_cursor")]


# A bare name sorts as the server's collation has it, and lower() finds no accents: docs/decisions/0018-folded-names.md.
BARE_NAMES = re.compile(
    r"lower\([a-z_.]*(?:name|city)\b|\bilike\b"
    r"|order by [^\n;]*\b(?:people|circles|listings)\.name\b"
)


@pytest.mark.parametrize("file", FILES)
def test_names_are_sorted_and_searched_by_their_keys(file: str) -> None:
    assert BARE_NAMES.findall((db.SQL / f"{file}.sql").read_text()) == []


@pytest.mark.parametrize(
    "clause",
    [
        "order by lower(people.name)",
        "order by hosts.part = 'lead' desc, people.name",
        "lower(name)",
        "name ilike '%a%'",
    ],
)
def test_a_bare_name_is_noticed(clause: str) -> None:
    assert BARE_NAMES.search(clause)
    assert not BARE_NAMES.search("order by hosts.part = 'lead' desc, people.name_key, lower(people.email)")


@pytest.mark.parametrize("file", FILES)
async def test_every_query_prepares(file: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert names_in(file), f"sql/{file}.sql names no query"
        for name in names_in(file):
            query = getattr(db.queries(file), name)
            if query.operation.name != "SCRIPT":
                await connection.prepare(query.sql)
    finally:
        await connection.close()


@pytest.mark.parametrize("file", FILES)
def test_every_query_has_a_comment(file: str) -> None:
    text = (db.SQL / f"{file}.sql").read_text()
    for block in re.split(r"^-- name: ", text, flags=re.M)[1:]:
        lines = block.splitlines()
        assert lines[1].startswith("-- "), f"sql/{file}.sql: {lines[0]} has no comment line"


def queries_of(tree: ast.Module) -> dict[str, str]:
    """The variables of a module that stand for a file of queries: `SQL = db.queries("people/people")`."""
    return {
        node.targets[0].id: node.value.args[0].value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "attr", "") == "queries"
        and isinstance(node.value.args[0], ast.Constant)
        and isinstance(node.value.args[0].value, str)
    }


def uses(path: Path) -> Iterator[tuple[str, str, ast.Call | None]]:
    """Every query a module names, with its file, and the call where it is called there and then."""
    tree = ast.parse(path.read_text())
    files = queries_of(tree)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Name) and node.value.id in files:
            yield files[node.value.id], node.attr, called.get(id(node))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_calls_name_a_query_with_exactly_its_parameters(path: Path) -> None:
    for file, name, call in uses(path):
        if name in ("available_queries",):
            continue
        query: Any = getattr(db.queries(file), name, None)
        assert query is not None, f"{path}: sql/{file}.sql has no query {name}"
        if call is None or len(call.args) > 1 or any(keyword.arg is None for keyword in call.keywords):
            continue  # handed on, or called with rows or **values: not readable here
        given = {str(keyword.arg) for keyword in call.keywords}
        taken = set(query.parameters or ())
        assert given == taken, f"{path}:{call.lineno}: {name} takes {sorted(taken)}, gets {sorted(given)}"


def test_every_query_is_used() -> None:
    used = {(file, name) for path in MODULES for file, name, _ in uses(path)}
    for file in set(FILES) - {"checks"}:
        unused = [name for name in names_in(file) if (file, name) not in used]
        assert not unused, f"sql/{file}.sql: nobody uses {', '.join(unused)}"


# Applied before the program gave the database its own offsets; what they define is called by no query.
BEFORE_LOCAL_TIME = "0022"
OF_THE_SERVER = re.compile(
    r"\b(current_(date|time)|localtime\w*|iso_time)\b|\btimezone\s*\(|\bset\s+time\s*zone\b", re.I
)
CONVERSION = re.compile(r"\bat\s+time\s+zone\s+('[^']*'|\S+)", re.I)


def without_comments(path: Path) -> str:
    return re.sub(r"--[^\n]*", "", path.read_text())


@pytest.mark.parametrize(
    "path", sorted(db.SQL.rglob("*.sql")), ids=lambda path: str(path.relative_to(db.SQL))
)
def test_nothing_is_converted_with_the_table_of_zones_that_the_database_has(path: Path) -> None:
    """It may be years older than the locked one; UTC is the same in all of them."""
    if path.parent.name == "migrations" and path.name < BEFORE_LOCAL_TIME:
        return
    text = without_comments(path)
    assert {zone.lower() for zone in CONVERSION.findall(text)} <= {"'utc'"}
    assert not OF_THE_SERVER.search(text)


async def test_every_connection_is_in_utc(context: Context) -> None:
    """Dates, and times as JSON, are in UTC on every connection, whatever zone the server is set to."""
    async with context.db.reading() as tx:
        assert await tx.fetchrow("select setting, source from pg_settings where name = 'TimeZone'") == (
            "UTC",
            "client",
        )
    connection = await db.connect(context.settings.database_url)
    try:
        assert await connection.fetchval("select source from pg_settings where name = 'TimeZone'") == "client"
    finally:
        await connection.close()


# Called for a value by queries of one gathering, person or booking. One in SQL is planned anew each time.
KEEP_PLANS = (
    *("asks_for_seats", "been_here", "gathering_facts", "kept_apart", "must_agree_to", "newcomers_at"),
    *("overlaps_of", "own_seat", "unseen_change"),
)


async def test_functions_that_pages_call_keep_their_plans(context: Context) -> None:
    async with context.db.reading() as tx:
        rows = await tx.fetch(
            "select proname, lanname from pg_proc join pg_language on pg_language.oid = prolang "
            "where pronamespace = 'public'::regnamespace and proname = any($1)",
            KEEP_PLANS,
        )
    assert sorted(map(tuple, rows)) == [(name, "plpgsql") for name in KEEP_PLANS]
