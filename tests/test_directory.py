"""Listings on the real database: written, read, changed; who sees which page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from circles.directory import actions, contact, own_listing
from circles.directory.values import Licence
from circles.errors import NotFound, OutOfDate, Refused
from circles.house import House
from tests.cast import Cast
from tests.directory_hands import RIVER, add_listing


async def test_a_listing_is_read_as_it_was_written(house: House) -> None:
    listing = await add_listing(house)
    async with house.db.reading() as tx:
        assert await actions.read_draft(tx, listing) == RIVER
        facets = await tx.fetchval("select facets from listings where id = $1", listing)
        point = await tx.fetchrow("select latitude, longitude from listings where id = $1", listing)
    assert {"tele:FL", "at:FL", "in:FL", "way:ifs", "cred:ifs_2", "fee:60", "exp:over_10"} <= set(facets)
    assert point is not None
    assert 25 < point["latitude"] < 26.5
