"""Files of attendance, bookings, gatherings, and hours: what they hold, for whom, and who was told."""
