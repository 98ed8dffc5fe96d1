"""Stripe's own books: balance transactions with their fees, and payouts, read and kept as Stripe says them."""
