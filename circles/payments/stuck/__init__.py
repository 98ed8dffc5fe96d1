"""Stuck money: what waits for a person, tried again or settled by hand, and told to the organizers."""
