"""Compare two versions of a text word by word, as it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from functools import lru_cache
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Literal, TypeVar

from circles.base.english import choose
from circles.guidelines.blocks import Block, Word, read

Kind = Literal["same", "added", "removed"]
T = TypeVar("T")
Pair = tuple[T | None, T | None]

# Bounds on the work for one comparison: pairs of equal words or blocks that are looked at (17 million a second), and
# pairs of changed blocks. What is left beyond them counts as replaced.
MAX_STEPS = 3_000_000
MAX_BLOCK_PAIRS = 2_500
# The share of equal words from which a block counts as a new wording of another, and not as another block.
MIN_LIKENESS = 0.4


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, were added or were removed, all in one style."""

    kind: Kind
    words: str
    style: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One block of the text, such as a heading or an item of a list, with its pieces."""

    shape: str
    level: int
    number: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The blocks of both versions in one order."""

    lines: tuple[Line, ...]

    @property
    def changed(self) -> tuple[Line, ...]:
        """The blocks with a word that was added or removed, each below the heading it stands under."""
        kept: list[Line] = []
        heading: Line | None = None
        for line in self.lines:
            is_changed = any(piece.kind != "same" for piece in line.pieces)
            if is_changed:
                kept += [heading] if heading and line.shape != "heading" else []
                kept.append(line)
            if line.shape == "heading":
                heading = None if is_changed else line
            elif is_changed:
                heading = None
        return tuple(kept)

    @property
    def summary(self) -> str:
        """How many words were added and removed, as a sentence."""
        added, removed = self._count("added"), self._count("removed")
        if not added and not removed:
            return "No words differ."
        return f"{added} {choose(added, 'word', 'words')} added, {removed} removed."

    def _count(self, kind: Kind) -> int:
        lines = (
            "".join(piece.words if piece.kind == kind else " " for piece in line.pieces)
            for line in self.lines
        )
        return len(" ".join(lines).split())


@dataclass(slots=True)
class Budget:
    """What is left of the work for one comparison."""

    steps: int

    def take(self, steps: int) -> bool:
        """Take so many steps, if so many are left."""
        if steps > self.steps:
            return False
        self.steps -= steps
        return True


@lru_cache(maxsize=64)
def compare(old: str, new: str) -> Comparison:
    """Compare two Markdown texts. A link's address, a word's style and a block's shape count, its number does not.

    Up to half a second for the longest texts: pages call it in a thread.
    """
    budget = Budget(MAX_STEPS)
    pairs = _align(read(old), read(new), _pair_reworded, budget)
    return Comparison(tuple(_line(before, after, budget) for before, after in pairs))


def _line(before: Block | None, after: Block | None, budget: Budget) -> Line:
    block = after or before or Block("plain", ())
    words = _align(before.words if before else (), after.words if after else (), _pair_none, budget)
    return Line(block.shape, block.level, block.number, tuple(_pieces(words)))


def _pieces(pairs: Iterable[Pair[Word]]) -> Iterator[Piece]:
    for (kind, style), group in groupby((_marked(*pair) for pair in pairs), lambda marked: marked[:2]):
        yield Piece(kind, "".join(words for _, _, words in group), style)


def _marked(before: Word | None, after: Word | None) -> tuple[Kind, frozenset[str], str]:
    word = after or before or Word("")
    # A word that stayed keeps the space of either version, so that the next one does not stick to it.
    space = word.space or (before.space if before else "")
    return (
        "added" if before is None else "removed" if after is None else "same",
        word.style,
        word.text + space,
    )


def _align(
    before: Sequence[T],
    after: Sequence[T],
    pair: Callable[[Sequence[T], Sequence[T]], Iterable[Pair[T]]],
    budget: Budget,
) -> Iterator[Pair[T]]:
    numbers: dict[T, int] = {}  # compared instead of the items, since hashing these again and again is slow
    olds, news = ([numbers.setdefault(item, len(numbers)) for item in items] for items in (before, after))
    for tag, i1, i2, j1, j2 in _BoundedMatcher(olds, news, budget).get_opcodes():
        if tag == "equal":
            yield from zip(before[i1:i2], after[j1:j2], strict=True)
        else:
            yield from pair(before[i1:i2], after[j1:j2])


class _BoundedMatcher(SequenceMatcher[int]):
    """Its work grows by the cube of the length where every second word differs: 35 s for 20,000 characters."""

    def __init__(self, olds: Sequence[int], news: Sequence[int], budget: Budget) -> None:
        super().__init__(None, olds, news, autojunk=False)
        counts = Counter(news)
        self._budget = budget
        self._steps_before = list(accumulate((1 + counts[number] for number in olds), initial=0))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """The longest run of equal items; none once the budget is used up."""
        end = len(self._steps_before) - 1 if ahi is None else ahi
        if not self._budget.take(self._steps_before[end] - self._steps_before[alo]):
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _pair_none(before: Iterable[T], after: Iterable[T]) -> Iterator[Pair[T]]:
    yield from ((item, None) for item in before)
    yield from ((None, item) for item in after)


def _pair_reworded(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Pair[Block]]:
    """Each old block with its new wording, where it has one; the others alone."""
    i = j = 0
    for at, to in _reworded(before, after) if len(before) * len(after) <= MAX_BLOCK_PAIRS else ():
        yield from _pair_none(before[i:at], after[j:to])
        yield before[at], after[to]
        i, j = at + 1, to + 1
    yield from _pair_none(before[i:], after[j:])


def _reworded(before: Sequence[Block], after: Sequence[Block]) -> tuple[tuple[int, int], ...]:
    """The positions of blocks and their new wordings: those in order whose likeness adds up to the most."""
    olds, news = (
        [Counter(word.text for word in block.words) for block in blocks] for blocks in (before, after)
    )
    best: list[tuple[float, tuple[tuple[int, int], ...]]] = [(0, ())] * (len(after) + 1)
    for i, old in enumerate(before):
        above, best = best, best[:1]
        for j, new in enumerate(after):
            candidates = [above[j + 1], best[j]]
            likeness = _likeness(olds[i], news[j]) if old.shape == new.shape else 0
            if likeness >= MIN_LIKENESS:
                candidates.append((above[j][0] + likeness, (*above[j][1], (i, j))))
            best.append(max(candidates, key=itemgetter(0)))
    return best[-1][1]


def _likeness(before: Counter[str], after: Counter[str]) -> float:
    """The share of equal words in two blocks, from 0 to 1."""
    return 2 * (before & after).total() / (before.total() + after.total())
