"""Which network a request comes from, for counting tries."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from circles.settings import Settings


def network(request: Request, settings: Settings) -> str:
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
