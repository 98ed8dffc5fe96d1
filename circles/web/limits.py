"""Rate limits, counted in the database for all processes, and the network of a client."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from starlette.requests import Request

from circles.base import clock, english
from circles.base.errors import Reason, Refused
from circles.base.settings import Settings
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("web/limits")

# Files of one person that are parsed, of all kinds together.
MAX_UPLOADS = ((30, timedelta(minutes=10)), (100, timedelta(hours=6)))

# This machine, and the networks of RFC 1918, 6598, 3927, 4193 and 4291.
PRIVATE = (
    "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, "
    "::1, fc00::/7, fe80::/10"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of something in a window of length `per`. key: what, and for whom."""

    key: str
    most: int
    per: timedelta

    @property
    def wait(self) -> timedelta:
        """How long until the window ends; windows are counted from the start of 2000."""
        return self.per - (clock.now() - datetime(2000, 1, 1, tzinfo=UTC)) % self.per


async def count(tx: db.Tx, settings: Settings, *limits: Limit) -> list[Limit]:
    """Count one more under each limit, in the caller's transaction. Returns the limits that are reached.

    Where one is reached nothing is counted, and what the caller rolls back is not counted either: only what was carried
    out uses an allowance up. The keys are stored as keyed hashes.
    """
    windows = {
        "keys": [digest(settings, f"{limit.key} {limit.per}") for limit in limits],
        "pers": [limit.per for limit in limits],
    }
    counts = {row["key"]: row["count"] for row in await db.rows(SQL.lock_counts(tx, **windows))}
    reached = [limit for key, limit in zip(windows["keys"], limits, strict=True) if counts[key] >= limit.most]
    if not reached:
        await SQL.count(tx, **windows)
    return reached


async def allow(tx: db.Tx, settings: Settings, key: str, most: int, per: timedelta) -> bool:
    """Count one more under a key, as `count` does. Returns whether the limit was not reached yet."""
    return not await count(tx, settings, Limit(key, most, per))


def digest(settings: Settings, key: str) -> str:
    """How a key that holds an address is stored: as a keyed hash."""
    return hashlib.blake2b(key.encode(), key=settings.signing_key()[:64], digest_size=16).hexdigest()


async def count_upload(context: Context, person_id: UUID, field: str) -> None:
    """Count a file that a person uploads, before it is parsed: also one that is refused then has cost its time.

    Raises Refused once there were too many.
    """
    every = [Limit(f"upload {person_id}", most, per) for most, per in MAX_UPLOADS]
    async with context.db.transaction() as tx:
        reached = await count(tx, context.settings, *every)
    if reached:
        wait = english.plural(max(1, -(-max(limit.wait for limit in reached).seconds // 60)), "minute")
        text = (
            f"These were many files in a short time. Nothing is lost: please send this one again in {wait}."
        )
        raise Refused(Reason("too_many_files", text, field))


@jobs.every("limits.tidy", "23 * * * *")
async def delete_old(context: Context) -> None:
    """Delete the counts of past windows."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)


def client_network(request: Request, settings: Settings) -> str:
    """The IP address of the client; of an IPv6 address its /64, which belongs to one household. Empty when unknown.

    Behind a proxy, it is the last hop of X-Forwarded-For, which the proxy wrote itself; a client can forge those before
    it. The proxies are a setting: addresses or networks, separated by commas. Where it names none, the machine itself
    and private networks count as proxies, so that a forgotten setting does not put everybody into one network; and a
    private address that forwards for nobody is unknown, for it may stand for everybody.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if settings.trusted_proxy:
        client = (forwarded or peer) if _is_listed(peer, settings.trusted_proxy) else peer
    else:
        client = forwarded if _is_private(peer) else peer
    try:
        address = ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _is_private(peer: str) -> bool:
    """Whether this is a proxy's kind of address: no address at all (a Unix socket), this machine, a private network."""
    return not peer or _is_listed(peer, PRIVATE)


def _is_listed(peer: str, proxies: str) -> bool:
    try:
        address = ip_address(peer)
        address = (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
        return any(
            address in ip_network(proxy.strip(), strict=False)
            for proxy in proxies.split(",")
            if proxy.strip()
        )
    except ValueError:
        return False


def of_network(name: str, network: str, limits: Iterable[tuple[int, timedelta]]) -> list[Limit]:
    """The limits of what one network may do. An unknown one stands for everybody, and gets ten times as much."""
    return [Limit(f"{name} {network}", most if network else most * 10, per) for most, per in limits]
