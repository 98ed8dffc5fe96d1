"""The texts of the guides: Markdown files with a few header lines, which a community can edit."""

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
class Link:
    """A link to a next page: its text and its URL."""

    text: str
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
    next: Link | None
    also: Link | None


# The pages that are not texts, by the slug of the page before them in the list.
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
    """Every text by its slug, in the order of the file names. Raises ValueError for a missing header line."""
    all_texts = (read(path) for path in sorted(FOLDER.glob("*.md")) if _NAME.fullmatch(path.name))
    return {guide.slug: guide for guide in all_texts}


def read(path: Path) -> Guide:
    """One text from its file. Raises ValueError for a missing header line or an unknown group."""
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
        _link(lines.get("Next", "")),
        _link(lines.get("Also", "")),
    )


def _link(line: str) -> Link | None:
    text, _, href = (part.strip() for part in line.partition("|"))
    return Link(text, href) if text and href else None


@cache
def contents() -> list[tuple[str, list[Entry]]]:
    """The list of guides: each heading with its pages in order."""
    entries: list[Entry] = []
    for guide in guides().values():
        following: Entry | None = guide
        while following:
            entries.append(following)
            following = TOOLS.get(following.slug)
    return [(group, [entry for entry in entries if entry.group == group]) for group in GROUPS]
