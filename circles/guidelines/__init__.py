"""Guidelines: versioned written agreements, and who agreed to which version."""

from circles.guidelines.actions import accept, create, current, delete
from circles.guidelines.diff import compare
from circles.guidelines.rules import read_text
from circles.guidelines.texts import starting_text

__all__ = ["accept", "compare", "create", "current", "delete", "read_text", "starting_text"]
