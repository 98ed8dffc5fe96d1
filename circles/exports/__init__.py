"""Files of attendance, bookings, gatherings, and hours: what they hold, for whom, and who was told."""

from circles.exports.totals import LEAST, shown

__all__ = ["LEAST", "shown"]
