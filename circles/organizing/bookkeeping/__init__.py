"""For a bookkeeper: months, payouts, reconciliations, and what is owed to facilitators."""
