"""The register of each gathering, exports of attendance, and the organizers' overview."""

from circles.attendance.actions import mark, register
from circles.attendance.rules import MARKS, Counts, Seat

__all__ = ["MARKS", "Counts", "Seat", "mark", "register"]
