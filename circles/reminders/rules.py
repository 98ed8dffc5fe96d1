"""Reminders: when each kind is due and of use, and the key in its mail that switches reminders off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from circles.base.row import Row
from circles.web import tokens


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of reminder. lead: so long before the start it is due; until: when it is of no use any more."""

    name: str
    lead: timedelta
    until: timedelta

    def is_due(self, *, starts_at: datetime, confirmed_at: datetime, now: datetime) -> bool:
        """Whether somebody is reminded now of a gathering.

        Who booked after it was due needs none: the invite has just told them the same.
        """
        return confirmed_at <= starts_at - self.lead and starts_at - self.lead <= now < starts_at - self.until

    def useful_until(self, starts_at: datetime) -> datetime:
        """From when on it need not leave any more."""
        return starts_at - self.until


# The day before is told at the hour of the gathering, so in nobody's night unless the gathering is. After six hours of
# the site or the mail server being away it would still come in time; shortly before the start it only disturbs.
DAY: Final = Kind("day", timedelta(hours=24), timedelta(hours=6))
HOUR: Final = Kind("hour", timedelta(hours=1), timedelta(0))
KINDS: Final = {kind.name: kind for kind in (DAY, HOUR)}


def choice_text(choice: Row) -> str:
    """Which reminders somebody gets at present."""
    if choice["remind_day"] and choice["remind_hour"]:
        return "We remind you the day before and an hour before."
    if choice["remind_day"]:
        return "We remind you the day before."
    if choice["remind_hour"]:
        return "We remind you an hour before."
    return "You get no reminders."


def token(key: bytes, person_id: UUID) -> str:
    """The key in the address of a person's choice of reminders. key: the site's own, so that nobody can make one."""
    return tokens.make(key, "reminders", person_id)


def person_of(keys: Iterable[bytes], typed: str) -> UUID | None:
    """Whose choice a token opens; None for one not made here. keys: the present one and that of before."""
    return tokens.read(keys, "reminders", typed)
