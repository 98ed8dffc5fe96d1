"""The child process: sets its own limits, then calls one function on one file.

In: a line of JSON that names the call, then the file. Out: one byte that names the kind of answer, then the answer.
It inherits neither the environment (which holds secrets) nor open files, and writes none. This file is run by its path,
since `-m` would import the package around it, and with it what only the parent needs.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import types
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from circles.base.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
# <linux/prctl.h>: the signal to send to this process when its parent ends.
_PR_SET_PDEATHSIG = 1

# The first byte of an answer. VALUE: what the function returned. REFUSED: a JSON list of [code, text, field].
# MEMORY: the limit of memory was reached. FAILED: JSON of the exception's kind and place.
VALUE, REFUSED, MEMORY, FAILED = b"V", b"R", b"M", b"F"


def main() -> None:
    """Read the call and the file from stdin, write the answer to stdout."""
    call = json.loads(sys.stdin.buffer.readline())
    _end_with(call["parent"])
    with suppress(OSError):
        os.nice(5)  # pages come first
    # Where the machine or the service has no memory left, this process is ended, and not the site.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, call["cpu_seconds"])
    function = _load(call["module"], call["function"])
    _limit(resource.RLIMIT_FSIZE, 0)  # after the imports, which may keep compiled modules
    _limit(resource.RLIMIT_AS, call["memory"])
    kind, answer = _answer(function, call["options"])
    out = sys.stdout.buffer
    out.write(kind)
    for piece in answer:
        out.write(piece)
    out.flush()
    os._exit(0)  # nothing is left to tidy up, and freeing a large file takes time


def _end_with(parent: int) -> None:
    """End with the process that waits for the answer, also where it is killed and can end nothing itself.

    Linux does that; elsewhere the limit of processor time ends the child, or its answer that nobody reads.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before
            os._exit(1)


def _limit(kind: int, value: int) -> None:
    # Not every system knows every limit (macOS has no limit of memory); the parent's deadline holds everywhere.
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))


def _load(module: str, function: str) -> Callable[..., bytes | Iterable[bytes]]:
    """The function, without executing the `__init__` of the packages around its module.

    That of a feature imports the whole site: 1.1 s instead of 0.2 s, and twice the memory.
    """
    names = module.split(".")
    for depth in range(2, len(names)):
        name = ".".join(names[:depth])
        package = types.ModuleType(name)
        package.__path__ = [str(ROOT.joinpath(*names[:depth]))]
        sys.modules.setdefault(name, package)
    return getattr(importlib.import_module(module), function)


def _answer(function: Callable[..., Any], options: dict[str, Any]) -> tuple[bytes, list[bytes]]:
    try:
        value = function(sys.stdin.buffer.read(), **options)
        return VALUE, [value] if isinstance(value, bytes) else list(value)
    except Refused as refused:
        return REFUSED, [json.dumps([[one.code, one.text, one.field] for one in refused.reasons]).encode()]
    except MemoryError:
        return MEMORY, []
    except Exception as error:
        return FAILED, [json.dumps({"error": type(error).__name__, "place": _place(error)}).encode()]


def _place(error: Exception) -> str:
    """The innermost of our lines, without the text of the exception, which may quote the file."""
    place, step = "", error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if path.is_relative_to(ROOT / "circles"):
            place = f"{path.relative_to(ROOT)}:{step.tb_lineno}"
        step = step.tb_next
    return place


if __name__ == "__main__":
    main()
