"""Organizers by the command line: for the first one, and for a community whose organizers cannot sign in any more."""

from __future__ import annotations

import sys

from circles.base.english import plural
from circles.base.errors import CirclesError
from circles.people import actions
from circles.store.context import Context


class NotConfirmed(CirclesError):
    """What the command was about to do was not confirmed, so nothing was done."""


async def list_them(context: Context) -> str:
    """The organizers, a line each."""
    people = await actions.organizers(context)
    if not people:
        return "There is no organizer yet."
    return "\n".join(
        [f"{plural(len(people), 'organizer')}:", *(f"{each.name} <{each.email}>" for each in people)]
    )


async def appoint(context: Context, email: str, *, is_sure: bool) -> str:
    """Make somebody an organizer; an account is made for an address nobody has only when that is confirmed.

    Raises Refused for what is no address, NotConfirmed.
    """
    if not await actions.has_account(context, email=email):
        confirm(f"Nobody has an account with the address {email}. Make one, as organizer?", is_sure=is_sure)
    await actions.appoint_organizer(context, email=email)
    return "They are an organizer now, and can sign in with that address."


async def remove(context: Context, email: str) -> str:
    """Take the role away from somebody. Raises NotFound for an unknown address, Refused for the last organizer."""
    await actions.dismiss_organizer(context, email=email)
    return "They are no organizer any more. That holds from their next page on."


def confirm(question: str, *, is_sure: bool) -> None:
    """Ask the person at the terminal. Raises NotConfirmed for any answer but yes, and where nobody can answer."""
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed(f"{question} Nothing was done. Say --yes, if so.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise NotConfirmed("Nothing was done.")
