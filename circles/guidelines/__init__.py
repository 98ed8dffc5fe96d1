"""Guidelines: versioned written agreements, and who agreed to which version."""

from circles.guidelines.actions import accept, create, current, publish
from circles.guidelines.rules import STARTING_TEXTS, Version

__all__ = ["STARTING_TEXTS", "Version", "accept", "create", "current", "publish"]
