"""The directory: listings of therapists, the search, introductions and suggestions."""

from circles.directory.introductions.access_log import PER_PAGE as ACCESSES_PER_PAGE
from circles.directory.introductions.access_log import read_page as read_accesses
from circles.directory.introductions.access_log import text_of as access_text
from circles.directory.introductions.ending import end_double_introductions
from circles.directory.introductions.ending import end_for_erased as end_introductions_for_erased
from circles.directory.introductions.rules import LIFETIME as INTRODUCTION_LIFETIME
from circles.directory.introductions.rules import read_ids
from circles.directory.introductions.suggestions_actions import (
    find_nameable,
    read_nameable,
    suggest,
)
from circles.directory.introductions.suggestions_rules import Suggestion, listing_options
from circles.directory.introductions.suggestions_rules import read as read_suggestion
from circles.directory.listing import words
from circles.directory.listing.actions import columns_of, own_listing, way_codes
from circles.directory.listing.values import Draft, License, Way
from circles.directory.listing.words import QUESTIONS

__all__ = [
    "ACCESSES_PER_PAGE",
    "INTRODUCTION_LIFETIME",
    "QUESTIONS",
    "Draft",
    "License",
    "Suggestion",
    "Way",
    "access_text",
    "columns_of",
    "end_double_introductions",
    "end_introductions_for_erased",
    "find_nameable",
    "listing_options",
    "own_listing",
    "read_accesses",
    "read_ids",
    "read_nameable",
    "read_suggestion",
    "suggest",
    "way_codes",
    "words",
]
