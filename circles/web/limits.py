"""Rate limits, counted in the database for all processes together, and the network a request comes from."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from circles.base.settings import Settings
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("web/limits")


async def allow(context: Context, key: str, most: int, per: timedelta) -> bool:
    """Count one more try under a key and say whether it is within `most` per window.

    The key (an address, an IP) is stored hashed with the house's own key. Counted in its own transaction,
    so a refused try counts as well.
    """
    digest = hashlib.blake2b(
        key.encode(), key=context.settings.signing_key()[:64], digest_size=16
    ).hexdigest()
    async with context.db.transaction() as tx:
        return await SQL.count_one(tx, key=digest, per=per) <= most


@jobs.every("limits.tidy", "23 * * * *")
async def tidy(context: Context) -> None:
    """Forget counts of windows long past."""
    async with context.db.transaction() as tx:
        await SQL.forget_old(tx)


def client_network(request: Request, settings: Settings) -> str:
    """The address of the client; of an IPv6 one its /64, since one household has all of that.

    Behind the proxy the settings trust (addresses or networks, separated by commas), it is the last hop of
    X-Forwarded-For: the one that proxy wrote itself. Anything before it the client may have made up.
    """
    peer = request.client.host if request.client else ""
    if _trusted(peer, settings.trusted_proxy):
        peer = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
    try:
        found = ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(ip_network((found, 64), strict=False))
    return str(found)


def _trusted(peer: str, proxies: str) -> bool:
    try:
        return any(
            ip_address(peer) in ip_network(proxy.strip(), strict=False)
            for proxy in proxies.split(",")
            if proxy.strip()
        )
    except ValueError:
        return False
