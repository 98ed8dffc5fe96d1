"""Changing gatherings that are planned: preview, apply, tell those booked."""
