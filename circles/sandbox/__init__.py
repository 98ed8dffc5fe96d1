"""Files from outside are parsed in a child process, with limits on its memory, its time and its answer."""

from circles.sandbox import pictures
from circles.sandbox.parent import Limits, Target, run

__all__ = ["Limits", "Target", "pictures", "run"]
