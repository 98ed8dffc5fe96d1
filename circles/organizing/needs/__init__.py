"""Needs a hand: one list of everything that waits for a person, put off or done from there."""

from circles.organizing.needs.actions import act, bring_back, put_off
from circles.organizing.needs.kinds import noun_of
from circles.organizing.needs.queries import waiting
from circles.organizing.needs.rules import MAX_LISTED, MAX_OF_KIND, PUT_OFF, in_order

__all__ = [
    "MAX_LISTED",
    "MAX_OF_KIND",
    "PUT_OFF",
    "act",
    "bring_back",
    "in_order",
    "noun_of",
    "put_off",
    "waiting",
]
