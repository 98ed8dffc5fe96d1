"""The docs are true: every file, command, route and name they mention exists."""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from app import routes
from circles.__main__ import parser
from circles.base.settings import Settings
from circles.bookings.rules import MOVES as BOOKING_MOVES
from circles.bookings.screening.rules import MOVES as REQUEST_MOVES
from circles.bookings.waiting_list.rules import MOVES as WAIT_MOVES
from circles.directory.introductions.rules import MOVES as INTRODUCTION_MOVES
from circles.directory.listing.rules import MOVES as LISTING_MOVES
from circles.hosting.change.rules import MOVES as GATHERING_MOVES
from circles.hosting.circle.rules import MOVES as CIRCLE_MOVES
from circles.payments.refunds.rules import REFUND_MOVES
from circles.payments.rules import CHECKOUT_MOVES
from circles.store.privacy import MAP

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Where a path in the docs may begin.
FOLDERS = (ROOT, ROOT / "circles", ROOT / "sql", ROOT / "templates", ROOT / "docs")
FEATURES = {path.parent.name for path in (ROOT / "circles").glob("*/__init__.py")}
# Words of a code span that look like a path and are none: content types, dates, placeholders.
NO_PATHS = re.compile(r"[<>*{}]|\.\.\.|^/|^[a-z]+:/|=|\.[A-Z_a-z]+[(.]|[a-z]\.[A-Z]")


def spans(path: Path) -> list[str]:
    """The code spans and indented commands of a page."""
    text = re.sub(r"^```mermaid$.*?^```$", "", path.read_text(), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    (\S.*)$", text, re.M)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_files_exist(path: Path) -> None:
    for word in (word for span in spans(path) for word in span.split()):
        name = word.strip("(").rstrip(",.;:)'\"").removesuffix("/")
        if NO_PATHS.search(name) or not re.search(r"/|\.(py|sql|md|toml|css|js|html|txt|in)$", name):
            continue
        if name.startswith((".", "text/", "static/vendor")):
            continue  # made by the set-up, or no path
        file, _, member = name.partition("::")
        places = [folder / file for folder in FOLDERS] + list((ROOT / "circles").rglob(Path(file).name))
        assert any(place.exists() and str(place).endswith(file) for place in places), f"{path.name}: {name}"
        if member:
            found = next(place for place in places if place.is_file() and str(place).endswith(file))
            assert re.search(rf"\b{re.escape(member)}\b", found.read_text()), f"{path.name}: {name}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    commands = set(re.findall(r"[a-z-]+", re.search(r"\{([a-z,-]+)\}", parser().format_help())[1]))  # pyright: ignore[reportOptionalSubscript]
    for span in spans(path):
        for target in re.findall(r"\bmake ([a-z]+)\b", span):
            assert target in targets, f"{path.name}: make {target}"
        for command in re.findall(r"python -m circles ([a-z-]+)", span):
            assert command in commands, f"{path.name}: python -m circles {command}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_routes_exist(path: Path) -> None:
    known = {getattr(route, "path", "") for route in routes(Settings())}
    for span in spans(path):
        for name in re.findall(r"(?:^|(?:GET|POST) |https://your\.address)(/[a-z][a-z0-9/{}_.-]*)$", span):
            if not (ROOT / name.strip("/").split("/")[0]).exists() and not name.startswith(
                ("/var/", "/etc/")
            ):
                assert name in known, f"{path.name}: {name}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_names_exist(path: Path) -> None:
    for span in spans(path):
        parts = re.match(r"((?:[a-z_]+[./])+)([A-Za-z_]+)(?:\(.*\))?$", span)
        if not parts:
            continue
        module, name = parts[1].strip("./").replace("/", "."), parts[2]
        if module.split(".")[0] not in FEATURES or name in ("py", "sql", "toml", "md"):
            continue
        if name in MAP.get(module, {}):
            continue  # a column
        package = importlib.import_module(f"circles.{module}")
        if not hasattr(package, name):
            importlib.import_module(f"circles.{module}.{name}")


# What docs/glossary.md draws: the title, and the table of moves that the code itself goes by.
MACHINES: dict[str, Mapping[Any, Collection[Any]]] = {
    "Booking": BOOKING_MOVES,
    "Checkout": CHECKOUT_MOVES,
    "Refund": REFUND_MOVES,
    "Waiting list": WAIT_MOVES,
    "Request to come": REQUEST_MOVES,
    "Circle": CIRCLE_MOVES,
    "Gathering": GATHERING_MOVES,
    "Listing": LISTING_MOVES,
    "Introduction": INTRODUCTION_MOVES,
}


def diagram(title: str, moves: Mapping[Any, Collection[Any]]) -> str:
    """A table of moves as a Mermaid state diagram under its title."""
    lines = [f"    {state} --> {after}" for state, targets in moves.items() for after in sorted(targets)]
    lines += [f"    {state} --> [*]" for state, targets in moves.items() if not targets]
    return "\n".join([f"### {title}", "```mermaid", "stateDiagram-v2", *lines, "```"])


@pytest.mark.parametrize("title", MACHINES)
def test_state_diagrams_are_those_of_the_code(title: str) -> None:
    assert diagram(title, MACHINES[title]) in (ROOT / "docs" / "glossary.md").read_text()
