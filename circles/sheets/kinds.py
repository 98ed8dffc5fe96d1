"""Files sent in place of a list: recognized by their first bytes, whatever their name, and refused in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from circles.base.errors import Reason

_SAVE: Final = "Please open the list where it was made, save it as .xlsx or .csv, and send that."
SENTENCES: Final[Mapping[str, str]] = {
    "pdf": f"This is a PDF: it shows a list, but its rows cannot be read. {_SAVE}",
    "old_format": "This is a spreadsheet of the old kind (.xls). Please save it as .xlsx or .csv and send it again.",
    "locked": "This file is locked with a password, so it cannot be read here. Please take the password off and "
    "send it again.",
    "archive": f"This is a text document or a packed archive, and no XLSX file. {_SAVE}",
    "other": f"This is neither a CSV nor an XLSX file. {_SAVE}",
}

# Of ISO 32000 (PDF) and [MS-CFB], the container of older office files and of workbooks with a password.
_PDF: Final = b"%PDF-"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# Texts that are no table: web pages (often called .xls), XML, RTF, JSON, contacts and calendars, saved mail.
_MARKUP: Final = re.compile(
    r'<(!doctype|\?xml|html|head|body|table|meta|style|div)\b|\{\\rtf|\{\s*"|\[\s*\{|BEGIN:V|MIME-Version:',
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def reason(kind: str) -> Reason:
    """The refusal of a file of this kind."""
    return Reason(kind, SENTENCES[kind], "file")


def by_beginning(sent: bytes) -> str:
    """The kind of a file that is neither a text nor a ZIP archive; empty for everything else."""
    if _PDF in sent[:1024]:
        return "pdf"
    if sent.startswith(_COMPOUND):
        return "locked" if _ENCRYPTED in sent else "old_format"
    return ""


def is_table(text: str) -> bool:
    """Whether a text may be a CSV file: it begins with no markup, and with hardly a control character."""
    begins = text.lstrip("\ufeff \r\n\t")[:1000]
    return not _MARKUP.match(begins) and len(_CONTROL.findall(begins)) * 50 <= len(begins)
