"""Passes: several gatherings of a circle within some weeks, paid at once."""
