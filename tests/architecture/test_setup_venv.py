"""scripts/setup.py: when .venv is created, filled, left alone."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("circles_setup", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def done(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the script did, in order. Making a .venv makes a link to this Python; filling it fills nothing."""
    steps: list[str] = []

    def make(root: Path) -> None:
        steps.append("make")
        for kind in ("runtime", "dev"):
            setup.stamp_path(root, kind).unlink(missing_ok=True)
        python = Path(setup.python(root))
        python.parent.mkdir(parents=True, exist_ok=True)
        python.unlink(missing_ok=True)
        python.symlink_to(sys.executable)

    def install(root: Path, kind: str) -> None:
        steps.append(f"fill {kind}")

    monkeypatch.setattr(setup, "make", make)
    monkeypatch.setattr(setup, "install", install)
    return steps


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with two locks, in a path with a space."""
    (tmp_path / "a clone" / "requirements").mkdir(parents=True)
    for kind in ("runtime", "dev"):
        (tmp_path / "a clone" / "requirements" / f"{kind}.txt").write_text(f"{kind}==1\n")
    return tmp_path / "a clone"


def test_it_is_made_once_and_then_left_alone(setup: ModuleType, done: list[str], clone: Path) -> None:
    setup.main(clone, "runtime")
    setup.main(clone, "runtime")
    assert done == ["make", "fill runtime"]


def test_developing_adds_to_running_and_running_then_needs_nothing(
    setup: ModuleType, done: list[str], clone: Path
) -> None:
    setup.main(clone, "runtime")
    setup.main(clone, "dev")
    setup.main(clone, "runtime")
    setup.main(clone, "dev")
    assert done == ["make", "fill runtime", "fill dev"]


def test_a_changed_lock_is_filled_again_without_starting_over(
    setup: ModuleType, done: list[str], clone: Path
) -> None:
    setup.main(clone, "runtime")
    (clone / "requirements" / "runtime.txt").write_text("runtime==2\n")
    setup.main(clone, "runtime")
    assert done == ["make", "fill runtime", "fill runtime"]


def test_what_was_interrupted_is_made_anew(
    setup: ModuleType, done: list[str], clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(root: Path, kind: str) -> None:
        raise KeyboardInterrupt

    setup.main(clone, "dev")
    (clone / "requirements" / "dev.txt").write_text("dev==2\n")
    with monkeypatch.context() as patch:
        patch.setattr(setup, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            setup.main(clone, "dev")
    setup.main(clone, "runtime")
    assert done == ["make", "fill dev", "make", "fill runtime"]


def test_a_python_that_no_longer_starts_is_replaced(setup: ModuleType, done: list[str], clone: Path) -> None:
    setup.main(clone, "runtime")
    python = Path(setup.python(clone))
    python.unlink()
    python.symlink_to("/nowhere/python3")
    setup.main(clone, "runtime")
    assert done == ["make", "fill runtime", "make", "fill runtime"]


def test_two_at_once_do_it_once(setup: ModuleType, done: list[str], clone: Path) -> None:
    both = [threading.Thread(target=setup.main, args=(clone, "runtime")) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert done == ["make", "fill runtime"]
