"""What facilitators are paid: their account at Stripe, and a statement of each month."""
