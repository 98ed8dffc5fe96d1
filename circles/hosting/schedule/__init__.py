"""Schedules: recurrence rules and the gatherings planned from them."""
