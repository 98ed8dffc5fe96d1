"""Organizers' overview, and all bookings."""
