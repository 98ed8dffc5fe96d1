"""Changing what a confirmed seat costs: less goes back to the card, more is asked for by an additional payment."""
