"""The site as a person meets it: a real process with its worker, on a database of its own, with the demo community."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from circles import payments, people
from circles.base.settings import Settings
from circles.payments.sync import sync_checkout
from circles.practice.stripe import checkouts as stripe_checkouts
from circles.store.context import Context
from circles.store.db import Database
from tests import cast

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 45  # seconds until something that must happen is late
START = 150  # seconds the site may take to start on a machine that is busy with the other tests


@dataclass
class Site:
    """A running site. house: its settings and its database, for putting things in place and for looking after."""

    address: str
    context: Context
    log: Path
    _numbers: count[int] = field(default_factory=count)

    async def member(self, name: str = "Nell", **more: Any) -> Member:
        """Somebody new, with an address nobody else has."""
        email = f"{name.lower()[:40]}.{uuid4().hex[:12]}@example.org"
        return Member(await cast.add_person(self.context, name, email=email, **more), name, email)

    async def circle(self, **more: Any) -> UUID:
        """A new published circle of a facilitator of its own, by a name that no other circle has."""
        host = more.pop("host", None) or (await self.member("Fay", is_facilitator=True)).id
        name = more.pop("name", f"Evening circle {os.getpid()}-{next(self._numbers)}")
        return await cast.add_circle(self.context, host, name=name, **more)

    async def gathering(self, circle: UUID | None = None, *, days: float = 7, **more: Any) -> UUID:
        """A new open gathering, of a new circle where none is given."""
        dated = {name: more.pop(name) for name in ("hour", "starts_at") if name in more}
        circle = circle or await self.circle(**more)
        return await cast.add_gathering(self.context, circle, days=days, **dated)

    async def paid_seat(self, gathering: UUID, member: Member, amount: int = 4500) -> UUID:
        """A booking of this member, paid at the look-alike of Stripe and confirmed as any other; its invite is sent."""
        booking = await cast.add_booking(
            self.context, gathering, member.id, kind="paid", amount=amount, state="held"
        )
        address = f"{self.address}/bookings/{booking}"
        await payments.start(
            self.context,
            booking,
            amount=amount,
            currency="USD",
            name="Tuesday group",
            statement="Tuesday group",
            success_url=address,
            cancel_url=f"{address}/stopped",
        )
        checkout = await self.ask("select stripe_id from checkouts where booking_id = $1", booking)
        async with self.context.db.transaction() as tx:
            assert await stripe_checkouts.pay(tx, checkout) == "paid"
        await sync_checkout(self.context, booking_id=str(booking))
        return booking

    @asynccontextmanager
    async def unsettled(self, person: UUID) -> AsyncIterator[None]:
        """Stripe's answer about this person's only checkout is not taken in before the end of the block.

        The worker takes it in at any moment after the payment, so a page that waits for it may be gone unseen.
        """
        async with self.context.db.transaction() as tx:
            await tx.fetchval(
                "select checkouts.id from checkouts join bookings on bookings.id = checkouts.booking_id "
                "where bookings.person_id = $1 for update of checkouts",
                person,
            )
            yield

    async def token(self, person: UUID) -> str:
        """What the sign-in cookie of this person holds."""
        async with self.context.db.transaction() as tx:
            return await people.start_sign_in(tx, person)

    async def ask(self, query: str, *values: Any) -> Any:
        """One value out of the database."""
        async with self.context.db.reading() as tx:
            return await tx.fetchval(query, *values)

    async def booked(self, person: UUID) -> dict[str, int]:
        """How many bookings of each state somebody has."""
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                "select state, count(*) as n from bookings where person_id = $1 group by 1", person
            )
        return {row["state"]: row["n"] for row in rows}

    async def mail_to(self, email: str, *, subject: str = "", method: str = "") -> UUID:
        """The newest mail carried to an address, once there is one."""

        async def look() -> Any:
            return await self.ask(
                "select id from mails where to_address = $1 and state = 'sent' and subject like '%' || $2 || '%' "
                "and ($3 = '' or calendar_method = $3) order by created_at desc limit 1",
                email,
                subject,
                method,
            )

        return await until(look, f"a mail {subject} {method}")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody a journey is about."""

    id: UUID
    name: str
    email: str


async def until(look: Callable[[], Awaitable[Any]], what: str, seconds: float = PATIENCE) -> Any:
    """Ask again and again until there is an answer. Raises TimeoutError when it is late."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := await look()):
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise TimeoutError(f"waited for {what}") from None


@asynccontextmanager
async def serve(database_url: str, folder: Path) -> AsyncIterator[Site]:
    """A site of its own, started as anybody starts it, stopped as by Ctrl-C."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    told = {"DATABASE_URL": database_url, "PORT": str(port), "DATA_DIR": str(folder / "data")}
    with (folder / "site.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "circles",
            "serve",
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _answers(process, address, folder), "the site", START)
        settings = Settings(
            database_url=database_url, port=port, data_dir=folder / "data", run_worker=False, pool_size=2
        )
        database = await Database.open(database_url, size=2)
        try:
            yield Site(address, Context(settings, database), folder / "site.log")
        finally:
            await database.close()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), PATIENCE)


async def _answers(process: asyncio.subprocess.Process, address: str, folder: Path) -> bool:
    if process.returncode is not None:
        raise RuntimeError(f"the site ended: {(folder / 'site.log').read_text()}")
    try:
        await asyncio.to_thread(lambda: urllib.request.urlopen(f"{address}/readyz", timeout=10).close())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True
