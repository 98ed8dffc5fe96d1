"""Logging: one JSON line each in production, plain lines in practice mode, on standard error.

Logs carry ids, never names. Of an exception they carry the type and the places, never the text, in every layer: this
program, a library, asyncio, the interpreter.
"""

from __future__ import annotations

import ast
import logging
import os
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from uuid import UUID

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

from circles.base import errors

if TYPE_CHECKING:
    from circles.base.settings import Settings

# Libraries that log every step at the level "info".
QUIET = ("httpcore", "httpx", "httpx2", "pgqueuer", "stripe", "uvicorn", "asyncio", "aiosmtplib", "PIL")
# Messages of asyncio, which puts the text of the exception below the first line.
OF_ASYNCIO = frozenset(
    (
        "Task exception was never retrieved",
        "Future exception was never retrieved",
        "Task was destroyed but it is pending!",
        "unhandled exception during asyncio.run() shutdown",
        "an error occurred during closing of asynchronous generator",
    )
)
OTHER_MESSAGE = "a message of a library"
MAX_DEPTH = 4

# How many lines of the level "warning" and above this process has logged: by (logger, level, event), for metrics.
counts: Counter[tuple[str, str, str]] = Counter()


def configure(settings: Settings) -> None:
    """Set up logging for this process. May be called again: the last settings count."""
    start(readable=settings.practice, level=settings.log_level or "")


def start(*, readable: bool, level: str = "") -> None:
    """Set up logging. readable: for a person at a terminal, otherwise JSON. level: from which on lines are written."""
    least = (level or ("warning" if readable else "info")).upper()
    logging.raiseExceptions = False  # it prints the arguments of a line that cannot be written
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _StandardError) or type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.addHandler(_StandardError(readable=readable))
    root.setLevel(least)
    logging.getLogger("circles").setLevel(least)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _count,
            structlog.stdlib.filter_by_level,
            *_COMMON,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=_logger,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _logger(name: str = "", *_: Any) -> logging.Logger:
    """The standard library's logger of one of ours. Of its own, since a library may have the same name (stripe)."""
    return logging.getLogger(f"circles.{name}" if name else "circles")


class _StandardError(logging.Handler):
    """Write each line to what standard error is now."""

    def __init__(self, *, readable: bool) -> None:
        super().__init__()
        render: Processor = (
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
            if readable
            else structlog.processors.JSONRenderer(default=_kind)
        )
        self.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=[
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    _library_event,
                    _count,
                    *_COMMON,
                ],
                processors=[ProcessorFormatter.remove_processors_meta, render],
                use_get_message=False,
                pass_foreign_args=True,
            )
        )

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.stream.write(self.format(record) + "\n")
            self.stream.flush()
        except Exception:
            self.handleError(record)


# Processors


def _count(_: Any, __: str, event: EventDict) -> EventDict:
    if event["level"] in ("warning", "error", "critical"):
        counts[event["logger"].removeprefix("circles."), event["level"], str(event["event"])] += 1
    return event


def _library_event(_: Any, __: str, event: EventDict) -> EventDict:
    """What a library logs, without what it put into the message: that may be the text of an exception."""
    record: logging.LogRecord = event["_record"]
    arguments = event.pop("positional_args", ())
    event["event"] = _message(record, arguments)
    event["place"] = f"{'/'.join(Path(record.pathname).parts[-2:])}:{record.lineno}"
    # Without exc_info the exception may be one of the arguments, or the message itself.
    values = [record.msg, *(arguments if isinstance(arguments, tuple) else ())]
    raised = next((value for value in values if isinstance(value, BaseException)), None)
    if raised is not None:
        event.setdefault("exc_info", raised)
    return event


def _message(record: logging.LogRecord, arguments: Any) -> str:
    """The message as it is in the library's source, with numbers filled in; nothing that was put together."""
    text = record.msg if isinstance(record.msg, str) else ""
    first = text.strip().partition("\n")[0]
    if text not in _literals(record.pathname) or not first.replace("%s", "").strip(" :"):
        return first if first in OF_ASYNCIO else OTHER_MESSAGE
    if not isinstance(arguments, tuple) or not arguments:
        return first
    shown = [value if isinstance(value, int | float) else "..." for value in arguments]
    try:
        return text.strip() % tuple(shown)
    except (TypeError, ValueError):
        return first


@lru_cache(maxsize=64)
def _literals(path: str) -> frozenset[str]:
    """The strings that stand in a source file, without the parts of those that are put together there."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    strings = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    )
    return frozenset(strings)


def _without_texts(_: Any, __: str, event: EventDict) -> EventDict:
    """An exception by type and places, and every other object by its type."""
    raised = event.pop("exc_info", None)
    event.pop("stack_info", None)
    event.pop("stack", None)
    if raised:
        error = raised if isinstance(raised, BaseException) else sys.exc_info()[1]
        error = raised[1] if isinstance(raised, tuple) else error
        if isinstance(error, BaseException):
            event = {**event, **errors.describe(error)}
    return {name: value if name[:1] == "_" else _plain(value) for name, value in event.items()}


def _plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, BaseException):
        return errors.kind_and_place(value)
    if isinstance(value, UUID):
        return str(value)
    if depth and isinstance(value, Mapping):
        return {str(name): _plain(part, depth - 1) for name, part in value.items()}
    if depth and isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_plain(part, depth - 1) for part in value]
    return _kind(value)


def _kind(value: Any) -> str:
    return type(value).__name__


_COMMON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_texts,
)


# What nobody caught


def log_crash(error: BaseException) -> None:
    """Log the exception that ends a program."""
    if not structlog.is_configured():
        start(readable=os.environ.get("CIRCLES_MODE") != "production")
    structlog.get_logger("crash").critical("ended by an exception", exc_info=error)


def take_hooks() -> None:
    """Log what the interpreter would print with its text: what ends a thread, what cannot be raised, warnings."""
    log = structlog.get_logger("python")

    def raised(kind: type[BaseException], error: BaseException, _: Any) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log_crash(error)

    def raised_in_thread(hook: threading.ExceptHookArgs) -> None:
        log.error("a thread ended by an exception", exc_info=hook.exc_value)

    def not_raised(hook: Any) -> None:
        log.error("an exception that could not be raised", exc_info=hook.exc_value)

    def warned(_: Any, category: type[Warning], filename: str, lineno: int, *__: Any, **___: Any) -> None:
        place = f"{'/'.join(Path(filename).parts[-2:])}:{lineno}"
        log.warning("a warning of Python", category=category.__name__, place=place)

    sys.excepthook = raised
    threading.excepthook = raised_in_thread
    sys.unraisablehook = not_raised
    warnings.showwarning = warned
