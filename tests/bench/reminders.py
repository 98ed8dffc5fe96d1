"""10,000 reminders: planned, composed by one worker, and sent to an SMTP server on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from circles.reminders import actions
from circles.store import db
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import stage
from tests.cast import add_circle, add_person
from tests.drills.mail_server import MailServer

HOW_MANY = 10_000
MAX_SECONDS = 900
SQL = Path(__file__).with_name("reminders.sql")


def reminders(server: str, data: Path) -> None:
    """Plan and send them, with the rate and the peak memory of the worker."""
    asyncio.run(_reminders(server, data))


async def _reminders(server: str, data: Path) -> None:
    url = await stage.fresh(server, "bench_reminders")
    database = await Database.open(url)
    context = Context(stage.settings_for(url, data), database)
    await add_circle(context, await add_person(context, "Farid", is_facilitator=True))
    await _fill(url)
    began = time.perf_counter()
    await actions.plan(context)
    planned = time.perf_counter() - began
    began = time.perf_counter()
    await actions.plan(context)
    again = time.perf_counter() - began
    async with MailServer().serving() as postbox:
        composed, sent, memory = await _work(context, postbox, data)
    await database.close()
    recipients = {recipient for _, recipient in postbox.accepted}
    if len(postbox.accepted) != HOW_MANY or len(recipients) != HOW_MANY:
        raise SystemExit(f"{len(postbox.accepted)} reminders to {len(recipients)} people")
    print(
        f"{HOW_MANY:,} reminders: planned in {planned:.2f} s (looked for in vain in {again * 1000:.0f} ms); "
        f"composed by one worker in {composed:.0f} s, and sent after {sent:.0f} s, {HOW_MANY / sent:.0f}/s, "
        f"peak memory {memory} MiB; each once",
        flush=True,
    )


async def _fill(url: str) -> None:
    connection = await db.connect(url)
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(SQL.read_text())
    finally:
        await connection.close()


async def _work(context: Context, postbox: MailServer, data: Path) -> tuple[float, float, int]:
    """One worker until all have left. Returns when the last was composed and sent, in seconds, and its peak in MiB."""
    worker = _start_worker(context, postbox, data)
    began, composed = time.perf_counter(), 0.0
    try:
        while len(postbox.accepted) < HOW_MANY and time.perf_counter() < began + MAX_SECONDS:
            await asyncio.sleep(0.2)
            if not composed:
                async with context.db.reading() as tx:
                    left = await tx.fetchval("select count(*) from reminders where sent_at is null")
                composed = 0.0 if left else time.perf_counter() - began
        sent = time.perf_counter() - began
        return composed, sent, _peak(worker.pid)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)


def _start_worker(context: Context, postbox: MailServer, data: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DATABASE_URL": context.settings.database_url,
        "DATA_DIR": str(data),
        "CIRCLES_SMTP_HOST": "127.0.0.1",
        "CIRCLES_SMTP_PORT": str(postbox.port),
        "CIRCLES_SMTP_SECURITY": "none",
    }
    command = (sys.executable, "-m", "circles", "work")
    return subprocess.Popen(command, cwd=stage.ROOT, env=environment, stdout=subprocess.DEVNULL)


def _peak(process_id: int) -> int:
    """The most memory that a process had, in MiB."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024
