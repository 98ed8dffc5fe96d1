"""The HTTP protocol at the door: what must arrive before there is a request the application could judge."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # to send the request line and every header; also to say anything at all
MAX_HEAD_BYTES = 32_768  # bytes of them


class HeadDeadlineProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for the head of a request.

    Without them a slow sender holds a connection for as long as it likes. Bodies have their own deadline
    (headers.BodyDeadline), and connections at rest have uvicorn's timeout_keep_alive.
    """

    _late: asyncio.TimerHandle | None = None
    _head = 0
    _in_message = False

    def connection_made(self, transport: Any) -> None:
        """Somebody is at the door: from now on the head is waited for."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what came. While it is no whole head, count it and keep the deadline."""
        super().data_received(data)
        if self._answering():
            self._head_came()
            return
        self._wait_for_head()
        if not self._in_message:
            self._head += len(data)
        if self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """The head is there; a body may follow."""
        self._in_message = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_message = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """They left."""
        self._head_came()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        """Whether a request is with the application."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _head_came(self) -> None:
        self._head = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.close()
