"""The database: connection pools and transactions, their deadlines and faults, the named queries of sql/, COPY.

asyncpg is imported in this package alone.
"""

from asyncpg import (
    CharacterNotInRepertoireError,
    CheckViolationError,
    Connection,
    ForeignKeyViolationError,
    IntegrityConstraintViolationError,
    InterfaceError,
    PostgresError,
    Record,
    TargetServerAttributeNotMatched,
    UniqueViolationError,
    UntranslatableCharacterError,
)

from circles.store.db.copying import Part, copy_in, copy_part, read_batches
from circles.store.db.faults import CONNECTING, Unavailable
from circles.store.db.limits import COMMANDS, JOBS, PAGES, Limits
from circles.store.db.pools import Database, PoolState, Tx, commits, connect
from circles.store.db.queries import SQL, queries, rows, union, violated_constraint

__all__ = [
    "COMMANDS",
    "CONNECTING",
    "JOBS",
    "PAGES",
    "SQL",
    "CharacterNotInRepertoireError",
    "CheckViolationError",
    "Connection",
    "Database",
    "ForeignKeyViolationError",
    "IntegrityConstraintViolationError",
    "InterfaceError",
    "Limits",
    "Part",
    "PoolState",
    "PostgresError",
    "Record",
    "TargetServerAttributeNotMatched",
    "Tx",
    "Unavailable",
    "UniqueViolationError",
    "UntranslatableCharacterError",
    "commits",
    "connect",
    "copy_in",
    "copy_part",
    "queries",
    "read_batches",
    "rows",
    "union",
    "violated_constraint",
]
