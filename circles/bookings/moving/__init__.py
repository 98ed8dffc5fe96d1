"""Moving a seat to another gathering of its circle, with its money and its invite."""

from circles.bookings.moving.actions import Moved, move, move_by_host, moved_away

__all__ = ["Moved", "move", "move_by_host", "moved_away"]
