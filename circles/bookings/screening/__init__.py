"""Screening: what a circle asks before the first booking, requests, limits for newcomers."""
