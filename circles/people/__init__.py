"""Accounts, sign-in, roles, profiles."""

from circles.people import picture_upload, same_names
from circles.people.pictures import draw_hills
from circles.people.queries import by_email, by_ids, find_signed_in, fingerprint, profiles, start_sign_in
from circles.people.rules import Person, parse_address
from circles.people.sign_in_rules import SIGN_IN_LASTS

__all__ = [
    "SIGN_IN_LASTS",
    "Person",
    "by_email",
    "by_ids",
    "draw_hills",
    "find_signed_in",
    "fingerprint",
    "parse_address",
    "picture_upload",
    "profiles",
    "same_names",
    "start_sign_in",
]
