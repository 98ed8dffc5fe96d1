"""A deadline and a size limit for request heads, in uvicorn's HTTP protocol."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # from the connection, or the last response, to the end of the headers
MAX_HEAD_BYTES = 32_768


class HeadDeadlineProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for the head of a request.

    Without them a slow client can hold a connection for ever. Bodies have their own deadline
    (headers.BodyDeadline), and idle connections have uvicorn's timeout_keep_alive.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_message = False

    def connection_made(self, transport: Any) -> None:
        """Start the deadline."""
        super().connection_made(transport)
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        """Count bytes while the head is incomplete; stop the deadline once it is complete."""
        super().data_received(data)
        if self._is_handling():
            self._stop_deadline()
            return
        self._start_deadline()
        if not self._in_message:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """A body may follow."""
        self._in_message = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes are of another head."""
        self._in_message = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadline."""
        self._stop_deadline()
        super().connection_lost(exc)

    def _is_handling(self) -> bool:
        """Whether the application is handling a request."""
        return self.cycle is not None and not self.cycle.response_complete

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._on_deadline)

    def _stop_deadline(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if not self._is_handling() and not self.transport.is_closing():
            self.transport.close()
