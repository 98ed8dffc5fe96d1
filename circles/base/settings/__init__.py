"""Settings from the environment, and what is wrong with them."""

from circles.base.settings.model import STOP_SECONDS, CrisisLine, Settings, parse_lines

__all__ = ["STOP_SECONDS", "CrisisLine", "Settings", "parse_lines"]
