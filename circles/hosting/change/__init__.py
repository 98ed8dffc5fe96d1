"""Changing gatherings that are planned: preview, apply, notify those booked."""
