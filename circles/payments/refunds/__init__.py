"""Refunds and disputes: requested, sent, followed at Stripe, those made at its dashboard as well."""
