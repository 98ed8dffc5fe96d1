"""Helpers without I/O: errors, time, money, text, form readers, settings."""
