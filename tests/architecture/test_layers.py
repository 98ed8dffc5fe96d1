"""The layout: which package may import which, public names, where libraries are imported, sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CIRCLES = ROOT / "circles"
MODULES = sorted(CIRCLES.rglob("*.py"))

# From the lowest layer to the highest. A module imports from its own package and from those before it.
LAYERS = (
    "base",
    "sandbox",
    "sheets",
    "store",
    "web",
    "community",
    "imports",
    "people",
    "directory",
    "guidelines",
    "gatherings",
    "payments",
    "bookings",
    "invites",
    "reminders",
    "attendance",
    "hosting",
    "messages",
    "exports",
    "reports",
    "organizing",
    "guides",
    "practice",
    "commands",
    "__main__",
)
# Their modules are imported one by one; every other package offers the names of its __init__ and nothing else.
OPEN = {"base", "store", "web"}
# The only package or module that may import a library.
LIBRARIES = {
    "anyascii": "base.names",
    "asyncpg": "store.db",
    "brotli": "web.encoding",
    "jinja2": "store.templates",
    "stripe": "payments.gateway",
    "icalendar": "invites.ics",
    "PIL": "sandbox.pictures",
    "xlsxwriter": "sheets",
    "segno": "hosting.sharing",
    "fpdf": "hosting.sharing",
    "python_calamine": "sheets",
    "zipcodes": "commands.zips",
    "dateutil": "hosting.schedule",
}
MAX_MODULES = 13
MAX_LINES = {"app.py": 880, "privacy.py": 580}


def name_of(path: Path) -> str:
    """The module's name without `circles.`; a package's is that of its folder, and app.py has none."""
    if path.name == "app.py":
        return ""
    return ".".join(path.relative_to(CIRCLES).with_suffix("").parts).removesuffix("__init__").rstrip(".")


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file, parsed once."""
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[str]:
    """Every name a file imports, in full: `from circles.people import Person` is circles.people.Person."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def public_names(package: str) -> set[str]:
    """The names in __all__ of a package's __init__."""
    for node in tree(CIRCLES / package / "__init__.py").body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@cache
def uses(path: Path) -> list[tuple[str, str]]:
    return list(_uses(path))


def _uses(path: Path) -> Iterator[tuple[str, str]]:
    """What a file uses of other packages, as (package, name); the name is empty for the package itself."""
    own = name_of(path).split(".")[0]
    aliases: dict[str, str] = {}
    for target in imports(path):
        parts = target.split(".")
        if parts[0] == "circles" and len(parts) > 1 and parts[1] != own:
            yield parts[1], ".".join(parts[2:])
            if len(parts) == 2:
                aliases[parts[1]] = parts[1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.value.id, node.attr


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_downward(path: Path) -> None:
    own = name_of(path).split(".")[0]
    if not own:
        return
    for package, name in uses(path):
        assert LAYERS.index(package) < LAYERS.index(own), f"{name_of(path)} imports {package}.{name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_other_packages_are_used_through_their_public_names(path: Path) -> None:
    for package, name in uses(path):
        if package not in OPEN and name and name_of(path).split(".")[0] not in ("commands", "__main__"):
            assert name in public_names(package), f"{name_of(path)} uses {package}.{name}"


def test_public_names_are_those_that_somebody_outside_uses() -> None:
    used = {use for path in [ROOT / "app.py", *MODULES] for use in uses(path)}
    offered = {(package, name) for package in {*LAYERS[:-1]} - OPEN for name in public_names(package)}
    assert not offered - used, f"nobody outside uses {sorted(offered - used)}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_app_imports_pages(path: Path) -> None:
    package = name_of(path).rpartition(".")[0]
    for target in imports(path):
        parts = target.split(".")
        if parts[0] != "circles":
            continue
        for index, part in enumerate(parts):
            if part == "pages" or part.endswith("_pages"):
                assert ".".join(parts[1:index]).split(".")[0] == package.split(".")[0], target


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_library_is_imported_in_one_place(path: Path) -> None:
    name = name_of(path)
    for target in imports(path):
        library = target.split(".")[0]
        if library in LIBRARIES:
            assert f"{name}.".startswith(f"{LIBRARIES[library]}."), f"{name} imports {library}"


def test_folders_have_about_a_dozen_modules() -> None:
    for folder in {path.parent for path in MODULES}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MAX_MODULES, f"{folder} has {len(modules)} modules"


@pytest.mark.parametrize("path", [ROOT / "app.py", *MODULES], ids=lambda path: path.stem)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    most = MAX_LINES.get(path.name, 400)
    assert text.count("\n") <= most, f"{path.name} is over {most} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            assert size <= 40, f"{path.name}: {node.name} has {size} lines"


# Metaphors that names must not have (docs/style.md), as whole words of a name.
NOT_IN_NAMES = {"house", "door", "doorway", "hands", "forsake", "riddle"}


NAMES = re.compile(r"^ *(?:async def|def|class) (\w+)|^(\w+)(?:: .+)? = |^-- name: (\w+)", re.M)


def names_of(path: Path) -> Iterator[str]:
    """The names of a module, of its functions, classes and variables; of a SQL file, its queries."""
    yield path.stem
    for groups in NAMES.findall(path.read_text()):
        yield "".join(groups)


def test_names_are_plain() -> None:
    paths = [ROOT / "app.py", *MODULES, *(ROOT / "tests").rglob("*.py")]
    paths += [path for path in (ROOT / "sql").rglob("*.sql") if path.parent.name != "migrations"]
    for path in paths:
        for name in names_of(path):
            words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
            assert not NOT_IN_NAMES & {word.lower() for word in words}, f"{path}: {name}"
            assert not name.startswith("MOST_"), f"{path}: {name}"


def job_names(path: Path, function: str) -> Iterator[str]:
    """The literal names that a module declares (`job`) or enqueues (`enqueue`)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == function
        ):
            yield from (
                a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
            )


def test_jobs_of_lower_packages_are_called_and_not_enqueued_by_name() -> None:
    """A job's name crosses packages only upward; downward there is a function (docs/decisions/0011)."""
    declared = {name: name_of(path).split(".")[0] for path in MODULES for name in job_names(path, "job")}
    for path in MODULES:
        own = name_of(path).split(".")[0]
        for name in job_names(path, "enqueue"):
            if name in declared and own:
                assert LAYERS.index(declared[name]) >= LAYERS.index(own), f"{name_of(path)} enqueues {name}"
