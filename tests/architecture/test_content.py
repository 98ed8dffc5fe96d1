"""No SQL in Python, no inline scripts, the vocabulary of the pages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = sorted((ROOT / "circles").rglob("*.py"))


SQL_WORDS = re.compile(
    r"^\s*(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s", re.I | re.S
)


@pytest.mark.parametrize("path", [ROOT / "app.py", *MODULES], ids=lambda p: p.stem)
def test_no_sql_in_python(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not SQL_WORDS.match(node.value), f"{path.name}:{node.lineno} holds SQL"


def test_no_template_has_inline_script_or_style() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        if path.parent.name == "mail":
            continue
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on", text), (
            f"{path.name} has inline script or style"
        )
        # Data of schema.org is no script: browsers run none of it.
        inline = r"<script(?![^>]*(?:\ssrc=|type=\"application/ld\+json\"))"
        assert not re.search(inline, text), f"{path.name} has an inline script"


def test_nothing_is_loaded_from_elsewhere() -> None:
    loads = re.compile(
        r"""(?:src|srcset|action)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//|@import|url\(['"]?(?:[a-z]+:)?//|url\(['"]?data:"""
    )
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").glob("*.css")]:
        assert not loads.search(path.read_text()), f"{path.name} loads something from elsewhere"


# The word list of the design, for what people see. Sessions of medicine and of therapy keep their word.
NEVER = re.compile(r"\b(users?|ticket|waiver|scholarship|log ?in|sign up now|occurrence)\b|!</|oops", re.I)


def test_pages_use_the_words_of_the_design() -> None:
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix not in (".html", ".txt"):
            continue
        words = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]+>", " ", path.read_text(), flags=re.S)
        found = NEVER.search(words)
        assert not found, f"{path.name} says {found.group(0)!r}" if found else ""


MAX_TEMPLATE_LINE = 140


def test_lines_of_templates_stay_readable() -> None:
    """The guides' texts are prose in Markdown and not meant."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "templates").rglob("*")
        if path.suffix in (".html", ".txt")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > MAX_TEMPLATE_LINE
    ]
    assert not long, f"over {MAX_TEMPLATE_LINE} columns: {', '.join(long)}"


BRITISH = re.compile(
    r"\b(cancell(ed|ing)|licen[c]es?|colours?|centres?|programmes?|favour\w*|behaviour\w*"
    r"|(organ|recogn|real|apolog)is(e|ed|es|ing)|travell\w+|whilst)\b",
    re.I,
)


def test_spelling_is_american() -> None:
    """On pages and in mails, and in every sentence of the code: a string with a space in it."""
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix in (".html", ".txt", ".md"):
            words = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]+>", " ", path.read_text(), flags=re.S)
            assert not (found := BRITISH.search(words)), f"{path}: {found}"
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                assert not (found := BRITISH.search(node.value)), f"{path}:{node.lineno}: {found}"
