"""The locked requirements and what is committed beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("runtime", "dev")


def lock(kind: str) -> dict[str, list[str]]:
    """Each pinned requirement of a lock, with its hashes."""
    found: dict[str, list[str]] = {}
    text = (ROOT / "requirements" / f"{kind}.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            found[line.split(";")[0].split(" --hash")[0].strip()] = re.findall(
                r"--hash=(sha256:[0-9a-f]{64})", line
            )
    return found


@pytest.mark.parametrize("kind", LOCKS)
def test_every_requirement_is_pinned_to_one_version_with_hashes(kind: str) -> None:
    pinned = lock(kind)
    assert len(pinned) > 40
    assert [
        name
        for name, hashes in pinned.items()
        if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", name) or not hashes
    ] == []


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_names_no_host(kind: str) -> None:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    assert not re.search(r"://|--index-url|--find-links|file:", text)


def test_developing_runs_exactly_what_is_run() -> None:
    """setup.py counts a .venv filled from the dev lock as filled from the runtime lock."""
    assert lock("runtime").keys() <= lock("dev").keys()


@pytest.mark.parametrize("kind", LOCKS)
def test_htmx_brings_no_django(kind: str) -> None:
    names = {name.split("==")[0] for name in lock(kind)}
    assert "django-htmx" in names
    assert names.isdisjoint({"django", "asgiref", "sqlparse"})


@pytest.mark.parametrize("kind", LOCKS)
def test_every_lock_answers_its_list(kind: str) -> None:
    """A requirement added to the .in file without `make lock` is noticed."""
    names = {name.split("==")[0].split("[")[0] for name in lock(kind)}
    wanted = set()
    for line in (ROOT / "requirements" / f"{kind}.in").read_text().splitlines():
        if re.match(r"[a-z]", line):
            wanted.add(re.split(r"[\[<>=; ]", line)[0])
    assert wanted - names == set()


def test_what_the_setup_makes_is_never_committed(tmp_path: Path) -> None:
    """Tried in a repository of its own: this folder may be no clone, and .venv a link."""
    made = [
        ".venv/bin/python",
        ".data/postgres",
        "static/vendor/htmx-4.min.js",
        "circles/directory/listing/zips.txt",
    ]
    subprocess.run(["git", "init", "-q", tmp_path], check=True, capture_output=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    ignored = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", *made],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout.split() == made
