"""Workbooks (.xlsx) before the library reads them: the size of what is in them, and which cells hold formulas.

An XLSX file is a ZIP archive of XML parts (ECMA-376, Office Open XML). python-calamine unpacks whatever it is given and
lays out every cell up to the farthest one, so each part is unpacked and parsed here first, within limits.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from circles.base.errors import Reason, Refused
from circles.directory.imports import kinds

MAX_UNPACKED: Final = 50_000_000
MAX_PARTS: Final = 1_000
# A sheet is laid out up to its farthest cell, empty ones too.
MAX_ROW: Final = 20_000
MAX_COLUMN: Final = 200
MAX_CELLS: Final = 1_000_000
# The characters of all cells together: one shared text may be in every cell.
MAX_SHARED: Final = 50_000_000

# What spreadsheet programs pack their parts by. The others (bzip2, LZMA) raise errors of their own, and unpack slowly.
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a damaged archive raises: zipfile itself; zlib, where a packed part is not what was packed; where a part
# ends too early; a place or a name in it that cannot be (ValueError); a feature that zipfile lacks.
_UNZIPPING: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)
_SHARED: Final = "xl/sharedStrings.xml"
_BROKEN: Final = (
    "This workbook is damaged or is no XLSX file. Please open it, save it again as .xlsx or .csv, and send "
    "that."
)

Parts = Mapping[str, bytes]
Formulas = dict[int, list[int]]


def broken() -> Refused:
    """The refusal of what begins like a workbook and cannot be read as one."""
    return Refused(Reason("broken", _BROKEN, "file"))


def _too_much(message: str) -> Refused:
    return Refused(Reason("too_much", message, "file"))


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook within the limits.

    content: packed anew, of nothing but the XML parts that were parsed here. formulas: the cells that hold one, by the
    name of their sheet: row number, to columns from 0.
    """

    content: bytes
    formulas: Mapping[str, Formulas]


def open_checked(sent: bytes) -> Workbook:
    """Unpack and measure a workbook. Raises Refused when it is none, or far larger than a list of therapists."""
    try:
        with zipfile.ZipFile(io.BytesIO(sent)) as archive:
            entries = archive.infolist()
            _refuse_others(entries)
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise _too_much(
                    "This workbook unpacks to more than 50 MB. Please save only the list itself, as .csv or .xlsx."
                )
            parts = {entry.filename: archive.read(entry) for entry in entries}
    except Refused:
        raise
    except _UNZIPPING:
        raise broken() from None
    parts = {name: part for name, part in parts.items() if name.endswith((".xml", ".rels"))}
    formulas, names = _measure(parts), _sheet_names(parts)
    return Workbook(_packed(parts), {names.get(part, ""): cells for part, cells in formulas.items()})


def _refuse_others(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that is no workbook, or packed in a way that no spreadsheet program does."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(kinds.reason("locked"))
    if all(entry.filename != "xl/workbook.xml" for entry in entries):
        raise Refused(kinds.reason("archive"))
    if any(entry.compress_type not in _PACKED for entry in entries):
        raise broken()


def _measure(parts: Parts) -> dict[str, Formulas]:
    """The formulas in each part. Refuses sheets that would take up far more memory than they hold text."""
    lengths, formulas = _lengths(parts.get(_SHARED)), {}
    for name, part in parts.items():
        if name != _SHARED:
            sheet = _Sheet(lengths)
            _parse(part, sheet.start, sheet.end, sheet.text)
            formulas[name] = sheet.formulas
    return formulas


def _sheet_names(parts: Parts) -> dict[str, str]:
    """The name of the sheet in each part: a relation leads from the one to the other."""
    relations = _tags(parts.get("xl/_rels/workbook.xml.rels"), "Relationship")
    part_of = {tag.get("Id"): "xl/" + tag.get("Target", "").removeprefix("/xl/") for tag in relations}
    sheets = _tags(parts["xl/workbook.xml"], "sheet")
    ids = [next((tag[key] for key in tag if key.endswith(":id")), "") for tag in sheets]
    return {part_of.get(id, ""): tag.get("name", "") for id, tag in zip(ids, sheets, strict=True)}


def _packed(parts: Parts) -> bytes:
    """The parts as an archive: what the library unpacks is then exactly what was measured."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


# XML


def _parse(
    part: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] = lambda name: None,
    text: Callable[[str], None] = lambda characters: None,
) -> None:
    """Pass the tags (by their local names) and the text of a part on. Raises Refused for what is no plain XML."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = (
        _refuse_doctype  # its entities could multiply a text, and no workbook has one
    )
    try:
        parser.Parse(part, True)
    except Refused:
        raise
    except (expat.ExpatError, ValueError):  # ValueError: a place that is no number
        raise broken() from None


def _refuse_doctype(*_: object) -> None:
    raise broken()


def _tags(part: bytes | None, name: str) -> list[dict[str, str]]:
    """The attributes of every tag of a name in a part; none where there is no such part."""
    tags: list[dict[str, str]] = []
    if part:
        _parse(part, lambda tag, attributes: tags.append(attributes) if tag == name else None)
    return tags


def _lengths(part: bytes | None) -> list[int]:
    """How many characters each shared text has."""
    lengths: list[int] = []

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            lengths.append(0)

    def text(characters: str) -> None:
        if lengths:
            lengths[-1] += len(characters)

    if part:
        _parse(part, start, text=text)
    return lengths


@dataclass(slots=True)
class _Sheet:
    """A sheet while it is parsed. row: of the row's tag; cell: row and column of the current cell; all from 1."""

    lengths: list[int]
    row: int = 0
    cell: tuple[int, int] = (0, 0)
    cells: int = 0
    shared: int = 0
    value: str | None = None
    is_shared: bool = False
    formulas: Formulas = field(default_factory=dict)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Follow rows and cells; one without a reference comes after the one before."""
        if name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.cell = (self.row, 0)
        elif name == "c":
            self.cell = _place(attributes["r"]) if "r" in attributes else (self.row, self.cell[1] + 1)
            self.is_shared = attributes.get("t") == "s"
            self.cells += 1
        elif name == "f":
            self.formulas.setdefault(self.cell[0], []).append(self.cell[1] - 1)
        elif name == "v" and self.is_shared:
            self.value = ""
        if max(self.row, self.cell[0]) > MAX_ROW or self.cell[1] > MAX_COLUMN:
            raise _too_much(
                f"A sheet of this workbook reaches beyond row {MAX_ROW:,} or column {letters(MAX_COLUMN)}. "
                "Please delete what stands far off, or save the list as .csv."
            )
        if self.cells > MAX_CELLS:
            raise _too_much(f"This workbook has more than {MAX_CELLS:,} cells. Please send it in parts.")

    def text(self, characters: str) -> None:
        """Collect the number of a shared text."""
        if self.value is not None:
            self.value += characters

    def end(self, name: str) -> None:
        """Add the length of a shared text at the end of its value."""
        if name != "v" or self.value is None:
            return
        number, self.value = int(self.value), None
        self.shared += self.lengths[number] if 0 <= number < len(self.lengths) else 0
        if self.shared > MAX_SHARED:
            raise _too_much("The texts of this workbook come to more than 50 MB. Please send it in parts.")


def _place(reference: str) -> tuple[int, int]:
    """The row and column of a cell such as B7, from 1. Raises ValueError for what is none."""
    match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", reference.upper())
    if not match:
        raise ValueError
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def letters(place: int) -> str:
    """The letters of a column from 0: 0 is A, 26 is AA."""
    name = ""
    while place >= 0:
        name = chr(65 + place % 26) + name
        place = place // 26 - 1
    return name
