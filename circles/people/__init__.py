"""Accounts, sign-in, roles. Other rooms may call what is named here."""

from circles.people import picture_forms
from circles.people.pictures import draw_hills
from circles.people.queries import by_email, by_ids, fingerprint, profile, signed_in, start_sign_in
from circles.people.rules import SIGN_IN_LASTS, Person, address

__all__ = [
    "SIGN_IN_LASTS",
    "Person",
    "address",
    "by_email",
    "by_ids",
    "draw_hills",
    "fingerprint",
    "picture_forms",
    "profile",
    "signed_in",
    "start_sign_in",
]
