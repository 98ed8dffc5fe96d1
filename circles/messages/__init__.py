"""Messages of hosts to the members booked at a gathering, sent as one mail to each."""

from circles.messages.rules import STARTING_TEXTS

__all__ = ["STARTING_TEXTS"]
