"""What an invite says and when it is due: pure decisions."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from circles.base import clock, money

# A join link shows this long before the start.
DOOR_OPENS = timedelta(minutes=30)

# The hosts' own namespace for UIDs, so that the same place always has the same one.
_PLACES = UUID("6b0f3c1e-52a4-4c3e-9d5b-0a4c1a7b9f61")

Kind = Literal["invite", "changed"]


# What was mailed, and what is to be mailed now


@dataclass(frozen=True, slots=True)
class Sending:
    """One mail of an invite: for which booking, its METHOD and SEQUENCE (None: no calendar), what it said."""

    booking_id: UUID
    method: str
    sequence: int | None
    facts: str


@dataclass(frozen=True, slots=True)
class Request:
    """A REQUEST that is due: its SEQUENCE and which mail it is."""

    sequence: int
    kind: Kind


def facts(starts_at: datetime, ends_at: datetime, summary: str, told: int = 0) -> str:
    """A fingerprint of what a calendar shows. A change of it is worth another mail.

    told: how often the place changed; the place itself stands in no mail.
    """
    moved = f"|{told}" if told else ""
    said = f"{starts_at.timestamp()}|{ends_at.timestamp()}|{summary}{moved}"
    return hashlib.sha256(said.encode()).hexdigest()


def _next_sequence(sent: Sequence[Sending]) -> int:
    """SEQUENCE rises with every calendar sent, from 0 (RFC 5546, 2.1.4)."""
    return max((each.sequence for each in sent if each.sequence is not None), default=-1) + 1


def _in_calendar(sent: Sequence[Sending]) -> Sending | None:
    """The REQUEST that stands in the person's calendar now, if any."""
    with_calendar = [each for each in sent if each.sequence is not None]
    return with_calendar[-1] if with_calendar and with_calendar[-1].method == "REQUEST" else None


def request_due(sent: Sequence[Sending], booking_id: UUID, facts_now: str) -> Request | None:
    """Which REQUEST a confirmed booking still needs; None when its person was told all of it.

    sent: everything mailed for this person and gathering, oldest first.
    """
    if any(each.booking_id == booking_id and each.method == "CANCEL" for each in sent):
        return None
    standing = _in_calendar(sent)
    if standing is None or standing.booking_id != booking_id:
        return Request(_next_sequence(sent), "invite")
    if standing.facts == facts_now:
        return None
    return Request(_next_sequence(sent), "changed")


@dataclass(frozen=True, slots=True)
class Cancel:
    """A withdrawal that is due. sequence None: nothing of it stands in the calendar, so words are enough."""

    sequence: int | None


def ended_by_word(state: str, end_cause: str) -> bool:
    """Whether somebody ended a booking and its person is told: not of a hold that just ran out."""
    return state == "cancelled" or (state == "lapsed" and end_cause == "by_host")


def cancel_due(sent: Sequence[Sending], booking_id: UUID) -> Cancel | None:
    """Which withdrawal an ended booking still needs; None when its person was told.

    A newer booking of the same gathering keeps its calendar entry.
    """
    if any(each.booking_id == booking_id and each.method == "CANCEL" for each in sent):
        return None
    standing = _in_calendar(sent)
    ours = standing is not None and standing.booking_id == booking_id
    return Cancel(_next_sequence(sent) if ours else None)


# Words


def uid(gathering_id: UUID, person_id: UUID, host: str) -> str:
    """The UID of one person's place at one gathering (RFC 7986, 5.3: it tells nothing about either)."""
    return f"{uuid5(_PLACES, f'{gathering_id}/{person_id}')}@{host}"


def suggestion_uid(key: str, host: str) -> str:
    """The UID of a date that is only suggested: the same date has the same one, and no seat ever has it."""
    return f"{uuid5(_PLACES, f'suggestion/{key}')}@{host}"


def title(discreet_name: str, starts_at: datetime, zone: str) -> str:
    """A mail's subject: Tuesday group, Tuesday 24 November."""
    return f"{discreet_name}, {clock.format_date(starts_at.astimezone(ZoneInfo(zone)).date())}"


def description(starts_at: datetime, zone: str, length_minutes: int, page: str) -> str:
    """What a calendar entry says: the wall time where the circle is, and the way back to the site."""
    when = f"{clock.format_when(starts_at, zone)}, {clock.format_length(length_minutes)}."
    return f"{when}\n\nWhere it is, and how to join or cancel: {page}"


def refund_words(paid: int, refunded: int, currency: str) -> str:
    """What becomes of the money of a seat that ended, in one or two sentences; empty when none was paid.

    paid, refunded: minor units.
    """
    if paid == 0:
        return ""
    if refunded == 0:
        whole = money.format_amount(paid, currency)
        return f"Under the terms you agreed to, the {whole} you paid is not refunded this late."
    arrives = "It goes to the card you paid with, and most banks show it within 5 to 10 days."
    if refunded >= paid:
        return f"You get back all of the {money.format_amount(paid, currency)} you paid. {arrives}"
    part, whole = money.format_amount(refunded, currency), money.format_amount(paid, currency)
    return f"Under the terms you agreed to, you get back {part} of the {whole} you paid. {arrives}"


# The way in


@dataclass(frozen=True, slots=True)
class Door:
    """How to get in, as far as it is due.

    opens_at: when the join link will show at the earliest, if it does not yet; waiting: it is time, and the host
    has not opened the room yet.
    """

    join_link: str = ""
    address: str = ""
    opens_at: datetime | None = None
    waiting: bool = False


def door(
    place: str,
    join_link: str,
    address: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    *,
    room_open: bool = False,
) -> Door:
    """What a confirmed seat shows: an address at once, a join link from half an hour before the start.

    room_open: whether the host has opened the room; a join link waits for that too.
    """
    if now >= ends_at:
        return Door()
    if place == "in_person":
        return Door(address=address)
    opens_at = starts_at - DOOR_OPENS
    if now < opens_at:
        return Door(opens_at=opens_at)
    return Door(join_link=join_link) if room_open else Door(waiting=bool(join_link))


# Feeds


def feed_token(key: bytes, person_id: UUID, number: int) -> str:
    """The secret part of a feed's address, derived so that it need not be stored."""
    digest = hmac.digest(key, f"feed|{person_id}|{number}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """What is stored of a feed's token."""
    return hashlib.sha256(token.encode()).digest()


def etag(body: bytes) -> str:
    """A strong entity tag (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def unchanged(if_none_match: str, tag: str) -> bool:
    """Whether If-None-Match names this tag; compared weakly, as it asks (RFC 9110, 13.1.2)."""
    named = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in named or tag in named
