"""Shares: what the community keeps of a payment, and what is due to a facilitator."""
