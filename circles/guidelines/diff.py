"""What differs between two versions of a text, word by word, as it reads: no marks of Markdown, but what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, TypeVar

from circles.guidelines.blocks import Block, Word, read

Kind = Literal["same", "added", "removed"]
T = TypeVar("T")
Pair = tuple[T | None, T | None]
_Chain = tuple[float, tuple[Any, ...]]

# How many pairs of equal words or blocks may be weighed. Beyond it a text counts as replaced whole, so that none
# makes a reader wait.
MAX_PAIRS = 300_000
# How many pairs of changed blocks are weighed to find which became which.
MAX_BLOCKS = 2_500
# How much of two blocks must be the same words for the one to have become the other.
ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, came or went, all in one style."""

    kind: Kind
    words: str
    style: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One block of the text, such as a heading or an item of a list, and what it is made of."""

    shape: str
    level: int
    number: str
    pieces: tuple[Piece, ...] = field(default_factory=tuple)

    @property
    def changed(self) -> bool:
        """Whether anything came or went in it."""
        return any(piece.kind != "same" for piece in self.pieces)


@lru_cache(maxsize=64)
def lines(old: str, new: str) -> tuple[Line, ...]:
    """The blocks of both texts as one, each with what stayed, came and went."""
    return tuple(_line(before, after) for before, after in _paired(read(old), read(new)))


def _line(before: Block | None, after: Block | None) -> Line:
    block = after or before or Block("plain", ())
    words = _pairs(before.words if before else (), after.words if after else (), _word_key, _apart)
    return Line(block.shape, block.level, block.number, tuple(_pieces(words)))


def _pieces(pairs: Iterable[Pair[Word]]) -> Iterator[Piece]:
    """Words side by side that share what became of them and their style, as one piece each."""
    marked: list[tuple[Kind, Word]] = [(_kind(pair), _shown(pair)) for pair in pairs]
    for (kind, style), group in groupby(marked, lambda each: (each[0], each[1].style)):
        yield Piece(kind, "".join(word.text for _, word in group), style)


def _kind(pair: Pair[Any]) -> Kind:
    before, after = pair
    return "added" if before is None else "removed" if after is None else "same"


def _shown(pair: Pair[Word]) -> Word:
    """Of a word that stayed the one with more space after it, so that what comes next does not stick to it."""
    return max((word for word in pair if word), key=lambda word: len(word.text))


def _word_key(word: Word) -> object:
    """A word at the end of a block is the same word as one with a space after it."""
    return word.text.rstrip(), word.style


# Which block or word of the one text is which of the other


def _paired(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Pair[Block]]:
    return _pairs(before, after, lambda block: block, _became)


def _pairs(
    before: Sequence[T],
    after: Sequence[T],
    key: Callable[[T], object],
    rest: Callable[[Sequence[T], Sequence[T]], Iterable[Pair[T]]],
) -> Iterator[Pair[T]]:
    """Both sequences as one, in order, what is equal side by side. rest: pairs what was replaced by what."""
    keys, others = [key(each) for each in before], [key(each) for each in after]
    if _weight(keys, others) > MAX_PAIRS:
        yield from _apart(before, after)
        return
    matcher = SequenceMatcher(None, keys, others, autojunk=False)
    for what, low, high, from_, to in matcher.get_opcodes():
        if what == "equal":
            yield from zip(before[low:high], after[from_:to], strict=True)
        else:
            yield from rest(before[low:high], after[from_:to])


def _weight(before: Iterable[object], after: Iterable[object]) -> int:
    counted = Counter(after)
    return sum(times * counted[each] for each, times in Counter(before).items())


def _apart(before: Iterable[T], after: Iterable[T]) -> Iterator[Pair[T]]:
    """Nothing became anything: all of the one went, and all of the other came."""
    yield from ((each, None) for each in before)
    yield from ((None, each) for each in after)


def _became(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Pair[Block]]:
    """Blocks that were replaced: those much alike became one another, in order; the others went and came."""
    if len(before) * len(after) > MAX_BLOCKS:
        yield from _apart(before, after)
        return
    low = from_ = 0
    for high, to in _best_matches(before, after):
        yield from _apart(before[low:high], after[from_:to])
        yield before[high], after[to]
        low, from_ = high + 1, to + 1
    yield from _apart(before[low:], after[from_:])


def _best_matches(before: Sequence[Block], after: Sequence[Block]) -> list[tuple[int, int]]:
    """Which block became which, so that as much as can be stays and none passes another."""
    best: list[list[_Chain]] = [[(0.0, ())] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i, old in enumerate(before):
        for j, new in enumerate(after):
            choices = [best[i][j + 1], best[i + 1][j]]
            if (alike := _alike(old, new)) >= ALIKE:
                score, chain = best[i][j]
                choices.append((score + alike, ((i, j), chain)))
            best[i + 1][j + 1] = max(choices, key=lambda choice: choice[0])
    return _unchained(best[-1][-1][1])


def _unchained(chain: tuple[Any, ...]) -> list[tuple[int, int]]:
    found = []
    while chain:
        pair, chain = chain
        found.append(pair)
    return found[::-1]


def _alike(before: Block, after: Block) -> float:
    """How much of two blocks is the same words, from 0 to 1; blocks of different shapes are not alike."""
    if before.shape != after.shape:
        return 0
    words, others = before.counted(), after.counted()
    return 2 * (words & others).total() / (words.total() + others.total())
