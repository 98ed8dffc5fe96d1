"""Reminders by mail, the day before a gathering and an hour before."""
