"""One database for the tests of a process, emptied after each, and made anew after a test that changed more than rows.

Making a database takes a sixth of a second, emptying one a hundredth, and thousands of tests need one.
"""

from __future__ import annotations

from uuid import uuid4

import asyncpg

# Rows that were deleted still take up room; beyond this many bytes a new database is quicker than that one.
MAX_LEFT = 8_000_000

# Every row of every table but the migrations. Nothing is checked on the way: all that could refer to it goes too.
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

# Whatever a statement other than of rows would change, and what the planner knows of the rows; the same again means
# that none was given.
SHAPE = """select md5(string_agg(part, ' ' order by part)) from (
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

# Nobody counts rows beside the tests: the planner would go by those of a test before, and now and then take minutes.
UNCOUNTED = """do $$
declare
    one record;
begin
    for one in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'
    loop
        execute 'alter table ' || one.name || ' set (autovacuum_enabled = false)';
    end loop;
end
$$"""

# What a test forgot to close would wait for the rows, or be waited for.
ALONE = """select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()"""


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


async def make_template(url: str) -> None:
    """Make the migrated database at this address one that others can be made from."""
    connection = await asyncpg.connect(url)
    await connection.execute(UNCOUNTED)
    await connection.close()


class ReusedDatabase:
    """The database of a test process, made from a migrated template."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._name = ""
        self._shape = ""
        self._size = 0

    async def ready(self) -> str:
        """The address of the database, migrated and empty."""
        if not self._name:
            name = f"t_{uuid4().hex}"
            await self._tell(f'create database "{name}" template "{self._template}"')
            self._name = name
            connection = await asyncpg.connect(self._url)
            self._shape, self._size = await _measure(connection)
            await connection.close()
        return self._url

    @property
    def _url(self) -> str:
        return with_database(self._server, self._name)

    async def leave(self) -> None:
        """Empty the database for the next test, or give it up when a test did more than leave rows."""
        connection = await asyncpg.connect(self._url)
        await connection.execute(ALONE)
        await connection.execute(EMPTY)
        shape, size = await _measure(connection)
        await connection.close()
        if shape != self._shape or size > self._size + MAX_LEFT:
            await self.give_up()

    async def give_up(self) -> None:
        """Drop the database; the next test gets a new one."""
        if self._name:
            await self._tell(f'drop database if exists "{self._name}" with (force)')
            self._name = ""

    async def _tell(self, command: str) -> None:
        connection = await asyncpg.connect(self._server)
        await connection.execute(command)
        await connection.close()


async def _measure(connection: asyncpg.Connection) -> tuple[str, int]:
    return (
        await connection.fetchval(SHAPE),
        await connection.fetchval("select pg_database_size(current_database())"),
    )
