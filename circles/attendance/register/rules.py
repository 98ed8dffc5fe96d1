"""The register of a gathering: seats, marks, counts, and when marks can be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from uuid import UUID

from circles.base.errors import Reason
from circles.base.row import Row

Mark = Literal["came", "absent", "excused"]
MARKS: Final[tuple[str, ...]] = get_args(Mark)
# What may be marked of somebody who came.
QUALITIES: Final = ("late", "left_early")

# People arrive early; from then on the host can mark them.
OPENS_BEFORE: Final = timedelta(minutes=30)

# The parts of a host that may open the room, close the register and write notes. A helper only makes marks.
MAY_RUN: Final = ("lead", "co", "stand_in")


@dataclass(frozen=True, slots=True)
class Marking:
    """What is marked of somebody: came, absent, excused, or nothing ("").

    late, left_early: of those who came.
    """

    mark: str
    late: bool = False
    left_early: bool = False

    @classmethod
    def parse(cls, typed: str) -> Marking:
        """Read the value of a button: a mark, or "came" with qualities, such as "came late left_early"."""
        mark, *qualities = typed.split(" ")
        if mark != "came" or not set(qualities) <= set(QUALITIES):
            return cls(typed)
        return cls(mark, "late" in qualities, "left_early" in qualities)

    @property
    def value(self) -> str:
        """The value of the button that makes this mark."""
        qualities = {"late": self.late, "left_early": self.left_early}
        return " ".join([self.mark, *(name for name, holds in qualities.items() if holds)])

    @property
    def words(self) -> str:
        """As a page says it: "came, late, left early"; empty without a mark."""
        return self.value.replace(" ", ", ").replace("_", " ")

    def toggled(self, quality: str) -> str:
        """The value of the button that adds a quality to somebody who came, or takes it back."""
        late = self.late != (quality == "late")
        return Marking("came", late, self.left_early != (quality == "left_early")).value


@dataclass(frozen=True, slots=True)
class Seat:
    """One confirmed seat with its person, its mark ("": none yet) and the number of notes about the person.

    must_agree: whether they have not agreed to changed guidelines yet. unreached: whether mail does not reach them.
    calendar_answer: what they answered to the invite in their calendar program, if it is read.
    unanswered: whether the seat was given and its person has not answered; then name is what was typed for them.
    hint: what tells them from somebody of the same name at this gathering; empty for a name that is there once.
    """

    id: UUID
    person_id: UUID
    seat: int
    name: str
    pronouns: str
    first_time: bool
    mark: str
    late: bool = False
    left_early: bool = False
    access_needs: str = ""
    notes: int = 0
    must_agree: bool = False
    unreached: bool = False
    calendar_answer: str = ""
    unanswered: bool = False
    hint: str = ""

    @classmethod
    def of(cls, row: Row, hint: str = "") -> Seat:
        return cls(*(row[field.name] for field in fields(cls) if field.name != "hint"), hint=hint)

    @property
    def marking(self) -> Marking:
        return Marking(self.mark, self.late, self.left_early)

    @property
    def answered(self) -> str:
        """What they answered in their calendar, as a word; empty without an answer."""
        return {"accepted": "yes", "tentative": "maybe", "declined": "no"}.get(self.calendar_answer, "")

    @property
    def label(self) -> str:
        """The name with its hint, for what is only read aloud."""
        return f"{self.name} ({self.hint})" if self.hint else self.name

    @property
    def anchor(self) -> str:
        return f"seat-{self.seat}"


@dataclass(frozen=True, slots=True)
class WalkInRow:
    """Somebody in the register who came without a booking. seat: None on a chair beyond the seats."""

    id: UUID
    name: str
    seat: int | None
    mark: str = "came"
    late: bool = False
    left_early: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> WalkInRow:
        late, left_early = stored["late"], stored["left_early"]
        return cls(
            UUID(stored["id"]),
            stored["name"] or "Somebody",
            stored["seat"],
            late=late,
            left_early=left_early,
        )

    @property
    def marking(self) -> Marking:
        return Marking(self.mark, self.late, self.left_early)

    @property
    def anchor(self) -> str:
        return f"walk-in-{self.id}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many came (of them late, and gone early), were absent, were excused, and are not marked yet."""

    came: int = 0
    absent: int = 0
    excused: int = 0
    unmarked: int = 0
    late: int = 0
    left_early: int = 0

    @property
    def words(self) -> str:
        of_those = {"late": self.late, "left early": self.left_early}
        qualities = " and ".join(f"{count} {name}" for name, count in of_those.items() if count)
        others = {"absent": self.absent, "excused": self.excused, "not marked yet": self.unmarked}
        return ", ".join(
            [
                f"{self.came} came" + (f" ({qualities})" if qualities else ""),
                *(f"{count} {name}" for name, count in others.items() if count),
            ]
        )


def count(markings: Iterable[Marking]) -> Counts:
    """Count the marks of a register; an empty mark is one not made yet."""
    markings = list(markings)
    marks = [marking.mark for marking in markings]
    return Counts(
        *(marks.count(mark) for mark in (*MARKS, "")),
        late=sum(marking.late for marking in markings),
        left_early=sum(marking.left_early for marking in markings),
    )


def unmarked(seats: Iterable[Seat]) -> list[Seat]:
    """The seats without a mark."""
    return [seat for seat in seats if not seat.mark]


def opens_at(starts_at: datetime) -> datetime:
    """When the register of a gathering opens."""
    return starts_at - OPENS_BEFORE


def is_open(state: str, starts_at: datetime, now: datetime) -> bool:
    """Whether marks can be made now. Once open, a register stays open until it is closed."""
    return state == "open" and now >= opens_at(starts_at)


def mark_refusals(
    state: str, starts_at: datetime, now: datetime, mark: str, *, closed: bool = False
) -> list[Reason]:
    """Every reason why this mark cannot be made now. An empty mark removes the one there is."""
    reasons = []
    if mark and mark not in MARKS:
        reasons.append(Reason("mark_unknown", "Please choose came, absent or excused."))
    if state == "cancelled":
        reasons.append(Reason("cancelled", "This gathering was canceled, so it has no register."))
    elif state != "open":
        reasons.append(Reason("not_published", "This gathering is not published, so nobody is booked yet."))
    elif now < opens_at(starts_at):
        minutes = int(OPENS_BEFORE.total_seconds() // 60)
        reasons.append(Reason("too_early", f"The register opens {minutes} minutes before the start."))
    elif closed:
        reasons.append(closed_reason())
    return reasons


def closed_reason() -> Reason:
    """Why a closed register takes no mark."""
    return Reason("closed", "This register is closed. Open it again to change a mark.")


def walk_in_reason() -> Reason:
    """Why somebody who came without a booking has no other mark."""
    return Reason("walk_in_came", "They were added because they came. Take them off the list instead.")
