"""A stateful look-alike of Stripe: API, checkout page, signed webhooks."""
