"""Cash: what a host or an organizer noted as received or given back; nothing of it goes to Stripe."""
