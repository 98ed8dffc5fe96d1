"""Accounts, sign-in, roles. Other rooms may call what is named here."""

from circles.people.front import by_email, by_ids, fingerprint, profile, signed_in, start_sign_in
from circles.people.rules import SIGN_IN_LASTS, Credential, Person, Profile, address

__all__ = [
    "SIGN_IN_LASTS",
    "Credential",
    "Person",
    "Profile",
    "address",
    "by_email",
    "by_ids",
    "fingerprint",
    "profile",
    "signed_in",
    "start_sign_in",
]
