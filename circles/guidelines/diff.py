"""What differs between two versions of a text, word by word, in lines that can be shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

Kind = Literal["same", "added", "removed"]

# A word with the spaces after it, or the end of a line.
_TOKENS = re.compile(r"\n|[^\s]+[^\S\n]*|[^\S\n]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_HEADING = re.compile(r"#{1,6}\s+")
_ITEM = re.compile(r"([-*+]|\d{1,3}[.)])\s+")

# How many pairs of equal words may be weighed. Beyond it a block counts as replaced whole, so that no text makes a
# reader wait.
MOST_PAIRS = 300_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, came or went."""

    kind: Kind
    words: str


@dataclass(slots=True)
class Line:
    """One line of the text: "heading", "item" or "plain", and what it is made of."""

    shape: str = "plain"
    pieces: list[Piece] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything came or went in it."""
        return any(piece.kind != "same" for piece in self.pieces)


@lru_cache(maxsize=64)
def lines(old: str, new: str) -> tuple[Line, ...]:
    """The lines of both texts as one, each with what stayed, came and went. Empty lines are left out."""
    found = [Line()]
    for piece in _pieces(old, new):
        first, *others = piece.words.split("\n")
        _put(found[-1], piece.kind, first)
        for words in others:
            found.append(Line())
            _put(found[-1], piece.kind, words)
    return tuple(_shaped(line) for line in found if any(piece.words.strip() for piece in line.pieces))


def _put(line: Line, kind: Kind, words: str) -> None:
    if words:
        line.pieces.append(Piece(kind, words))


def _shaped(line: Line) -> Line:
    """Say what a line is by its Markdown mark. The mark itself is not shown unless it is what changed."""
    first = line.pieces[0]
    for shape, mark in (("heading", _HEADING), ("item", _ITEM)):
        found = mark.match(first.words)
        if found:
            rest = first.words[found.end() :]
            if rest or first.kind == "same":
                line.pieces[:1] = [Piece(first.kind, rest)] if rest else []
            return Line(shape, line.pieces or [first])
    return line


def _pieces(old: str, new: str) -> Iterator[Piece]:
    """What stayed, came and went: by whole lines first, then by words where lines were replaced by others."""
    for removed, added in _blocks(_LINES, old, new):
        if removed is added:
            yield Piece("same", added)
        elif removed and added:
            for gone, come in _blocks(_TOKENS, removed, added):
                yield from _marked(gone, come)
        else:
            yield from _marked(removed, added)


def _marked(removed: str, added: str) -> Iterator[Piece]:
    if removed is added:
        yield Piece("same", added)
        return
    if removed:
        yield Piece("removed", removed)
    if added:
        yield Piece("added", added)


def _blocks(pattern: re.Pattern[str], old: str, new: str) -> Iterator[tuple[str, str]]:
    """What stood before and what stands now, block by block; one and the same object where nothing changed."""
    before, after = pattern.findall(old), pattern.findall(new)
    if _pairs(before, after) > MOST_PAIRS:
        yield old, f"\n{new}"
        return
    matcher = SequenceMatcher(None, _bare(before), _bare(after), autojunk=False)
    for what, low, high, from_, to in matcher.get_opcodes():
        if what == "equal":
            # Of the spaces after a word the longer ones, so that what comes next does not stick to it.
            same = "".join(max(pair, key=len) for pair in zip(before[low:high], after[from_:to], strict=True))
            yield same, same
        else:
            yield "".join(before[low:high]), "".join(after[from_:to])


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    counted = Counter(after)
    return sum(times * counted[token] for token, times in Counter(before).items())


def _bare(tokens: Sequence[str]) -> list[str]:
    """Tokens without the spaces after them: a word at the end of a line is the same word."""
    return [token.rstrip() or token for token in tokens]
