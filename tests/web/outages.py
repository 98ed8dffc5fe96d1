"""A site whose database is another one, fails in its transactions, or is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from circles.store import db
from circles.store.context import Context


@asynccontextmanager
async def database(
    app: Starlette, context: Context, more: str = "", **options: object
) -> AsyncIterator[db.Database]:
    """Let the site use a database of its own during the block."""
    opened = await db.Database.open(context.settings.database_url + more, **options)  # pyright: ignore[reportArgumentType]
    app.state.context = Context(context.settings, opened)
    try:
        yield opened
    finally:
        app.state.context = context
        await opened.close()


@asynccontextmanager
async def no_database(app: Starlette, context: Context) -> AsyncIterator[None]:
    """Let the site's database be gone during the block."""
    opened = await db.Database.open(context.settings.database_url)
    await opened.close()
    app.state.context = Context(context.settings, opened)
    try:
        yield
    finally:
        app.state.context = context


class Troubled(db.Database):
    """A database whose transactions fail at their end, some of them or all, with an error of the server's."""

    def trouble(self, state: str, times: int) -> None:
        self.state, self.left, self.done = state, times, 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[db.Tx]:  # pyright: ignore[reportIncompatibleMethodOverride]
        async with super().transaction() as tx:
            yield tx
            self.done += 1
            if self.left:
                self.left -= 1
                await tx.execute(
                    f"do $$ begin raise exception 'secret' using errcode = '{self.state}'; end $$"
                )

    @asynccontextmanager
    async def one_write(self) -> AsyncIterator[db.Tx]:  # pyright: ignore[reportIncompatibleMethodOverride]
        async with self.transaction() as tx:
            yield tx


@asynccontextmanager
async def troubled(app: Starlette, context: Context, state: str, times: int) -> AsyncIterator[Troubled]:
    opened = await Troubled.open(context.settings.database_url)
    assert isinstance(opened, Troubled)
    opened.trouble(state, times)
    app.state.context = Context(context.settings, opened)
    try:
        yield opened
    finally:
        app.state.context = context
        await opened.close()
