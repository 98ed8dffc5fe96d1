"""A row with values that the code cannot read breaks no page, feed, list, export or job, and a check names it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from circles.invites import feeds
from circles.reports import catalog
from circles.store import checks
from tests.cast import Cast, add_booking, add_listing
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, send_invites, value

BROKEN = {
    "the zone of a gathering": "update gatherings set zone = 'Nowhere/Atlantis'",
    "the zone of a circle": "update circles set zone = '../etc/passwd'",
    "the zone of a person": "update people set zone = 'Mars'",
    "an unknown currency": "update circles set currency = 'ZZZ'",
    "what a member knew": "update bookings set known = '{}'",
    "something else that a member knew": "update bookings set known = '[1]'",
}

# Words of columns that a newer version may store, with the constraints that refuse them today.
NEWER = (
    ("circles", "format", "circle_format_known"),
    ("circles", "place", "circle_place_known"),
    ("bookings", "kind", "booking_kind_known, drop constraint booking_amount_within_scale"),
    ("hosts", "part", "host_part_known"),
)


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_row_breaks_nothing_else(cast: Cast, browser: OpenBrowser, statement: str) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    before = await rows(
        cast.context, "select id, zone from gatherings union all select id, zone from circles"
    )
    await change(cast.context, statement)
    try:
        await send_invites(cast.context)
        async with cast.context.db.transaction() as tx:
            feed = (await feeds.make_feed(cast.context, tx, cast.mira)).webcal
        paths = _pages(cast, booking, feed)
        for who, every in paths.items():
            async with browser(who) as page:
                for path in every:
                    answer = await page.get(path)
                    assert answer.status_code < 500, path
        async with browser(cast.odile) as page:
            form = {"from": "2020-01-01", "to": "2029-12-30", "purpose": "For a test"}
            answer = await page.post("/organize/attendance.csv", data=form)
            assert "Mira" in answer.text
        async with cast.context.db.reading() as tx:
            broken = [finding.name for finding in await checks.run(tx) if not finding.holds]
        assert broken == (["zones_are_known"] if " zone " in statement else [])
        assert await value(cast.context, "select count(*) from mails where kind = 'invite'") == 1
    finally:
        for row in before:
            for table in ("gatherings", "circles"):
                await change(
                    cast.context, f"update {table} set zone = $2 where id = $1", row["id"], row["zone"]
                )
        await change(cast.context, "update circles set currency = 'USD'")
        await change(cast.context, "update people set zone = ''")


def _pages(cast: Cast, booking: UUID, feed: str) -> dict[UUID | None, tuple[str, ...]]:
    bookings = f"/bookings/{booking}"
    return {
        None: ("/", "/gatherings", f"/gatherings/{cast.gathering}", f"/circles/{cast.circle}",
               f"/facilitators/{cast.farid}", feed.removeprefix("webcal://circles.test")),
        cast.mira: ("/me", "/my/gatherings", bookings, f"{bookings}/invite.ics", f"{bookings}/cancel"),
        cast.farid: ("/host", "/host/circles", f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}",
                     f"/host/gatherings/{cast.gathering}/room", f"/host/circles/{cast.circle}/run-sheet",
                     f"/host/circles/{cast.circle}/edit", f"/host/circles/{cast.circle}/schedules"),
        cast.odile: ("/organize", "/organize/bookings", "/organize/people", "/organize/circles"),
    }  # fmt: skip


@pytest.mark.parametrize(("table", "column", "constraint"), NEWER)
async def test_a_word_of_a_newer_version_breaks_no_page(
    cast: Cast, browser: OpenBrowser, table: str, column: str, constraint: str
) -> None:
    """Its code may run beside ours on one database, and write what we do not know."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    async with cast.context.db.transaction() as tx:
        feed = (await feeds.make_feed(cast.context, tx, cast.mira)).webcal
    before = await rows(cast.context, f"select {column} as word from {table}")
    await change(cast.context, f"alter table {table} drop constraint {constraint}")
    await change(cast.context, f"update {table} set {column} = 'silent'")
    for who, paths in _pages(cast, booking, feed).items():
        async with browser(who) as page:
            for path in paths:
                assert (await page.get(path)).status_code < 500, path
    await change(cast.context, f"update {table} set {column} = $1", before[0]["word"])


# Columns with words of their own that pages read, and what a newer version or a broken row may hold in them.
WORDS = (
    "gatherings.state",
    "circles.state",
    "bookings.state",
    "bookings.kind",
    "bookings.end_cause",
    "requests.state",
    "requests.kind",
    "listings.state",
    "listings.source",
    "listings.hidden_because",
    "listings.room",
    "listings.experience",
    "licences.status",
    "hosts.part",
    "checkouts.state",
    "operations.state",
    "operations.kind",
    "money_rows.kind",
    "disputes.state",
    "payment_findings.kind",
    "stripe_alarms.kind",
    "attendance.mark",
)
# The same of what organizers run, and what their pages read of the rest.
ORGANIZED_WORDS = (
    "bookings.state",
    "bookings.kind",
    "bookings.end_cause",
    "gatherings.state",
    "circles.state",
    "circles.format",
    "attendance.mark",
    "hosts.part",
    "register_marks.mark",
    "register_marks.source",
    "hosted_gatherings.part",
    "letters.kind",
    "letters.names_said",
    "concerns.state",
    "concern_steps.what",
    "suspensions.state",
    "suspensions.refund",
    "merges.state",
    "facilitator_invitations.state",
    "account_invitations.state",
    "exports.what",
    "exports.depth",
    "exports.format",
    "export_files.state",
    "export_presets.kind",
    "export_presets.depth",
    "events.what",
    "mails.state",
    "mails.kind",
)
NUMBERS = {
    "gatherings.capacity": (0, 25),
    "circles.capacity": (99,),
}


async def _rich(cast: Cast) -> tuple[UUID, dict[UUID | None, tuple[str, ...]]]:
    """A row in each of these tables, and the pages that show them."""
    context = cast.context
    booking = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=3750)
    request = await value(
        context,
        "insert into requests (circle_id, person_id, gathering_id, kind) values ($1, $2, $3, 'questions') returning id",
        cast.circle,
        cast.milo,
        cast.gathering,
    )
    listing = await add_listing(context, person_id=cast.farid)
    checkout = await value(context, "select checkout_id from money_rows limit 1")
    finding = await value(
        context,
        "insert into payment_findings (kind, booking_id, stripe_id, amount, currency) "
        "values ('differs', $1, 'cs_1', 100, 'USD') returning id",
        booking,
    )
    operation = await value(
        context,
        "insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, again_at) "
        "values ('refund', $1, $2, 'key', 100, 'failed', null) returning id",
        booking,
        checkout,
    )
    await change(
        context,
        "insert into disputes (stripe_id, booking_id, checkout_id, amount, currency, state, made_at) "
        "values ('du_1', $1, $2, 100, 'USD', 'needs_response', now())",
        booking,
        checkout,
    )
    await change(context, "insert into stripe_alarms (kind) values ('key_rejected')")
    await change(
        context,
        "insert into attendance (booking_id, mark, marked_by) values ($1, 'came', $2)",
        booking,
        cast.farid,
    )
    async with context.db.transaction() as tx:
        feed = (await feeds.make_feed(context, tx, cast.mira)).webcal
    pages = _pages(cast, booking, feed)
    pages[None] += ("/therapists", f"/therapists/{listing}")
    pages[cast.farid] += (
        "/host/requests",
        f"/host/requests/{request}",
        "/my/listing",
        f"/host/gatherings/{cast.gathering}/change",
    )
    pages[cast.milo] = (f"/my/requests/{request}", f"/gatherings/{cast.gathering}/book", "/my/gatherings")
    pages[cast.odile] += (
        "/organize/money",
        f"/organize/money/findings/{finding}",
        f"/organize/money/refunds/{operation}",
        "/organize/therapists",
        f"/organize/therapists/{listing}",
        "/healthz",
    )
    return booking, pages


# Rows of what organizers do, of letters and of files, each about $1 (Mira), by $2 (Odile).
_ORGANIZED = (
    "insert into letters (person_id, kind, code_hash, name, first_date, last_date, gatherings, minutes) "
    "select $1, 'attended', 'x', 'Mira', '2026-01-01', '2026-02-01', 1, 90 where $2::uuid is not null returning id",
    "insert into concerns (id, person_id, body, answer_by) "
    "select gen_random_uuid(), $1, 'Something', current_date where $2::uuid is not null returning id",
    "insert into suspensions (person_id, state, reason, shares_reason, refund, begun_by, begun_at, ended_by, ended_at) "
    "values ($1, 'lifted', 'Why', true, 'all', $2, now(), $2, now()) returning id",
    "insert into merges (kept_id, gone_id, kept_token_hash, gone_token_hash, why) "
    "values ($1, $2, sha256('one'), 'b', '') returning id",
    "insert into facilitator_invitations (email, token_hash, invited_by) "
    "select 'new@example.org', sha256('two'), $2 where $1::uuid is not null returning id",
    "insert into account_invitations (batch, email, invited_by) "
    "select gen_random_uuid(), 'other@example.org', $2 where $1::uuid is not null returning batch",
    "insert into exports (who, what, depth, format, filters, made_by, gatherings, read_at, finished_at, row_count) "
    "select $2, 'attendance', 'named', 'csv', "
    "jsonb_build_object('from', '2026-01-01', 'to', '2026-02-01', 'circles', '[]'::jsonb), "
    "'page', array[gathering_id], now(), now(), 1 "
    "from bookings where person_id = $1 returning id",
    "insert into export_presets (name, kind, depth, format, columns, made_by) "
    "select 'Every month', 'attendance', 'named', 'csv', array['name'], $2 where $1::uuid is not null returning id",
)


async def _run_by_organizers(cast: Cast, booking: UUID) -> dict[UUID | None, tuple[str, ...]]:
    context = cast.context
    letter, concern, *_, batch, export, _ = [
        await value(context, statement, cast.mira, cast.odile) for statement in _ORGANIZED
    ]
    await change(
        context,
        "insert into concern_steps (concern_id, who, what) values ($1, $2, 'answer')",
        concern,
        cast.odile,
    )
    await change(
        context,
        "insert into export_files (export_id, rows_expected, state, expires_at) "
        "values ($1, 1, 'ready', now() + interval '7 days')",
        export,
    )
    await change(
        context,
        "insert into mails (kind, to_address, subject, text_body, html_body, message_id, person_id, state) "
        "values ('code', 'a@example.org', 'Subject', '', '', 'message', $1, 'refused')",
        cast.mira,
    )
    organizer = (
        *("", "/needs", "/jobs", "/mail", "/audit", "/concerns", f"/concerns/{concern}", "/exports"),
        *(
            f"/exports/{export}",
            "/people/invitations",
            f"/people/{cast.mira}",
            f"/people/{cast.mira}/suspend",
        ),
        *(f"/people/{cast.mira}/merge", f"/bookings/{booking}", f"/circles/{cast.circle}", "/moving-in"),
        *("/invitations", f"/invitations/{batch}", "/settings", "/reports", "/reports/funder"),
        *(f"/reports/{report}" for report in catalog.REPORTS),
    )
    return {
        None: ("/join-accounts/one", "/facilitator-invitations/two", "/check", "/write"),
        cast.mira: (
            *("/my/attendance", "/my/attendance.csv", "/my/letters/new", f"/my/letters/{letter}"),
            *("/my/access", "/my/concerns", f"/my/concerns/{concern}"),
        ),
        cast.farid: ("/my/hours", "/my/hours.csv", f"/host/circles/{cast.circle}/share"),
        cast.odile: tuple(f"/organize{path}" for path in organizer),
    }


async def _lift_constraints(cast: Cast, table: str, column: str) -> None:
    """Let a column hold anything of its type, and no trigger act on it, as another version may have it."""
    constraints = await rows(
        cast.context,
        "select conname from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any(conkey) "
        "where conrelid = $1::text::regclass and attname = $2 and contype = 'c'",
        table,
        column,
    )
    for row in constraints:
        await change(cast.context, f"alter table {table} drop constraint {row['conname']}")
    await change(cast.context, f"alter table {table} disable trigger user")


async def test_no_word_or_number_in_a_row_breaks_a_page(cast: Cast, browser: OpenBrowser) -> None:
    _, pages = await _rich(cast)
    numbers = [(name, n) for name, every in NUMBERS.items() for n in every]
    wrong = await _broken_by([*((name, "silent") for name in WORDS), *numbers], cast, browser, pages)
    await _end_stories(cast)
    assert not wrong


async def test_no_word_breaks_a_page_of_organizers(cast: Cast, browser: OpenBrowser) -> None:
    booking, _ = await _rich(cast)
    pages = await _run_by_organizers(cast, booking)
    wrong = await _broken_by([(name, "silent") for name in ORGANIZED_WORDS], cast, browser, pages)
    await _end_stories(cast)
    assert not wrong


async def _broken_by(
    tries: Sequence[tuple[str, str | int]],
    cast: Cast,
    browser: OpenBrowser,
    pages: dict[UUID | None, tuple[str, ...]],
) -> list[str]:
    """The pages that break as they are, or while every row of a column holds something else."""
    wrong = await _broken_pages(pages, browser, "as it is")
    for name, broken in tries:
        table, column = name.split(".")
        [before] = await rows(cast.context, f"select array_agg(distinct {column}) as held from {table}")
        assert before["held"], f"{table} has no row here"
        await _lift_constraints(cast, table, column)
        await change(cast.context, f"alter table {table} add column kept_value text")
        await change(cast.context, f"update {table} set kept_value = {column}::text, {column} = $1", broken)
        wrong += await _broken_pages(pages, browser, f"{name} = {broken}")
        kind = "int" if isinstance(broken, int) else "text"
        await change(
            cast.context, f"update {table} set {column} = kept_value::{kind} where kept_value is not null"
        )
        await change(cast.context, f"alter table {table} drop column kept_value")
    return wrong


async def _end_stories(cast: Cast) -> None:
    """Delete rows of `_rich` that are of no story that adds up."""
    for table in ("disputes", "operations", "payment_findings", "stripe_alarms", "requests", "mails"):
        rest = "where kind = 'refund'" if table == "operations" else ""
        await change(cast.context, f"delete from {table} {rest}")
    # The triggers that keep the facts of payments are disabled, or do not expect that rows are deleted.
    await change(cast.context, "select keep_payment(id) from checkouts")


async def _broken_pages(
    pages: dict[UUID | None, tuple[str, ...]], browser: OpenBrowser, what: str
) -> list[str]:
    wrong: list[str] = []
    for who, paths in pages.items():
        async with browser(who) as page:
            for path in paths:
                answer = await page.get(path)
                if answer.status_code >= 500 and path != "/healthz":
                    wrong.append(f"{what}: {answer.status_code} {path}")
    return wrong
