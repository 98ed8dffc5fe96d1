"""The chain over the events: sealed in batches, broken by any change, whole after an erasure."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from circles import payments
from circles.commands import nightly_checks, personal_data
from circles.organizing.audit import actions
from circles.store import audit, checks, db
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.helpers import change, rows, value

NOW = timedelta(0)


async def add(context: Context, *, count: int = 1, about: UUID | None = None, why: str = "") -> None:
    async with context.db.transaction() as tx:
        for _ in range(count):
            await audit.record(tx, "wait.put_first", about or uuid4(), after="waiting", why=why)


async def seal(context: Context, *, most: int = 100) -> int:
    async with context.db.transaction() as tx:
        return await audit.seal(tx, most=most, patience=NOW)


async def problems(context: Context) -> list[str]:
    async with context.db.reading() as tx:
        return [broken.text for broken in await audit.breaks(tx)]


async def tamper(context: Context, statement: str, *arguments: object) -> None:
    """As the owner of the tables, who can switch their triggers off."""
    async with context.db.transaction() as tx:
        await tx.execute("set local session_replication_role = replica")
        await tx.execute(statement, *arguments)


async def test_events_are_linked_in_batches_and_once(context: Context) -> None:
    await add(context, count=5)
    assert [await seal(context, most=2) for _ in range(4)] == [2, 2, 1, 0]
    links = await rows(context, "select position, event_id - min(event_id) over () as n from event_links")
    assert [tuple(link) for link in links] == [(place, place - 1) for place in range(1, 6)]
    assert await problems(context) == []


async def test_an_event_that_commits_after_a_later_one_is_linked_too(
    context: Context, settings: object
) -> None:
    """Ids are given before rows are visible: one that was passed over must not be lost."""
    async with context.db.transaction() as slow:
        await audit.record(slow, "circle.planned", uuid4())
        await add(context)
        assert await seal(context) == 1
        for _ in range(3):
            assert await seal(context) == 0
        through = await value(context, "select sealed_through from event_chain")
        assert through < await slow.fetchval("select max(id) from events")
    assert await seal(context) == 1
    assert await problems(context) == []


async def test_the_mark_of_what_is_sealed_follows(context: Context) -> None:
    await add(context, count=3)
    for _ in range(2):
        await seal(context)
    newest = await value(context, "select max(id) from events")
    assert await value(context, "select sealed_through from event_chain") == newest


async def test_a_batch_begins_where_the_one_before_ended(context: Context) -> None:
    """Otherwise each batch of a large community would read all that is linked already."""
    await add(context, count=6)
    await change(
        context,
        "insert into event_chain (watched_through, watched_before, watched_at) "
        "select max(id), '3'::xid8, 'epoch' from events",
    )
    marks = list[int]()
    for _ in range(3):
        assert await seal(context, most=2) == 2
        marks.append(
            await value(context, "select max(id) - (select sealed_through from event_chain) from events")
        )
    assert marks == [4, 2, 0]
    assert await problems(context) == []


async def test_two_that_seal_at_once_take_turns(context: Context) -> None:
    await add(context, count=40)
    done = await asyncio.gather(*(seal(context, most=15) for _ in range(4)))
    assert sum(done) == 40
    assert await problems(context) == []


async def test_nobody_who_adds_an_event_waits_for_the_chain(context: Context) -> None:
    """The one lock of the chain is held meanwhile; an event that waited for it would never come back."""
    await add(context)
    async with context.db.transaction() as sealing:
        await audit.seal(sealing)
        async with asyncio.timeout(30):
            await add(context)
    assert await problems(context) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update events set about = gen_random_uuid() where id = $1", "it was changed"),
        ("update events set who = gen_random_uuid() where id = $1", "it was changed"),
        ("update events set at = at + interval '1 second' where id = $1", "it was changed"),
        ("update events set what = 'circle.archived' where id = $1", "it was changed"),
        ("update events set after = 'left' where id = $1", "it was changed"),
        ("update events set details = '{\"a\": 1}' where id = $1", "it was changed"),
        ("update events set why = 'another' where id = $1", "its reason was changed"),
        ("update events set why = '' where id = $1", "its reason was changed"),
        ("delete from events where id = $1", "it was deleted"),
        ("delete from event_links where event_id = $1", "it was inserted later"),
        (
            "with gone as (update event_links set salt = null, erased_for = gen_random_uuid() where event_id = $1) "
            "update events set why = '' where id = $1",
            "its reason was emptied without an erasure",
        ),
    ],
)
async def test_what_is_changed_behind_the_triggers_is_found(
    context: Context, statement: str, problem: str
) -> None:
    await add(context, count=4, why="needs it most")
    for _ in range(2):
        await seal(context)
    second = await value(context, "select event_id from event_links where position = 2")
    await tamper(context, statement, second)
    assert (await problems(context))[0] == f"event {second}: {problem}"
    async with context.db.reading() as tx:
        finding = next(one for one in await checks.run(tx) if one.name == "events_are_chained")
    assert not finding.holds
    assert f"event {second}: {problem}" in finding.description
    await tamper(context, "delete from event_links")
    await tamper(context, "delete from event_chain")


async def test_a_row_that_is_slipped_in_or_cut_off_is_found(context: Context) -> None:
    await add(context, count=2)
    first = await value(context, "select max(id) from events")
    await change(context, f"alter table events alter column id restart with {first + 50}")
    await add(context, count=2)
    for _ in range(2):
        await seal(context)
    slipped = "insert into events (id, what, about) overriding system value values ($2, 'circle.planned', $1)"
    await tamper(context, slipped, uuid4(), first + 10)
    assert await problems(context) == [f"event {first + 10}: it was inserted later"]
    await tamper(context, "delete from events where id = $1", first + 10)
    assert await problems(context) == []
    await tamper(context, "delete from events where id = $1", first + 51)
    await tamper(context, "delete from event_links where event_id = $1", first + 51)
    assert any("the end of the chain was changed" in text for text in await problems(context))
    await tamper(context, "delete from event_links")
    await tamper(context, "delete from event_chain")


@pytest.mark.parametrize("table", ["events", "event_links"])
@pytest.mark.parametrize("how", ["update {} set {}", "delete from {}", "truncate {} cascade"])
async def test_the_triggers_refuse_every_change(context: Context, table: str, how: str) -> None:
    await add(context, why="needs it most")
    await seal(context)
    column = "why = 'x'" if table == "events" else "hash = ''"
    with pytest.raises(db.PostgresError, match="append-only"):
        await change(context, how.format(table, column))
    with pytest.raises(db.PostgresError, match="append-only"):
        async with context.db.transaction() as tx:
            await tx.execute("select set_config('circles.erasing', 'on', true)")
            await tx.execute(f"update {table} set {column.replace('why', 'after')}")


async def test_an_erasure_empties_reasons_and_leaves_the_chain_whole(cast: Cast, context: Context) -> None:
    async with context.db.transaction() as tx:
        await audit.record(tx, "person.suspended", cast.mira, actor_id=cast.odile, why="She shouted at Milo.")
    await add(context)
    await seal(context)
    await personal_data.erase(context, "mira@example.org")
    assert await value(context, "select why from events where what = 'person.suspended'") == ""
    assert await value(context, "select salt from event_links order by position limit 1") is None
    await seal(context)
    assert await problems(context) == []


async def test_an_erasure_empties_every_reason_about_somebody(cast: Cast, context: Context) -> None:
    """Of their seats, places in line, cash and mail, also of an account that was joined to theirs."""
    seat = await add_booking(context, cast.gathering, cast.milo)
    past = await add_gathering(context, cast.circle, days=-7)
    await change(context, "update bookings set gathering_id = $2, seat = 3 where id = $1", seat, past)
    async with context.db.transaction() as tx:
        wait = await tx.fetchval(
            "insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id) "
            "select $1, $2, 'community', 0, 'USD', acceptance_id from bookings where id = $3 returning id",
            past,
            cast.milo,
            seat,
        )
        mail_id = uuid4()
        await tx.execute(
            "insert into mails (id, kind, to_address, subject, text_body, html_body, message_id) "
            "values ($1, 'news', 'milo@example.org', 'S', 'T', 'H', 'm')",
            mail_id,
        )
        await payments.note_cash(
            tx, uuid4(), seat, "received", 500, "USD", actor_id=cast.farid, note="Written about him."
        )
        for what, about in (
            ("wait.put_first", wait),
            ("booking.taken_off", seat),
            ("finding.settled", seat),
            ("mail.let_be", mail_id),
            ("person.suspended", cast.milo),
        ):
            await audit.record(tx, what, about, actor_id=cast.odile, why="Written about him.")
        await tx.execute("select merge_people($1, $2)", cast.mira, cast.milo)
    await seal(context)
    await personal_data.erase(context, "mira@example.org")
    left = await rows(context, "select what from events where why = 'Written about him.'")
    assert [row["what"] for row in left] == []
    await seal(context)
    assert await problems(context) == []


async def test_the_nightly_check_reads_what_is_new(context: Context) -> None:
    await add(context, count=3)
    await seal(context)
    await nightly_checks.check(context)
    assert await value(context, "select verified from event_chain") == 3
    await add(context, count=2)
    await seal(context)
    newest = await value(context, "select max(event_id) from event_links")
    await tamper(context, "update events set after = 'x' where id = $1", newest)
    await nightly_checks.check(context)
    assert await value(context, "select broken from check_runs order by at desc limit 1") == {
        "events_are_chained": 1
    }
    assert await value(context, "select verified from event_chain") == 3
    await tamper(context, "update events set after = 'waiting' where id = $1", newest)


async def test_the_timetable_links_what_was_there_before(context: Context) -> None:
    await add(context, count=7)
    await actions.seal(context)
    async with context.db.reading() as tx:
        chain = await audit.chain(tx)
    assert chain
    assert chain["length"] == 7
    assert (
        await value(context, "select count(*) from events where id not in (select event_id from event_links)")
        == 0
    )


async def test_a_link_that_was_kept_elsewhere_shows_that_the_end_was_cut_off(context: Context) -> None:
    """Who owns the tables can cut off the end and write the length anew: the chain alone looks whole then."""
    await add(context, count=4)
    await seal(context)
    async with context.db.reading() as tx:
        chain = next(one for one in await checks.run(tx) if one.name == "events_are_chained")
    kept = chain.description[chain.description.index("(link ") :]
    assert await kept_link(context, kept)
    assert await kept_link(context, kept.removeprefix("(link ").removesuffix(")").replace(", ", ":"))
    for wrong in ("4", "x, 12", "4, " + "0" * 16, "9" + kept.removeprefix("(link ").removesuffix(")")):
        assert not await kept_link(context, wrong)
    await tamper(
        context, "delete from events where id = (select event_id from event_links where position = 4)"
    )
    await tamper(context, "delete from event_links where position = 4")
    await tamper(
        context,
        "update event_chain set length = 3, verified = 0, "
        "head = (select hash from event_links where position = 3)",
    )
    assert await problems(context) == []
    assert not await kept_link(context, kept)


async def kept_link(context: Context, kept: str) -> bool:
    async with context.db.reading() as tx:
        return next(
            one for one in await checks.run(tx, kept) if one.name == "events_have_the_kept_link"
        ).holds


async def test_ids_that_commit_out_of_order_stay_whole_over_several_marks(context: Context) -> None:
    """Three open transactions, committed from the last to the first, with the mark moving in between."""
    async with context.db.transaction() as first:
        await audit.record(first, "circle.planned", uuid4())
        async with context.db.transaction() as second:
            await audit.record(second, "circle.planned", uuid4())
            async with context.db.transaction() as third:
                await audit.record(third, "circle.planned", uuid4())
                await add(context, count=2)
                assert await seal(context) == 2
            assert await seal(context, most=1) == 1
            assert await seal(context) == 0
        assert await seal(context) == 1
        assert await problems(context) == []
    assert await seal(context) == 1
    for _ in range(2):
        assert await seal(context) == 0
    assert await problems(context) == []
    newest = await value(context, "select max(id) from events")
    assert await value(context, "select sealed_through from event_chain") == newest
