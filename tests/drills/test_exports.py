"""A worker that is killed while it makes a long export: the next one makes the whole file, with no row twice."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from circles.exports import actions, files, rules
from circles.exports.kinds import ATTENDANCE, Depth
from tests.cast import add_booking, add_gathering, add_person
from tests.drills.stage import Stage, until

ROWS = 6_000

# While somebody holds the lock (1, 2), a worker stays at the second part of a file, in the transaction that writes it.
STOPS_AT_THE_SECOND_PART = """
create function wait_at_second_part() returns trigger language plpgsql as $$
begin
    if new.number = 1 then perform pg_advisory_xact_lock_shared(1, 2); end if;
    return new;
end
$$;
create trigger chunks_wait before insert on export_chunks for each row execute function wait_at_second_part();
"""

# The control: parts of an earlier run stay, and those of the next come after them.
KEEPS_EARLIER_PARTS = """
create function keep_part() returns trigger language plpgsql as $$ begin return null; end $$;
create function number_on() returns trigger language plpgsql as $$
begin
    new.number := (select count(*) from export_chunks where export_id = new.export_id);
    return new;
end
$$;
create trigger chunks_are_kept before delete on export_chunks for each row execute function keep_part();
create trigger chunks_number_on before insert on export_chunks for each row execute function number_on();
"""


async def many_rows(stage: Stage) -> UUID:
    """So many old bookings, two parts of a file. Returns the organizer."""
    past = await add_gathering(stage.context, stage.circle, starts_at=datetime.now(UTC) - timedelta(days=9))
    organizer = await add_person(stage.context, "Odile", is_organizer=True)
    booking = await add_booking(stage.context, past, organizer, kind="community", state="cancelled")
    async with stage.context.db.transaction() as tx:
        await tx.execute(
            "with made as ("
            "insert into bookings (gathering_id, person_id, kind, state, amount, currency, scale_minimum, "
            "scale_maximum, seat, acceptance_id, ended_at, end_cause) "
            "select gathering_id, person_id, kind, state, amount, currency, scale_minimum, scale_maximum, seat, "
            "acceptance_id, ended_at, end_cause from bookings cross join generate_series(2, $2) "
            "where id = $1 returning id"
            ") insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from made",
            booking,
            ROWS,
        )
    return organizer


async def file_after_a_kill(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[UUID, UUID]:
    """Ask for a long file, kill its worker within the second part, start another. Returns the export and who asked."""
    monkeypatch.setattr(rules, "MAX_STREAMED_ROWS", 1)
    organizer = await many_rows(stage)
    typed = {
        "kind": "attendance", "depth": "named", "format": "csv", "purpose": "A drill", "from": "2020-01-01",
        "to": "2029-12-30", "columns": ",".join(column.key for column in ATTENDANCE.of_depth(Depth.NAMED)),
    }  # fmt: skip
    choices = rules.read_choices(typed, today=datetime.now(UTC).date())
    async with stage.context.db.transaction() as holding:
        await holding.execute("select pg_advisory_xact_lock(1, 2)")
        killed = await stage.worker()
        begun = await actions.begin(stage.context, actor_id=organizer, choices=choices)
        assert begun.is_long
        waits = (
            "select exists (select from pg_locks "
            "where locktype = 'advisory' and not granted and classid = 1 and objid = 2)"
        )
        await until(lambda: stage.ask(waits), "the worker within the second part")
        assert await stage.ask("select count(*) from export_chunks") == 1
        await killed.kill()
    # Its claim is free half a minute later; here at once.
    async with stage.context.db.transaction() as tx:
        await tx.execute("update pgqueuer set heartbeat = now() - interval '1 hour' where status = 'picked'")
    await stage.worker()
    await until(
        lambda: stage.ask("select state = 'ready' from export_files"), "the file of the second worker"
    )
    return begun.id, organizer


async def rows_of(stage: Stage, export_id: UUID, organizer: UUID) -> list[str]:
    """The ids of the bookings in a file, as whoever asked for it fetches it."""
    parts = await actions.fetch(stage.context, actor_id=organizer, export_id=export_id)
    content = b"".join([part async for part in parts])
    assert len(content) > files.PART_BYTES
    return [row["Booking id"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


async def test_the_file_of_a_killed_worker_is_made_whole_by_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.context.db.transaction() as tx:
        await tx.execute(STOPS_AT_THE_SECOND_PART)
    export_id, organizer = await file_after_a_kill(stage, monkeypatch)
    bookings = await rows_of(stage, export_id, organizer)
    assert len(bookings) == len(set(bookings)) == ROWS
    assert await stage.ask("select attempt from export_files") == 2
    assert await stage.ask("select row_count from exports") == ROWS
    await stage.until_idle()
    await stage.assert_whole()


@pytest.mark.drill
async def test_without_the_guard_its_rows_are_there_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.context.db.transaction() as tx:
        await tx.execute(STOPS_AT_THE_SECOND_PART + KEEPS_EARLIER_PARTS)
    export_id, organizer = await file_after_a_kill(stage, monkeypatch)
    try:
        bookings = await rows_of(stage, export_id, organizer)
    except (csv.Error, UnicodeDecodeError):
        return  # the halves do not even fit
    assert len(bookings) > ROWS
