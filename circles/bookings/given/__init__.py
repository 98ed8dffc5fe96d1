"""Seats that hosts and organizers give and take back, and why somebody left."""
