"""Reconciliation: what the ledger has beside what Stripe has, and the differences."""
