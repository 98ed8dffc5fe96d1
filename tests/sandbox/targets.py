"""Functions that the tests call in a child process."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from circles.base.errors import Reason, Refused


def double(sent: bytes, *, word: str = "") -> bytes:
    return sent * 2 + word.encode()


def lines(sent: bytes) -> Iterator[bytes]:
    yield from sent.split(b" ")


def refuse(sent: bytes) -> bytes:
    raise Refused([Reason("odd", "This is odd.", "file"), Reason("blue", "This is blue.")])


def take_memory(sent: bytes) -> bytes:
    return bytes(len(bytearray(2_000_000_000)))


def take_time(sent: bytes) -> bytes:
    while True:
        pass


def sleep(sent: bytes) -> bytes:
    time.sleep(1_000)
    return b""


def abort(sent: bytes) -> bytes:
    os.abort()


def leave(sent: bytes) -> bytes:
    os._exit(3)


def fail(sent: bytes) -> bytes:
    raise ValueError("Ada Osei, 12 Elm Street")


def answer_much(sent: bytes) -> bytes:
    return bytes(50_000)


def describe(sent: bytes) -> bytes:
    """What the child has of ours."""
    try:
        Path("/tmp/circles-child").write_text("x")
        wrote = True
    except OSError:
        wrote = False
    score = Path("/proc/self/oom_score_adj")
    described = {
        "environment": sorted(os.environ),
        "wrote": wrote,
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[1],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "modules": sorted(name for name in sys.modules if name.startswith("circles")),
        "ended_first": score.read_text().strip() if score.exists() else "",
        "files": len(list(Path("/proc/self/fd").iterdir())),
    }
    return json.dumps(described).encode()
