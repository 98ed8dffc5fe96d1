"""Messages of hosts to those booked at a gathering: written once, looked at, sent as one mail a person."""

from circles.messages.rules import STARTS

__all__ = [
    "STARTS",
]
