"""What a workbook is before anything opens it: how large it unpacks, and which of its cells hold formulas.

An XLSX file is a ZIP archive of XML parts (ECMA-376, Office Open XML); python-calamine reads it, but unpacks
whatever it is given, and lays out every cell up to the farthest one.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Final

from circles.base.errors import Reason, Refused
from circles.directory.imports import kinds as import_kinds

MAX_UNPACKED: Final = 50_000_000
MAX_PARTS: Final = 1_000
# A sheet is laid out up to its farthest cell, empty ones too.
MAX_ROW: Final = 20_000
MAX_COLUMN: Final = 200
MAX_SHARED: Final = 50_000_000

_CELL_AT = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ROW_AT = re.compile(rb"<(?:\w+:)?row\b[^<>]*?\br=[\"'](\d+)[\"']")
# What was read of a tag is never read again (?>...), so that no file makes this take long.
_FORMULA_AT = re.compile(
    rb"(?><(?:\w+:)?c\b[^<>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'])[^<>]*+(?<!/)>\s*+<(?:\w+:)?f\b"
)
_SHARED_AT = re.compile(rb"(?><(?:\w+:)?c\b[^<>]*?\bt=[\"']s[\"'])[^<>]*+>\s*+<(?:\w+:)?v>(\d{1,9})<")
_SHEET_AT = re.compile(rb"<(?:\w+:)?sheet\b[^<>]*>")
_RELATION_AT = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]*>")

Parts = Mapping[str, bytes]

# What spreadsheet programs pack their parts by. The others (bzip2, LZMA) raise errors of their own, and unpack slowly.
PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a mangled archive raises: zipfile itself; zlib, where a packed part is not what was packed; where a part
# ends too early; a place or a name in it that cannot be (ValueError); a feature that zipfile lacks.
UNZIPPING: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


def broken() -> Refused:
    """Said of what begins like a workbook and cannot be read as one."""
    says = "This workbook is damaged or is no XLSX file. Please open it, save it again as .xlsx or .csv, and send that."
    return Refused(Reason("broken", says, "file"))


def _too_much(says: str) -> Refused:
    return Refused(Reason("too_much", says, "file"))


def open_checked(sent: bytes) -> Parts:
    """The XML parts of a workbook. Raises Refused when it is none, or unpacks to more than anybody's list would."""
    try:
        with zipfile.ZipFile(io.BytesIO(sent)) as archive:
            entries = archive.infolist()
            _refuse_others(entries, sent)
            if len(entries) > MAX_PARTS or sum(each.file_size for each in entries) > MAX_UNPACKED:
                raise _too_much(
                    "This workbook unpacks to more than 50 MB. Please save only the list itself, as .csv or .xlsx."
                )
            # Each part is read whole and checked, so that none is larger than it says.
            parts = {each.filename: archive.read(each) for each in entries}
    except Refused:
        raise
    except UNZIPPING:
        raise broken() from None
    _measure(parts)
    return {name: part for name, part in parts.items() if name.endswith((".xml", ".rels"))}


def _refuse_others(entries: Sequence[zipfile.ZipInfo], sent: bytes) -> None:
    """Refuse an archive that is no workbook, or packed in a way that no spreadsheet program does."""
    names = {each.filename for each in entries}
    other = import_kinds.in_archive(names, sent)
    if other:
        raise Refused(import_kinds.reason(other))
    if any(each.flag_bits & 1 for each in entries):
        raise Refused(import_kinds.reason("locked"))
    if "xl/workbook.xml" not in names or any(each.compress_type not in PACKED for each in entries):
        raise broken()


def _measure(parts: Parts) -> None:
    """Refuse sheets that would take up far more room than they say something."""
    shared = [len(each) for each in re.split(rb"</(?:\w+:)?si>", parts.get("xl/sharedStrings.xml", b""))]
    for name, part in parts.items():
        if not name.startswith("xl/worksheets/"):
            continue
        rows = [int(number[:9]) for number in _ROW_AT.findall(part)]
        columns = {letter for letter, _ in _CELL_AT.findall(part)}
        rows += [int(number) for _, number in _CELL_AT.findall(part)]
        if max(rows, default=0) > MAX_ROW or max(map(column, columns), default=0) > MAX_COLUMN:
            raise _too_much(
                f"A sheet of this workbook reaches beyond row {MAX_ROW:,} or column {letters(MAX_COLUMN)}. "
                "Please delete what stands far off, or save the list as .csv."
            )
        used = (int(each) for each in _SHARED_AT.findall(part))
        if sum(shared[each] for each in used if each < len(shared)) > MAX_SHARED:
            raise _too_much("The texts of this workbook come to more than 50 MB. Please send it in parts.")


def formulas(parts: Parts, sheet: str) -> dict[int, list[int]]:
    """The cells of a sheet that hold a formula: row number, to its columns from 0."""
    found: dict[int, list[int]] = {}
    for letter, number in _FORMULA_AT.findall(parts.get(_part_of(parts, sheet), b"")):
        found.setdefault(int(number), []).append(column(letter))
    return found


def _part_of(parts: Parts, sheet: str) -> str:
    """The part that holds a sheet: the workbook names its relation, and that names the part."""
    tags = _SHEET_AT.findall(parts["xl/workbook.xml"])
    named = [tag for tag in tags if _attribute(tag, "name") == sheet] or tags[:1]
    relation = _attribute(named[0], r"(?:\w+:)id") if named else ""
    for tag in _RELATION_AT.findall(parts.get("xl/_rels/workbook.xml.rels", b"")):
        if _attribute(tag, "Id") == relation:
            return "xl/" + _attribute(tag, "Target").removeprefix("/xl/")
    return ""


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf"\s{name}=([\"'])(.*?)\1", tag.decode("utf-8", "replace"))
    return unescape(found[2]) if found else ""


def column(letter: bytes) -> int:
    """The place of a column from 0: A is 0, AA is 26."""
    place = 0
    for each in letter:
        place = place * 26 + each - 64
    return place - 1


def letters(place: int) -> str:
    """The letters of a column from 0: 0 is A, 26 is AA."""
    found = ""
    while place >= 0:
        found = chr(65 + place % 26) + found
        place = place // 26 - 1
    return found
