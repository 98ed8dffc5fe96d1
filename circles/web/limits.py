"""How often, kept in the database, so that any number of processes count together."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from circles import db, jobs
from circles.house import House

SQL = db.queries("limits")


async def within(house: House, key: str, most: int, per: timedelta) -> bool:
    """Count one more try under a key and say whether it is within `most` per window.

    The key (an address, an IP) is stored hashed with the house's own key. Counted in its own transaction,
    so a refused try counts as well.
    """
    digest = hashlib.blake2b(key.encode(), key=house.settings.signing_key()[:64], digest_size=16).hexdigest()
    async with house.db.transaction() as tx:
        return await SQL.count_one(tx, key=digest, per=per) <= most


@jobs.every("limits.tidy", "23 * * * *")
async def tidy(house: House) -> None:
    """Forget counts of windows long past."""
    async with house.db.transaction() as tx:
        await SQL.forget_old(tx)
