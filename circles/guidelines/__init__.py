"""Guidelines: versioned written agreements, and who agreed to which version."""

from circles.guidelines import diff
from circles.guidelines.actions import accept, create, current, forget
from circles.guidelines.rules import read_words
from circles.guidelines.texts import starting_text

__all__ = [
    "accept",
    "create",
    "current",
    "diff",
    "forget",
    "read_words",
    "starting_text",
]
