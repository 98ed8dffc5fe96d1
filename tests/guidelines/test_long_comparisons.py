"""Comparing texts that are hard to compare: a bounded amount of work, and a true comparison all the same."""

from __future__ import annotations

import pytest

from circles.guidelines import diff
from circles.sandbox import Limits, Target
from circles.sandbox.parent import call
from tests.guidelines.long_texts import letters

OLD = "\n\n".join(f"{letter} stays, and " + " ".join(letters(20)) for letter in letters(9))
NEW = OLD.replace("stays", "goes")


async def test_no_text_takes_time_by_the_cube_of_its_length() -> None:
    # 4 s with the imports, by processor time; two minutes where nothing bounds the work.
    limits = Limits(memory=1_000_000_000, cpu_seconds=20, seconds=150, answer=100)
    target = Target("tests.guidelines.long_texts", "compare_every_second", limits)
    assert await call(target, b"", {}) == b"compared"


def of_version(comparison: diff.Comparison, kind: str) -> str:
    """The words of one version: those that stayed, and those of this kind."""
    return " ".join(
        "".join(piece.words for piece in line.pieces if piece.kind in ("same", kind))
        for line in comparison.lines
    )


@pytest.mark.parametrize("steps", [0, 40, 400, 4_000, diff.MAX_STEPS])
def test_what_is_left_when_the_work_is_used_up_counts_as_replaced(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff, "MAX_STEPS", steps)
    diff.compare.cache_clear()
    comparison = diff.compare(OLD, NEW)
    diff.compare.cache_clear()
    assert of_version(comparison, "removed").split() == OLD.split()
    assert of_version(comparison, "added").split() == NEW.split()
    same = [piece for line in comparison.lines for piece in line.pieces if piece.kind == "same"]
    assert bool(same) == (steps > 40)


def test_one_comparison_has_one_budget_for_all_its_blocks() -> None:
    budget = diff.Budget(10)
    assert budget.take(6)
    assert not budget.take(6)
    assert budget.take(4)
    assert budget.steps == 0
