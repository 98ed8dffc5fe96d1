"""The timetable deletes old records and keeps those still needed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette

from circles.store import jobs
from circles.store.context import Context
from tests.helpers import change, rows

ROOT = Path(__file__).resolve().parents[2]
AGES = {
    "people.forget_facilitator_invitations": (
        "insert into facilitator_invitations (email, token_hash, expires_at) "
        "values ('{name}', sha256('{name}'), now() - interval '{age}')",
        "select email as name from facilitator_invitations",
        ("31 days", "29 days"),
    ),
    "people.expire_merges": (
        "with two as ("
        "insert into people (email, name) values ('{name}@a.org', 'A'), ('{name}@b.org', 'B') returning id, email) "
        "insert into merges (kept_id, gone_id, state, why, kept_token_hash, gone_token_hash, ended_at) "
        "select mine.id, theirs.id, 'declined', '{name}', sha256('{name}'), sha256('{name}2'), "
        "now() - interval '{age}' "
        "from two as mine join two as theirs on mine.email < theirs.email",
        "select why as name from merges",
        ("31 days", "29 days"),
    ),
    "limits.tidy": (
        "insert into limits (key, window_start, count) values ('{name}', now() - interval '{age}', 1)",
        "select key as name from limits",
        ("49 hours", "47 hours"),
    ),
    "jobs.tidy": (
        "insert into pgqueuer_log (created, job_id, status, priority, entrypoint) "
        "values (now() - interval '{age}', 1, 'successful', 0, '{name}')",
        "select entrypoint as name from pgqueuer_log",
        ("15 days", "13 days"),
    ),
    "kept_forms.tidy": (
        "insert into kept_forms (token_hash, sealed, created_at) "
        "values (sha256('{name}'), '{name}', now() - interval '{age}')",
        "select convert_from(sealed, 'utf8') as name from kept_forms",
        ("61 minutes", "59 minutes"),
    ),
    "sent_forms.tidy": (
        "insert into sent_forms (key, location, sent_at) values (sha256('{name}'), '{name}', now() - interval '{age}')",
        "select location as name from sent_forms",
        ("61 minutes", "59 minutes"),
    ),
    "payments.tidy": (
        "insert into stripe_events (id, type, object_id, received_at) "
        "values ('{name}', 'refund.updated', 're_1', now() - interval '{age}')",
        "select id as name from stripe_events",
        ("91 days", "89 days"),
    ),
    "community.delete_logos": (
        "insert into community_logos (hash, png, width, height, sent_at) "
        "values ('{name}', '{name}', 1, 1, now() - interval '{age}')",
        "select hash as name from community_logos",
        ("25 hours", "23 hours"),
    ),
    "exports.tidy": (
        "with made as (insert into exports (what, filters) values ('{name}', '{{}}') returning id), "
        "kept as (insert into export_files (export_id, rows_expected, state, expires_at) "
        "select id, 1, 'ready', now() - interval '{age}' + interval '7 days' from made) "
        "insert into export_chunks (export_id, number, body) select id, 0, '{name}' from made",
        "select convert_from(body, 'utf8') as name from export_chunks",
        ("169 hours", "167 hours"),
    ),
    "payments.practice_tidy": (
        "insert into practice_keys (key, request_sha256, status, answer, created_at) "
        "values ('{name}', '', 200, '{{}}', now() - interval '{age}')",
        "select key as name from practice_keys",
        ("25 hours", "23 hours"),
    ),
}


@pytest.mark.parametrize("entry", AGES)
async def test_records_are_kept_so_long_and_no_longer(context: Context, app: Starlette, entry: str) -> None:
    insert, look, ages = AGES[entry]
    for name, age in zip(("old", "young"), ages, strict=True):
        await change(context, insert.format(name=name, age=age))
    for _ in range(2):
        await jobs.run_timetable(context, entry)
        assert [row["name"] for row in await rows(context, look)] == ["young"]


def test_the_map_alone_makes_every_job_known() -> None:
    """A worker imports app.py; a job whose module that leaves out would never be carried out."""
    text = "\n".join(path.read_text() for path in (ROOT / "circles").rglob("*.py"))
    declared = re.findall(r'^@(?:jobs\.)?(?:every|job)\(\s*"([^"]+)"', text, re.MULTILINE)
    program = "import app; from circles.store import jobs; print(*jobs._tasks, *jobs._timetable)"
    known = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()
    assert len(declared) > 20
    assert sorted(known) == sorted(declared)
