"""Text from outside: validated lines and bodies; Markdown to safe HTML."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

import nh3

from circles.base.errors import Reason, Refused

# markdown_it is imported at its first use: starting is faster without it.
if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Characters that nothing is drawn for: format characters (Unicode category Cf), those that "should be ignored in
# rendering unless supported" (Default_Ignorable_Code_Point), and blanks that are letters or symbols by category.
# In a name they make a twin or an empty line, and those for directions make one word read as another (UAX #9).
# Left out here are the few format characters of Arabic, Syriac and Kaithi that are drawn.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Where one of them is part of how something is written, it stays: a joiner between letters of the scripts that use
# joiners (Arabic to Khmer, and the Indic scripts), a joiner between emoji, one variation selector after a character,
# Mongolian's own selectors after its letters, and the tags that make a flag of a region.
_JOINED = (
    "[\u0600-\u061b\u061d-\u07ff\u0840-\u109f\u1700-\u17b3\u17b6-\u180a\u1810-\u1cff\ua800-\uaaff"
    "\uabc0-\uabff\U00010a00-\U00011fff]"
)
_PICTURE = "[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]\ufe0f?"
_KEPT = re.compile(
    f"(?<={_JOINED})[\u200c\u200d](?={_JOINED})"
    f"|{_PICTURE}(?:\u200d{_PICTURE})+"
    "|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    "|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    "|[#*0-9]\ufe0f\u20e3"
    "|(?<=[\u00a9\u00ae\u1000-\u109f\u203c\u2049\u2070-\u27ff\u2801-\u3163\u3165-\u3299\u3400-\u9fff\uaa60-\uaa7f"
    "\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_BRAILLE_BLANK = "\u2800"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | str.maketrans(
    "\u3000\uffe0\uffe1\uffe5\uffe6", " ¢£¥₩"
)
_SEPARATORS = str.maketrans("\u066b\u066c\u060c", ".',")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")

# Unicode sorts the marks of a letter when it normalizes, by the square of their number: 5 s for 100,000. No writing has
# more on one letter than UAX #15 lets a stream have.
MAX_MARKS_IN_A_ROW = 30

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
# Parsing takes time by the square of how many of these a text has: 4 s for 20,000 characters of nothing else. No text
# that somebody writes has so many; one that has is shown as plain paragraphs.
_MAX_MARKS = {"[": 400, "<": 400, "://": 200}


@cache
def _markdown() -> MarkdownIt:
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable("linkify")
    # A bare address is a link, but only where it is written whole: "ada.example" may be a name, and a mail address
    # is not pressed by chance.
    fuzzy = {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    parser.linkify = LinkifyIt({"ftp:": None, "//": None}, fuzzy)
    return parser


@cache
def _paragraphs() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero")


def normalized(form: Literal["NFC", "NFKC", "NFKD"], value: str) -> str:
    """The text in a normal form of Unicode; of marks on one letter the first MAX_MARKS_IN_A_ROW."""
    if value.isascii():
        return value
    return unicodedata.normalize(form, value if len(value) <= MAX_MARKS_IN_A_ROW else _stream_safe(value))


def _stream_safe(value: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in value:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def without_invisible(value: str) -> str:
    """The text without characters that nothing is drawn for, except where a script or an emoji is written with them.

    In NFC. The blank of Braille becomes a space.
    """
    if value.isascii():
        return value
    value = normalized("NFC", value).replace(_BRAILLE_BLANK, " ")
    if not _INVISIBLE.search(value):
        return value
    kept = []
    end = 0
    for match in _KEPT.finditer(value):
        kept += (_INVISIBLE.sub("", value[end : match.start()]), match[0])
        end = match.end()
    return normalized("NFC", "".join((*kept, _INVISIBLE.sub("", value[end:]))))


def plain_digits(value: str) -> str:
    """A typed number for its reader: trimmed, without any invisible character, in ASCII where it was full-width.

    So are the digits of every script (category Nd), and the separators of Arabic numbers.
    """
    if value.isascii():
        return value.strip()
    value = _INVISIBLE.sub("", value.replace(_BRAILLE_BLANK, " ")).translate(_FULL_WIDTH)
    return "".join(str(unicodedata.decimal(one, one)) for one in value.translate(_SEPARATORS)).strip()


def is_blank(value: str) -> bool:
    """Whether nothing in the text can be seen: invisible characters, spaces, marks with no letter under them."""
    return not any(unicodedata.category(character)[0] in "LNSP" for character in without_invisible(value))


def _without_hidden(value: str, field: str, keep_newlines: bool) -> str:
    if value.isascii() and value.isprintable():
        return value  # the common case: nothing to remove
    kept = without_invisible(value)
    for character in kept:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and not (character in "\n\t" and keep_newlines)):
            raise Refused(
                Reason("bad_character", "This has a hidden character in it. Please type it again.", field)
            )
    return kept


def line(value: str, field: str = "", *, max_length: int = 120, required: bool = True) -> str:
    """One line of text: a name, a title, an address. Trimmed, runs of spaces made one, NFC.

    Invisible characters are dropped, emoji stay. Raises Refused for line breaks, control characters, more than
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

    Line breaks and control characters become spaces, invisible ones are removed, and it is cut at `max_length`.
    """
    if value.isascii() and value.isprintable():
        return _SPACES.sub(" ", value).strip()[:max_length].rstrip()
    kept = [
        " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
        for character in without_invisible(value)
    ]
    return _SPACES.sub(" ", "".join(kept)).strip()[:max_length].rstrip()


def body(value: str, field: str = "", *, max_length: int = 20_000, required: bool = True) -> str:
    """Several lines of text or Markdown. Line ends become \\n. Raises Refused like `line`, except for line breaks."""
    text = _LINE_ENDS.sub("\n", value)
    text = _without_hidden(text, field, keep_newlines=True).strip()
    return _limited(text, field, max_length, required)


def _limited(text: str, field: str, max_length: int, required: bool) -> str:
    if text and not text.isascii() and is_blank(text):
        raise Refused(Reason("invisible", "Please write something that can be seen.", field))
    if required and not text:
        raise Refused(Reason("missing", "Please fill this in.", field))
    if len(text) > max_length:
        raise Refused(
            Reason(
                "too_long", f"This is {len(text):,} characters long; please keep it to {max_length:,}.", field
            )
        )
    return text


def parse_address(typed: str, field: str = "email") -> str:
    """A mail address as it is stored: lower case, a domain in other letters in its ASCII form (RFC 5891).

    Raises Refused for what is no address, or one whose name part our mail cannot reach.
    """
    address = _normalized(line(typed, field, max_length=254))
    if not address:
        raise Refused(
            Reason("address_unreadable", "Please give a mail address such as name@example.org.", field)
        )
    return address


@lru_cache(maxsize=64)
def _normalized(typed: str) -> str:
    """An address as it is stored; empty for an invalid one. Cached, because a form is read more than once."""
    # Imported here, because the import compiles many patterns.
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    return (address.ascii_email or address.normalized).lower()


@lru_cache(maxsize=256)
def markdown(source: str) -> str:
    """Markdown as safe HTML: raw HTML is shown as text, links are http, https or mailto only; a bare address is one.

    Cached, because parsing takes a millisecond and guidelines repeat.
    """
    html = _parser(source).render(source).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def markdown_tokens(source: str) -> list[Token]:
    """The tokens of Markdown in reading order, to render it as something other than HTML."""
    return _parser(source).parse(source)


def _parser(source: str) -> MarkdownIt:
    has_too_many = any(source.count(mark) > most for mark, most in _MAX_MARKS.items())
    return _paragraphs() if has_too_many else _markdown()
