"""The live page of a gathering: the taps and walk-ins a phone sends, and how long its tab may keep the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from circles.attendance.register.rules import Marking
from circles.attendance.walk_ins.rules import MAX_OF_GATHERING, WalkIn
from circles.base.errors import Reason, Refused

Mark = Literal["", "came", "absent", "excused"]

# How long a phone may have been offline: older taps are refused. register.forget_taps keeps the keys a day longer.
OLDEST_TAP = timedelta(days=30)
MAX_TAPS = 500
# A tab may keep the names for use offline from this long before the start until this long after the end.
KEPT_BEFORE = timedelta(hours=12)
KEPT_AFTER = timedelta(hours=3)


class Tap(BaseModel):
    """One tap on the register, on a booking or on a walk-in that came. key: made by the phone, unique.

    ago: milliseconds before it was sent. How long ago, not when: the clock of a phone may be wrong, but the difference
    between two of its times is not.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: UUID
    booking: UUID | None = None
    walk_in: UUID | None = None
    mark: Mark
    late: bool = False
    left_early: bool = False
    ago: Annotated[int, Field(ge=0, le=OLDEST_TAP // timedelta(milliseconds=1))]

    @model_validator(mode="after")
    def _is_of_one(self) -> Tap:
        if (self.booking is None) == (self.walk_in is None):
            raise ValueError("a tap is on a booking or on a walk-in")
        if self.mark != "came" and (self.walk_in or self.late or self.left_early):
            raise ValueError("somebody who did not come was not late")
        return self

    @property
    def line(self) -> str:
        """The line of the register that was tapped, to put them in one order."""
        return f"booking {self.booking}" if self.booking else f"walk-in {self.walk_in}"

    @property
    def marking(self) -> Marking:
        return Marking(self.mark, self.late, self.left_early)


class SentWalkIn(BaseModel):
    """Somebody who came without a booking, as a phone sends them. key, ago: as of a tap; the rest: see WalkIn."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: UUID
    name: Annotated[str, Field(max_length=400)]
    counts: bool = False
    over: bool = False
    ago: Annotated[int, Field(ge=0, le=OLDEST_TAP // timedelta(milliseconds=1))]

    @property
    def walk_in(self) -> WalkIn:
        return WalkIn(
            self.key, self.name, counts=self.counts, over=self.over, ago=timedelta(milliseconds=self.ago)
        )


class Sent(BaseModel):
    """What a phone sends at once, each oldest first."""

    taps: Annotated[list[Tap], Field(max_length=MAX_TAPS)] = []
    walk_ins: Annotated[list[SentWalkIn], Field(max_length=MAX_OF_GATHERING)] = []


def read_sent(body: bytes) -> Sent:
    """The taps and walk-ins a phone sends as JSON, oldest first. Raises Refused for anything else."""
    try:
        sent = Sent.model_validate_json(body)
    except ValidationError:
        raise Refused(Reason("taps_unreadable", "These marks could not be read.")) from None
    return Sent(
        taps=sorted(sent.taps, key=lambda tap: -tap.ago),
        walk_ins=sorted(sent.walk_ins, key=lambda walk_in: -walk_in.ago),
    )


def kept_for(state: str, starts_at: datetime, ends_at: datetime, now: datetime, *, closed: bool) -> timedelta:
    """How long from now a tab may keep the page with its names; zero when it may not."""
    if state != "open" or closed or now < starts_at - KEPT_BEFORE:
        return timedelta(0)
    return max(ends_at + KEPT_AFTER - now, timedelta(0))
