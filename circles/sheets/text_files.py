"""Text files with one record a line (CSV and its kin): their encoding, their delimiter, their records."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Final

from circles.base.errors import Reason, Refused
from circles.sheets import kinds
from circles.sheets.details import MAX_ROW

# In place of NUL, which no text column takes; a row that holds it is refused, and the other rows are not.
NO_CHARACTER: Final = "\x1a"
_DELIMITERS: Final = (",", ";", "\t", "|")
_END: Final = "~ the end of the file ~"
# Encodings of one byte a letter, as offices have them, the most usual first.
_ONE_BYTE: Final = {
    "cp1252": "Windows Latin",
    "mac_roman": "Macintosh Roman",
    "cp850": "the DOS code page 850",
}
_USUAL_SIGNS: Final = frozenset("’‘“”„–—…•·°®©™€£§½¼¾²³\xa0")


def records(sent: bytes) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """Every record of a text file with its number, and notes about how it was read. Raises Refused."""
    words, notes = _decode(sent)
    if not kinds.is_table(words):
        raise Refused(kinds.reason("other"))
    return list(_numbered(words.replace("\0", NO_CHARACTER))), notes


# Encoding


def _decode(sent: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a note where its encoding was guessed."""
    for encoding in _unicode_encodings(sent):
        try:
            return sent.decode(encoding), ()
        except UnicodeDecodeError:
            continue
    if sent.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(kinds.reason("other"))
    mixed = _decode_lines(sent)
    if mixed is not None:
        return mixed, ("Some lines of this file are written in another encoding than the others. Please check "
                       "names with accents.",)  # fmt: skip
    encoding = max(_ONE_BYTE, key=lambda name: _plausibility(sent, name))
    note = f"The file does not name its character encoding; we read it as {_ONE_BYTE[encoding]}."
    return sent.decode(encoding, "replace"), (f"{note} Please check names with accents.",)


def _unicode_encodings(sent: bytes) -> tuple[str, ...]:
    if sent.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    start = sent[:200]
    if start[1::2].count(0) > len(start[1::2]) // 2:
        return ("utf-16-le",)
    if start[::2].count(0) > len(start[::2]) // 2:
        return ("utf-16-be",)
    return ("utf-8-sig",)


def _decode_lines(sent: bytes) -> str | None:
    """A file of UTF-8 with some lines in Windows Latin, pasted from elsewhere; None when most are not UTF-8."""
    lines, strange = [], 0
    accented = 0
    for line in sent.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            lines.append(line.decode())
            accented += not line.isascii()
        except UnicodeDecodeError:
            strange += 1
            lines.append(line.decode("cp1252", "replace"))
    return "\n".join(lines) if accented > strange else None


def _plausibility(sent: bytes, encoding: str) -> int:
    """How much a text looks like one that people wrote, by its letters beyond ASCII."""
    score = 0
    text = sent[:200_000].decode(encoding, "replace")
    for at, character in enumerate(text):
        if character > "\x7f":
            if character in _USUAL_SIGNS:
                score += 1
            elif character.isalpha() and "LATIN" in unicodedata.name(character, ""):
                # A capital within a word (“JosŽ”, “MÅller”) is a sign of the wrong encoding.
                before, after = text[at - 1 : at], text[at + 1 : at + 2]
                is_within = before.islower() or (before.isalpha() and after.islower())
                score += -1 if character.isupper() and is_within else 2
            else:
                score -= 2
    return score


# Records


def _numbered(words: str) -> Iterator[tuple[int, list[str]]]:
    first, _, rest = words.partition("\n")
    declaration = first.strip().strip('"')
    if declaration.startswith("sep=") and len(declaration) == 5:
        return enumerate(_parsed(rest, declaration[4]), start=2)
    return enumerate(_parsed(words, _delimiter(words)), start=1)


def _delimiter(words: str) -> str:
    """The delimiter: the one that gives the most rows of one width, and the widest.

    A title above the list, or commas within its cells, may not decide.
    """
    start = words.lstrip("\r\n \ufeff")[:50_000]

    def score(sign: str) -> float:
        widths: list[int] = []
        try:
            for record in csv.reader(io.StringIO(start, newline=""), delimiter=sign):
                if len(record) > 1 or (record and record[0].strip()):
                    widths.append(len(record))
                if len(widths) == 60:
                    break
        except csv.Error:
            pass
        each = Counter(widths).items()
        return max(((width - 1) * often / len(widths) for width, often in each), default=0)

    return max(_DELIMITERS, key=score)


def _parsed(words: str, delimiter: str) -> Iterator[list[str]]:
    """The records; raises Refused for too many, and for a quotation mark that is never closed.

    A last record of our own shows it: an open quotation mark would swallow that too.
    """
    ended = words if words.endswith(("\n", "\r")) else words + "\n"
    reader = csv.reader(io.StringIO(ended + _END, newline=""), delimiter=delimiter)
    record: list[str] = []
    number = 0
    try:
        for record in reader:
            number += 1
            if number > MAX_ROW:
                message = f"This file has more than {MAX_ROW:,} rows. Please send it in parts."
                raise Refused(Reason("too_many_rows", message, "file"))
            if record != [_END]:
                if record and record[-1].endswith(_END):
                    break
                yield record
    except csv.Error:  # a cell larger than csv.field_size_limit()
        message = (
            f"In row {number + 1} a cell holds more than {csv.field_size_limit():,} characters, or a quotation mark is "
            "opened and never closed. Please correct the rows there, and send the file again."
        )
        raise Refused(Reason("open_quote", message, "file")) from None
    if record != [_END]:
        where = f"In row {number or 1} a quotation mark is opened and never closed"
        message = f"{where}, so the rows after it run together."
        raise Refused(Reason("open_quote", message, "file"))


_SHORTENED: Final = re.compile(r"\s*\d(?:[.,]\d+)?E\+?\d{1,3}\s*", re.I | re.ASCII)


def is_shortened(cell: str) -> bool:
    """Whether a spreadsheet has written a long number in short, as 9.73556E+09: its digits are lost."""
    return bool(_SHORTENED.fullmatch(cell))
