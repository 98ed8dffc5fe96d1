"""Several dates of a circle booked at once: one form, one checkout, one mail."""
