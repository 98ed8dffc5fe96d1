"""The register of each gathering, exports of attendance, and the organizers' overview."""

from circles.attendance.actions import mark, register

__all__ = ["mark", "register"]
