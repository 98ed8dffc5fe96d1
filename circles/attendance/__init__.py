"""The register of each gathering, exports of attendance, and the organizers' overview."""

from circles.attendance.run_sheet.rules import Step
from circles.attendance.run_sheet.rules import start as starting_run_sheet

__all__ = [
    "Step",
    "starting_run_sheet",
]
