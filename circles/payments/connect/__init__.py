"""Stripe Connect: the accounts of facilitators, transfers to them, and their reversals."""
