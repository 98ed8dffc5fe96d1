"""Practice mode: the Stripe look-alike, the mailbox, the demo community, the embedded PostgreSQL."""
