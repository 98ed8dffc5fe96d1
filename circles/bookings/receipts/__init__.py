"""Receipts: one of each payment, and a year's summary."""
