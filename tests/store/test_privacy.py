"""The privacy map is complete; an export has everything; an erased person is anonymous."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from circles import __main__, imports
from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.directory.imports import actions as therapist_lists
from circles.store import privacy
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person


async def test_every_column_is_in_the_map(context: Context) -> None:
    async with context.db.reading() as tx:
        found = await tx.fetch(
            "select table_name, column_name from information_schema.columns "
            "join information_schema.tables using (table_schema, table_name) where table_type = 'BASE TABLE' "
            "and table_schema = 'public' and table_name not like 'pgqueuer%'"
        )
    there = {(row["table_name"], row["column_name"]) for row in found}
    mapped = {(table, column) for table, columns in privacy.MAP.items() for column in columns}
    assert there - mapped == set(), "columns the map lacks"
    assert mapped - there == set(), "columns that are no more"


def test_an_erasure_forgets_no_table() -> None:
    """A table with personal columns is in a query of ERASURE, or the map says why its rows stay."""
    text = " ".join(query.sql for query in personal_data.ERASURE)
    erased = set(re.findall(r"(?:update|delete from)\s+([a-z_]+)", text))
    kept = {privacy.Care.IMPERSONAL, privacy.Care.PERSON}
    personal = {table for table, columns in privacy.MAP.items() if not set(columns.values()) <= kept}
    assert personal - erased == privacy.STAYS | privacy.CASCADES


async def test_an_export_holds_everything_but_keys(cast: Cast, context: Context) -> None:
    await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await add_booking(context, cast.gathering, cast.milo)
    found = await personal_data.export(context, "MIRA@example.org ")
    assert found["people"][0]["name"] == "Mira"
    assert found["bookings"][0]["amount"] == 4500
    assert found["money_rows"][0]["amount"] == 4500
    assert len(found["bookings"]) == len(found["acceptances"]) == 1
    text = json.dumps(found)
    assert "_hash" not in text
    assert "milo@example.org" not in text
    exported = {table for table, columns in privacy.MAP.items() if privacy.Care.PERSON in columns.values()}
    shared = {"circles", "guidelines_drafts", "guidelines_versions", "gatherings", "run_sheets", "schedules"}
    assert exported - found.keys() <= shared


async def test_an_export_holds_no_list_of_others(cast: Cast, context: Context) -> None:
    """An organizer's own export names the files they sent, and none of the therapists in them."""
    sent = b"Name,License\nInes Arroyo,LCSW 1234\n"
    reading = await therapist_lists.read(sent)
    await imports.actions.begin(
        context,
        therapist_lists.KIND,
        actor_id=cast.odile,
        file_name="list.csv",
        sent=sent,
        reading=reading,
    )
    (file,) = (await personal_data.export(context, "odile@example.org"))["listing_imports"]
    assert file["file_name"] == "list.csv"
    assert not file.keys() & {"notes", "content"}
    assert "Arroyo" not in json.dumps(file)
    assert sent.hex() not in json.dumps(file)


async def test_an_erased_person_has_no_name(cast: Cast, context: Context) -> None:
    past = await add_gathering(context, cast.circle, days=-10)
    await add_booking(context, past, cast.mira, kind="paid", amount=4500)
    await personal_data.erase(context, "mira@example.org")
    with pytest.raises(NotFound):
        await personal_data.export(context, "mira@example.org")
    async with context.db.reading() as tx:
        row: Any = await tx.fetchrow("select * from people where id = $1", cast.mira)
        assert await tx.fetchval("select sum(amount) from money_rows") == 4500
    assert (row["name"], row["pronouns"]) == ("Somebody who left", "")
    assert row["email"].endswith("@gone.invalid")


async def test_mails_to_others_hold_no_address_of_an_erased_writer(cast: Cast, context: Context) -> None:
    fay = await add_person(context, "Fay")
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into mails "
            "(message_id, kind, to_address, to_name, subject, text_body, html_body, reply_to, person_id) "
            "values ('1', 'message', 'mira@example.org', 'Mira', 'Tuesday group', '', '', 'fay@example.org', $1)",
            cast.mira,
        )
    await personal_data.erase(context, "fay@example.org")
    async with context.db.reading() as tx:
        assert await tx.fetchval("select name from people where id = $1", fay) == "Somebody who left"
        assert await tx.fetchval("select reply_to from mails") == ""


async def test_nobody_is_erased_while_something_is_open(cast: Cast, context: Context) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "mira@example.org")
    assert caught.value.codes == {"seats_ahead"}
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "farid@example.org")
    assert caught.value.codes == {"leads_circle"}


def test_the_commands_name_what_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object) -> int:
        raise NotFound

    monkeypatch.setitem(__main__.PERSON_COMMANDS, "erase", nobody)
    assert __main__.main(["erase", "nobody@example.org"]) == 1
    assert "Nobody has an account" in capsys.readouterr().err


async def test_a_person_is_exported_from_the_command_line(cast: Cast, context: Context) -> None:
    environment = os.environ | {"DATABASE_URL": context.settings.database_url}
    command = [sys.executable, "-m", "circles", "export", "mira@example.org"]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["people"][0]["email"] == "mira@example.org"
