"""/livez, /readyz, /healthz and /metrics: each item, and what becomes of them when the database does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request

import circles
from circles.base.settings import Settings
from circles.store import db, jobs
from circles.store.context import Context
from circles.web.monitoring import health, probe
from circles.web.monitoring.probe import Disk, State
from tests.conftest import Browser
from tests.helpers import change, missing, value

NO_ITEMS = ("state", "waiting", "version")
JOB = (
    "insert into pgqueuer (priority, entrypoint, status, updated, heartbeat, execute_after) "
    "values (0, $1, $2::pgqueuer_status, now(), now(), now() - make_interval(secs => $3))"
)
ENTRY = (
    "insert into timetable_entries (name, due_at, succeeded_at, failed_at, failures, failure) "
    "values ($1, now() - make_interval(secs => $2), now() - make_interval(secs => $3), "
    "now() - make_interval(secs => $4), 2, 'KeyError at store/mail.py:12')"
)
WORKER = (
    "insert into processes (id, kind, seen_at, pooled) "
    "values ($1, 'worker', now() - make_interval(secs => $2), $3)"
)


@pytest_asyncio.fixture
async def page(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A monitor's requests; the disks of this machine count for nothing."""
    monkeypatch.setattr(probe, "_disks", lambda _: [])
    async with Browser(app) as browser:
        yield browser


async def ill(page: Browser) -> dict[str, str]:
    """The items of /healthz that are not well."""
    answer = await page.get("/healthz")
    found = answer.json()
    assert answer.status_code == (200 if found["state"] == "well" else 503)
    assert answer.headers["cache-control"] == "no-store"
    return {name: text for name, text in found.items() if text != "well" and name not in NO_ITEMS}


async def test_all_is_well(page: Browser) -> None:
    assert await ill(page) == {}
    names = (await page.get("/healthz")).json().keys()
    assert {"database", "queue", "given up", "mail", "timetable", "worker", "pooler", "disk"} <= names
    assert (await page.get("/healthz")).json()["version"] == circles.VERSION
    for path in ("/livez", "/readyz"):
        assert (await page.get(path)).status_code == 200


async def test_waiting_jobs_are_named_by_kind(page: Browser, context: Context) -> None:
    await change(context, JOB, "payments.sync", "queued", 200.0)
    assert await ill(page) == {}
    await change(context, JOB, "mail.deliver", "queued", 3600.0)
    assert (await ill(page))["queue"] == "mail.deliver has waited 60 minutes"
    waiting = (await page.get("/healthz")).json()["waiting"]["jobs"]
    assert waiting["payments.sync"]["count"] == 1
    assert waiting["mail.deliver"]["seconds"] >= 3600


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.5"}, {"Authorization": "Bearer wrong"}])
async def test_strangers_are_not_told_what_waits(
    page: Browser, app: Starlette, context: Context, headers: dict[str, str]
) -> None:
    """That somebody is mailed about wrong codes, say, would tell that the address has an account."""
    if "Authorization" in headers:
        settings = context.settings.model_copy(update={"metrics_token": SecretStr("secret")})
        app.state.context = Context(settings, context.db)
    await change(context, JOB, "mail.deliver", "queued", 200.0)
    answer = await page.get("/healthz", headers=headers)
    assert answer.status_code == 200
    assert "waiting" not in answer.json()
    assert "mail.deliver" not in answer.text


async def test_a_job_that_was_given_up_leaves_the_site_ready(page: Browser, context: Context) -> None:
    await change(context, JOB, "mail.deliver", "failed", 0.0)
    assert await ill(page) == {"given up": "1 job was given up on: mail.deliver"}
    assert (await page.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("late", "succeeded", "failed", "text"),
    [
        (-60.0, 30.0, 90.0, ""),
        (500.0, 90.0, 180.0, ""),
        (750.0, 90.0, 180.0, "jobs.tidy should have run 12 minutes ago"),
        (-60.0, 180.0, 150.0, "jobs.tidy failed 2 minutes ago (KeyError at store/mail.py:12)"),
    ],
)
async def test_entries_that_have_not_succeeded_when_due(
    page: Browser, context: Context, late: float, succeeded: float, failed: float, text: str
) -> None:
    await change(context, ENTRY, "jobs.tidy", late, succeeded, failed)
    await change(context, ENTRY, "an.entry.of.another.version", 9000.0, 9000.0, 0.0)
    assert await ill(page) == ({"timetable": text} if text else {})


async def test_an_entry_that_failed_is_named_until_it_succeeds(page: Browser, context: Context) -> None:
    await change(context, "alter table limits rename to limits_elsewhere")
    try:
        with pytest.raises(db.PostgresError):
            await jobs.run_timetable(context, "limits.tidy")
        named = (await ill(page))["timetable"]
    finally:
        await change(context, "alter table limits_elsewhere rename to limits")
    assert named.startswith("limits.tidy failed ")
    assert "UndefinedTableError at " in named
    await jobs.run_timetable(context, "limits.tidy")
    assert await ill(page) == {}


@pytest.mark.parametrize(
    ("silences", "up", "text"),
    [
        ([], 20, ""),
        ([], 61, "no worker was ever seen"),
        ([20.0, 4000.0], 100, ""),
        ([150.0], 100, "no worker was seen for 2 minutes"),
        ([4000.0], 20, ""),
    ],
)
async def test_a_worker_that_is_not_seen(
    page: Browser, context: Context, app: Starlette, silences: list[float], up: int, text: str
) -> None:
    app.state.started -= up
    for silence in silences:
        await change(context, WORKER, uuid4(), silence, False)
    assert await ill(page) == ({"worker": text} if text else {})


async def test_a_worker_behind_a_pooler_is_named(page: Browser, context: Context) -> None:
    await change(context, WORKER, uuid4(), 1.0, True)
    assert "hands over no notifications" in (await ill(page))["worker"]


def test_a_pooler_without_its_setting_and_a_full_disk_are_named() -> None:
    through = State(pooled=True, disks=[Disk("DATA_DIR", 9 * 1024 * 1024), Disk("temporary files", 2**40)])
    found = health.items(through, Settings(), up=0)
    assert "CIRCLES_POOLER is not set" in found["pooler"]
    assert found["disk"] == "9 MB are left for DATA_DIR"
    complete = Settings(pooler=True, worker_database_url="postgresql://circles@db/circles")
    assert health.items(through, complete, up=0)["pooler"] == "well"


async def test_a_connection_of_our_own_goes_through_no_pooler(context: Context) -> None:
    assert not (await probe.look(context)).pooled


async def test_a_read_only_database_is_not_ready(page: Browser, app: Starlette, settings: Settings) -> None:
    database = await db.Database.open(settings.database_url, size=1)
    app.state.context = Context(settings, database)
    async with database.reading() as tx:
        await tx.execute("set default_transaction_read_only = on")  # for the one connection there is
    ready, named = await page.get("/readyz"), await ill(page)
    await database.close()
    assert (ready.status_code, ready.json()) == (503, {"state": "not ready", "database": "it is read-only"})
    assert named == {"database": "it is read-only"}


async def test_a_process_that_stops_is_not_ready(page: Browser, app: Starlette) -> None:
    app.state.stopping.set()
    assert [(await page.get(path)).status_code for path in ("/readyz", "/livez", "/healthz")] == [
        503,
        200,
        200,
    ]


async def test_an_unmigrated_database_is_not_ready(page: Browser, context: Context) -> None:
    last = await value(context, "delete from circles_migrations where name like '0036%' returning sha256")
    try:
        ready = await page.get("/readyz")
    finally:
        await change(context, "insert into circles_migrations values ('0036_monitoring.sql', $1)", last)
    assert ready.status_code == 503
    assert ready.json()["database"] == "it is not migrated: 0036_monitoring.sql is missing"


async def test_a_database_that_hangs_is_named(
    page: Browser, app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statements never end, as those of a frozen one."""
    monkeypatch.setattr(probe, "SECONDS", 0.3)
    database = await db.Database.open_for_pages(settings.database_url)
    app.state.context = Context(settings, database)
    try:
        async with database.transaction() as tx:
            await tx.execute("lock table circles_migrations, processes in access exclusive mode")
            assert await ill(page) == {"database": "it does not answer"}
            assert (await page.get("/readyz")).status_code == 503
            assert (await page.get("/livez")).status_code == 200
            text = (await page.get("/metrics")).text
        monkeypatch.setattr(probe, "SECONDS", 60)  # a busy machine may take longer than the deadline above
        assert (await page.get("/readyz")).status_code == 200
    finally:
        await database.close()
    assert "circles_database_up 0.0" in text
    assert 'circles_pool_max{pool="pages"} 8.0' in text  # six for transactions, two more for reads


async def test_a_database_that_is_away_is_named(page: Browser, app: Starlette, settings: Settings) -> None:
    gone = await db.Database.open(settings.database_url)
    await gone.close()
    app.state.context = Context(settings, gone)
    assert await ill(page) == {"database": "it does not answer"}
    assert (await page.get("/readyz")).status_code == 503


async def test_a_pool_in_use_does_not_hold_up_a_check(
    page: Browser, app: Starlette, settings: Settings
) -> None:
    """Every connection of the pages is taken, as by transactions that wait for a locked row."""
    database = await db.Database.open_for_pages(settings.database_url)
    app.state.context = Context(settings, database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        for _ in range(6):
            await stack.enter_async_context(database.reading())
        assert (await page.get("/readyz")).status_code == 200
        in_use = 'circles_pool_connections{pool="pages",state="in use"} 6.0'
        assert in_use in (await page.get("/metrics")).text


async def test_a_feature_adds_an_item(page: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_checks", {})

    @probe.check("money")
    async def check(tx: db.Tx) -> str:
        return "2 refunds are stuck" if await tx.fetchval("select true") else ""

    assert await ill(page) == {"money": "2 refunds are stuck"}


# /metrics


async def test_metrics_have_the_queues_the_pool_the_timetable_and_the_routes(
    page: Browser, context: Context
) -> None:
    await change(context, JOB, "mail.deliver", "queued", 100.0)
    await change(context, JOB, "mail.deliver", "failed", 0.0)
    await change(context, ENTRY, "jobs.tidy", 0.0, 60.0, 120.0)
    await change(context, "insert into job_counts values ('mail.deliver', 7, 2, 1.5)")
    await change(context, WORKER, uuid4(), 5.0, False)
    await page.get("/guides/no-such-guide?mira@example.org")
    await page.get("/nowhere/mira")
    await page.request("MIRA", "/")
    answer = await page.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert not missing(
        answer.text,
        'circles_jobs_waiting{kind="mail.deliver"} 1.0',
        'circles_jobs_given_up{kind="mail.deliver"} 1.0',
        'circles_jobs_oldest_seconds{kind="mail.deliver"} ',
        'circles_job_runs_total{kind="mail.deliver"} 7.0',
        'circles_job_failures_total{kind="mail.deliver"} 2.0',
        'circles_job_seconds_total{kind="mail.deliver"} 1.5',
        'circles_timetable_last_success_seconds{entry="jobs.tidy"}',
        'circles_timetable_failures_total{entry="jobs.tidy"} 2.0',
        "circles_worker_silence_seconds ",
        'circles_pool_connections{pool="pages",state="idle"}',
        'circles_responses_total{method="GET",route="/guides/{slug}",status="404"}',
        'circles_request_seconds_bucket{le="+Inf",method="GET",route="/guides/{slug}"}',
        'circles_responses_total{method="GET",route="no route",status="404"}',
        'method="other"',
        "process_resident_memory_bytes",
    )
    assert "mira" not in answer.text.lower()


async def test_failures_are_counted(page: Browser, app: Starlette) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("mira@example.org")

    app.state.find_person = broken
    page.cookies.set("sign-in", "x", domain="circles.test")
    assert (await page.get("/gatherings")).status_code == 500
    text = (await page.get("/metrics")).text
    assert 'circles_failures_total{event="unexpected",level="error",logger="errors"}' in text
    assert 'circles_responses_total{method="GET",route="/gatherings",status="500"}' in text


@pytest.mark.parametrize(
    ("given", "status"), [("", 401), ("Bearer wrong", 401), ("Basic secret", 401), ("Bearer secret", 200)]
)
async def test_with_a_token_only_who_knows_it_reads_metrics(
    page: Browser, app: Starlette, context: Context, given: str, status: int
) -> None:
    settings = context.settings.model_copy(update={"metrics_token": SecretStr("secret")})
    app.state.context = Context(settings, context.db)
    assert (await page.get("/metrics", headers={"Authorization": given})).status_code == status


@pytest.mark.parametrize(
    ("mode", "headers", "status"),
    [
        ("practice", {}, 200),
        ("practice", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("practice", {"Forwarded": "for=127.0.0.1"}, 404),
        ("production", {}, 404),
    ],
)
async def test_without_a_token_only_this_machine_reads_them_in_practice(
    page: Browser, app: Starlette, context: Context, mode: str, headers: dict[str, str], status: int
) -> None:
    app.state.context = Context(context.settings.model_copy(update={"mode": mode}), context.db)
    assert (await page.get("/metrics", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("client", "from_proxy", "allowed"),
    [
        (("127.0.0.1", 1), True, False),
        (("203.0.113.5", 1), False, False),
        (("::1", 1), False, True),
        (None, False, False),
    ],
)
def test_another_machine_is_not_this_one(client: Any, from_proxy: bool, allowed: bool) -> None:
    from circles.web.monitoring import pages

    scope = {"type": "http", "client": client, "headers": [], "circles.from_proxy": from_proxy}
    assert pages._is_this_machine(Request(scope)) is allowed


def test_durations_are_in_the_unit_of_which_there_are_two() -> None:
    seconds = (0, 119, 120, 7199, 7200, 172_799, 172_800)
    texts = ["0 seconds", "119 seconds", "2 minutes", "119 minutes", "2 hours", "47 hours", "2 days"]
    assert [health.duration(number) for number in seconds] == texts
