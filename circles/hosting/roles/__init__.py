"""Roles: facilitator and organizer, given, taken away, and asked for."""
