"""The stage of a drill: the site as real processes, on a database of its own, with neighbors that fail on demand.

A drill books over HTTP while it kills, stops, freezes or starves something, and ends with `stage.assert_whole()`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import Process as Subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import httpx2

from circles import people
from circles.base.settings import Settings
from circles.practice.stripe import checkouts, faults
from circles.store.context import Context
from circles.store.db import Database, Unavailable
from tests import cast
from tests.drills import figures
from tests.drills.figures import Row, Visit
from tests.drills.mail_server import MailServer
from tests.drills.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds until something that must happen is late, on a busy machine


async def until(look: Callable[[], Awaitable[Any]], what: str, seconds: float = PATIENCE) -> Any:
    """Ask again and again until there is an answer. While the database is away there is none. Raises TimeoutError."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                with suppress(Unavailable, OSError):
                    if answer := await look():
                        return answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"waited for {what}") from None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@dataclass
class Program:
    """A process of the site, with the file of what it says."""

    process: Subprocess
    log: Path
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end. Returns the exit status; negative is the signal that ended it."""
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def terminate(self) -> int:
        """Stop it as systemd does."""
        self.send(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a machine does that has no memory left."""
        self.send(signal.SIGKILL)
        await self.ended()

    def said(self) -> str:
        return self.log.read_text()


@dataclass
class Member:
    """Somebody who books over HTTP."""

    id: UUID
    email: str
    token: str


@dataclass
class Stage:
    """A database, a mail server, and the processes of the site that were started."""

    postgres: Postgres
    url: str
    folder: Path
    context: Context  # to put things in place and to look at them, beside the processes
    mail: MailServer
    circle: UUID
    version: UUID
    port: int  # of the first web process, where the look-alike of Stripe sends its webhooks
    programs: list[Program] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list[Visit])  # the requests of members
    row: Row | None = None  # what was measured; added to the table once all is whole

    # Processes

    async def web(self, **settings: str) -> Program:
        """Start a web process without a worker, and wait until it answers. A second one gets another port."""
        taken = any(
            program.port == self.port and program.process.returncode is None for program in self.programs
        )
        port = free_port() if taken else self.port
        program = await self._start("serve", **{"PORT": str(port), "CIRCLES_RUN_WORKER": "false"} | settings)
        program.port = port
        await until(lambda: _answers(program), "the web process")
        return program

    async def worker(self, **settings: str) -> Program:
        """Start a worker process, and wait until it works."""
        program = await self._start("work", **settings)

        async def works() -> bool:
            if program.process.returncode is not None:
                raise RuntimeError(f"the worker ended: {program.said()}")
            return await self.ask(
                "select exists (select from processes where kind = 'worker' and seen_at > $1)", since
            )

        since = await self.ask("select clock_timestamp()")
        await until(works, "the worker")
        return program

    async def _start(self, command: str, **settings: str) -> Program:
        log = self.folder / f"{command}-{len(self.programs)}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "circles",
                command,
                cwd=ROOT,
                env=os.environ | self.environment() | settings,
                stdout=out,
                stderr=out,
            )
        program = Program(process, log)
        self.programs.append(program)
        return program

    def environment(self) -> dict[str, str]:
        """The settings of every process: practice mode, with mail that really leaves, and time to stop."""
        return {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.folder / "data"),
            "CIRCLES_SMTP_HOST": "127.0.0.1",
            "CIRCLES_SMTP_PORT": str(self.mail.port),
            "CIRCLES_SMTP_SECURITY": "none",
            "CIRCLES_ORIGIN": f"http://127.0.0.1:{self.port}",
        }

    # People and what they do

    async def member(self, name: str = "Nell") -> Member:
        email = f"{name.lower()}.{uuid4().hex[:12]}@example.org"
        person = await cast.add_person(self.context, name, email=email)
        async with self.context.db.transaction() as tx:
            return Member(person, email, await people.start_sign_in(tx, person))

    async def members(self, number: int) -> list[Member]:
        return [await self.member(f"Member{i}") for i in range(number)]

    async def gathering(self, **more: Any) -> UUID:
        return await cast.add_gathering(self.context, self.circle, **more)

    async def book(self, web: Program, member: Member, gathering: UUID, amount: int = 45) -> httpx2.Response:
        """Press "Book" over HTTP. amount: in dollars."""
        form = {
            "version": str(self.version),
            "agreed": "on",
            "choice": "amount",
            "amount": str(amount),
            "currency": "USD",
        }
        return await self.request(web, member, f"/gatherings/{gathering}/book", form)

    async def request(
        self, web: Program, member: Member, path: str, form: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Load a page, or send a form. Raises TransportError where there is no answer."""
        visit = Visit(monotonic(), 0, 0.0)
        self.visits.append(visit)
        headers = {"Sec-Fetch-Site": "same-origin"}
        try:
            async with httpx2.AsyncClient(base_url=web.address, timeout=PATIENCE) as client:
                client.cookies.set("sign-in", member.token, domain="127.0.0.1")
                answer = await client.request("POST" if form else "GET", path, data=form, headers=headers)
            visit.status = answer.status_code
            return answer
        finally:
            visit.seconds = monotonic() - visit.at

    async def pay(self, booking: UUID) -> None:
        """Pay a held booking at the look-alike, which sends a webhook as soon as a worker runs."""
        async with self.context.db.transaction() as tx:
            checkout = await tx.fetchval("select stripe_id from checkouts where booking_id = $1", booking)
            assert await checkouts.pay(tx, checkout) == "paid"

    async def plan_fault(self, call: str, fault: Any, **more: Any) -> None:
        """Plan a fault of the look-alike of Stripe, such as `hang` with seconds=20."""
        async with self.context.db.transaction() as tx:
            await faults.plan(tx, call, fault, **more)

    # Looking

    def measured(
        self, name: str, began: float, ended: float, visits: Iterable[Visit] = (), well: float = nan
    ) -> None:
        """Note what was measured while something was broken. visits: beside those of members; well: see Row."""
        broken = [visit for visit in (*self.visits, *visits) if began <= visit.at < ended]
        self.row = Row(name, broken, well)

    async def ask(self, query: str, *values: Any) -> Any:
        """One value out of the database. Raises Unavailable while it is away."""
        async with self.context.db.reading() as tx:
            return await tx.fetchval(query, *values)

    async def booking_of(self, member: Member) -> UUID:
        return await self.ask("select id from bookings where person_id = $1", member.id)

    async def state_of(self, member: Member) -> str | None:
        return await self.ask("select state from bookings where person_id = $1", member.id)

    async def jobs(self) -> dict[str, int]:
        """How many jobs there are of each state."""
        async with self.context.db.reading() as tx:
            found = await tx.fetch("select status::text, count(*) as n from pgqueuer group by 1")
        return {row["status"]: row["n"] for row in found}

    async def until_idle(self, what: str = "every job to end") -> None:
        """Wait until no job waits or runs and no mail waits; jobs that wait for a later try are due after a moment.

        Not at once: on a slow machine a job would use up its tries before the web process can answer.
        """

        async def is_idle() -> bool:
            async with self.context.db.transaction() as tx:
                await tx.execute(
                    "update pgqueuer set execute_after = now() where status = 'queued' "
                    "and updated < now() - interval '4 seconds'"
                )
                return await tx.fetchval(
                    "select not exists (select from pgqueuer where status in ('queued', 'picked')) "
                    "and not exists (select from mails where state = 'waiting')"
                )

        await until(is_idle, what)

    async def assert_whole(self, *, doubled: int = 0) -> None:
        """Nothing is lost, nothing is doubled, and `check` is green.

        doubled: how many mails may have been accepted once more than needed. Every confirmed booking has its invite,
        every mail was accepted, no job was given up.
        """
        assert await self.jobs() == {}
        assert await self.ask("select count(*) from mails where state <> 'sent'") == 0
        async with self.context.db.reading() as tx:
            invited = await tx.fetch(
                "select people.email from bookings join people on people.id = bookings.person_id "
                "where bookings.state = 'confirmed'"
            )
        assert {row["email"] for row in invited} <= self.mail.recipients()
        assert (
            await self.ask(
                "select count(*) from (select from sendings group by booking_id, method having count(*) > 1)"
            )
            == 0
        )
        too_many = self.mail.doubled()
        assert len(too_many) <= doubled, too_many
        assert all(times == 1 for times in too_many.values()), too_many
        program = await self._start("check")
        assert await program.ended() == 0, program.said()
        if self.row:
            self.row.doubled = sum(too_many.values())
            figures.rows.append(self.row)


async def _answers(program: Program) -> bool:
    if program.process.returncode is not None:
        raise RuntimeError(f"the web process ended: {program.said()}")
    async with httpx2.AsyncClient(timeout=PATIENCE) as client:
        with suppress(httpx2.TransportError):
            return bool((await client.get(f"{program.address}/livez")).status_code)
    return False


@asynccontextmanager
async def opened(postgres: Postgres, folder: Path) -> AsyncIterator[Stage]:
    """A stage with a circle of $30 to $80 and 24 seats a gathering; its processes are ended after the block."""
    async with AsyncExitStack() as stack:
        url = await postgres.create()
        stack.push_async_callback(postgres.drop, url)
        settings = Settings(database_url=url, data_dir=folder / "data", run_worker=False)
        database = await Database.open(url, size=4)
        stack.push_async_callback(database.close)
        context = Context(settings, database)
        mail = await stack.enter_async_context(MailServer().serving())
        host = await cast.add_person(context, "Farid", is_facilitator=True)
        circle = await cast.add_circle(context, host, capacity=24, community_seats=0)
        version = await cast.version_of(context, circle)
        stage = Stage(postgres, url, folder, context, mail, circle, version, free_port())
        try:
            yield stage
        finally:
            postgres.thaw()
            for program in stage.programs:
                if program.process.returncode is None:
                    await program.kill()


def tracebacks(stage: Stage) -> list[str]:
    """The logs in which a process wrote a traceback, which none may."""
    logs = [program.said() for program in stage.programs]
    return [log for log in logs if re.search(r"^Traceback", log, re.M)]
