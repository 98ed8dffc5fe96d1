"""Faults of the database that are nobody's mistake: busy, too slow, read-only, full, lost."""

from __future__ import annotations

import asyncpg

from circles.base.errors import CirclesError

# By SQLSTATE (PostgreSQL, appendix A), the longest first. PgBouncer says 08P01 for its own.
_CONFLICTS = ("55P03", "40P01", "40001")  # a lock was not free in time, deadlock, serialization
_SLOW = ("57014", "25P03", "25P04")  # canceled by a deadline
_UNWRITABLE = ("25006", "53100")  # read-only, disk full
_OUT_OF_MEMORY = "53200"  # it may be this one statement that needs too much
_LOST = ("08", "53", "57P", "58")  # connection, resources, shutdown, input and output

# What asyncpg raises while it connects.
CONNECTING = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Unavailable(CirclesError):
    """The database cannot do it now, though nothing is wrong with what was asked.

    is_conflict: another transaction was in the way, so that trying once more may do. is_outage: it does nothing for
    anybody (lost, read-only, full), rather than that this one thing took too long. can_read: pages still work.
    unsure: the connection was lost at the commit, so that nobody knows whether it was done. kind: for the log.
    """

    def __init__(self, error: BaseException, *, unsure: bool = False) -> None:
        state = getattr(error, "sqlstate", None) or ""
        self.kind = f"{type(error).__name__} {state}".strip()
        self.is_conflict = state in _CONFLICTS
        self.is_outage = state not in (*_CONFLICTS, *_SLOW, _OUT_OF_MEMORY)
        self.can_read = state in (*_CONFLICTS, *_SLOW, *_UNWRITABLE)
        self.unsure = unsure
        # The kind, and never the text of the error, which may hold a row.
        super().__init__(f"The database cannot do this at the moment ({self.kind}).")


def is_fault(error: BaseException, *, is_closed: bool) -> bool:
    """Whether an error within a transaction is the database's. is_closed: whether its connection is."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in (*_CONFLICTS, *_SLOW, *_UNWRITABLE) or state.startswith(_LOST)
    if isinstance(
        error, TimeoutError
    ):  # of asyncpg's own deadline: nothing else within a transaction has one
        return True
    # asyncpg says "cannot switch to state" of a connection that the server has ended a moment ago and that it has not
    # seen closed yet.
    if isinstance(error, asyncpg.InternalClientError):
        return True
    return is_closed and isinstance(error, ConnectionError | asyncpg.InterfaceError)
