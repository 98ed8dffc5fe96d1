"""The search over HTTP: filters, counts, places, pagination."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from math import asin, atan2, cos, degrees, radians, sin
from typing import Any
from uuid import UUID

import pytest

from circles.directory.listing import places, words
from circles.directory.listing.places import Place
from circles.directory.listing.values import License, Way
from circles.directory.search import queries as search
from circles.directory.search import rules as search_rules
from circles.directory.search.rules import Search
from circles.store.context import Context
from tests.cast import add_listing
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing as write_listing
from tests.helpers import missing

TODAY = datetime.now(UTC).date()
MIAMI = Place("33130", "Miami", "FL", 25.7672, -80.2059)


def names(page: str) -> list[str]:
    """The names on the cards, in their order."""
    shown = re.findall(r'class="therapist-name"><a href="[^"]+">([^<]+)</a>', page)
    return [unescape(name) for name in shown]


async def get(browser: OpenBrowser, query: str) -> str:
    async with browser() as page:
        answer = await page.get(f"/therapists{query}", follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("state=GA", {"areas": ["GA"], "area": "GA"}),
        ("state=GBR", {"areas": ["GBR"], "area": "GBR"}),
        ("state=GA&how=telehealth", {"areas": ["GA"], "in_person": False}),
        ("state=GA&how=in_person", {"areas": ["GA"], "area": "GA", "telehealth": False}),
        ("way=emdr", {"ways": ["emdr"]}),
        ("cred=sep", {"ways": [{"way": "se", "credential": "sep"}]}),
        ("with=grief", {"works_with": ["grief"]}),
        ("for=couples", {"for_whom": ["couples"]}),
        ("lang=es", {"languages": ["es"]}),
        ("fee=80", {"fee_minimum": 20_000, "fee_maximum": 20_000, "sliding_floor": 8_000}),
        ("amount=85.50", {"sliding_floor": 8_550}),
        ("amount=20", {"sliding_floor": 1_000}),
        ("pay=insurance", {"takes_insurance": True}),
        ("pay=superbills", {"gives_superbills": True}),
        ("pay=pro_bono", {"pro_bono_places": 1}),
        ("pay=free_talk", {"free_consultation": 15}),
        ("pay=sliding", {"sliding_floor": 14_000}),
        ("room=waiting", {"room": "waiting"}),
        ("exp=over_50", {"experience": "over_50"}),
        ("q=tangerine", {"approach": "We may speak of tangerines."}),
        ("q=Georgetown", {"city": "Georgetown"}),
        ("q=jose", {"name": "José Martínez"}),
        ("q=JOSÉ+MARTINEZ", {"name": "José Martínez"}),
        ("q=grieved", {"approach": "Grieving has its own time."}),
        ("q=Will", {"name": "Will Moses"}),
        ("q=Moses+grieve", {"name": "Will Moses", "approach": "For those who are grieving."}),
        ("q=%22slow+river%22", {"approach": "A slow river carries it. Rivers are slow."}),
    ],
)
async def test_each_filter_shows_only_listings_that_match(
    context: Context, browser: OpenBrowser, query: str, values: dict[str, Any]
) -> None:
    other = {"name": "Somebody Else", "fee_minimum": 15_000}
    await add_listing(context, **other)
    wanted = {"name": "The Wanted"} | values
    await add_listing(context, **wanted)
    assert names(await get(browser, f"?{query}")) == [wanted["name"]]


async def test_values_of_one_filter_are_alternatives_and_filters_are_combined(
    context: Context, browser: OpenBrowser
) -> None:
    await add_listing(context, name="Both", ways=["ifs", "se"], languages=["en", "es"])
    await add_listing(context, name="One", ways=["ifs"], languages=["es"])
    await add_listing(context, name="None", ways=["act"], languages=["es"])
    assert names(await get(browser, "?way=ifs&way=se&lang=es")) == ["Both", "One"]
    assert names(await get(browser, "?way=se&lang=es")) == ["Both"]


@pytest.mark.parametrize("state", ["draft", "waiting", "hidden"])
async def test_listings_in_other_states_are_not_in_the_search(
    context: Context, browser: OpenBrowser, state: str
) -> None:
    await add_listing(context, state=state, hidden_because="complaint" if state == "hidden" else "")
    page = await get(browser, "")
    assert names(page) == []
    assert "Nobody is listed yet" in page


@pytest.mark.parametrize(
    "license",
    [
        {"area": "FL", "expires_on": TODAY - timedelta(days=2)},
        {"area": "FL", "status": "inactive"},
        {"area": "FL", "status": "restricted"},
        {"area": "GA"},
    ],
)
@pytest.mark.parametrize("how", ["", "telehealth", "in_person"])
async def test_only_listings_with_a_valid_license_in_the_area_are_in_the_search(
    context: Context, browser: OpenBrowser, license: dict[str, Any], how: str
) -> None:
    await add_listing(context, licenses=[license])
    for place in ("state=FL", "zip=33130", "zip=33130&within=100"):
        assert names(await get(browser, f"?{place}&how={how}")) == []


async def test_a_license_expired_since_the_last_refresh_is_left_out(
    context: Context, browser: OpenBrowser
) -> None:
    await add_listing(context, areas=["FL"], name="Gone Today")
    await add_listing(context, areas=["FL"], name="Still There")
    async with context.db.transaction() as tx:  # before the nightly refresh
        await tx.execute(
            "update licences set expires_on = $1 from listings where listings.id = listing_id and name = $2",
            TODAY - timedelta(days=1),
            "Gone Today",
        )
    for query in ("?state=FL", "?state=FL&how=telehealth", "?zip=33130"):
        assert names(await get(browser, query)) == ["Still There"]


async def test_telehealth_without_a_state_shows_no_listing(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context)
    for query in ("?how=telehealth", "?how=in_person", "?how=telehealth&zip=00000"):
        page = await get(browser, query)
        assert names(page) == []
        assert not missing(page, "Where are you?", "nobody is shown before")


async def test_a_search_without_a_state_lists_and_asks_for_it(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, areas=["FL", "GA"])
    page = await get(browser, "?q=calder")
    assert not missing(page, "Where are you?", "Licensed in Florida and Georgia")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("zip=00000", "We know no place with the ZIP 00000"),
        ("zip=09012", "Please choose the state where you are"),
        ("zip=123", "A ZIP has five digits"),
        ("zip=33130&state=GA", "The ZIP 33130 is in Florida"),
        ("state=ZZ", "Please choose one of these"),
    ],
)
async def test_an_invalid_place_is_explained_and_the_input_is_kept(
    context: Context, browser: OpenBrowser, query: str, message: str
) -> None:
    await add_listing(context)
    page = await get(browser, f"?{query}&q=calder&way=ifs")
    assert message in page
    assert 'value="calder"' in page
    if query.startswith("zip"):
        assert f'value="{query[4:].partition("&")[0]}"' in page


async def test_offices_are_filtered_by_distance(context: Context, browser: OpenBrowser) -> None:
    near = {"latitude": MIAMI.latitude + 4 / 69, "longitude": MIAMI.longitude}
    far = {"latitude": MIAMI.latitude + 30 / 69, "longitude": MIAMI.longitude, "zip": "", "telehealth": False}
    await add_listing(context, name="Near", **near)
    await add_listing(context, name="Far", **far)
    await add_listing(context, name="By video", in_person=False, latitude=None, longitude=None)
    await add_listing(context, name="Over the border", area="GA", areas=["GA"], **near)
    page = await get(browser, "?zip=33130&how=in_person&within=5")
    assert names(page) == ["Near"]
    assert "about 4 miles from you" in page
    assert 'id="n-how-in_person">1<' in page
    assert 'id="n-how-telehealth">2<' in page
    assert set(names(await get(browser, "?zip=33130&how=in_person&within=50"))) == {"Near", "Far"}
    assert set(names(await get(browser, "?zip=33130"))) == {"Near", "By video"}
    assert set(names(await get(browser, "?zip=33130&how=telehealth"))) == {"Near", "By video"}


async def test_every_listing_is_on_exactly_one_page_of_results(context: Context) -> None:
    everybody = {await add_listing(context, room=room) for room in ["now", "waiting", "closed"] * 5}
    for query in (Search(state="FL"), Search(), Search(q="calder"), Search(ways=("ifs", "se"))):
        ids: list[UUID] = []
        for page in range(1, 9):
            results = await search.find(context, replace(query, page=page), page_size=2)
            assert results.total == 15
            ids += [card.id for card in results.cards]
        assert len(ids) == 15
        assert set(ids) == everybody


async def test_results_are_ordered_by_room_and_shuffled_daily(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ["closed", "waiting", "now"] * 4:
        await add_listing(context, room=room)
    orders = set()
    for day in range(4):
        now = search.clock.now() + timedelta(days=day)
        monkeypatch.setattr(search.clock, "now", lambda now=now: now)
        results = await search.find(context, Search(state="FL"))
        assert [card.room for card in results.cards] == ["now"] * 4 + ["waiting"] * 4 + ["closed"] * 4
        orders.add(tuple(card.id for card in results.cards))
        again = await search.find(context, Search(state="FL"))
        assert again.cards == results.cards
        monkeypatch.undo()
    assert len(orders) > 1


async def test_text_matches_are_ranked(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, name="A", approach="Years ago I met Mr. Rivers, once.")
    await add_listing(context, name="Ada Rivers", room="closed")
    assert names(await get(browser, "?q=rivers")) == ["Ada Rivers", "A"]


@pytest.mark.parametrize(
    "typed",
    [
        "somatic", "EMDR", "fluence kap", "florida", "tampa telehealth", "traumas", "relationship",
        "Espanol", "sensorimotor", "Nunez",
    ],
)  # fmt: skip
async def test_text_search_covers_place_way_and_themes(
    context: Context, browser: OpenBrowser, typed: str
) -> None:
    ways = (
        Way("se", "sep"),
        Way("emdr"),
        Way("kap", "kap_trained", "Fluence"),
        Way("other", school="Sensorimotor work"),
    )
    texts = {"approach": "I welcome español.", "works_with": ("trauma", "relational"), "ways": ways}
    await write_listing(context, name="Ada Núñez", city="Tampa", zip="33602", **texts)
    licenses = (License("lcsw", "GA", "N1"),)
    other = {"headline": "", "works_with": (), "ways": (), "telehealth": False, "licenses": licenses}
    await write_listing(context, name="B", city="Macon", area="GA", zip="31201", **other)
    assert names(await get(browser, f"?q={typed}")) == ["Ada Núñez"]


async def test_an_empty_result_links_to_searches_with_one_filter_less(
    context: Context, browser: OpenBrowser
) -> None:
    await add_listing(context, ways=["ifs"], languages=["es"])
    await add_listing(context, ways=["ifs"])
    page = await get(browser, "?state=FL&way=se&lang=es")
    assert "Nobody fits all of this" in page
    assert re.search(
        r'href="/therapists\?state=FL&amp;lang=es">Remove “way of working”</a>: 1 therapist<', page
    )
    assert "Remove “language”" not in page


async def test_active_filters_are_links_that_remove_them(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context)
    page = await get(browser, "?state=FL&way=ifs&fee=300")
    chips = re.findall(r'class="chip" href="([^"]+)"', page)
    expected = ["/therapists?way=ifs&fee=300", "/therapists?state=FL&fee=300", "/therapists?state=FL&way=ifs"]
    assert [unescape(address) for address in chips] == expected


async def test_htmx_gets_the_list_the_counts_and_a_short_url(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context)
    async with browser() as page:
        answer = await page.get(
            "/therapists?q=&state=FL&way=ifs&zip=&amount=", headers={"HX-Request": "true"}
        )
    assert "<html" not in answer.text
    assert answer.headers["hx-push-url"] == "/therapists?state=FL&way=ifs"
    assert "HX-Request" in answer.headers["vary"]
    assert '<span class="count" id="n-way-ifs" hx-swap-oob="true">1</span>' in answer.text
    result = "1 therapist licensed in Florida fits what you chose."
    assert f'<p id="n-found" hx-swap-oob="innerHTML">{result}</p>' in answer.text
    assert '<select id="f-state" name="state" hx-swap-oob="outerMorph">' in answer.text


async def test_a_form_without_htmx_redirects_to_a_short_url(context: Context, browser: OpenBrowser) -> None:
    async with browser() as page:
        answer = await page.get("/therapists?q=&state=FL&zip=&within=25&how=&fee=&amount=85&exp=")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/therapists?state=FL&fee=85"
        # What cannot be read is shown where it was typed, so it stays in the address.
        assert (await page.get("/therapists?q=&zip=123")).status_code == 200


async def test_a_later_choice_of_fee_replaces_a_typed_amount(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context, sliding_floor=8_500)
    page = await get(browser, "?fee=85")
    assert '<option value="85" selected>$85 an hour (1)</option>' in page
    assert '<input id="f-amount" name="amount" value=""' in page
    async with browser() as visitor:
        part = await visitor.get("/therapists?fee=40&amount=85", headers={"HX-Request": "true"})
        other = await visitor.get("/therapists?fee=40&q=a", headers={"HX-Request": "true"})
    assert '<option value="85" selected>' in part.text
    assert re.search(r'<input id="f-amount" name="amount" value=""[^>]* hx-swap-oob="true">', part.text)
    assert 'id="f-amount"' not in other.text  # somebody may be writing there
    page = await get(browser, "?fee=60&amount=lots")
    assert not missing(page, '<option value="60" selected>', 'name="amount" value="lots"')


async def test_ignored_filters_are_named(context: Context, browser: OpenBrowser) -> None:
    await add_listing(context)
    page = await get(browser, "?state=FL&how=by_ship&with=x&fee=abc&lang=")
    for name in ("How to meet", "Works with", "A fee I can pay"):
        assert f"<p><strong>{name}:</strong> Please " in page
    assert 'hx-target="body"' in page  # so that the next response removes the messages beside the fields


async def test_distances_in_sql_equal_distances_in_python(context: Context) -> None:
    dice = random.Random(7)
    points = [
        (dice.uniform(18, 71), dice.uniform(0, 6.28), dice.uniform(0, 2), dice.choice(search_rules.WITHIN))
        for _ in range(400)
    ]
    async with context.db.transaction() as tx:
        for latitude, turn, out, within in points:
            here = Place("", "", "FL", latitude, -80.0)
            there = at_distance(here, turn, within * out)
            number = await tx.fetchval(OFFICE, there.latitude, there.longitude)
            near = await tx.fetchval(IS_NEAR, number, here.latitude, here.longitude, float(within))
            assert near == (places.miles(here, there) <= within), (latitude, turn, out, within)
        await tx.execute("delete from listings")


OFFICE = """
insert into listings (state, name, in_person, latitude, longitude, fee_minimum, fee_maximum, source, facets)
values ('shown', 'Office', true, $1, $2, 8000, 9000, 'import', '{at:FL}')
returning number
"""
IS_NEAR = "select $1 in (select near.number from offices_near('FL', $2, $3, $4) as near (number))"


def at_distance(here: Place, turn: float, miles: float) -> Place:
    """The place so many miles from here, in the direction of turn (in radians, from the north)."""
    far, latitude = miles / places.EARTH_MILES, radians(here.latitude)
    there = asin(sin(latitude) * cos(far) + cos(latitude) * sin(far) * cos(turn))
    aside = atan2(sin(turn) * sin(far) * cos(latitude), cos(far) - sin(latitude) * sin(there))
    return Place("", "", "FL", degrees(there), here.longitude + degrees(aside))


async def test_a_page_of_results_takes_two_queries(
    context: Context, browser: OpenBrowser, queries: list[str]
) -> None:
    for _ in range(12):
        await add_listing(context)
    queries.clear()
    await get(browser, "?state=FL&way=ifs&fee=200&zip=33130")
    assert len(queries) == 2


async def test_a_card_links_to_the_short_list_in_the_url(context: Context, browser: OpenBrowser) -> None:
    one = await add_listing(context)
    page = await get(browser, "?state=FL")
    (add,) = re.findall(r'<a id="keep-[^"]+"[^>]* href="([^"]+)"', page)
    page = await get(browser, unescape(add).removeprefix("/therapists"))
    assert not missing(page, "Your short list has 1 therapist.", "Remove from my short list")
    assert search_rules.short_list_rules.code(one) in page


# Counts


async def random_listings(context: Context, dice: random.Random, how_many: int) -> list[dict[str, Any]]:
    """Random listings, as the plain values that the independent count needs."""

    def some(options: Any, most: int = 3) -> list[str]:
        return dice.sample(list(options), dice.randint(0, most))

    listings = []
    for _ in range(how_many):
        area = dice.choice(["FL", "GA"])
        licenses = {code: dice.choice([None, -1, 1]) for code in {area, *some(["FL", "GA", "AL"], 2)}}
        ways = some(["ifs", "se", "emdr", "kap"])
        values: dict[str, Any] = {
            "area": area,
            "telehealth": dice.random() < 0.7,
            "in_person": dice.random() < 0.7,
            "works_with": some(["trauma", "grief", "ocd", "pain"]),
            "for_whom": some(["adults", "couples"], 2),
            "languages": ["en", *some(["es", "fr"], 1)],
            "fee_minimum": (fee := dice.randrange(3_000, 30_000, 500)),
            "fee_maximum": fee + 1_000,
            "sliding_floor": dice.choice([None, fee // 2]),
            "takes_insurance": dice.random() < 0.3,
            "gives_superbills": dice.random() < 0.3,
            "pro_bono_places": dice.choice([0, 0, 1]),
            "free_consultation": dice.choice([0, 15]),
            "room": dice.choice(list(words.ROOM)),
            "experience": dice.choice(["", *words.EXPERIENCE]),
            "latitude": MIAMI.latitude + dice.uniform(-1, 1),
            "longitude": MIAMI.longitude + dice.uniform(-1, 1),
        }
        if not (values["telehealth"] or values["in_person"]):
            values["telehealth"] = True
        rows = [
            {"area": code, "expires_on": days and TODAY + timedelta(days=10 * days)}
            for code, days in licenses.items()
        ]
        credentials = {"ifs": "ifs_2", "se": "sep", "emdr": "emdria", "kap": ""}
        await add_listing(
            context,
            **values,
            licenses=rows,
            ways=[{"way": code, "credential": credentials[code]} for code in ways],
        )
        counting = {code for code, days in licenses.items() if days != -1}
        listings.append(
            values | {"counting": counting, "ways": ways, "credentials": [credentials[w] for w in ways]}
        )
    return listings


def facts(one: dict[str, Any], query: Search, at: search_rules.Where) -> dict[str, bool]:
    """Whether a listing fits each filter."""
    lowest = one["fee_minimum"] if one["sliding_floor"] is None else one["sliding_floor"]
    ranks = ["", "none", "some", "over_10", "over_50"]
    has: dict[str, Callable[[], bool]] = {
        "where": lambda: fits_place(one, query, at),
        "way": lambda: bool(set(query.ways) & set(one["ways"])),
        "cred": lambda: bool(set(query.credentials) & set(one["credentials"])),
        "with": lambda: bool(set(query.works_with) & set(one["works_with"])),
        "for": lambda: bool(set(query.for_whom) & set(one["for_whom"])),
        "lang": lambda: bool(set(query.languages) & set(one["languages"])),
        "pay": lambda: any(pays(one)[code] for code in query.pay),
        "room": lambda: one["room"] in query.room,
        "fee": lambda: lowest <= (query.fee or 0),
        "exp": lambda: ranks.index(one["experience"]) >= ranks.index(query.experience),
    }
    return {kind: is_met() for kind, is_met in has.items()}


def pays(one: dict[str, Any]) -> dict[str, bool]:
    return {
        "sliding": one["sliding_floor"] is not None,
        "insurance": one["takes_insurance"],
        "superbills": one["gives_superbills"],
        "pro_bono": one["pro_bono_places"] > 0,
        "free_talk": one["free_consultation"] > 0,
    }


def fits_place(one: dict[str, Any], query: Search, at: search_rules.Where) -> bool:
    if at.area not in one["counting"]:
        return False
    office = one["in_person"] and one["area"] == at.area and is_near(one, query, at)
    return {"telehealth": one["telehealth"], "in_person": office}.get(query.how, one["telehealth"] or office)


def is_near(one: dict[str, Any], query: Search, at: search_rules.Where) -> bool:
    there = Place("", "", "", one["latitude"], one["longitude"])
    return at.near is None or places.miles(at.near, there) <= query.within


def chosen(query: Search, at: search_rules.Where) -> set[str]:
    return set(search_rules.facets(query, at.area, at.near is not None))


def random_search(dice: random.Random) -> Search:
    def some(options: list[str]) -> tuple[str, ...]:
        return tuple(dice.sample(options, dice.choice([0, 0, 1, 2])))

    return Search(
        state=dice.choice(["", "FL", "FL", "GA"]),
        zip=dice.choice(["", "33130"]),
        how=dice.choice(["", "telehealth", "in_person"]),
        within=dice.choice([10, 50, 100]),
        ways=some(["ifs", "se", "emdr"]),
        credentials=some(["sep", "emdria"]),
        works_with=some(["trauma", "grief", "ocd"]),
        for_whom=some(["adults", "couples"]),
        languages=some(["en", "es"]),
        pay=some(["sliding", "insurance", "free_talk"]),
        room=some(["now", "waiting"]),
        fee=dice.choice([None, None, 4_000, 8_000, 9_700, 2_000, 45_000]),
        experience=dice.choice(["", "", "some", "over_10"]),
    )


def expected_counts(everybody: list[dict[str, Any]], query: Search, at: search_rules.Where) -> Counter[str]:
    """Every count, computed independently: of each group under all other choices."""
    counts: Counter[str] = Counter()
    kinds = chosen(query, at)
    for one in everybody:
        has = facts(one, query, at)
        missing = {kind for kind in kinds if not has[kind]}
        counts["all"] += not missing
        for kind in kinds:
            counts[f"without:{kind}"] += missing <= {kind}
        for group, facets in facets_of(one, query, at).items():
            for facet in facets:
                counts[facet] += missing <= {group}
    return +counts


def facets_of(one: dict[str, Any], query: Search, at: search_rules.Where) -> dict[str, list[str]]:
    """What a listing counts for, by group."""
    lowest = one["fee_minimum"] if one["sliding_floor"] is None else one["sliding_floor"]
    office = [code for code in one["counting"] if one["in_person"] and code == one["area"]]
    video = [code for code in one["counting"] if one["telehealth"]]
    ranks = ["some", "over_10", "over_50"]
    reached = ranks[: ranks.index(one["experience"]) + 1] if one["experience"] in ranks else []
    near = at.near is not None and at.area in office and is_near(one, query, at)
    return {
        "where": [
            *(f"tele:{code}" for code in video),
            *(f"at:{code}" for code in office),
            *(f"in:{code}" for code in {*video, *office}),
            *(["near"] if near else []),
        ],
        "way": [f"way:{code}" for code in one["ways"]],
        "cred": [f"cred:{code}" for code in one["credentials"] if code],
        "with": [f"with:{code}" for code in one["works_with"]],
        "for": [f"for:{code}" for code in one["for_whom"]],
        "lang": [f"lang:{code}" for code in one["languages"]],
        "pay": [f"pay:{code}" for code, yes in pays(one).items() if yes],
        "room": [f"room:{one['room']}"],
        "fee": [f"fee:{step}" for step in search_rules.FEES if lowest <= step * 100],
        "exp": [f"exp:{code}" for code in reached],
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_counts_equal_an_independent_count(context: Context, seed: int) -> None:
    dice = random.Random(seed)
    everybody = await random_listings(context, dice, 60)
    for _ in range(60):
        query = random_search(dice)
        results = await search.find(context, query, page_size=100)
        if not results.where.is_searchable:
            assert results.cards == ()
            continue
        assert Counter(results.counts) == expected_counts(everybody, query, results.where), query
        assert len(results.cards) == results.total
        if results.where.area:
            assert all(results.where.area in card.licensed for card in results.cards)
