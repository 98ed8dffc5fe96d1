"""The export of the command line, as an operator runs it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from circles import __main__
from tests.cast import Cast
from tests.helpers import rows


async def run(cast: Cast, *options: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"DATABASE_URL": cast.context.settings.database_url}
    command = [sys.executable, "-m", "circles", "export", *options]
    return await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True)


async def test_names_on_standard_output_are_logged_as_the_operators(cast: Cast, booked: UUID) -> None:
    done = await run(
        cast,
        *("attendance", "--from", "2026-01-01", "--to", "2029-01-01"),
        *("--depth", "named", "--purpose", "An audit"),
    )
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig")))
    assert row["Name"] == "Mira"
    assert b"database t_" in done.stderr
    assert b"Mira" not in done.stderr
    (entry,) = await rows(cast.context, "select * from exports")
    assert (entry["who"], entry["made_by"], entry["purpose"], entry["row_count"]) == (
        None,
        "command",
        "An audit",
        1,
    )


async def test_a_file_is_new_and_for_its_owner_alone(cast: Cast, booked: UUID, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    options = ("bookings", "--from", "2026-01-01", "--to", "2029-01-01", "--depth", "pseudonymous")
    done = await run(cast, *options, "--format", "jsonl", "--output", str(path))
    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads(path.read_text())["code"].startswith("P-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = await run(cast, *options, "--output", str(path))
    assert again.returncode == 1
    assert b"cannot be written: File exists" in again.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["attendence"], "Nothing is called attendence"),
        (["attendance", "--from", "1926-01-01"], "between 2000 and 2100"),
        (["attendance", "--from", "2026-05-01", "--to", "2026-04-01"], "cannot be before the first"),
        (["attendance", "--depth", "named"], "what a file with names is for"),
        (["attendance", "--depth", "pseudonymous", "--columns", "circle,shoe_size"], "no column shoe_size"),
        (["attendance", "--format", "pdf"], "choose a format"),
    ],
)
def test_what_cannot_be_exported_is_said(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["export", *options]) == 1
    assert says in capsys.readouterr().err
