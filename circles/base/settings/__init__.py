"""Settings from the environment, what the community says of itself, and what is wrong with either."""

from circles.base.settings.community import ASKS, FIRST_VALUES, Community, Logo
from circles.base.settings.crisis_lines import CrisisLine, parse_lines
from circles.base.settings.model import STOP_SECONDS, Settings

__all__ = [
    "ASKS",
    "FIRST_VALUES",
    "STOP_SECONDS",
    "Community",
    "CrisisLine",
    "Logo",
    "Settings",
    "parse_lines",
]
