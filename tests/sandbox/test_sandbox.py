"""Functions in a child process: answers, refusals, limits, and that no child outlives its call."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from structlog.testing import capture_logs

from circles import sandbox
from circles.base.errors import Refused
from circles.sandbox import Limits, Target, parent
from circles.sandbox.child import ROOT
from circles.sandbox.parent import Exceeded, Failed, call

LIMITS = Limits(memory=300_000_000, cpu_seconds=5, seconds=60, answer=10_000)


def target(function: str, limits: Limits = LIMITS) -> Target:
    return Target("tests.sandbox.targets", function, limits)


def children() -> set[str]:
    """Children of this process that run our child program."""
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # of a thread that ends meanwhile
            for pid in (task / "children").read_text().split():
                with suppress(OSError):
                    command = Path(f"/proc/{pid}/cmdline").read_bytes()
                    found |= {pid} if b"sandbox/child.py" in command else set()
    return found


@pytest_asyncio.fixture(autouse=True)
async def no_child_is_left() -> AsyncIterator[None]:
    yield
    assert not children()


async def test_the_answer_is_what_the_function_returns() -> None:
    assert await sandbox.run(target("double"), b"ab", word="c") == b"ababc"
    assert await sandbox.run(target("lines"), b"a b c") == b"abc"
    long = os.urandom(4_000)
    assert await sandbox.run(target("double"), long) == long * 2


async def test_refusals_arrive_with_every_reason() -> None:
    with pytest.raises(Refused) as caught:
        await sandbox.run(target("refuse"), b"")
    assert [(one.code, one.text, one.field) for one in caught.value.reasons] == [
        ("odd", "This is odd.", "file"),
        ("blue", "This is blue.", ""),
    ]


@pytest.mark.parametrize(
    ("function", "limits"),
    [
        ("take_memory", LIMITS),
        ("take_time", replace(LIMITS, cpu_seconds=1)),
        ("sleep", replace(LIMITS, seconds=1)),
        ("abort", LIMITS),
        ("answer_much", LIMITS),
    ],
)
async def test_a_child_that_exceeds_a_limit_is_ended(function: str, limits: Limits) -> None:
    with pytest.raises(Exceeded):
        await call(target(function, limits), b"x", {})
    assert not children()
    with pytest.raises(Refused) as caught:
        await sandbox.run(replace(target(function, limits), noun="picture", form_field="picture"), b"x")
    (reason,) = caught.value.reasons
    assert (reason.code, reason.field) == ("too_much", "picture")
    assert "send a smaller one" in reason.text


@pytest.mark.parametrize("function", ["fail", "leave"])
async def test_a_failure_is_logged_by_kind_and_place_alone(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        parent, "log", structlog.get_logger()
    )  # one that is not bound to an earlier configuration
    with capture_logs() as logs, pytest.raises(Failed):
        await call(target(function), b"x", {})
    assert "Elm Street" not in str(logs)
    assert ("ValueError" in str(logs)) == (function == "fail")
    with pytest.raises(Refused) as caught:
        await sandbox.run(target(function), b"x")
    assert caught.value.codes == {"unreadable"}


async def test_the_child_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIRCLES_SECRET", "s")
    monkeypatch.setenv("DATABASE_URL", "postgresql://")
    child = json.loads(await sandbox.run(target("describe"), b""))
    names = {
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "PYDANTIC_DISABLE_PLUGINS",
    }  # the last by circles itself
    assert set(child["environment"]) <= names
    assert not child["wrote"]
    assert child["files"] <= 5  # stdin, stdout, stderr, the listing itself
    assert (child["memory"], child["cpu"], child["core"]) == (300_000_000, 5, 0)
    assert child["ended_first"] in ("1000", "")
    # Importing the whole site would take a second and twice the memory.
    assert child["modules"] == ["circles", "circles.base", "circles.base.errors"]


async def test_a_call_that_is_cancelled_ends_its_child() -> None:
    # Its own limit would end it after this test has timed out.
    running = asyncio.create_task(sandbox.run(target("sleep", replace(LIMITS, seconds=600)), b""))
    while not children():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not children()


PARENT = """
import asyncio
from circles.sandbox.parent import call
from tests.sandbox.test_sandbox import children, target

async def main():
    running = asyncio.create_task(call(target("sleep"), b"", {}))
    while not children():
        await asyncio.sleep(0.01)
    print(*children(), flush=True)
    await running

asyncio.run(main())
"""


def has_ended(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"  # nobody has read its exit status


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
async def test_a_child_ends_with_the_process_that_waits_for_it(sign: signal.Signals) -> None:
    parent_process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert parent_process.stdout
    pid = (await parent_process.stdout.readline()).decode().strip()
    assert pid
    parent_process.send_signal(sign)
    assert await parent_process.wait() == -sign
    async with asyncio.timeout(60):  # it would sleep for a quarter of an hour
        while not has_ended(pid):
            await asyncio.sleep(0.01)


async def test_files_wait_for_their_turn_only_so_long() -> None:
    slow = target("sleep", replace(LIMITS, seconds=600, at_once=1, queue_seconds=0))
    running = asyncio.create_task(sandbox.run(slow, b""))
    while not children():
        await asyncio.sleep(0.01)
    with pytest.raises(Refused) as caught:
        await sandbox.run(slow, b"")
    assert caught.value.codes == {"busy"}
    assert "send it again in a minute" in caught.value.reasons[0].text
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert slow.turns().borrowed_tokens == 0
