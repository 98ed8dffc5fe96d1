"""The outcome of every row of a list: read by the match of its columns, decided, described for the preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from anyio import to_thread

from circles import sheets
from circles.base import clock, money
from circles.imports import queries
from circles.organizing.moving_in import decisions, rules
from circles.organizing.moving_in import rows as list_rows
from circles.organizing.moving_in.decisions import Decision, Places
from circles.organizing.moving_in.reading import cells
from circles.organizing.moving_in.rows import Circles, Match, Read
from circles.store import db

SQL = db.queries("organizing/moving_in")


@dataclass(frozen=True, slots=True)
class Judged:
    """All rows of a list, decided; and the circles that they may name."""

    rows: Sequence[db.Record]
    decisions: Sequence[Decision]
    circles: Circles


async def match_of(tx: db.Tx, file: db.Record, matches: Mapping[str, Any]) -> Match:
    """How the rows of a list are read; whether its days come before their months, by all of them."""
    how = Match(
        file["kind"],
        file["headings"],
        queries.matched_keys(matches),
        matches.get("also", ()),
        matches.get("answers", {}),
        matches.get("meanings", {}),
    )
    column = how.column("since" if how.kind == "people" else "date")
    if column is None:
        return how
    days: list[str] = []
    async for piece in queries.pieces_of_rows(tx, file, [column]):
        days += [row["cells"][column] for row in piece if column < len(row["cells"])]
    answered = how.answers.get("day_first", "")
    undecided = not answered and await to_thread.run_sync(sheets.days.is_undecided, days)
    day_first = answered == "yes" if answered else await to_thread.run_sync(sheets.days.is_day_first, days)
    return replace(how, day_first=day_first, undecided=undecided)


async def judge(tx: db.Tx, file: db.Record, how: Match) -> Judged:
    """Decide all rows of a list by what is here now."""
    circles = Circles(await db.rows(SQL.all_circles(tx)))
    kept: list[db.Record] = []
    read: list[Read] = []
    async for piece in queries.pieces_of_rows(tx, file, {n for n, _ in how.targets()}):
        kept += piece
        read += await to_thread.run_sync(_read_rows, piece, file["notes"], how, circles)
    accounts = rules.Accounts(await _accounts(tx, read))
    meant = await to_thread.run_sync(rules.people_of, read, accounts, how.answers)
    places = Places(await _gatherings(tx, read), circles.by_id)
    seats = await _seats(tx, read, meant, places)
    decided = await to_thread.run_sync(decisions.decide, how.kind, read, meant, places, seats, clock.now())
    return Judged(kept, decided, circles)


def _read_rows(
    piece: Sequence[db.Record], notes: Mapping[str, Any], how: Match, circles: Circles
) -> list[Read]:
    return [list_rows.read_row(queries.sheet_row(row, notes), how, circles) for row in piece]


async def _accounts(tx: db.Tx, read: Sequence[Read]) -> list[db.Record]:
    emails = list({row.email for row in read if row.email})
    names = list({row.name for row in read if row.name})
    return await db.rows(SQL.accounts(tx, emails=emails, names=names))


async def _gatherings(tx: db.Tx, read: Sequence[Read]) -> list[db.Record]:
    days = [row.day for row in read if row.day and row.circle]
    if not days:
        return []
    return await db.rows(
        SQL.gatherings_between(
            tx,
            circles=list({row.circle.id for row in read if row.circle}),
            # A day of a circle is within 26 hours of the same day in UTC.
            starts_at=datetime.combine(min(days), time(), UTC) - timedelta(days=2),
            ends_at=datetime.combine(max(days), time(), UTC) + timedelta(days=3),
        )
    )


async def _seats(
    tx: db.Tx, read: Sequence[Read], meant: Mapping[int, rules.Somebody], places: Places
) -> dict[tuple[UUID, UUID], db.Record]:
    people = {who.account.id for who in meant.values() if who.account}
    gatherings = {place.gathering["id"] for place in places.known if place.gathering}
    if not people or not gatherings or not read:
        return {}
    rows = await db.rows(SQL.seats_of(tx, gatherings=list(gatherings), people=list(people)))
    return {(row["gathering_id"], row["person_id"]): row for row in rows}


async def store(tx: db.Tx, file: db.Record, judged: Judged, how: Match) -> None:
    """Keep the outcome of every row, for the preview."""
    pairs = list(zip(judged.rows, judged.decisions, strict=True))
    for start in range(0, len(pairs), queries.PIECE):
        piece = pairs[start : start + queries.PIECE]
        await SQL.set_outcome(tx, await to_thread.run_sync(_describe, file, piece, how))


def _describe(
    file: db.Record, pairs: Sequence[tuple[db.Record, Decision]], how: Match
) -> list[dict[str, Any]]:
    return [outcome(file, row["number"], decision, how) for row, decision in pairs]


def outcome(file: db.Record, number: int, decision: Decision, how: Match) -> dict[str, Any]:
    """A row's outcome as the database keeps it, with the lines that the preview shows."""
    who = decision.who
    says: dict[str, Any] = {
        "name": (who.name if who else decision.row.name)[:80],
        "faults": list(decision.faults),
        "warnings": list(decision.row.warnings),
        "changes": [],
        "facts": facts(decision) if decision.outcome != "refused" else [],
        "note": decision.note,
        "asks": [list(one) for one in decision.row.asks] if decision.outcome == "doubtful" else [],
        "formulas": _formulas(file, number, decision, how),
        "is_hidden": number in file["notes"].get("hidden", ()),
    }
    if who and who.candidates:
        says |= {"who": who.number, "candidates": who.candidates, "may_be_new": who.may_be_new}
        says["address"] = who.first.email
    return {
        "import_id": file["id"],
        "number": number,
        "outcome": decision.outcome,
        "says": says,
        "person": who.account.id if who and who.account else None,
        "booking": decision.booking,
    }


def facts(decision: Decision) -> list[dict[str, str]]:
    """What a row would bring, as lines."""
    row, who, place = decision.row, decision.who, decision.place
    lines: list[dict[str, str]] = []
    if who and not who.candidates:
        address = who.account.email if who.account else row.email
        state = "has an account" if who.account else "a new account"
        lines.append(
            {
                "field": "Person",
                "value": f"{who.account.name if who.account else who.name}, {address}: {state}",
            }
        )
    if row.since:
        lines.append({"field": "Since", "value": clock.format_date(row.since)})
    if place:
        new = ", a new past gathering" if place.gathering is None else ""
        when = f"{clock.format_date(place.wall.date())}, {clock.format_hour(place.wall)}"
        lines.append({"field": "Gathering", "value": f"{place.circle.name}, {when}{new}"})
    if row.mark and place:
        lines.append({"field": "Mark", "value": cells.MARKS[row.mark]})
    if row.paid is not None and place:
        value = money.format_amount(row.paid, place.circle.currency) if row.paid else "free"
        lines.append({"field": "Paid", "value": value})
    return lines


def _formulas(file: db.Record, number: int, decision: Decision, how: Match) -> list[dict[str, str]]:
    lines = []
    at: int
    for at in file["notes"].get("formulas", {}).get(str(number), ()):
        key = how.keys[at] if at < len(how.keys) else ""
        if key:
            lines.append({"column": how.headings[at], "value": decision.row.cells.get(key, "")[:60]})
    return lines
