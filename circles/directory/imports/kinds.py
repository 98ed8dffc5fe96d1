"""What a file seems to be that is no list of ours, told by how it begins, and what to do with it instead.

Its name is not asked: a web page may be called .xls, and a workbook may be called anything. The first bytes are
those of the formats' own descriptions (ISO 32000 for PDF, ISO/IEC 15948 for PNG, [MS-CFB] for the files of older
office programs, APPNOTE.TXT for ZIP, ODF 1.3 part 2 for OpenDocument).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from circles.base.errors import Reason

_SAVE: Final = "Please open the list where it was made, save it as .xlsx or .csv, and send that."
_COPY: Final = (
    "Please put the list into a spreadsheet, one therapist a row, save it as .xlsx or .csv, and send that."
)
_UNPACK: Final = "Please unpack it and send the .csv or .xlsx file that is in it."
WORDS: Final[Mapping[str, str]] = {
    "pdf": f"This is a PDF: it shows a list, but its rows cannot be read. {_SAVE}",
    "picture": f"This is a picture. {_SAVE}",
    "document": f"This is a text document. {_COPY}",
    "slides": f"These are slides. {_COPY}",
    "open_document": "This is an OpenDocument spreadsheet (.ods). Please save it as .xlsx or .csv and send that.",
    "numbers": "This is a file of Apple Numbers, or of a program like it. Please choose File, Export To, then Excel "
    "or CSV, and send that.",
    "binary_workbook": "This is a binary workbook (.xlsb). Please save it as .xlsx or .csv and send that.",
    "old_format": "This is a spreadsheet of the old kind (.xls). Please save it as .xlsx or .csv and send it again.",
    "old_office": f"This is a file of an older office program, and no spreadsheet. {_COPY}",
    "xml_workbook": "This is a spreadsheet kept as XML. Please open it, save it as .xlsx or .csv, and send that.",
    "web_page": "This is a web page, even if its name says .xls. Please open it in a spreadsheet program, save it as "
    ".xlsx or .csv, and send that.",
    "xml": f"This is an XML file. {_SAVE}",
    "json": f"This is a JSON file. {_SAVE}",
    "cards": f"This is a file of contacts or of a calendar. {_COPY}",
    "archive": f"This is a packed archive, such as a ZIP. {_UNPACK}",
    "locked": "This file is locked with a password, so it cannot be read here. Please take the password off and "
    "send it again.",
}

_BEGINS: Final[Mapping[bytes, str]] = {
    b"\xff\xd8\xff": "picture",
    b"\x89PNG\r\n": "picture",
    b"GIF8": "picture",
    b"II*\0": "picture",
    b"MM\0*": "picture",
    b"{\\rtf": "document",
    b"\x1f\x8b": "archive",
    b"7z\xbc\xaf'\x1c": "archive",
    b"Rar!\x1a\x07": "archive",
    b"BZh": "archive",
    b"\xfd7zXZ\0": "archive",
}
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
# What the folders inside such a file are called.
_IN_OLD_OFFICE: Final[Mapping[str, str]] = {
    "EncryptedPackage": "locked",
    "Workbook": "old_format",
    "Book": "old_format",
    "WordDocument": "document",
    "PowerPoint Document": "slides",
}
_MARKUP: Final = re.compile(r"<(!doctype html|html|head|body|table|meta|style|div|\?xml)\b", re.I)
_JSON: Final = re.compile(r'(\{|\[\s*\{)\s*"')


def reason(kind: str) -> Reason:
    """What is said of a file of this kind."""
    return Reason(kind, WORDS[kind], "file")


def by_beginning(sent: bytes) -> str:
    """What a file seems to be by how it begins; empty where it may be a list, or a ZIP archive that holds one."""
    for begins, kind in _BEGINS.items():
        if sent.startswith(begins):
            return kind
    if b"%PDF-" in sent[:1024]:
        return "pdf"
    if (sent[:4] == b"RIFF" and sent[8:12] == b"WEBP") or sent[4:12] in (
        b"ftypheic",
        b"ftypmif1",
        b"ftypavif",
    ):
        return "picture"
    if sent.startswith(_OLD_OFFICE):
        return _old_office(sent)
    return _by_words(sent)


def _old_office(sent: bytes) -> str:
    for name, kind in _IN_OLD_OFFICE.items():
        # A folder's name ends with a zero, so that Book is not found in Bookmarks.
        if f"{name}\0".encode("utf-16-le") in sent:
            return kind
    return "old_office"


def _by_words(sent: bytes) -> str:
    begins = sent[:4000]
    encoding = "utf-16" if begins.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    said = begins.decode(encoding, "replace").lstrip()
    if _MARKUP.match(said):
        return _markup(said.lower())
    if _JSON.match(said):
        return "json"
    if said.upper().startswith(("BEGIN:VCARD", "BEGIN:VCALENDAR")):
        return "cards"
    return "web_page" if said.startswith("MIME-Version:") and "multipart/related" in said else ""


def _markup(said: str) -> str:
    if "urn:schemas-microsoft-com:office:spreadsheet" in said and "<html" not in said:
        return "xml_workbook"
    if not said.startswith("<?xml") or "<html" in said:
        return "web_page"
    return "open_document" if "opendocument" in said and "spreadsheet" in said else "xml"


def in_archive(names: Collection[str], sent: bytes) -> str:
    """What a ZIP archive seems to be by what is in it; empty for a workbook, also for one that is damaged."""
    if "xl/workbook.xml" in names:
        return ""
    folders = {name.partition("/")[0] for name in names if "/" in name}
    if "xl/workbook.bin" in names:
        return "binary_workbook"
    if {"word", "ppt"} & folders and "[Content_Types].xml" in names:
        return "document" if "word" in folders else "slides"
    if "mimetype" in names:
        return _open_document(sent)
    if any(name.endswith((".iwa", "Index.zip")) for name in names):
        return "numbers"
    return "" if "[Content_Types].xml" in names else "archive"


def _open_document(sent: bytes) -> str:
    # The first part of such a file is its media type, not packed, so that it stands at the same place in each.
    said = sent[38:110]
    for word, kind in (("spreadsheet", "open_document"), ("text", "document"), ("presentation", "slides")):
        if f"opendocument.{word}".encode() in said:
            return kind
    return "archive"
