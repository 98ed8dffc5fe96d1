"""Settings from the environment, and what is wrong with them."""

from circles.base.settings.model import CrisisLine, Settings, parse_lines

__all__ = ["CrisisLine", "Settings", "parse_lines"]
