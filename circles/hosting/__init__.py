"""What hosts do: plan, change, move, cancel and end circles and gatherings. Above bookings in the order of layers."""

from circles.hosting.hosts.mail import notify_hosts
from circles.hosting.hosts.rules import acted_as
from circles.hosting.roles import leaving
from circles.hosting.schedule.planting import plant_some
from circles.hosting.schedule.rules import HORIZON, Rule
from circles.hosting.schedule.rules import dates as rule_dates
from circles.hosting.seats.actions import told as told_of_seat

__all__ = [
    "HORIZON",
    "Rule",
    "acted_as",
    "leaving",
    "notify_hosts",
    "plant_some",
    "rule_dates",
    "told_of_seat",
]
