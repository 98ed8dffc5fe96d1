"""Text from outside: validated lines and bodies; Markdown to safe HTML."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from circles.base.errors import Reason, Refused

# Characters that reverse the reading direction can make a name read as another (Unicode UAX #9).
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DIRECTION = frozenset("\u200e\u200f\u061c")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")

_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "h2",
    "h3",
    "h4",
    "blockquote",
    "hr",
    "a",
    "code",
    "pre",
}
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False})


def _without_hidden(value: str, field: str, keep_newlines: bool) -> str:
    if value.isascii() and value.isprintable():
        return value  # the common case: nothing to remove
    kept = []
    for character in unicodedata.normalize("NFC", value):
        if character in _REVERSING or character in _DIRECTION or character == "\ufeff":
            continue
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and not (character in "\n\t" and keep_newlines)):
            raise Refused(
                Reason("bad_character", "This has a hidden character in it. Please type it again.", field)
            )
        kept.append(character)
    return "".join(kept)


def line(value: str, field: str = "", *, max_length: int = 120, required: bool = True) -> str:
    """One line of text: a name, a title, an address. Trimmed, runs of spaces made one, NFC.

    Direction marks are dropped, emoji stay. Raises Refused for line breaks, control characters, more than
    `max_length` characters, or nothing where something is required.
    """
    if value.isascii() and value.isprintable() and "  " not in value:
        return _limited(value.strip(), field, max_length, required)  # nothing to clean or refuse
    if _LINE_ENDS.search(value.strip()):
        raise Refused(Reason("line_break", "Please keep this to one line.", field))
    text = _SPACES.sub(
        " ", _without_hidden(value.strip().replace("\t", " "), field, keep_newlines=False)
    ).strip()
    return _limited(text, field, max_length, required)


def tidy_line(value: str, *, max_length: int = 200) -> str:
    """One line made of any text, never refused: for mail headers and calendars.

    Line breaks and control characters become spaces, direction marks are removed, and it is cut at `max_length`.
    """
    if value.isascii() and value.isprintable():
        return _SPACES.sub(" ", value).strip()[:max_length].rstrip()
    kept = [
        " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
        for character in unicodedata.normalize("NFC", value)
        if character not in _REVERSING and character not in _DIRECTION and character != "\ufeff"
    ]
    return _SPACES.sub(" ", "".join(kept)).strip()[:max_length].rstrip()


def body(value: str, field: str = "", *, max_length: int = 20_000, required: bool = True) -> str:
    """Several lines of text or Markdown. Line ends become \\n. Raises Refused like `line`, except for line breaks."""
    text = _LINE_ENDS.sub("\n", value)
    text = _without_hidden(text, field, keep_newlines=True).strip()
    return _limited(text, field, max_length, required)


def _limited(text: str, field: str, max_length: int, required: bool) -> str:
    if required and not text:
        raise Refused(Reason("missing", "Please fill this in.", field))
    if len(text) > max_length:
        raise Refused(
            Reason(
                "too_long", f"This is {len(text):,} characters long; please keep it to {max_length:,}.", field
            )
        )
    return text


@lru_cache(maxsize=256)
def markdown(source: str) -> str:
    """Markdown as safe HTML: raw HTML is shown as text, links are http, https or mailto only.

    Cached, because parsing takes a millisecond and guidelines repeat.
    """
    html = _markdown.render(source).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def markdown_tokens(source: str) -> list[Token]:
    """The tokens of Markdown in reading order, to render it as something other than HTML."""
    return _markdown.parse(source)
