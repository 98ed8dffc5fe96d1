"""The directory: therapists' listings, how they are found, and introductions. Stands on people alone."""

from circles.directory import checking as checking
from circles.directory import forgetting as forgetting
from circles.directory.actions import OwnListing, own_listing, to_do
from circles.directory.introductions_leaving import leave
from circles.directory.introductions_rules import read_ids
from circles.directory.suggestions_actions import chosen, find, may_suggest, suggest
from circles.directory.suggestions_rules import Suggestion, options
from circles.directory.suggestions_rules import read as read_suggestion

__all__ = [
    "OwnListing",
    "Suggestion",
    "chosen",
    "find",
    "leave",
    "may_suggest",
    "options",
    "own_listing",
    "read_ids",
    "read_suggestion",
    "suggest",
    "to_do",
]
