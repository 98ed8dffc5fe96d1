"""Bringing in a list from a file: columns, preview, doubtful rows, outcome; what the rows mean is for others to say."""

from circles.imports import actions, queries
from circles.imports.handlers import MAX_BODY, ListPages, csv_file
from circles.imports.kinds import LIMITS, ListKind

__all__ = ["LIMITS", "MAX_BODY", "ListKind", "ListPages", "actions", "csv_file", "queries"]
