"""A Markdown text as blocks of words, such as somebody reads it: headings, items, paragraphs. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from circles.base import text

# A word with the spaces after it, or spaces alone.
_WORDS = re.compile(r"\S+\s*|\s+")
_STYLES = {"strong_open": "strong", "em_open": "em"}
_ENDS = {"strong_close": "strong", "em_close": "em"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a part of one where its style changes, with the spaces after it. style: strong, em, code."""

    text: str
    style: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Block:
    """One block: heading, item (of a list), plain, quote, code or rule. number: of an item, which is not compared.

    level: of a heading, or how deep an item lies.
    """

    shape: str
    words: tuple[Word, ...]
    level: int = 1
    number: str = field(default="", compare=False)

    def counted(self) -> Counter[str]:
        """How often each word stands in it."""
        return Counter(word.text.rstrip() for word in self.words)


@lru_cache(maxsize=64)
def read(source: str) -> tuple[Block, ...]:
    """The blocks of a text. Those without a word are left out."""
    return tuple(_walk(text.markdown_tokens(source)))


def _walk(tokens: Sequence[Any]) -> Iterator[Block]:
    quotes, lists, number, begins = 0, 0, "", False
    for at, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists -= 1
        elif token.type == "list_item_open":
            number, begins = f"{token.info}." if token.info else "", True
        elif token.type in ("blockquote_open", "blockquote_close"):
            quotes += 1 if token.nesting > 0 else -1
        elif token.type in ("inline", "fence", "code_block", "hr"):
            shape, level = _shape(token, tokens[at - 1], begins=begins, quotes=quotes, lists=lists)
            words = tuple(_closed_up(_words(token)))
            if words:
                yield Block(shape, words, level, number if shape == "item" else "")
            begins = False


def _shape(token: Any, before: Any, *, begins: bool, quotes: int, lists: int) -> tuple[str, int]:
    if token.type == "hr":
        return "rule", 1
    if token.type != "inline":
        return "code", 1
    if before.type == "heading_open":
        return "heading", int(before.tag[1:])
    if begins and lists:
        return "item", lists
    return ("quote" if quotes else "plain"), 1


def _words(token: Any) -> Iterator[Word]:
    if token.type == "hr":
        yield Word("* * *")
    elif token.type != "inline":
        yield from _split(token.content.rstrip(), frozenset())
    else:
        yield from _inline(token.children or ())


def _closed_up(words: Iterable[Word]) -> Iterator[Word]:
    """Words with the spaces after them, where these came by themselves; none before the first or after the last."""
    last: Word | None = None
    for word in words:
        if word.text.strip():
            if last:
                yield last
            last = word
        elif last:
            last = Word(last.text.rstrip() + " ", last.style)
    if last:
        yield Word(last.text.rstrip(), last.style)


def _inline(children: Sequence[Any]) -> Iterator[Word]:
    """The words of a line, each in its style; a link says where it leads, where its words do not."""
    style: frozenset[str] = frozenset()
    link = said = ""
    for token in children:
        if token.type in _STYLES:
            style |= {_STYLES[token.type]}
        elif token.type in _ENDS:
            style -= {_ENDS[token.type]}
        elif token.type == "link_open":
            link, said = str(token.attrGet("href") or ""), ""
        elif token.type == "link_close" and link.removeprefix("mailto:") != said:
            yield from _split(f" ({link})", style)
        else:
            words = " " if token.type in ("softbreak", "hardbreak") else token.content
            said += words
            yield from _split(words, style | {"code"} if token.type == "code_inline" else style)


def _split(words: str, style: frozenset[str]) -> Iterator[Word]:
    return (Word(found, style) for found in _WORDS.findall(words))
