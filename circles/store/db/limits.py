"""How long a connection, a lock, a statement may take, by what it is for."""

from __future__ import annotations

from dataclasses import dataclass

# The client's own deadline is so much longer than the server's, so that it strikes only where the server is silent.
MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. connection: to wait for a free one. idle: of a transaction between two statements, so that a process
    which hangs keeps no lock. lock and statement: of each."""

    connection: float
    lock: float
    statement: float
    idle: float

    def settings(self) -> dict[str, str]:
        """PostgreSQL's settings, in milliseconds."""
        return {
            "lock_timeout": f"{self.lock * 1000:.0f}",
            "statement_timeout": f"{self.statement * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{self.idle * 1000:.0f}",
        }

    def begin(self) -> str:
        """BEGIN with these settings for the one transaction, as one query: behind a transaction pooler nothing else of
        a session is ours."""
        settings = (f"set local {name} = {value};" for name, value in self.settings().items())
        return " ".join(["begin;", *settings])


# Somebody waits for the page.
PAGES = Limits(connection=3, lock=3, statement=10, idle=30)
# Few rows each, and nobody else to wait for: health, webhooks.
RESERVED = Limits(connection=3, lock=3, statement=5, idle=30)
# The browser may take its time.
EXPORTS = Limits(connection=5, lock=10, statement=600, idle=60)
JOBS = Limits(connection=30, lock=10, statement=120, idle=300)
COMMANDS = Limits(connection=30, lock=30, statement=3600, idle=3600)
