"""A mail server that is well, slow, silent or unwilling, and remembers what it accepted."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.parser import BytesParser
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

# well; slow: each recipient takes `delay` seconds; hanging: it takes connections and never says a word; mute: it takes
# a mail and never answers that it did; refusing: "try again later".
Mode = Literal["well", "slow", "hanging", "mute", "refusing"]


class _Silent(asyncio.Protocol):
    """A connection that is accepted and never answered."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.connections += 1
        self._server.silent.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        pass


class MailServer:
    """connections: how many were opened. accepted: (Message-ID, recipient) of each mail it took, in order."""

    def __init__(self) -> None:
        self.mode: Mode = "well"
        self.delay = 1.0
        self.connections = 0
        self.accepted: list[tuple[str, str]] = []
        self.silent: set[asyncio.BaseTransport] = set()
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[MailServer]:
        """Serve on a free port during the block."""
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        server = await asyncio.get_running_loop().create_server(self._protocol, sock=listening)
        try:
            yield self
        finally:
            self.hang_up()
            server.close()

    def hang_up(self) -> None:
        """End the connections that were never answered."""
        for transport in self.silent:
            transport.close()
        self.silent.clear()

    def _protocol(self) -> asyncio.BaseProtocol:
        if self.mode == "hanging":
            return _Silent(self)
        self.connections += 1
        return SMTP(self, hostname="mx.test", loop=asyncio.get_running_loop())

    async def handle_RCPT(  # the name aiosmtpd calls
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if self.mode == "slow":
            await asyncio.sleep(self.delay)
        if self.mode == "refusing":
            return "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        headers = BytesParser().parsebytes(envelope.original_content or b"", headersonly=True)
        self.accepted += [(str(headers["Message-ID"]), address) for address in envelope.rcpt_tos]
        while self.mode == "mute":
            await asyncio.sleep(0.05)
        return "250 OK"

    def recipients(self) -> set[str]:
        return {address for _, address in self.accepted}

    def doubled(self) -> dict[str, int]:
        """The mails that were accepted more than once, with how often too many."""
        return {id: times - 1 for id, times in Counter(id for id, _ in self.accepted).items() if times > 1}
