"""What hosts do: plan, change, move, cancel and end circles and gatherings. Above bookings in the order of layers."""

from circles.hosting.schedule.planting import plant_some
from circles.hosting.schedule.rules import HORIZON, Rule
from circles.hosting.schedule.rules import dates as rule_dates

__all__ = ["HORIZON", "Rule", "plant_some", "rule_dates"]
