"""The directory: therapists' listings, how they are found, and introductions. Stands on people alone."""

from circles.directory.introductions.leaving import leave
from circles.directory.introductions.rules import LASTS as INTRODUCTION_LASTS
from circles.directory.introductions.rules import read_ids
from circles.directory.introductions.suggestions_actions import chosen, find, may_suggest, suggest
from circles.directory.introductions.suggestions_rules import Suggestion, options
from circles.directory.introductions.suggestions_rules import read as read_suggestion
from circles.directory.listing import rules as listing_rules
from circles.directory.listing import words
from circles.directory.listing.actions import own_listing, to_do
from circles.directory.listing.values import Draft, License, Way
from circles.directory.listing.words import QUESTIONS

__all__ = [
    "INTRODUCTION_LASTS",
    "QUESTIONS",
    "Draft",
    "License",
    "Suggestion",
    "Way",
    "chosen",
    "find",
    "leave",
    "listing_rules",
    "may_suggest",
    "options",
    "own_listing",
    "read_ids",
    "read_suggestion",
    "suggest",
    "to_do",
    "words",
]
