"""Connections of slow clients, in uvicorn's HTTP protocol: deadlines, a size for request heads, and places.

A connection waits for its client until the head and the body of a request are there, between two requests, and while a
response is not taken. Where places become scarce, those that have waited longest lose theirs, so that clients which
send and take nothing cannot keep others out, however many they are.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_SECONDS = 10.0  # from the connection, or the last response, to the end of the headers
TAKE_SECONDS = 60.0  # to take what uvicorn buffers (64 KiB) of a response
MAX_HEAD_BYTES = 32_768
MAX_CONNECTIONS = 1000  # of a process; a connection is an open file
MIN_WAIT = (
    1.0  # seconds that nobody is ended before: of a rush, the server first accepts all, then reads from them
)


class HeadDeadlineProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines for the head of a request and for taking a response, and a size of the head.

    Without them a slow client can hold a connection for ever. Bodies have their own deadline
    (headers.BodyDeadline), and idle connections have uvicorn's timeout_keep_alive.
    """

    _deadline: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_message = False

    def connection_made(self, transport: Any) -> None:
        """Start the deadline. Where there are too many connections, those that waited longest end."""
        super().connection_made(transport)
        self._start_deadline()
        self._make_room()
        self._note_waiting()

    def data_received(self, data: bytes) -> None:
        """Count bytes while the head is incomplete; stop the deadline once it is complete."""
        super().data_received(data)
        if not self.flow.write_paused:
            self._stop_taking()  # a client that asks for more has taken the last response
        self._note_waiting()
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

    def on_response_complete(self) -> None:
        """Wait for the next request, or until the client has taken this response."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._start_taking()
        self._note_waiting()

    def pause_writing(self) -> None:
        """The client takes the response slower than it is made: start that deadline."""
        super().pause_writing()
        self._start_taking()
        self._note_waiting()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._stop_taking()
        self._note_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadlines."""
        self._stop_deadline()
        self._stop_taking()
        self._waiting().pop(self, None)
        super().connection_lost(exc)

    def end(self) -> None:
        """End the connection at once, with whatever its client has not taken."""
        self._waiting().pop(self, None)
        self.transport.abort()

    def _make_room(self) -> None:
        """End up to two connections for this one, so that their number shrinks again after a rush."""
        for _ in range(min(2, len(self.connections) - MAX_CONNECTIONS)):
            first = next(iter(self._waiting().items()), None)
            if first is None or self.loop.time() - first[1] < MIN_WAIT:
                return
            first[0].end()

    def _waiting(self) -> dict[HeadDeadlineProtocol, float]:
        """The connections of this server that wait for their clients, with the time since, the longest first."""
        return _waiting.setdefault(self.server_state, {})

    def _note_waiting(self) -> None:
        """Note whether this connection waits for its client. A few more bytes do not make its wait any shorter."""
        if self._is_handling() and not self._in_message and self._taking is None:
            self._waiting().pop(self, None)
        elif not self.transport.is_closing():
            self._waiting().setdefault(self, self.loop.time())

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

    def _start_taking(self) -> None:
        if self._taking is None:
            self._taking = self.loop.call_later(TAKE_SECONDS, self._on_not_taken)

    def _on_not_taken(self) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size():
            self.end()

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if not self._is_handling() and not self.transport.is_closing():
            self.transport.close()


_waiting: WeakKeyDictionary[ServerState, dict[HeadDeadlineProtocol, float]] = WeakKeyDictionary()
