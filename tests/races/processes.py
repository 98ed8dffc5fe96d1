"""Processes of a race: start one with its orders, let all begin together, read their lines."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


async def start(module: str, orders: Mapping[str, object]) -> Process:
    """Start `python -m module`, pass it the orders as a line of JSON, and wait until it is ready."""
    command = (sys.executable, "-m", module)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=2**20)
    write_line(process, json.dumps(orders))
    assert await read_line(process) == b"ready\n"
    return process


def write_line(process: Process, line: str = "") -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n".encode())


async def read_line(process: Process) -> bytes:
    assert process.stdout
    return await asyncio.wait_for(process.stdout.readline(), 60)
