"""The house keeps its order: who may import whom, how long things are, where SQL and words stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = sorted((ROOT / "circles").rglob("*.py"))

# From the ground up; a module imports from its own row or from rows above it in this list.
ROWS = [
    {"errors", "clock", "money", "text", "settings", "logs", "reading"},
    {
        "db",
        "house",
        "jobs",
        "mail",
        "audit",
        "web",
        "migrate",
        "checks",
        "postgres",
        "postgres_place",
        "assets",
    },
    {"people"},
    {"directory"},
    {"guidelines"},
    {"gatherings"},
    {"payments"},
    {"bookings"},
    {"invites", "attendance"},
    {"messages"},
    {"guides", "practice"},
    {"demo", "privacy"},
    {"__main__", "server", "site"},
]
# asyncpg, jinja2, stripe and icalendar each have one door.
DOORS = {
    "asyncpg": {"db"},
    "jinja2": {"web"},
    "stripe": {"payments.gateway"},
    "icalendar": {"invites.ics"},
    "PIL": {"people.pictures"},
    "python_calamine": {"directory.import_reading"},
    "zipcodes": {"directory.places"},
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "circles").with_suffix("").parts).removesuffix(".__init__")


def floor(name: str) -> int:
    room = name.split(".")[0]
    found = [i for i, row in enumerate(ROWS) if room in row or any(room.startswith(f"{r}_") for r in row)]
    assert found, f"{name} stands in no row of the house"
    return found[0]


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, with `from circles import x` read as circles.x."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "circles":
                yield from (f"circles.{alias.name}" for alias in node.names)
            else:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_downward(path: Path) -> None:
    name = name_of(path)
    if not name or name == "circles":
        return
    for target in imports(path):
        if target.startswith("circles.") and target.split(".")[1] != name.split(".")[0]:
            assert floor(target.removeprefix("circles.")) <= floor(name), f"{name} imports {target}"
            parts = target.split(".")
            assert "pages" not in parts[2:] or name == "app", f"{name} imports {target}: only app.py may"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_library_has_its_one_door(path: Path) -> None:
    name = name_of(path)
    for target in imports(path):
        library = target.split(".")[0]
        if library in DOORS:
            assert any(name == door or name.startswith(f"{door}.") for door in DOORS[library]), (
                f"{name} imports {library}"
            )


@pytest.mark.parametrize("path", [ROOT / "app.py", *MODULES], ids=lambda p: p.stem)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400, f"{path.name} is over 400 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            assert size <= 40, f"{path.name}: {node.name} has {size} lines"


SQL_WORDS = re.compile(
    r"^\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s", re.I | re.S
)


@pytest.mark.parametrize("path", [ROOT / "app.py", *MODULES], ids=lambda p: p.stem)
def test_no_sql_stands_in_python(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not SQL_WORDS.match(node.value), f"{path.name}:{node.lineno} holds SQL"


def test_no_template_has_inline_script_or_style() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        if path.parent.name == "mail":
            continue
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on", text), (
            f"{path.name} has inline script or style"
        )
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), f"{path.name} has an inline script"


def test_nothing_is_loaded_from_elsewhere() -> None:
    loads = re.compile(
        r"""(?:src|srcset|action)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//|@import|url\(['"]?(?:[a-z]+:)?//|url\(['"]?data:"""
    )
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").glob("*.css")]:
        assert not loads.search(path.read_text()), f"{path.name} loads something from elsewhere"


# The word list of the design, for what people see. Sessions of medicine and of therapy keep their word.
NEVER = re.compile(r"\b(users?|ticket|waiver|scholarship|log ?in|sign up now|occurrence)\b|!</|oops", re.I)


def test_pages_speak_the_words_of_the_house() -> None:
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix not in (".html", ".txt"):
            continue
        words = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]+>", " ", path.read_text(), flags=re.S)
        found = NEVER.search(words)
        assert not found, f"{path.name} says {found.group(0)!r}" if found else ""
