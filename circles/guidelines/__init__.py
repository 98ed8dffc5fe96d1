"""Guidelines: versioned written agreements, and who agreed to which version."""

from circles.guidelines import diff
from circles.guidelines.actions import accept, create, current, forget, publish
from circles.guidelines.rules import Version, read_words
from circles.guidelines.texts import STARTING_TEXTS, starting_text

__all__ = [
    "STARTING_TEXTS",
    "Version",
    "accept",
    "create",
    "current",
    "diff",
    "forget",
    "publish",
    "read_words",
    "starting_text",
]
