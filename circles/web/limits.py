"""Rate limits, counted in the database for all processes, and the network of a client."""

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
    """Count one attempt under a key. Returns whether there were at most `most` in this window of length `per`.

    The key (a mail or IP address) is stored as a keyed hash. Counted in its own transaction, so that an attempt
    counts even where the caller's transaction is rolled back.
    """
    digest = hashlib.blake2b(
        key.encode(), key=context.settings.signing_key()[:64], digest_size=16
    ).hexdigest()
    async with context.db.transaction() as tx:
        return await SQL.count_attempt(tx, key=digest, per=per) <= most


@jobs.every("limits.tidy", "23 * * * *")
async def delete_old(context: Context) -> None:
    """Delete the counts of past windows."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)


def client_network(request: Request, settings: Settings) -> str:
    """The IP address of the client; of an IPv6 address its /64, which belongs to one household.

    Behind a trusted proxy (a setting: addresses or networks, separated by commas), it is the last hop of
    X-Forwarded-For, which that proxy wrote itself; a client can forge those before it.
    """
    peer = request.client.host if request.client else ""
    if _trusted(peer, settings.trusted_proxy):
        peer = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
    try:
        address = ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _trusted(peer: str, proxies: str) -> bool:
    try:
        return any(
            ip_address(peer) in ip_network(proxy.strip(), strict=False)
            for proxy in proxies.split(",")
            if proxy.strip()
        )
    except ValueError:
        return False
