"""The payout sheet: what is owed to facilitators at the end of a month, and what was paid to them by hand."""
