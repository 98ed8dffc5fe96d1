"""The guides' texts: Markdown files with a few lines on top, so that a community can edit them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from circles.store import templates

FOLDER = templates.ROOT / "templates" / "guides" / "texts"

# The headings of the list of guides, in order.
GROUPS = ("Around a medicine session", "Circles", "Therapists", "If it cannot wait")

_NAME = re.compile(r"\d+-([a-z0-9-]+)\.md")


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a page: its words and its address."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of guides."""

    slug: str
    title: str
    sentence: str
    group: str


@dataclass(frozen=True, slots=True)
class Guide(Entry):
    """One text. next: the one button of its page; also: a link beside it."""

    body: str
    next: Way | None
    also: Way | None


# The pages that are no texts, each with the text it stands behind in the list.
TOOLS: Mapping[str, Entry] = {
    "the-first-days": Entry(
        "when-to-come",
        "When to come",
        "Give the day of your medicine session and see which gatherings fit. Nothing of it is kept.",
        GROUPS[0],
    ),
    "when-to-come": Entry(
        "reflection",
        "Reflection sheet",
        "Eight questions to write on, to print or to keep as a file. Your words stay in your browser.",
        GROUPS[0],
    ),
    "choosing-a-therapist": Entry(
        "three-questions",
        "The three questions",
        "A card to print and hold in your hand when you call.",
        GROUPS[2],
    ),
}


@cache
def guides() -> Mapping[str, Guide]:
    """Every text by its slug, in the order of the file names. Raises ValueError for a file that lacks a line."""
    found = (read(path) for path in sorted(FOLDER.glob("*.md")) if _NAME.fullmatch(path.name))
    return {guide.slug: guide for guide in found}


def read(path: Path) -> Guide:
    """One text from its file. Raises ValueError for a line that lacks or a group that is none."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    lines = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    named = _NAME.fullmatch(path.name)
    missing = [name for name in ("Title", "In a sentence", "Group") if not lines.get(name)]
    if missing or not named or lines["Group"] not in GROUPS:
        raise ValueError(f"{path.name} needs Title, In a sentence, and a Group of {GROUPS}")
    return Guide(
        named[1],
        lines["Title"],
        lines["In a sentence"],
        lines["Group"],
        body,
        _way(lines.get("Next", "")),
        _way(lines.get("Also", "")),
    )


def _way(line: str) -> Way | None:
    words, _, href = (part.strip() for part in line.partition("|"))
    return Way(words, href) if words and href else None


@cache
def contents() -> list[tuple[str, list[Entry]]]:
    """The list of guides: each heading with its pages, texts and others in one order."""
    entries: list[Entry] = []
    for guide in guides().values():
        following: Entry | None = guide
        while following:
            entries.append(following)
            following = TOOLS.get(following.slug)
    return [(group, [entry for entry in entries if entry.group == group]) for group in GROUPS]
