"""The register of each gathering, its live page and run sheet; everybody's own attendance, hours and letters."""

from circles.attendance.run_sheet.rules import Step
from circles.attendance.run_sheet.rules import starting_sheet as starting_run_sheet

__all__ = ["Step", "starting_run_sheet"]
