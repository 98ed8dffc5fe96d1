"""Organizers' overview, all bookings, and the export of attendance."""
