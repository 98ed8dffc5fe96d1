"""One database for the tests of a process, emptied after each, and recreated after a test that changed more than rows.

Creating a database takes a sixth of a second, emptying one a hundredth, and thousands of tests need one.
"""

from __future__ import annotations

import json
from uuid import uuid4

import asyncpg

from circles.store import db

# Deleted rows still take up space; beyond this many bytes a new database is faster.
MAX_GROWTH = 8_000_000

# Every row of every table but the migrations. Without triggers and foreign keys, since every referring row goes too.
EMPTY = """do $$
declare
    one record;
    filled boolean;
begin
    set local session_replication_role = replica;
    for one in
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname = 'public' and tablename <> 'circles_migrations'
    loop
        execute 'select exists (select 1 from ' || one.name || ')' into filled;
        if filled then
            execute 'delete from ' || one.name;
        end if;
    end loop;
end
$$"""

# A hash of everything that a statement may change besides rows, with the planner's statistics.
SCHEMA_HASH = """select md5(string_agg(part, ' ' order by part)) from (
    select 'relation' || oid || ' ' || xmin || ' ' || reltuples from pg_class
        where relnamespace = 'public'::regnamespace
    union all select 'column' || attrelid || ' ' || attnum || ' ' || pg_attribute.xmin from pg_attribute
        join pg_class on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace
    union all select 'default' || oid || ' ' || xmin from pg_attrdef
    union all select 'constraint' || oid || ' ' || xmin from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'trigger' || oid || ' ' || xmin from pg_trigger
    union all select 'function' || oid || ' ' || xmin from pg_proc where pronamespace = 'public'::regnamespace
    union all select 'type' || oid || ' ' || xmin from pg_type where typnamespace = 'public'::regnamespace
    union all select 'schema' || oid || ' ' || xmin from pg_namespace where nspname !~ '^pg_(temp|toast_temp)'
    union all select 'setting' || setdatabase || ' ' || setrole || ' ' || xmin from pg_db_role_setting
    union all select 'migration' || to_jsonb(circles_migrations)::text from circles_migrations
) as parts (part)"""

# No autovacuum: the planner would use statistics of an earlier test, and now and then take minutes.
NO_AUTOVACUUM = """do $$
declare
    one record;
begin
    for one in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'
    loop
        execute 'alter table ' || one.name || ' set (autovacuum_enabled = false)';
    end loop;
end
$$"""

# Connections that a test left open could block the deletes.
DISCONNECT_OTHERS = """select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()"""


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


async def make_template(url: str) -> None:
    """Prepare a migrated database as a template."""
    connection = await asyncpg.connect(url)
    await connection.execute(NO_AUTOVACUUM)
    await connection.close()


class ReusedDatabase:
    """The database of a test process, created from a migrated template."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._name = ""
        self._hash = ""
        self._size = 0
        self._own: asyncpg.Connection | None = None

    async def prepare(self) -> str:
        """The URL of the database, migrated and empty."""
        if not self._name:
            name = f"t_{uuid4().hex}"
            await self._execute(f'create database "{name}" template "{self._template}"')
            self._name = name
            self._hash, self._size = await _measure(await self._connection())
        return self._url

    async def for_checks(self, url: str) -> asyncpg.Connection | None:
        """A connection that has planned the checks before, which takes most of the time; None where that is no use.

        That is so in another database, and after a test with so many rows that plans made without them would be slow.
        """
        if url != self._url:
            return None
        connection = await self._connection()
        size = await connection.fetchval("select pg_database_size(current_database())")
        return connection if size < self._size + MAX_GROWTH // 4 else None

    async def _connection(self) -> asyncpg.Connection:
        """The connection of this test process, which a test may have ended."""
        try:
            if self._own:
                await self._own.execute("select")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._own = None
        if self._own is None:
            self._own = await db.connect(self._url)
            await self._own.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
        return self._own

    @property
    def _url(self) -> str:
        return with_database(self._server, self._name)

    async def reset(self) -> None:
        """Empty the database for the next test, or drop it when a test changed more than rows."""
        connection = await self._connection()
        await connection.execute(DISCONNECT_OTHERS)
        await connection.execute(EMPTY)
        schema_hash, size = await _measure(connection)
        if schema_hash != self._hash or size > self._size + MAX_GROWTH:
            await self.drop()

    async def drop(self) -> None:
        """Drop the database; the next test gets a new one."""
        if self._own:
            self._own.terminate()
            self._own = None
        if self._name:
            await self._execute(f'drop database if exists "{self._name}" with (force)')
            self._name = ""

    async def _execute(self, command: str) -> None:
        connection = await asyncpg.connect(self._server)
        await connection.execute(command)
        await connection.close()


async def _measure(connection: asyncpg.Connection) -> tuple[str, int]:
    return (
        await connection.fetchval(SCHEMA_HASH),
        await connection.fetchval("select pg_database_size(current_database())"),
    )
