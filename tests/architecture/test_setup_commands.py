"""The Makefile, .ci/run, static assets, and finding a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from circles.commands import assets, zips
from circles.directory.listing import places
from tests.browser import find

ROOT = Path(__file__).resolve().parents[2]


def program(path: Path, text: str) -> Path:
    """A small program of our own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def make(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in a clone from another working directory."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-C", str(folder), *words],
        cwd="/", env={**bare, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a path with a space, whose .venv is a stand-in that says what it is asked for."""
    folder = tmp_path / "a clone"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "scripts" / "setup.py").write_text("import sys; print('setup', *sys.argv[1:])")
    lines = [
        'case "$*" in',
        '*find*) echo "/a browser";;',
        '*pytest*) echo "$CIRCLES_CHROMIUM" "$@"; exit ${STATUS:-0};;',
        '*) echo "$PORT:$DATA_DIR" "$@";;',
        "esac",
    ]
    program(folder / ".venv" / "bin" / "python", "\n".join(lines))
    program(folder / ".venv" / "bin" / "squawk", 'echo squawk "$@"')
    return folder


def test_run_sets_up_then_serves_with_the_port_and_folder_given(clone: Path) -> None:
    ran = make(clone, "run", "DATA_DIR=my data", "PORT=9000", f"PYTHON={sys.executable}")
    lines = [line for line in ran.stdout.splitlines() if not line.startswith("make")]
    assert lines == ["setup runtime", "9000:my data -m circles assets", "9000:my data -m circles serve"]
    assert ran.returncode == 0
    assert "8000:.data -m circles serve" in make(clone, "run", f"PYTHON={sys.executable}").stdout


@pytest.mark.parametrize("status", [0, 1])
def test_make_test_runs_everything_and_exits_with_the_status_of_pytest(clone: Path, status: int) -> None:
    ran = make(clone, "test", f"PYTHON={sys.executable}", STATUS=str(status))
    lines = [line for line in ran.stdout.splitlines() if not line.startswith("make")]
    asked = " ".join(lines)
    assert "setup dev" in asked
    assert "-m ruff check ." in asked
    assert "-m ruff format --check ." in asked
    assert "squawk sql/migrations/" in asked
    assert "-m basedpyright" in asked
    assert lines[-1].startswith("/a browser -m pytest")
    assert (ran.returncode == 0) is (status == 0)


def test_an_old_python_is_named_and_refused(clone: Path) -> None:
    old = program(clone / "old python", '[ "$1" = -V ] && echo "Python 3.8.1"; exit 1')
    for target in ("run", "test"):
        ran = make(clone, target, f"PYTHON={old}")
        assert ran.returncode != 0
        assert "Circles needs Python 3.11 or newer" in ran.stderr
        assert "Python 3.8.1" in ran.stderr
        assert "setup" not in ran.stdout


def test_a_makefile_with_absolute_paths_would_not_work_with_spaces() -> None:
    assert not re.search(r"\$\((CURDIR|PWD|abspath|realpath)|\$\$PWD", (ROOT / "Makefile").read_text())


HEADLESS = "chromium-headless-shell"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of stand-in programs, the whole PATH of a machine that has all .ci/run needs, and no browser."""
    folder = tmp_path / "bare machine"
    folder.mkdir()
    for name in ("bash", "dirname"):  # a shell, and what the script itself calls
        (folder / name).symlink_to(str(shutil.which(name)))
    program(folder / "make", 'echo "make $*"; exit ${STATUS:-0}')
    program(folder / "git", "exit 0")
    program(folder / "python3", "exit 0")
    program(folder / "id", 'echo "${UID_GIVEN:-0}"')
    program(folder / "apt-get", 'echo "apt-get $*"')
    return folder


def ci(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run .ci/run with nothing on its PATH but this folder."""
    return subprocess.run(
        [ROOT / ".ci" / "run"],
        cwd="/", env={"PATH": str(path), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("status", [0, 7])
@pytest.mark.parametrize(("uid", "packages"), [("0", (HEADLESS,)), ("1000", (HEADLESS,)), ("1000", ())])
def test_ci_installs_nothing_that_is_there_and_exits_with_the_status_of_make(
    bare: Path, status: int, uid: str, packages: tuple[str, ...]
) -> None:
    for name in packages:
        program(bare / name, "exit 0")
    ran = ci(bare, STATUS=str(status), UID_GIVEN=uid)
    assert (ran.stdout, ran.returncode) == ("make test\n", status)


@pytest.mark.parametrize("works", [True, False])
def test_ci_as_root_installs_the_quick_browser_where_it_can(bare: Path, works: bool) -> None:
    program(bare / "apt-get", f'echo "apt-get $*"; exit {0 if works else 100}')
    ran = ci(bare, STATUS="7")
    asked = ran.stdout.splitlines()
    assert asked[0] == "apt-get update"
    assert asked[1].endswith(f"--no-install-recommends {HEADLESS}")
    assert (asked[2:], ran.returncode) == (["make test"], 7)


def test_ci_without_apt_get_leaves_the_browser_to_the_tests(bare: Path) -> None:
    (bare / "apt-get").unlink()
    assert ci(bare).stdout == "make test\n"


def test_ci_installs_what_is_missing(bare: Path) -> None:
    made = (bare / "make").rename(bare / "made")
    for name in ("git", "python3"):
        (bare / name).unlink()
    (bare / "mv").symlink_to(str(shutil.which("mv")))
    program(bare / HEADLESS, "exit 0")
    installs = f'mv "{made}" "{bare}/make"'
    program(bare / "apt-get", f'echo "apt-get $*"; [ "$1" = update ] || {installs}')
    ran = ci(bare)
    assert ran.stdout.splitlines() == [
        "apt-get update",
        "apt-get install -y --no-install-recommends make git python3 python3-venv",
        "make test",
    ]
    assert ran.returncode == 0


def test_htmx_is_copied_mended_and_never_taken_on_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(assets.AssetRefused, match="is missing"):
        assets.check(tmp_path)
    target = assets.fetch(tmp_path)
    assert target == tmp_path / "vendor" / "htmx-4.min.js"
    assert assets.sha256(target.read_bytes()) == assets.HTMX_SHA256
    assets.check(tmp_path)
    target.write_text("alert(1)")
    with pytest.raises(assets.AssetRefused, match="Run `python -m circles assets` first"):
        assets.check(tmp_path)
    assert assets.sha256(assets.fetch(tmp_path).read_bytes()) == assets.HTMX_SHA256
    monkeypatch.setattr(assets, "HTMX_SHA256", "0" * 64)
    with pytest.raises(assets.AssetRefused, match="its hash differs"):
        assets.fetch(tmp_path)
    assert "django" not in sys.modules
    assert "django_htmx" not in sys.modules


def test_the_table_of_zips_is_made_once_and_anew_for_another_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert zips.TABLE == places.TABLE
    table = tmp_path / "zips.txt"
    made: list[int] = []

    def lines() -> list[str]:
        made.append(1)
        return ["33130\tFL\t25.7683\t-80.2023\tMiami\n"]

    monkeypatch.setattr(zips, "_lines", lines)
    assert zips.write(table).read_text().splitlines()[1].startswith("33130")
    zips.write(table)
    assert len(made) == 1
    table.write_text("1 zipcodes 0.1\n")
    assert len(zips.write(table).read_text().splitlines()) == 2
    assert list(tmp_path.iterdir()) == [table]


def test_a_missing_table_of_zips_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "TABLE", tmp_path / "zips.txt")
    places._lines.cache_clear()
    with pytest.raises(places.ZipTableMissing, match="python -m circles assets"):
        places.find("33130")
    assert places.find("3313") is None


def test_the_named_browser_is_the_only_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = program(tmp_path / "my browser", "echo Chromium 140.0")
    monkeypatch.setenv("CIRCLES_CHROMIUM", str(named))
    assert find.chromium() == str(named)
    program(named, "exit 1")
    with pytest.raises(find.NoBrowser):
        find.chromium()
    with pytest.raises(find.NoBrowser, match="CIRCLES_CHROMIUM"):
        find.install()


def test_a_browser_on_the_path_is_found_and_a_broken_one_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIRCLES_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "chromium", "exit 1")
    good = program(tmp_path / "google-chrome", "echo Google Chrome 140.0")
    assert find.chromium() == str(good)


@pytest.mark.parametrize(
    ("there", "packages"),
    [("chromium-headless-shell", 1), ("chromium", 2)],
)
def test_without_any_browser_each_source_is_tried_and_then_the_command_printed(
    monkeypatch: pytest.MonkeyPatch, there: str, packages: int
) -> None:
    tried: list[str] = []
    monkeypatch.delenv("CIRCLES_CHROMIUM", raising=False)
    monkeypatch.setattr(find, "candidates", lambda: iter(()))
    monkeypatch.setattr(find, "_say_and_run", lambda command: tried.append(" ".join(command)))
    monkeypatch.setattr(find.shutil, "which", lambda name: name if name in ("apt-get", there) else None)
    monkeypatch.setattr(find.os, "geteuid", lambda: 0)
    with pytest.raises(find.NoBrowser, match="apt-get install chromium"):
        find.install()
    assert [line.split()[-2:] for line in tried] == [
        ["install", "chromium"],
        ["apt-get", "update"],
        *(["--no-install-recommends", name] for name in find.PACKAGES[:packages]),
    ]
