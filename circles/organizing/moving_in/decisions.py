"""What becomes of each row of a list: new, changed, the same, refused, or to be asked. Pure, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock
from circles.base.row import Row
from circles.organizing.moving_in.reading.cells import MARKS
from circles.organizing.moving_in.rows import Circle, Read
from circles.organizing.moving_in.rules import Somebody

MAX_SEATS: Final = 24
# A list that is so much off means the gathering that is known.
NEAR: Final = timedelta(minutes=90)


@dataclass(slots=True)
class Place:
    """A gathering that rows name: one that is here, or a past one that the list makes (gathering is None)."""

    circle: Circle
    wall: datetime
    gathering: Row | None = None
    free: int = MAX_SEATS
    community: int = 0
    seated: dict[int, Read] = field(default_factory=dict)

    @property
    def starts_at(self) -> datetime:
        """Its start, in UTC."""
        return (
            self.gathering["starts_at"] if self.gathering else clock.moment(self.wall, self.circle.zone).utc
        )


@dataclass(slots=True)
class Decision:
    """The outcome of a row. who, place: None where the row does not come so far. booking: the seat that is here."""

    row: Read
    outcome: str = "new"
    faults: list[dict[str, str]] = field(default_factory=list)
    note: str = ""
    who: Somebody | None = None
    place: Place | None = None
    booking: UUID | None = None

    def refuse(self, message: str, key: str = "row") -> Decision:
        """Refuse the row, and return this."""
        self.row.refuse(key, message)
        self.outcome, self.faults = "refused", self.row.faults
        return self

    def same(self, note: str) -> Decision:
        """Nothing happens to the row, for this reason; returns this."""
        self.outcome, self.note = "same", note
        return self


class Places:
    """The gatherings of some circles, and those that the list makes."""

    def __init__(self, rows: Iterable[Row], circles: Mapping[UUID, Circle]) -> None:
        self._made: dict[tuple[UUID, datetime], Place] = {}
        self._known: dict[UUID, list[Place]] = defaultdict(list)
        for row in rows:
            most = MAX_SEATS if row["made"] else row["capacity"]
            place = Place(
                circles[row["circle_id"]],
                row["wall_start"],
                row,
                most - row["seats_taken"],
                row["community_seats"] - row["community_taken"],
            )
            self._known[row["circle_id"]].append(place)

    @property
    def known(self) -> list[Place]:
        """The gatherings that are here."""
        return [place for places in self._known.values() for place in places]

    def find(self, row: Read) -> tuple[Place | None, str]:
        """The gathering here that a row means, or None; and why it cannot be said which."""
        circle, day = row.circle, row.day
        if circle is None or day is None:
            return None, ""
        same_day = [place for place in self._known[circle.id] if place.wall.date() == day]
        open_ones = [place for place in same_day if place.gathering and place.gathering["state"] == "open"]
        if row.wall is not None:
            wall = row.wall
            exact = [place for place in open_ones if place.wall == wall]
            near = [place for place in open_ones if abs(place.wall - wall) <= NEAR]
            chosen = exact or (near if len(near) == 1 else [])
            if chosen and not exact:
                hour = clock.format_hour(chosen[0].wall)
                row.warn("time", f"The gathering of this day began at {hour} here, so that one is taken.")
            return (chosen[0] if chosen else None), ""
        if len(open_ones) > 1:
            return (
                None,
                "Several gatherings of this circle are on that day. Please add a column with the time.",
            )
        return (open_ones[0] if open_ones else None), ""

    def make(self, row: Read) -> Place | None:
        """The past gathering that the list makes for a row; None while its hour is not known."""
        circle, day = row.circle, row.day
        at = row.at or (circle.usual if circle else None)
        if circle is None or day is None or at is None:
            return None
        wall = clock.moment(datetime.combine(day, at), circle.zone).wall
        return self._made.setdefault((circle.id, wall), Place(circle, wall))


def decide(
    kind: str,
    rows: Sequence[Read],
    meant: Mapping[int, Somebody],
    places: Places,
    seats: Mapping[tuple[UUID, UUID], Row],
    now: datetime,
) -> list[Decision]:
    """Decide every row, in the order of the list. seats: those that are here, by gathering and person."""
    known: dict[Any, Decision] = {}
    return [_decide(kind, row, meant, places, seats, known, now) for row in rows]


def _decide(
    kind: str,
    row: Read,
    meant: Mapping[int, Somebody],
    places: Places,
    seats: Mapping[tuple[UUID, UUID], Row],
    known: dict[Any, Decision],
    now: datetime,
) -> Decision:
    decision = Decision(row)
    who = decision.who = meant.get(row.number)
    if row.faults:
        decision.outcome, decision.faults = "refused", row.faults
        return decision
    if row.left_out or (who and who.left_out):
        return decision.refuse("Left out, as you answered.")
    if who is None or who.refused:
        return decision.refuse(who.refused if who else "Nobody is named here.", "email")
    if who.candidates:
        decision.outcome = "doubtful"
    if kind == "people":
        return _person(decision, who, known)
    if row.asks:
        decision.outcome = "doubtful"
        return decision
    place, fault = places.find(row)
    if fault:
        return decision.refuse(fault, "time")
    if kind == "attendance":
        return _attendance(decision, place, places, seats, known, now)
    return _booking(decision, place, seats, known, now)


def _person(decision: Decision, who: Somebody, known: dict[Any, Decision]) -> Decision:
    first = known.setdefault(who.key, decision)
    if first is not decision:
        return decision.same(f"Row {first.row.number} is the same person.")
    if decision.outcome != "doubtful" and who.account:
        return decision.same(
            "This address has an account." if decision.row.email else "They have an account."
        )
    if decision.row.asks:
        decision.outcome = "doubtful"
    return decision


def _attendance(
    decision: Decision,
    place: Place | None,
    places: Places,
    seats: Mapping[tuple[UUID, UUID], Row],
    known: dict[Any, Decision],
    now: datetime,
) -> Decision:
    row = decision.row
    place = place or places.make(row)
    if place is None:
        row.asks.append(("time", ""))
        decision.outcome = "doubtful"
        return decision
    if place.starts_at > now:
        return decision.refuse(
            "This day is still to come. Bring it in with a list of bookings ahead.", "date"
        )
    decision.place = place
    if decision.outcome == "doubtful":
        return decision
    twin = _twin(decision, known)
    if twin:
        if twin.row.mark == row.mark:
            return decision.same(f"Row {twin.row.number} says the same.")
        return decision.refuse(
            f"Row {twin.row.number} says “{MARKS[twin.row.mark]}” of the same day.", "mark"
        )
    seat = _seat(decision, seats)
    if seat is not None:
        return _known_seat(decision, seat)
    if place.gathering and place.gathering["closed_at"] and not place.gathering["made"]:
        return decision.refuse(
            "The register of this gathering is closed here, and they are not in it.", "date"
        )
    return _take(decision, place)


def _known_seat(decision: Decision, seat: Row) -> Decision:
    """A seat that is here: its mark is the same, missing, or another."""
    row, place = decision.row, decision.place
    decision.booking = seat["id"]
    if seat["mark"] == row.mark:
        return decision.same("This is in the register already.")
    if seat["mark"]:
        said = MARKS.get(seat["mark"], seat["mark"])
        return decision.refuse(
            f"The register here says “{said}”. Correct it there, if that is wrong.", "mark"
        )
    if place and place.gathering and place.gathering["closed_at"] and not place.gathering["made"]:
        return decision.refuse("The register of this gathering is closed here.", "date")
    decision.outcome = "changed"
    return decision


def _twin(decision: Decision, known: dict[Any, Decision]) -> Decision | None:
    """An earlier row of the list of the same person and gathering."""
    first = known.setdefault((decision.who and decision.who.key, id(decision.place)), decision)
    return None if first is decision else first


def _seat(decision: Decision, seats: Mapping[tuple[UUID, UUID], Row]) -> Row | None:
    who, place = decision.who, decision.place
    if who is None or who.account is None or place is None or place.gathering is None:
        return None
    return seats.get((place.gathering["id"], who.account.id))


def _take(decision: Decision, place: Place) -> Decision:
    if place.free <= 0:
        is_new = place.gathering is None or place.gathering["made"]
        most = (
            f"A gathering has at most {MAX_SEATS} seats"
            if is_new
            else "Every seat of this gathering is taken"
        )
        return decision.refuse(f"{most}, so there is none for this row.", "date")
    place.free -= 1
    place.seated[decision.row.number] = decision.row
    return decision


def _booking(
    decision: Decision,
    place: Place | None,
    seats: Mapping[tuple[UUID, UUID], Row],
    known: dict[Any, Decision],
    now: datetime,
) -> Decision:
    if place is None or place.gathering is None:
        return decision.refuse("No gathering of this circle is planned here on that day.", "date")
    decision.place = place
    if place.starts_at <= now:
        return decision.refuse("This day is past. Bring it in with a list of past attendance.", "date")
    if decision.outcome == "doubtful":
        return decision
    if decision.who and decision.who.account and decision.who.account.suspended:
        return decision.refuse("Their account is suspended, so they get no seat ahead.")
    twin = _twin(decision, known)
    if twin:
        return decision.same(f"Row {twin.row.number} is the same seat.")
    seat = _seat(decision, seats)
    if seat is not None:
        decision.booking = seat["id"]
        return decision.same("They have a seat at this gathering.")
    if decision.row.seat == "community":
        if place.community <= 0:
            return decision.refuse("Every community seat of this gathering is taken.", "seat")
        place.community -= 1
    return _take(decision, place)
