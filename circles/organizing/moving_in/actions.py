"""Moving in: what a confirmed list writes, once: people, past gatherings with their register, seats ahead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final
from uuid import UUID, uuid5

from circles import bookings, imports, sandbox
from circles.base.errors import Reason, Refused
from circles.exports import LEAST
from circles.organizing.moving_in import fields, outcomes
from circles.organizing.moving_in.decisions import MAX_SEATS, Decision, Place
from circles.organizing.moving_in.rules import Somebody
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/moving_in")

# Up to so many rows are written within the request; more are left to a job.
MAX_AT_ONCE: Final = 100
_READING: Final = "circles.organizing.moving_in.reading.files"


async def preview(tx: db.Tx, file: db.Record, matches: Mapping[str, Any]) -> None:
    """Decide every row by these matches and answers, and keep the outcomes."""
    how = await outcomes.match_of(tx, file, matches)
    await outcomes.store(tx, file, await outcomes.judge(tx, file, how), how)


def _missing(kind: str, keys: Iterable[str]) -> Sequence[Reason]:
    """Why a list cannot be read by these fields."""
    chosen = set(keys)
    reasons = []
    if kind == "people" and "email" not in chosen:
        reasons.append(
            Reason("no_email", "Please say which column has the mail address: a person is found by it.")
        )
    if not {"name", "first_name", "last_name", "email"} & chosen:
        reasons.append(
            Reason("no_name", "Please say which column says who it is: the name or the mail address.")
        )
    if kind != "people" and "date" not in chosen:
        reasons.append(Reason("no_date", "Please say which column has the date."))
    return reasons


def _kind(name: str) -> imports.ListKind:
    target = sandbox.Target(_READING, f"read_{name}", imports.LIMITS)
    return imports.ListKind(name, fields.options(name), target, lambda keys: _missing(name, keys), preview)


KINDS: Final = {name: _kind(name) for name in fields.FIELDS}


async def answer(
    context: Context,
    *,
    actor_id: UUID,
    import_id: UUID,
    answers: Mapping[str, str],
    meanings: Mapping[str, Mapping[str, str]],
) -> None:
    """Keep answers about the rows of a list, and decide every row anew. Raises NotFound, OutOfDate."""

    def answered(file: db.Record) -> dict[str, Any]:
        known: dict[str, dict[str, str]] = {**file["matches"].get("meanings", {})}
        for key, words in meanings.items():
            known[key] = known.get(key, {}) | dict(words)
        return {"answers": file["matches"].get("answers", {}) | dict(answers), "meanings": known}

    await imports.actions.decide(
        context, KINDS, answered, actor_id=actor_id, import_id=import_id, event="import.answered"
    )


# Confirming


async def confirm(context: Context, *, actor_id: UUID, import_id: UUID) -> str:
    """Write what is new and what changes. Idempotent. Returns the state: done, or writing for a long list.

    Nobody is mailed. Raises NotFound, Refused when there is nothing to write or the columns are not matched yet.
    """
    async with context.db.transaction() as tx:
        file, count = await imports.actions.lock_to_confirm(tx, import_id, KINDS)
        if not count:
            return file["state"]
        if count > MAX_AT_ONCE:
            await imports.actions.set_writing(tx, file, actor_id=actor_id)
            await jobs.enqueue(tx, "moving_in.write", key=str(import_id), import_id=import_id, by=actor_id)
            return "writing"
        await _write(tx, file, actor_id)
        return "done"


@jobs.job("moving_in.write")
async def write(context: Context, import_id: str, by: str) -> None:
    """Job: write a long list that was confirmed, all of it or nothing. Idempotent."""
    async with context.db.transaction() as tx:
        file = await imports.actions.lock(tx, UUID(import_id), KINDS)
        if file["state"] == "writing":
            await _write(tx, file, UUID(by))


async def _write(tx: db.Tx, file: db.Record, actor_id: UUID) -> None:
    """Write each row that still is what the preview showed; the others become refused, with the reason."""
    how = await outcomes.match_of(tx, file, file["matches"])
    judged = await outcomes.judge(tx, file, how)
    shown = {row["number"]: row["outcome"] for row in judged.rows}
    wanted = [one for one in judged.decisions if shown[one.row.number] in ("new", "changed")]
    for one in wanted:
        if one.outcome != shown[one.row.number] and one.outcome != "refused":
            one.refuse("This changed after the preview, so this row was left out.")
    made = Counter[str]()
    accounts = await _add_people(tx, file, wanted, made)
    if file["kind"] == "attendance":
        await _add_attendance(tx, file, _still(wanted), accounts, actor_id, made)
    elif file["kind"] == "bookings":
        await _add_bookings(tx, file, _still(wanted), accounts, actor_id, made)
    written = []
    for one in wanted:
        kept = outcomes.outcome(file, one.row.number, one, how)
        if one.outcome != "refused":
            kept["says"]["was"] = shown[one.row.number]
            kept |= {"outcome": "written", "person": _person_id(one.who, accounts)}
        written.append(kept)
    await SQL.set_outcome(tx, written)
    count = sum(one["outcome"] == "written" for one in written)
    details = {"written": count, "left": len(written) - count, **made}
    await imports.actions.set_written(tx, file, actor_id=actor_id, details=details)


def _still(wanted: Sequence[Decision]) -> list[Decision]:
    return [one for one in wanted if one.outcome != "refused"]


def _person_id(who: Somebody | None, accounts: Mapping[str, UUID]) -> UUID | None:
    if who is None:
        return None
    return who.account.id if who.account else accounts.get(who.first.email)


async def _add_people(
    tx: db.Tx, file: db.Record, wanted: Sequence[Decision], made: Counter[str]
) -> dict[str, UUID]:
    """Accounts for those who have none, silent until somebody tells them. Returns their ids by address."""
    new = {one.who.first.email: one.who for one in _still(wanted) if one.who and not one.who.account}
    if not new:
        return {}
    rows = await db.rows(
        SQL.add_people(
            tx,
            emails=list(new),
            names=[who.name[:80] for who in new.values()],
            pronouns=[who.pronouns for who in new.values()],
            since=[_since(who) for who in new.values()],
        )
    )
    accounts = {row["email"]: row["id"] for row in rows}
    await SQL.note_untold(tx, people=list(accounts.values()), import_id=file["id"])
    made["people"] = len(accounts)
    for one in _still(wanted):
        if one.who and not one.who.account and one.who.first.email not in accounts:
            one.refuse("This address got an account after the preview, so this row was left out.", "email")
    return accounts


def _since(who: Somebody) -> datetime | None:
    days = [row.since for row in who.rows if row.since]
    return datetime.combine(min(days), time(12), UTC) if days else None


async def _add_attendance(
    tx: db.Tx,
    file: db.Record,
    wanted: Sequence[Decision],
    accounts: Mapping[str, UUID],
    actor_id: UUID,
    made: Counter[str],
) -> None:
    """Past gatherings that are not here yet, a seat for each row that has none, and the marks."""
    new = [one for one in wanted if one.outcome == "new" and one.place]
    by_place: dict[int, list[Decision]] = {}
    for one in new:
        by_place.setdefault(id(one.place), []).append(one)
    groups = list(by_place.values())
    gatherings = await _add_gatherings(tx, file, groups, actor_id, made)
    await _lock_and_widen(tx, groups, gatherings)
    seated = [one for one in new if one.outcome != "refused"]
    places = [gatherings[id(one.place)] for one in seated]
    rows = await db.rows(
        SQL.add_past_seats(
            tx,
            import_id=file["id"],
            actor_id=actor_id,
            gatherings=[gathering for gathering, _ in places],
            people=[_person_id(one.who, accounts) for one in seated],
            seats=[taken.pop(0) for _, taken in places],
            paid=[one.row.paid for one in seated],
        )
    )
    ids = {(row["gathering_id"], row["person_id"]): row["id"] for row in rows}
    for one, (gathering, _) in zip(seated, places, strict=True):
        one.booking = ids.get((gathering, _person_id(one.who, accounts)))
        if one.booking is None:  # the account was joined to another one meanwhile
            one.refuse("This account changed after the preview, so this row was left out.", "email")
    marked = [one for one in wanted if one.booking and one.outcome != "refused"]
    await _add_marks(tx, marked, actor_id)
    made |= Counter({"seats": len(rows), "marks": len(marked)})


async def _add_marks(tx: db.Tx, marked: Sequence[Decision], actor_id: UUID) -> None:
    """The marks of a list, in the record of their registers, which are closed but for the moment of writing."""
    ids = [one.booking for one in marked]
    opened = [row["id"] for row in await db.rows(SQL.open_registers(tx, bookings=ids, actor_id=actor_id))]
    await SQL.add_marks(
        tx,
        bookings=ids,
        marks=[_REGISTER.get(one.row.mark, one.row.mark) for one in marked],
        late=[one.row.mark in ("late", "late_left_early") for one in marked],
        left_early=[one.row.mark in ("left_early", "late_left_early") for one in marked],
        actor_id=actor_id,
    )
    await SQL.close_registers(tx, gatherings=opened, actor_id=actor_id)


# What a register says of those who came late, or left early.
_REGISTER: Final = {"late": "came", "left_early": "came", "late_left_early": "came"}
_Groups = Sequence[Sequence[Decision]]


async def _add_gatherings(
    tx: db.Tx, file: db.Record, groups: _Groups, actor_id: UUID, made: Counter[str]
) -> dict[int, tuple[UUID, list[int]]]:
    """The gathering of each place, and the numbers of its free seats, empty until it is locked."""
    ids: dict[int, tuple[UUID, list[int]]] = {}
    new: dict[tuple[UUID, datetime], tuple[Place, int]] = {}
    for group in groups:
        place = group[0].place
        if place and place.gathering:
            ids[id(place)] = (place.gathering["id"], [])
        elif place:
            new[place.circle.id, place.starts_at] = (place, len(group))
    if not new:
        return ids
    places = [place for place, _ in new.values()]
    rows = await db.rows(
        SQL.add_gatherings(
            tx,
            import_id=file["id"],
            actor_id=actor_id,
            circles=[place.circle.id for place in places],
            walls=[place.wall for place in places],
            starts=[place.starts_at for place in places],
            capacities=[_capacity(count, place.circle.capacity) for place, count in new.values()],
        )
    )
    made["gatherings"] = len(rows)
    for row in rows:
        ids[id(new[row["circle_id"], row["starts_at"]][0])] = (row["id"], [])
    for group in groups:
        if id(group[0].place) not in ids:
            for one in group:
                one.refuse(
                    "A gathering of this hour was made after the preview, so this row was left out.", "date"
                )
    return ids


def _capacity(needed: int, usual: int) -> int:
    """The seats of a past gathering that a list makes: in steps, where it needs more than usual.

    Totals tell seats as they are, and of who came folded numbers alone.
    """
    return usual if needed <= usual else min(-(-needed // LEAST) * LEAST, MAX_SEATS)


async def _lock_and_widen(
    tx: db.Tx, groups: _Groups, gatherings: Mapping[int, tuple[UUID, list[int]]]
) -> None:
    """Lock the gatherings, give those of a list as many seats as it needs, and number the free ones.

    Rows for which none is left become refused.
    """
    wanted = {
        gatherings[id(group[0].place)][0]: group for group in groups if id(group[0].place) in gatherings
    }
    rows = await db.rows(SQL.lock_gatherings(tx, ids=list(wanted)))
    wider: dict[UUID, int] = {}
    for row in rows:
        group = wanted[row["id"]]
        needed = row["seats_taken"] + len(group)
        capacity = _capacity(needed, row["capacity"]) if row["made"] else row["capacity"]
        if capacity > row["capacity"]:
            wider[row["id"]] = capacity
        free = [n for n in range(1, capacity + 1) if not row["seats_map"] >> (n - 1) & 1]
        gatherings[id(group[0].place)][1][:] = free[: len(group)]
        for one in group[len(free) :]:
            one.refuse("Every seat of this gathering was taken after the preview.", "date")
    if wider:
        await SQL.widen(tx, ids=list(wider), capacities=list(wider.values()))


async def _add_bookings(
    tx: db.Tx,
    file: db.Record,
    wanted: Sequence[Decision],
    accounts: Mapping[str, UUID],
    actor_id: UUID,
    made: Counter[str],
) -> None:
    """Give each row its seat, by the verb of given seats; one that it refuses is left out, with the reason."""
    placed = [(one, one.place.gathering["id"]) for one in wanted if one.place and one.place.gathering]
    # In the order in which everybody locks gatherings.
    for one, gathering_id in sorted(placed, key=lambda pair: (pair[1], pair[0].row.number)):
        person_id = _person_id(one.who, accounts)
        if one.who is None or person_id is None:
            continue
        email = one.who.account.email if one.who.account else one.who.first.email
        key = uuid5(file["id"], str(one.row.number))
        gift = bookings.Gift(key, email, one.who.name[:80], one.row.paid or 0, over=True)
        is_new = one.who.account is None
        try:
            one.booking = await bookings.given_seats.move_in(
                tx, actor_id, gathering_id, gift, person_id, kind=one.row.seat, is_new=is_new
            )
        except Refused as refused:
            for reason in refused.reasons:
                one.refuse(reason.text, "date")
            continue
        await SQL.note_seat(tx, booking=one.booking, import_id=file["id"])
        made["seats"] += 1
