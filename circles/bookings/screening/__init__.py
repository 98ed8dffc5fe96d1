"""Screening: what a circle asks before the first booking, requests, who is kept apart."""
