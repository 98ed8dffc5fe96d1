"""Accounts, sign-in, roles, profiles."""

from circles.base.text import parse_address
from circles.people import picture_upload, same_names
from circles.people.actions import account_for, lock_for_role, set_role
from circles.people.organizers_mail import notify_organizers
from circles.people.queries import (
    by_email,
    by_ids,
    find_signed_in,
    fingerprint,
    matching,
    profiles,
    start_sign_in,
)
from circles.people.rules import Person, Role, parse_name, parse_pronouns, role_refusals
from circles.people.sign_in_actions import on_sign_out_everywhere
from circles.people.sign_in_rules import SIGN_IN_LASTS
from circles.people.suspended.actions import (
    is_suspended,
    lift_suspension,
    stays_suspended,
    suspend_account,
)

__all__ = [
    "SIGN_IN_LASTS",
    "Person",
    "Role",
    "account_for",
    "by_email",
    "by_ids",
    "find_signed_in",
    "fingerprint",
    "is_suspended",
    "lift_suspension",
    "lock_for_role",
    "matching",
    "notify_organizers",
    "on_sign_out_everywhere",
    "parse_address",
    "parse_name",
    "parse_pronouns",
    "picture_upload",
    "profiles",
    "role_refusals",
    "same_names",
    "set_role",
    "start_sign_in",
    "stays_suspended",
    "suspend_account",
]
