"""A Markdown text as the blocks and words a reader sees, without the marks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from circles.base import text

# markdown_it is imported at its first use: starting is faster without it.
if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_PARTS = re.compile(r"\S+|\s+")
_LEAVES = ("inline", "fence", "code_block", "hr")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a part of one where its style changes. style: strong, em, code; space: what follows it."""

    text: str
    style: frozenset[str] = frozenset()
    space: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    """One block: heading, item (of a list), plain, quote, code or rule.

    level: of a heading, or how deep an item lies; number: of an item, which is not compared.
    """

    shape: str
    words: tuple[Word, ...]
    level: int = 1
    number: str = field(default="", compare=False)


@lru_cache(maxsize=64)
def read(source: str) -> tuple[Block, ...]:
    """The blocks of a text. Those without a word are left out."""
    from markdown_it.tree import SyntaxTreeNode

    root = SyntaxTreeNode(text.markdown_tokens(source))
    blocks = (_block(node) for node in root.walk() if node.type in _LEAVES)
    return tuple(block for block in blocks if block.words)


def _block(node: SyntaxTreeNode) -> Block:
    words = _trimmed(_words(node, frozenset()))
    if node.type != "inline":
        return Block("rule" if node.type == "hr" else "code", words)
    parents = list(_parents(node))
    item = parents[1] if len(parents) > 1 else None
    if parents[0].type == "heading":
        return Block("heading", words, int(parents[0].tag[1:]))
    if item and item.type == "list_item" and item.children[0] is parents[0]:
        depth = sum(parent.type in ("bullet_list", "ordered_list") for parent in parents)
        return Block("item", words, depth, f"{item.info}." if item.info else "")
    return Block("quote" if any(parent.type == "blockquote" for parent in parents) else "plain", words)


def _parents(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    while node.parent and not node.parent.is_root:
        node = node.parent
        yield node


def _words(node: SyntaxTreeNode, style: frozenset[str]) -> Iterator[Word]:
    """The words of a node, each in its style. A link's address follows its text, where the two differ."""
    if node.type in ("strong", "em"):
        style |= {node.type}
    if node.type == "hr":
        yield Word("* * *")
    elif node.type in ("softbreak", "hardbreak"):
        yield Word("", style, " ")
    elif node.type == "code_inline":
        yield from _split(node.content, style | {"code"})
    elif not node.children:
        yield from _split(node.content, style)
    else:
        words = [word for child in node.children for word in _words(child, style)]
        yield from words
        address = str(node.attrs["href"]) if node.type == "link" else ""
        if address.removeprefix("mailto:") != "".join(word.text for word in words) and address:
            yield from _split(f" ({address})", style)


def _split(content: str, style: frozenset[str]) -> Iterator[Word]:
    parts = _PARTS.findall(content)
    return (Word("", style, " ") if part.isspace() else Word(part, style) for part in parts)


def _trimmed(words: Iterable[Word]) -> tuple[Word, ...]:
    """The words with one space after each where there was any, and none after the last."""
    trimmed: list[Word] = []
    for word in words:
        if word.text:
            trimmed.append(word)
        elif trimmed:
            trimmed[-1] = replace(trimmed[-1], space=" ")
    return (*trimmed[:-1], *(replace(word, space="") for word in trimmed[-1:]))
