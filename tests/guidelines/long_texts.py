"""Compares texts that are hard to compare, in a child process whose processor time is limited."""

from __future__ import annotations

from circles.guidelines import diff

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ34567890"
LONGEST = 20_000


def letters(how_many: int) -> list[str]:
    """Letters in an order that hardly repeats."""
    return [LETTERS[(number * number + number // 7) % len(LETTERS)] for number in range(how_many)]


def compare_every_second(sent: bytes) -> bytes:
    """Texts of which every second word, or block, differs: each that stayed is found alone, after all the others."""
    for space in (" ", "\n\n"):
        old, new = (
            "".join(f"{letter}{space}{other}{space}" for letter in letters(LONGEST // 4))[: LONGEST - 200]
            for other in "12"
        )
        diff.compare(old, new)
    return b"compared"
