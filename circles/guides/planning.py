"""The gatherings that fit somebody's medicine session. Computed from their answers and not stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from circles import gatherings, invites
from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.guides import rules
from circles.guides.rules import Answers, Season, Window
from circles.store import db

MAX_SHOWN = 24
# How many are shown where nothing is planned in the week, from how long a time after it.
MAX_LATER = 3
LATER = timedelta(days=366)
MAX_PICKED = 30

# The calendar entry of a date without a gathering.
REMINDER_TITLE = "Look for a group"
_REMINDER_LENGTH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Date:
    """One date of the rhythm, and the gathering nearest to it where there is one."""

    at: datetime
    card: gatherings.Card | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The result, the soonest first. first: the gatherings in the window; week: the others of the week that is shown.

    later: the next ones there are, where there is none of these; dates: the weeks after.
    """

    answers: Answers
    window: Window
    season: Season
    first: list[gatherings.Card]
    week: list[gatherings.Card]
    later: list[gatherings.Card]
    dates: list[Date]

    @property
    def shown(self) -> list[gatherings.Card]:
        return self.first + self.week + self.later

    def default_picks(self) -> list[str]:
        """The picks ticked at first: the soonest gathering that fits, and every date of the rhythm."""
        soonest = [str(card.id) for card in self.shown[:1]]
        return list(dict.fromkeys(soonest + [pick_value(date) for date in self.dates]))


def pick_value(date: Date) -> str:
    """The value of a date in the form: the id of its gathering, or the moment itself."""
    return str(date.card.id) if date.card else date.at.isoformat()


async def plan(tx: db.Tx, answers: Answers, now: datetime, actor_id: UUID | None = None) -> Plan:
    """The gatherings for these answers, in two queries; in three where nothing is planned in the week.

    actor_id: whose own seats are marked.
    """
    window = rules.window(answers)
    span = rules.shown_week(window, now)
    cards = await _between(tx, answers, span, MAX_SHOWN, actor_id)
    first = [card for card in cards if card.starts_at <= window.until]
    later = Window(span.online_from, span.in_person_from, span.until + LATER)
    more = [] if cards else await _between(tx, answers, later, MAX_LATER, actor_id)
    start = rules.anchor(window, now, next((card.starts_at for card in cards + more), None))
    moments = rules.dates(answers.rhythm, start, answers.ends.zone)
    nearest = await gatherings.open_nearest(tx, moments, answers.rhythm.within, answers.coming, actor_id)
    dates = [Date(at, card) for at, card in zip(moments, nearest, strict=True)]
    return Plan(answers, window, rules.season(window, now), first, cards[len(first) :], more, dates)


async def _between(
    tx: db.Tx, answers: Answers, span: Window, most: int, actor_id: UUID | None
) -> list[gatherings.Card]:
    return await gatherings.open_between(
        tx,
        span.online_from if answers.coming.online else None,
        span.in_person_from if answers.coming.in_person else None,
        span.until,
        answers.coming.city,
        most,
        actor_id,
    )


def read_picks(typed: str) -> tuple[list[UUID], list[datetime]]:
    """Read the picks: ids of gatherings, and moments without one. Anything else is ignored."""
    ids: list[UUID] = []
    moments: list[datetime] = []
    for value in typed.split(",")[:MAX_PICKED]:
        if gathering_id := reading.uuid_or_none(value):
            ids.append(gathering_id)
        elif moment := _moment_or_none(value):
            moments.append(moment)
    return list(dict.fromkeys(ids)), list(dict.fromkeys(moments))


def _moment_or_none(typed: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(typed)
        return moment.astimezone(UTC) if moment.tzinfo and 2000 <= moment.year <= 2100 else None
    except (ValueError, OverflowError):
        return None


async def suggested_dates(
    tx: db.Tx, ids: Sequence[UUID], moments: Sequence[datetime], site: str, now: datetime
) -> list[invites.SuggestedDate]:
    """The dates of a calendar file, in one query. site: its base URL. Raises Refused when none is ahead."""
    rows = (await gatherings.bookable_gatherings(tx, ids)).values() if ids else ()
    dates = [
        _of_gathering(gathering, site)
        for gathering in rows
        if gatherings.why_closed(gathering.state, gathering.starts_at, 1, now, gathering.circle_state) is None
    ]
    dates += [_reminder(at, site) for at in moments if at > now]
    if not dates:
        raise Refused(Reason("no_date", "Please choose one date or more that is still ahead.", "pick"))
    return sorted(dates, key=lambda date: date.starts_at)


def _of_gathering(gathering: gatherings.BookableGathering, site: str) -> invites.SuggestedDate:
    path = f"/gatherings/{gathering.gathering_id}"
    length = clock.format_length(gathering.length_minutes)
    when = f"{clock.format_named(gathering.starts_at, gathering.zone)}, {length}."
    return invites.SuggestedDate(
        str(gathering.gathering_id),
        gathering.starts_at,
        gathering.ends_at,
        gathering.discreet_name,
        f"{when}\nYou have no seat yet. Book one here: {site}{path}",
        path,
    )


def _reminder(at: datetime, site: str) -> invites.SuggestedDate:
    description = f"Nothing was planned near this day yet. See what is on now: {site}/gatherings"
    return invites.SuggestedDate(
        at.isoformat(), at, at + _REMINDER_LENGTH, REMINDER_TITLE, description, "/gatherings"
    )
