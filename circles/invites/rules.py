"""Invites: when one is due, what it contains, how a member joins, and the tokens of feeds."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.row import Row
from circles.gatherings import Facts, kinds_of

# A join link shows this long before the start.
JOIN_LINK_BEFORE = timedelta(minutes=30)

# The namespace of the UIDs of suggested dates.
_NAMESPACE = UUID("6b0f3c1e-52a4-4c3e-9d5b-0a4c1a7b9f61")


# Mails sent and due


@dataclass(frozen=True, slots=True)
class Sending:
    """One mail of an invite: its booking, METHOD, SEQUENCE (None: no calendar) and fingerprint."""

    booking_id: UUID
    method: str
    sequence: int | None
    fingerprint: str


def fingerprint(starts_at: datetime, ends_at: datetime, summary: str, place_changes: int = 0) -> str:
    """A hash of what the calendar shows. When it changes, another mail is due.

    place_changes: how often the place changed; no mail names the place itself.
    """
    moved = f"|{place_changes}" if place_changes else ""
    shown = f"{starts_at.timestamp()}|{ends_at.timestamp()}|{summary}{moved}"
    return hashlib.sha256(shown.encode()).hexdigest()


def _next_sequence(sent: Sequence[Sending], raised: int) -> int:
    """SEQUENCE rises with every calendar sent, from 0 (RFC 5546, 2.1.4).

    raised: the invite's own, which rises with every change, before its mail is sent.
    """
    return max((raised, *(mail.sequence + 1 for mail in sent if mail.sequence is not None)))


def _in_calendar(sent: Sequence[Sending]) -> Sending | None:
    """The REQUEST whose entry is in the person's calendar now, if any."""
    with_calendar = [mail for mail in sent if mail.sequence is not None]
    return with_calendar[-1] if with_calendar and with_calendar[-1].method == "REQUEST" else None


def invite_due(sent: Sequence[Sending], booking_id: UUID, raised: int) -> int | None:
    """The SEQUENCE of the first REQUEST that a confirmed booking needs; None when it was sent.

    sent: everything mailed for this person and gathering, oldest first. raised: the invite's own SEQUENCE.
    """
    if any(mail.booking_id == booking_id and mail.method == "CANCEL" for mail in sent):
        return None
    current = _in_calendar(sent)
    if current is None or current.booking_id != booking_id:
        return _next_sequence(sent, raised)
    return None


def resend_due(sent: Sequence[Sending], booking_id: UUID, raised: int) -> int | None:
    """The SEQUENCE with which the invite in a person's calendar is mailed once more: its own.

    None where none was mailed yet, or where a mail of a change is on its way.
    """
    current = _in_calendar(sent)
    if current is None or current.booking_id != booking_id or current.sequence != raised:
        return None
    return current.sequence


def change_due(row: Mapping[str, Any], fingerprint_now: str) -> bool:
    """Whether the person of a booking whose invite was sent has to be told of a change.

    An invite sent by a program older than what it tells has a fingerprint alone. What nobody sees, such as another
    zone at the same moment, is no change.
    """
    told = Facts.read_stored(row["last_told"])
    if told is None:
        return row["fingerprint"] != fingerprint_now
    return bool(kinds_of(told, Facts.read(row["facts"])))


@dataclass(frozen=True, slots=True)
class Cancel:
    """A CANCEL that is due. sequence None: the calendar has no entry, so a mail without one is enough."""

    sequence: int | None


def is_ended_deliberately(state: str, end_cause: str) -> bool:
    """Whether somebody ended a booking, so that its person gets a mail: not for a hold that expired."""
    return state == "cancelled" or (state == "lapsed" and end_cause in ("by_host", "gathering_cancelled"))


def cancel_due(sent: Sequence[Sending], booking_id: UUID, raised: int) -> Cancel | None:
    """The CANCEL that an ended booking needs; None when it was mailed.

    A newer booking of the same gathering keeps its calendar entry.
    """
    if any(mail.booking_id == booking_id and mail.method == "CANCEL" for mail in sent):
        return None
    current = _in_calendar(sent)
    ours = current is not None and current.booking_id == booking_id
    return Cancel(_next_sequence(sent, raised) if ours else None)


# Texts


def suggestion_uid(key: str, host: str) -> str:
    """The UID of a suggested date: the same for the same date, and never that of a seat."""
    return f"{uuid5(_NAMESPACE, f'suggestion/{key}')}@{host}"


def viewer(row: Row) -> Viewer:
    """On whose clock the mails and the calendar of a booking's row say times."""
    return Viewer.of(row["person_zone"], row["clock_hours"])


def title(discreet_name: str, starts_at: datetime, zone: str, viewer: Viewer) -> str:
    """The subject of a mail, with its reader's day: Tuesday group, Tuesday, November 24."""
    return f"{discreet_name}, {clock.format_day(starts_at, zone, viewer)}"


def description(starts_at: datetime, zone: str, length_minutes: int, page: str, viewer: Viewer) -> str:
    """The description of a calendar entry: the time on its reader's clock and the circle's, and a link to the site."""
    when = f"{clock.format_named(starts_at, zone, viewer)}, {clock.format_length(length_minutes)}."
    return f"{when}\n\nWhere it is, and how to join or cancel: {page}"


def alarms(row: Row) -> tuple[timedelta, ...]:
    """When the calendar of a booking's person reminds them: at the times of their mails, if they want that too."""
    if not row["calendar_alarms"]:
        return ()
    chosen = {timedelta(days=1): row["remind_day"], timedelta(hours=1): row["remind_hour"]}
    return tuple(before for before, wanted in chosen.items() if wanted)


# How to join


@dataclass(frozen=True, slots=True)
class JoinInfo:
    """How to join a gathering, as far as it may be shown now.

    opens_at: when the join link will show at the earliest, if it does not yet; waiting: it is time, but the host
    has not opened the room yet.
    """

    join_link: str = ""
    address: str = ""
    opens_at: datetime | None = None
    waiting: bool = False


def join_info(
    place: str,
    join_link: str,
    address: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    *,
    room_open: bool = False,
) -> JoinInfo:
    """For a confirmed seat: the address at once, the join link from half an hour before the start.

    room_open: whether the host has opened the room, without which no join link shows.
    """
    if now >= ends_at:
        return JoinInfo()
    if place == "in_person":
        return JoinInfo(address=address)
    opens_at = starts_at - JOIN_LINK_BEFORE
    if now < opens_at:
        return JoinInfo(opens_at=opens_at)
    return JoinInfo(join_link=join_link) if room_open else JoinInfo(waiting=bool(join_link))


# Feeds


def feed_token(key: bytes, person_id: UUID, number: int) -> str:
    """The secret part of a feed's URL, derived so that only its hash is stored."""
    digest = hmac.digest(key, f"feed|{person_id}|{number}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def hosting_token(token: str) -> str:
    """The token of the feed of what somebody hosts, derived from that of their feed and not the other way about.

    Somebody who is given the one does not learn the other, which shows what the person attends.
    """
    digest = hashlib.sha256(f"hosting|{token}".encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """The hash of a feed's token, as stored."""
    return hashlib.sha256(token.encode()).digest()


def etag(body: bytes) -> str:
    """A weak entity tag (RFC 9110, 8.8.3): the body may be compressed on its way."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_unchanged(if_none_match: str, tag: str) -> bool:
    """Whether If-None-Match names this tag, by weak comparison (RFC 9110, 13.1.2)."""
    tags = [named.strip().removeprefix("W/") for named in if_none_match.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
