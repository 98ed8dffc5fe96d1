"""The directory with 100,000 listings: the search page over HTTP beside the bare queries of the same rows."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg

from circles.base import clock, reading
from circles.directory.search import rules as search_rules
from circles.directory.search.rules import Where
from circles.practice.postgres.embedded import Embedded
from circles.store import db
from tests.bench import load, stage

ROUNDS = 5
TIMES = 20
SEARCHES = {
    "three filters": "/therapists?state=FL&how=telehealth&way=ifs&fee=80",
    "nothing chosen": "/therapists",
    "words and a state": "/therapists?q=patience&state=FL",
}


async def filled(server: str, how_many: int) -> str:
    """A database with so many random listings, all shown. Returns its URL."""
    url = await stage.fresh(server, "bench_directory")
    connection = await db.connect(url)
    try:
        await add_listings(connection, how_many)
        await connection.execute("vacuum analyze", timeout=600)
    finally:
        await connection.close()
    return url


async def add_listings(connection: asyncpg.Connection, how_many: int) -> None:
    """So many random listings, all shown, with what the search finds them by."""
    async with connection.transaction():
        await connection.execute(LISTINGS.replace("$1", str(how_many)), timeout=1800)
        for statement in (LICENSES, WAYS, FOUND_BY):
            await connection.execute(statement, timeout=1800)
        ids = await connection.fetchval("select array_agg(id) from listings")
        await db.queries("directory/listing").refresh_facets(connection, ids=ids)


def arguments_of(address: str) -> dict[str, Any]:
    """The arguments the page gives the query, for an address without a ZIP."""
    values = reading.join_fields(parse_qsl(urlsplit(address).query))
    search, reasons = search_rules.read(values)
    assert not reasons
    return search_rules.arguments(search, Where(search.state), clock.now().date())


async def bare(connection: asyncpg.Connection, arguments: dict[str, Any]) -> int:
    """The same queries without the page. Returns the number of cards."""
    queries = db.queries("directory/search")
    row = await queries.search(connection, **arguments)
    return len(await db.rows(queries.cards(connection, ids=row["ids"])))


async def plans(connection: asyncpg.Connection, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Every node of the plans of the page's queries."""
    queries = db.queries("directory/search")
    ids = (await queries.search(connection, **arguments))["ids"]
    nodes = []
    for query, given in ((queries.search, arguments), (queries.cards, {"ids": ids})):
        values = [given[name] for name in query.parameters]
        plan = await connection.fetchval(f"explain (format json) {query.sql}", *values)
        waiting = [explained["Plan"] for explained in (plan if isinstance(plan, list) else json.loads(plan))]
        while waiting:
            node = waiting.pop()
            nodes.append(node)
            waiting += node.get("Plans", [])
    return nodes


def whole_listings(nodes: list[dict[str, Any]]) -> list[str]:
    """The nodes that scan all listings, licenses or ways."""
    large = {"listings", "licences", "listing_ways"}
    return [
        f"{node['Node Type']} on {node['Relation Name']}"
        for node in nodes
        if node.get("Relation Name") in large and node["Node Type"] == "Seq Scan"
    ]


async def connected(url: str) -> asyncpg.Connection:
    """A connection that decodes jsonb as the site does."""
    connection = await db.connect(url)
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    return connection


async def measured(url: str, port: int, address: str) -> tuple[list[float], list[float]]:
    """Seconds of the page and of its bare queries, in turns: a median of each round."""
    connection = await connected(url)
    arguments = arguments_of(address)
    scans = whole_listings(await plans(connection, arguments))
    if scans:
        raise SystemExit(f"{address} reads {', '.join(scans)}")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    pages, queries = [], []
    for number in range(ROUNDS + 1):
        page, query = [], []
        for _ in range(TIMES):
            started = time.perf_counter()
            answer = await load.send(reader, writer, load.get(address))
            page.append(time.perf_counter() - started)
            if answer.status != 200 or answer.body.count(b'class="therapist"') != search_rules.PER_PAGE:
                raise SystemExit(f"{address} was answered with {answer.status} and not a full page")
            started = time.perf_counter()
            if await bare(connection, arguments) != search_rules.PER_PAGE:
                raise SystemExit(f"the bare queries of {address} find no full page")
            query.append(time.perf_counter() - started)
        if number:  # the first round warms both sides
            pages.append(median(page))
            queries.append(median(query))
    writer.close()
    await connection.close()
    return pages, queries


def directory(server: str, data: Path, how_many: int = 100_000) -> None:
    """The search page beside its bare queries, one after the other on one connection each."""
    url = asyncio.run(filled(server, how_many))
    with stage.running(url, data) as (port, _):
        for name, address in SEARCHES.items():
            pages, queries = asyncio.run(measured(url, port, address))
            ratios = [page / query for page, query in zip(pages, queries, strict=True)]
            print(
                f"search of {how_many:,} therapists, {name}: {stage.spread(ratios)} of the bare queries (aim 1.5); "
                f"{median(pages) * 1000:.1f} ms beside {median(queries) * 1000:.1f} ms; every query on an index",
                flush=True,
            )


LISTINGS = """
insert into listings (
    state, name, letters, headline, approach, experience, works_with, for_whom, languages, telehealth, in_person,
    city, area, zip, latitude, longitude, fee_minimum, fee_maximum, sliding_floor, pro_bono_places,
    takes_insurance, gives_superbills, free_consultation, room, source, shown_at, email
)
select
    'shown', 'Person ' || i || ' ' || (array['Calder', 'Moreno', 'Okafor', 'Lindqvist', 'Vega'])[1 + i % 5], 'LCSW',
    'Room for what came up, number ' || i,
    repeat('I work slowly with parts and with the body after medicine sessions. ', 6)
    || (array['Grief and loss are welcome here.', 'Chronic pain needs patience.', 'We look at trauma gently.',
        'Eating and shame are spoken of plainly.'])[1 + (i / 7) % 4],
    (array['', 'none', 'some', 'over_10', 'over_10', 'over_50'])[1 + dice.experience],
    (array['{trauma,depression}', '{anxiety,grief,meaning}', '{trauma,addiction,pain}', '{depression,eating}',
        '{trauma,relational,anxiety,depression}'])[1 + dice.works_with]::text [],
    (array['{adults}', '{adults,couples}', '{adults,young,lgbtq}', '{elders,adults,veterans}'])[1 + dice.whom]::text [],
    (array['{en}', '{en}', '{en}', '{en,es}', '{en,fr}', '{en,zh}'])[1 + dice.language]::text [],
    dice.meets > 1, dice.meets < 5, 'Town ' || dice.area, areas.codes[1 + dice.area],
    lpad((dice.area * 1000 + i % 1000)::text, 5, '0'), 26 + dice.area % 20 + random() * 3,
    -122 + dice.area % 50 + random() * 4, dice.fee, dice.fee + 5000,
    case when dice.slides = 0 then 3000 + dice.fee % 5000 end, case when dice.free = 0 then 2 else 0 end,
    dice.pays = 0, dice.pays = 1, case when dice.free < 4 then 15 else 0 end,
    (array['now', 'now', 'now', 'waiting', 'closed'])[1 + dice.room], 'import', now(), 'p' || i || '@example.org'
from generate_series(1, $1) as i
cross join (
    select string_to_array(
        'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND '
        'OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY', ' '
    ) as codes
) as areas
cross join lateral (
    select
        i as of, floor(random() * 6)::int as experience, floor(random() * 5)::int as works_with,
        floor(random() * 4)::int as whom, floor(random() * 6)::int as language, floor(random() * 8)::int as meets,
        floor(random() * 51)::int as area, 8000 + floor(random() * 40)::int * 500 as fee,
        floor(random() * 3)::int as slides, floor(random() * 8)::int as free, floor(random() * 3)::int as pays,
        floor(random() * 5)::int as room
) as dice
"""
LICENSES = """
insert into licences (listing_id, kind, area, number)
select id, 'lcsw', area, 'N1' from listings
union all
select id, 'lcsw', (array['FL', 'NY', 'CA', 'TX'])[1 + number % 4], 'N2' from listings where number % 3 = 0
"""
WAYS = """
insert into listing_ways (listing_id, way, credential)
select id, (array['ifs', 'se', 'emdr', 'kap', 'act', 'mindfulness'])[1 + number % 6],
    (array['ifs_2', 'sep', 'emdria', 'kap_trained', '', ''])[1 + number % 6] from listings
union all
select id, 'psychodynamic', '' from listings where number % 5 = 0
union all
select id, 'kap', 'kap_trained' from listings where number % 4 = 1 and number % 6 <> 3
"""
FOUND_BY = """
update listings set found_by = concat_ws(
    ', ', area, case when telehealth then 'Telehealth' end, (
        select string_agg(ways.way || ' ' || ways.credential, ', ') from listing_ways as ways
        where ways.listing_id = listings.id
    ), array_to_string(works_with, ', '), array_to_string(languages, ', ')
)
"""


def main() -> None:
    """This part alone: python -m tests.bench.directory."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o711)
        with Embedded.start(data, report=lambda _: None) as embedded:
            directory(embedded.url, data)


if __name__ == "__main__":
    main()
