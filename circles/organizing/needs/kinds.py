"""Every kind of needs.

Another one is a query in sql/organizing, without parameters and with the columns of needs.sql; a Kind in a module
beside this one, or in a package beside `needs`; and its line here.
"""

from __future__ import annotations

from circles.organizing.needs import circle_kinds, directory_kinds, money_kinds, site_kinds
from circles.organizing.needs.rules import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (*money_kinds.KINDS, *circle_kinds.KINDS, *site_kinds.KINDS, *directory_kinds.KINDS)
}


def noun_of(name: str) -> str:
    """What a kind of needs is called; its name where this version does not know it."""
    return KINDS[name].noun if name in KINDS else name
