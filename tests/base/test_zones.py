"""Zone data: from the locked package alone, in every process, and as new as the laws."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles.base import clock, zones

ROOT = Path(__file__).resolve().parents[2]


# What people's clocks show at a moment, by the laws as they were announced; the winter of 2026 is the first in which
# much of Canada no longer changes its clocks.
@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("America/Vancouver", "2026-10-15T18:00", "2026-10-16T01:00"),
        ("America/Vancouver", "2027-01-15T18:00", "2027-01-16T01:00"),
        ("America/Vancouver", "2027-03-14T02:30", "2027-03-14T09:30"),
        ("America/Vancouver", "2027-07-15T18:00", "2027-07-16T01:00"),
        ("America/Edmonton", "2027-01-15T18:00", "2027-01-16T00:00"),
        ("America/Winnipeg", "2027-01-15T18:00", "2027-01-15T23:00"),
        ("Africa/Casablanca", "2027-01-15T18:00", "2027-01-15T18:00"),
        ("America/Havana", "2027-01-15T18:00", "2027-01-15T22:00"),
        ("America/Asuncion", "2027-07-15T18:00", "2027-07-15T21:00"),
        ("America/Los_Angeles", "2027-01-15T18:00", "2027-01-16T02:00"),
        ("America/New_York", "2027-01-15T18:00", "2027-01-15T23:00"),
        ("America/New_York", "2027-07-15T18:00", "2027-07-15T22:00"),
        ("America/Phoenix", "2027-07-15T18:00", "2027-07-16T01:00"),
        ("America/Toronto", "2027-01-15T18:00", "2027-01-15T23:00"),
        ("America/St_Johns", "2027-01-15T18:00", "2027-01-15T21:30"),
        ("Europe/London", "2027-07-15T18:00", "2027-07-15T17:00"),
        ("Europe/Berlin", "2027-01-15T18:00", "2027-01-15T17:00"),
        ("Asia/Kathmandu", "2027-01-15T18:00", "2027-01-15T12:15"),
        ("Australia/Lord_Howe", "2027-01-15T18:00", "2027-01-15T07:00"),
        ("UTC", "2027-01-15T18:00", "2027-01-15T18:00"),
    ],
)
def test_wall_times_are_those_of_the_law(zone: str, wall: str, utc: str) -> None:
    found = clock.moment(datetime.fromisoformat(wall), zone)
    assert found.utc == datetime.fromisoformat(f"{utc}+00:00")
    assert (found.wall, found.oddity) == (datetime.fromisoformat(wall), "")


def test_this_process_reads_no_files_of_the_machine() -> None:
    assert zoneinfo.TZPATH == ()


USE_EVERY_ZONE = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import {module}
from circles.base import clock
from zoneinfo import ZoneInfo
from datetime import datetime, UTC
for name in clock.zones():
    ZoneInfo(name)
print(clock.moment(datetime(2027, 1, 15, 18), "America/Vancouver").utc)
print(*[path for path in opened if "zoneinfo" in path and "tzdata" not in path and not path.endswith((".py", ".pyc"))])
"""


@pytest.mark.parametrize(
    "module", ["app", "circles.__main__", "circles.base.clock", "circles.commands.server", "tests.conftest"]
)
def test_every_way_in_reads_the_locked_package(module: str, tmp_path: Path) -> None:
    """Also where the machine's own file says something else."""
    (tmp_path / "America").mkdir()
    machine = tmp_path / "America" / "Vancouver"
    machine.write_bytes(resources.files("tzdata.zoneinfo.America").joinpath("Los_Angeles").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", USE_EVERY_ZONE.format(module=module)],
        cwd=ROOT,
        env=os.environ | {"PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["2027-01-16 01:00:00+00:00", ""]


def test_zones_that_were_read_before_are_read_anew(tmp_path: Path) -> None:
    (tmp_path / "America").mkdir()
    (tmp_path / "America" / "Vancouver").write_bytes(
        resources.files("tzdata.zoneinfo.America").joinpath("Los_Angeles").read_bytes()
    )
    program = (
        "import zoneinfo; zoneinfo.ZoneInfo('America/Vancouver'); import circles; from datetime import datetime;"
        "print(datetime(2027, 1, 15, 18, tzinfo=zoneinfo.ZoneInfo('America/Vancouver')).utcoffset())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "-1 day, 17:00:00"


def test_the_installed_data_is_the_locked_one_and_new_enough() -> None:
    locked = re.search(r"^tzdata==(\S+)", (ROOT / "requirements" / "runtime.txt").read_text(), re.M)
    assert locked
    assert locked[1] == zones.version()
    assert zones.outdated() == []


def test_older_data_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = (("America/Vancouver", "2027-01-16T01:00", "2027-01-15T17:00"),)
    monkeypatch.setattr(zones, "_RECENT_LAWS", laws)
    assert zones.outdated() == ["America/Vancouver"]


# Offsets as rows, which the database gets instead of converting by itself


def test_offsets_are_the_rows_from_the_one_that_holds_at_the_beginning() -> None:
    winter, spring = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 3, 14, 9, tzinfo=UTC)
    found = zones.shifts(["America/New_York", "UTC"], winter, spring)
    assert found.zones == ["America/New_York", "America/New_York", "UTC"]
    assert found.seconds == [-5 * 3600, -4 * 3600, 0]
    assert found.since[:2] == [datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2027, 3, 14, 7, tzinfo=UTC)]


def test_a_zone_has_an_offset_even_outside_of_the_table() -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    assert zones.shifts(["America/New_York"], long_ago, long_ago).seconds == [-5 * 3600]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(clock.zones())),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 11, 1), timezones=st.just(UTC)),
)
def test_the_rows_agree_with_the_package(zone: str, at: datetime) -> None:
    found = zones.shifts([zone], at, at + timedelta(days=400))
    for moment in (at, at + timedelta(days=200), at + timedelta(days=400)):
        known = [s for since, s in zip(found.since, found.seconds, strict=True) if since <= moment]
        assert timedelta(seconds=known[-1]) == moment.astimezone(ZoneInfo(zone)).utcoffset()
