"""What a query plan reads: the scans of large tables that nothing bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiosql
import asyncpg
from aiosql.adapters.asyncpg import AsyncPGAdapter

from circles.store import db

# Rows that a part of a plan may be expected to read of large tables.
MAX_ROWS = 10_000
LARGE = 8_000
# What docs/operations.md asks of a server whose data is in memory or on a solid-state disk, as the embedded one is set.
SSD = 1.1
# What ends a plan's early stop: these read everything below them before they give their first row.
READS_ALL = {
    "Sort",
    "Aggregate",
    "Hash",
    "Materialize",
    "WindowAgg",
    "SetOp",
    "Bitmap Heap Scan",
    "ModifyTable",
}
SCANS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"}

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """What is large: tables with more than LARGE rows. partial: indexes of a part of their table."""

    large: frozenset[str]
    partial: frozenset[str]

    @classmethod
    async def read(cls, connection: asyncpg.Connection) -> Tables:
        large = await connection.fetchval(
            "select array_agg(relname::text) from pg_class "
            "where relnamespace = 'public'::regnamespace and relkind = 'r' and reltuples > $1::int",
            LARGE,
        )
        partial = await connection.fetchval(
            "select array_agg(indexrelid::regclass::text) from pg_index where indpred is not null"
        )
        return cls(frozenset(large), frozenset(partial))


def parameters(file: str) -> dict[str, list[str]]:
    """The names of the parameters of each query of sql/<file>.sql, in the order of its placeholders."""
    adapter = AsyncPGAdapter()
    as_any: Any = adapter  # aiosql's types want the methods of its synchronous adapters as well
    aiosql.from_path(db.SQL / f"{file}.sql", lambda: as_any)
    return adapter.var_sorted


async def explain(connection: asyncpg.Connection, sql: str, arguments: list[Any], mode: str) -> Node:
    """The plan of a statement under a plan_cache_mode, without carrying it out."""
    await connection.execute(f"set plan_cache_mode = {mode}; set random_page_cost = {SSD}")
    plan = await connection.fetchval(f"explain (format json) {sql}", *arguments)
    return (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]


def faults(plan: Node, tables: Tables) -> list[str]:
    """The scans of a plan that read a large table as a whole, or more than MAX_ROWS rows of it."""
    return [
        fault
        for node, times, stops in _walk(plan, 1.0, False)
        if (fault := _fault(node, times, stops, tables))
    ]


def _walk(node: Node, times: float, stops: bool) -> Iterator[tuple[Node, float, bool]]:
    """Every node, how often it runs, and whether it stops once enough rows are there."""
    yield node, times, stops
    kind = node["Node Type"]
    below = True if kind == "Limit" else stops and (kind not in READS_ALL or node.get("Strategy") == "Sorted")
    children = node.get("Plans", [])
    for child in children:
        role = child.get("Parent Relationship")
        runs = times
        if kind == "Nested Loop" and role == "Inner":
            runs *= max(1.0, children[0]["Plan Rows"])
        elif role == "SubPlan" and f"hashed {child['Subplan Name']}" not in json.dumps(node):
            runs *= max(1.0, node["Plan Rows"])
        yield from _walk(child, runs, below if role in ("Outer", "Inner", "Member", "Subquery") else False)


def repeated(plan: Node, tables: Tables) -> list[str]:
    """The scans of large tables that a plan repeats, as wholes, or for each of very many rows."""
    return [
        f"{node['Node Type']} of {node['Relation Name']}, {times:,.0f} times"
        for node, times, _ in _walk(plan, 1.0, False)
        if node.get("Relation Name") in tables.large
        and times > (MAX_ROWS if "Index Cond" in node or node["Node Type"] == "Bitmap Heap Scan" else 2)
    ]


def _fault(node: Node, times: float, stops: bool, tables: Tables) -> str:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    if kind not in SCANS or table not in tables.large or stops:
        return ""
    whole = "Index Cond" not in node and node.get("Index Name") not in tables.partial
    if kind == "Seq Scan" or (kind != "Bitmap Heap Scan" and whole):
        return f"{kind} of all of {table}"
    rows = node["Plan Rows"] * times
    return f"{kind} of {rows:,.0f} rows of {table}" if rows > MAX_ROWS else ""
