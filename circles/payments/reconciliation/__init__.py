"""Reconciliation: our rows compared with Stripe's books; one right answer is mended, the rest is for a person."""
