"""The export of the command line: its options, and the file on standard output or on disk."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from circles.base import clock
from circles.base.errors import Reason, Refused
from circles.exports import actions, rules, streaming
from circles.exports.kinds import KINDS, Depth, Format, Group
from circles.exports.rules import Choices
from circles.store.context import Context

KIND_NAMES = tuple(key.replace("_", "-") for key in KINDS)


def parser() -> argparse.ArgumentParser:
    """The options of `python -m circles export`; the export of one person takes nothing but the address."""
    parser = argparse.ArgumentParser(
        prog="python -m circles export",
        description="Write a file with rows of the community, or everything stored about one person.",
    )
    today = clock.now().date()
    begin = rules.month_before(today)
    parser.add_argument(
        "what",
        help=f"what to export ({', '.join(KIND_NAMES)}), or the mail address of a person, of whom everything "
        "stored is printed as JSON",
    )
    rows = parser.add_argument_group("of rows")
    rows.add_argument("--from", dest="first", default=str(begin), help="the first day (last month's)")
    rows.add_argument(
        "--to", dest="last", default=str(rules.end_of_month(begin)), help="the last day (last month's)"
    )
    rows.add_argument("--format", default=Format.CSV.value, help=_one_of(Format))
    rows.add_argument("--depth", default=Depth.TOTALS.value, help=f"{_one_of(Depth)} (totals)")
    rows.add_argument("--group", default=Group.CIRCLE_MONTH.value, help=f"a row of totals: {_one_of(Group)}")
    rows.add_argument("--purpose", default="", help="what names are for; people read it in their account")
    rows.add_argument("--columns", default="", help="keys of columns in their order, with commas")
    rows.add_argument("--circle", action="append", default=[], help="the id of a circle; may be repeated")
    rows.add_argument("--facilitator", action="append", default=[], help="the id of somebody who hosts")
    rows.add_argument("--output", type=Path, help="a new file, readable for you alone (standard output)")
    return parser


def _one_of(options: type[Format | Depth | Group]) -> str:
    return ", ".join(option.value for option in options)


def read_options(given: argparse.Namespace) -> Choices:
    """The export that the options name. Raises Refused."""
    kind = given.what.replace("-", "_")
    if kind not in KINDS:
        names = ", ".join(KIND_NAMES)
        raise Refused(
            Reason("kind", f"Nothing is called {given.what}. Say {names}, or a mail address.", "kind")
        )
    values = {
        "kind": kind,
        "from": given.first,
        "to": given.last,
        "format": given.format,
        "depth": given.depth,
        "group": given.group,
        "purpose": given.purpose,
        "columns": given.columns,
        "circle": ",".join(given.circle),
        "facilitator": ",".join(given.facilitator),
    }
    return rules.read_choices(values, today=clock.now().date())


def place_of(url: str) -> str:
    """Which database an address names, without its user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'this machine'}, database {parts.path.lstrip('/') or 'of that name'}"


async def write(context: Context, choices: Choices, write: Callable[[bytes], None]) -> None:
    """Write the file, after it is logged as the operator's."""
    export_id = await actions.begin_command(context, choices)
    async with aclosing(streaming.chunks(context, export_id, choices)) as chunks:
        async for chunk in chunks:
            write(chunk)


@contextmanager
def open_output(path: Path | None) -> Generator[int]:
    """The descriptor of a file that must not exist yet, for its owner alone; or of standard output. Raises Refused."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        handle = os.open(path, flags, 0o600) if path else os.dup(sys.stdout.fileno())
    except OSError as error:
        raise Refused(Reason("output", f"{path} cannot be written: {error.strerror}.", "output")) from None
    try:
        yield handle
    finally:
        os.close(handle)
