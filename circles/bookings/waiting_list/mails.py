"""Mails to those on a waiting list: an offer, an offer that lapsed, a seat for the first to answer, and other news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/waiting_list")


@dataclass(frozen=True, slots=True)
class News:
    """A kind of mail: its subject after the group's discreet name, and the states of a wait in which it is true."""

    subject: str
    states: frozenset[str]


_ACTIVE: Final = frozenset({"waiting", "offered"})
NEWS: Final[Mapping[str, News]] = {
    "offer": News("a seat is free for you", frozenset({"offered"})),
    "lapsed": News("the time to answer is over", frozenset({"waiting", "lapsed"})),
    "free": News("a seat is free, the first to answer has it", frozenset({"waiting"})),
    "taken_back": News("the seat is not free after all", frozenset({"waiting"})),
    "moved": News("another time", _ACTIVE),
    "closed": News("it does not take place", frozenset({"closed"})),
    "agree": News("please read the guidelines", _ACTIVE),
}


@jobs.job("waiting_list.tell")
async def send_news(context: Context, *, wait_id: str, what: str, mark: str) -> None:
    """Job: mail somebody of their wait, unless it is no longer so. Run twice, it mails once."""
    async with context.db.transaction() as tx:
        row = await SQL.to_tell(tx, wait_id=UUID(wait_id))
        if row is None or mark in row["told"] or not is_still_so(what, mark, row):
            return
        await SQL.note_told(tx, wait_id=row["id"], mark=mark)
        await mail.send(
            tx,
            context.settings,
            "waiting_list",
            to=row["email"],
            to_name=row["name"],
            subject=f"{row['discreet_name']}: {NEWS[what].subject}",
            person_id=row["person_id"],
            useful_until=_useful_until(what, row),
            about=row["id"],
            what=what,
            row=row,
        )


def is_still_so(what: str, mark: str, row: Mapping[str, Any]) -> bool:
    """Whether a mail still says what is so. row: of the query `to_tell`."""
    if row["state"] not in NEWS[what].states:
        return False
    if what == "offer":  # another offer than the one that this mail is of has its own
        return mark == f"offer {row['offer_ends_at'].isoformat()}" and row["now"] < row["offer_ends_at"]
    if what == "free":
        return bool(row["is_free"]) and row["now"] < row["starts_at"]
    return what != "agree" or bool(row["must_agree"])


def _useful_until(what: str, row: db.Record) -> datetime:
    """Until when a mail is of use: an offer until it ends, all else until the start."""
    return row["offer_ends_at"] if what == "offer" else row["starts_at"]


async def ask_to_agree(tx: db.Tx, guidelines_id: UUID) -> None:
    """Enqueue a mail to everybody on a waiting list ahead who must agree to guidelines that changed. Idempotent."""
    for row in await db.rows(SQL.to_ask_again(tx, guidelines_id=guidelines_id)):
        mark = f"agree {row['version_id']}"
        await jobs.enqueue(
            tx,
            "waiting_list.tell",
            key=f"{row['id']} {mark}",
            wait_id=str(row["id"]),
            what="agree",
            mark=mark,
        )
