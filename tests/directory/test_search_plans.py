"""Query plans: every search uses an index, and none scans all listings."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from circles.base import clock
from circles.directory.listing.places import Place
from circles.directory.search import rules as search_rules
from circles.directory.search.rules import Search, Where
from circles.store.db import Connection
from tests.bench import directory

MIAMI = Where("FL", Place("33130", "Miami", "FL", 36.0, -113.0))
SEARCHES = {
    "three filters": (Search(state="FL", how="telehealth", ways=("ifs", "se"), fee=8_000), Where("FL")),
    "nothing": (Search(), Where()),
    "words": (Search(q="patience"), Where()),
    "words, a place and a fee between two steps": (Search(q="grief", fee=8_700), Where("FL")),
    "near": (Search(zip="33130", how="in_person", within=50), MIAMI),
    "either way": (Search(zip="33130", languages=("es",)), MIAMI),
    "one wide choice": (Search(languages=("en",), page=40), Where()),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large(server: str) -> Any:
    """A connection to a directory of 10,000 listings, large enough for the planner to prefer indexes."""
    connection = await directory.connected(await directory.filled(server, 10_000))
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", SEARCHES)
async def test_no_query_reads_all_listings(large: Connection, name: str) -> None:
    search, where = SEARCHES[name]
    arguments = search_rules.arguments(search, where, clock.now().date())
    nodes = await directory.plans(large, arguments)
    assert directory.whole_listings(nodes) == []
    assert any(node.get("Relation Name") == "listings" for node in nodes)
