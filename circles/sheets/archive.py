"""Workbooks (.xlsx) before the library reads them: the size of what is in them, and what the library leaves out.

An XLSX file is a ZIP archive of XML parts (ECMA-376, Office Open XML). python-calamine unpacks whatever it is given and
lays out every cell up to the farthest one, so each part is unpacked and parsed here first, within limits.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from circles.base.errors import Reason, Refused
from circles.sheets import formats, kinds
from circles.sheets.details import MAX_AREA, Details, SheetParser, parse_place

MAX_UNPACKED: Final = 50_000_000
MAX_PARTS: Final = 1_000
_PIECE: Final = 65_536

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


def broken() -> Refused:
    """The refusal of what begins like a workbook and cannot be read as one."""
    return Refused(Reason("broken", _BROKEN, "file"))


def _too_much(message: str) -> Refused:
    return Refused(Reason("too_much", message, "file"))


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook within the limits.

    content: packed anew, of nothing but the XML parts that were parsed here. details: of each sheet, by its name.
    formats: the number format of a style that shows more than the number.
    """

    content: bytes
    details: Mapping[str, Details]
    formats: Mapping[int, str]


def open_checked(sent: bytes) -> Workbook:
    """Unpack and measure a workbook. Raises Refused when it is none, or far larger than a list of therapists."""
    try:
        with zipfile.ZipFile(io.BytesIO(sent)) as archive:
            entries = archive.infolist()
            _refuse_others(entries)
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise _unpacks_to_too_much()
            parts = _unpack(archive, entries)
    except Refused:
        raise
    except _UNZIPPING:
        raise broken() from None
    shown_formats, names = _formats(parts), _sheet_names(parts)
    details = {names.get(part, ""): sheet for part, sheet in _measure(parts, shown_formats).items()}
    return Workbook(_packed(parts), details, shown_formats)


def _unpack(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> dict[str, bytes]:
    """The XML parts, piece by piece: a part may hold far more than its entry declares, and zipfile stops there.

    Read at once, it would unpack all of it first.
    """
    parts: dict[str, bytes] = {}
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as member:
                parts[entry.filename] = b"".join(iter(lambda member=member: member.read(_PIECE), b""))
    return parts


def _unpacks_to_too_much() -> Refused:
    return _too_much(
        "This workbook unpacks to more than 50 MB. Please save only the list itself, as .csv or .xlsx."
    )


def _refuse_others(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that is no workbook, or packed in a way that no spreadsheet program does."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(kinds.reason("locked"))
    if all(entry.filename != "xl/workbook.xml" for entry in entries):
        raise Refused(kinds.reason("archive"))
    if any(entry.compress_type not in _PACKED for entry in entries):
        raise broken()


def _measure(parts: Parts, shown_formats: Mapping[int, str]) -> dict[str, Details]:
    """The details of each part. Refuses sheets that would take up far more memory than they hold text."""
    lengths, details, area = _lengths(parts.get(_SHARED)), {}, 0
    for name, part in parts.items():
        if name != _SHARED:
            sheet = SheetParser(lengths, shown_formats.keys())
            _parse(part, sheet.start, sheet.end, sheet.text)
            area += sheet.farthest[0] * sheet.farthest[1]
            if area > MAX_AREA:
                raise _too_much(
                    "The sheets of this workbook reach too far. Please delete what stands far off, or save the list as "
                    ".csv."
                )
            folder, _, file = name.rpartition("/")
            targets = {
                tag.get("Id", ""): tag.get("Target", "")
                for tag in _tags(parts.get(f"{folder}/_rels/{file}.rels"), "Relationship")
            }
            _add_links(sheet, targets)
            details[name] = sheet.details
    return details


def _add_links(sheet: SheetParser, targets: Mapping[str, str]) -> None:
    for reference, id in sheet.link_ids:
        try:
            place = parse_place(reference.partition(":")[0])
        except ValueError:
            raise broken() from None
        if targets.get(id):
            sheet.details.links.setdefault(place, targets[id][:300])


def _formats(parts: Parts) -> dict[int, str]:
    """The number format of each style that shows more than the number."""
    by_id: dict[int, str] = {}
    styles: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if name == "numFmt":
            by_id[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")[:200]
        elif name == "xf" and "cellXfs" in inside:
            styles.append(int(attributes.get("numFmtId", 0)))

    def end(_: str) -> None:
        inside.pop()

    styles_part = parts.get("xl/styles.xml")
    if styles_part:
        _parse(styles_part, start, end)
    return formats.codes(by_id, styles)


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
