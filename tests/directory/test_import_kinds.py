"""Other kinds of file sent as a list, and damaged workbooks."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles import sheets
from circles.base.errors import Refused
from circles.directory.imports import guessing
from circles.directory.imports import pages as import_pages
from circles.sheets import kinds as import_kinds
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.directory import import_helpers as samples
from tests.uploads import image

TABLE = "<table><tr><td>Name</td></tr><tr><td>Alma</td></tr></table>"
ODS, ODT = (f"application/vnd.oasis.opendocument.{kind}" for kind in ("spreadsheet", "text"))


def archive(*names: str, mimetype: str = "") -> bytes:
    """A ZIP archive of small parts with these names; a media type comes first and unpacked, as in OpenDocument."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        if mimetype:
            packed.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            packed.writestr(name, "x" * 200)
    return out.getvalue()


def old_office(name: str) -> bytes:
    """The beginning of a file of an older office program, with a folder of this name in it."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + name.encode("utf-16-le") + bytes(40)


OFFICE = "[Content_Types].xml"
FILES = {
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "pdf"),
    "a PDF behind other bytes": (b"\r\n\r\n%PDF-1.4\n", "pdf"),
    "a JPEG": (image("JPEG"), "other"),
    "a PNG": (image("PNG"), "other"),
    "a GIF": (image("GIF", mode="P"), "other"),
    "a WebP": (image("WEBP"), "other"),
    "a TIFF": (image("TIFF"), "other"),
    "a picture of a phone": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "other"),
    "a DOCX": (archive(OFFICE, "word/document.xml"), "archive"),
    "an ODT": (archive("content.xml", mimetype=ODT), "archive"),
    "an old DOC": (old_office("WordDocument"), "old_format"),
    "an RTF": (b"{\\rtf1\\ansi Name", "other"),
    "a PPTX": (archive(OFFICE, "ppt/presentation.xml"), "archive"),
    "an ODS": (archive("content.xml", mimetype=ODS), "archive"),
    "a Numbers file": (archive("Index/Document.iwa", "Index/Tables/Tile.iwa"), "archive"),
    "an older Numbers file": (archive("Index.zip", "Metadata/Properties.plist"), "archive"),
    "an XLSB": (archive(OFFICE, "xl/workbook.bin"), "archive"),
    "an old XLS": (old_office("Workbook"), "old_format"),
    "an XLS of 1995": (old_office("Book"), "old_format"),
    "a mail of an older program": (old_office("__properties_version1.0"), "old_format"),
    "a workbook with a password": (old_office("EncryptedPackage"), "locked"),
    "a ZIP": (archive("therapists.csv"), "archive"),
    "an empty ZIP": (archive(), "archive"),
    "a ZIP of a workbook": (archive("list/therapists.xlsx"), "archive"),
    "a gzip": (b"\x1f\x8b\x08\0\0", "other"),
    "a table called XLS": (TABLE.encode(), "other"),
    "a whole page called XLS": (f"\ufeff\r\n<HTML xmlns:x='urn'><body>{TABLE}".encode(), "other"),
    "a page in two bytes a letter": (f"<html>{TABLE}".encode("utf-16"), "other"),
    "an XHTML page": (f"<?xml version='1.0'?><html>{TABLE}</html>".encode(), "other"),
    "a page with its pictures": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; x", "other"),
    "an XML workbook": (
        b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>",
        "other",
    ),
    "an XML file": (b"<?xml version='1.0'?><therapists/>", "other"),
    "a JSON file": (b'[\n {"name": "Alma"}]', "other"),
    "contacts": (b"BEGIN:VCARD\nFN:Alma", "other"),
}


@pytest.mark.parametrize(("sent", "kind"), FILES.values(), ids=FILES)
async def test_other_kinds_of_file_are_recognized(sent: bytes, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        await samples.read_table(sent)
    assert caught.value.codes == {kind}
    assert caught.value.reasons[0].text == import_kinds.SENTENCES[kind]
    assert re.match(r"(This|These) .*Please ", import_kinds.SENTENCES[kind])


def test_every_kind_has_an_example() -> None:
    assert {kind for _, kind in FILES.values()} == set(import_kinds.SENTENCES)


@pytest.mark.parametrize(
    "heading", ["<b>Name</b>", "Name <html>", "{Name}", "[Name]", "PDF", "Book", "BEGIN", "Begin:date", "GIF"]
)
async def test_an_odd_heading_is_accepted(heading: str) -> None:
    table = await samples.read_table(f"{heading},Where\nAlma,33101\n".encode())
    assert table.headings == (heading, "Where")


async def test_the_page_names_the_kind_of_file(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        for kind, sent in {kind: sent for sent, kind in FILES.values()}.items():
            answer = await page.post(import_pages.HOME, files={"file": ("list.xls", sent, "text/csv")})
            assert answer.status_code == 422, kind
            assert import_kinds.SENTENCES[kind].split(".")[0] in answer.text
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from listing_imports") == 0


async def test_locked_and_unusually_packed_parts_are_refused() -> None:
    whole = samples.xlsx_file([["Name"], ["Alma"]])
    at = whole.index(b"PK\x01\x02")
    locked = whole[: at + 8] + b"\x01" + whole[at + 9 :]
    bzip = whole[: at + 10] + b"\x0c\x00" + whole[at + 12 :]
    for sent, code in ((locked, "locked"), (bzip, "broken")):
        with pytest.raises(Refused) as caught:
            await samples.read_table(sent)
        assert caught.value.codes == {code}


# Damaged workbooks

WHOLE = samples.xlsx_file(
    [samples.HEADINGS, *[list(samples.row(n).values()) for n in range(3)]], formulas={(1, 3): ("=1+1", 2)}
)
with zipfile.ZipFile(io.BytesIO(WHOLE)) as packed:
    PARTS = {entry.filename: packed.read(entry) for entry in packed.infolist()}
ODD = (
    b"",
    b"-1",
    b"9" * 20,
    b"1E400",
    b"ZZZ1048577",
    b"\xff\xfe",
    b"&#0;",
    b"&x;",
    b"]]>",
    b"<",
    b"s",
    b"e",
    b"NaN",
)
damages = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=8)),
    min_size=1,
    max_size=12,
)


def damaged(sent: bytes, damage: list[tuple[float, int, bytes]]) -> bytes:
    """The bytes with some replaced. damage: position from 0 to 1, how many are removed, what is inserted."""
    for where, gone, comes in damage:
        at = int(where * len(sent))
        sent = sent[:at] + comes + sent[at + gone :]
    return sent


def read_or_refused(sent: bytes) -> None:
    with contextlib.suppress(Refused):
        sheets.read(sent, guessing.is_known)


@settings(max_examples=300, deadline=None)
@given(damages)
def test_a_damaged_workbook_is_read_or_refused(damage: list[tuple[float, int, bytes]]) -> None:
    read_or_refused(damaged(WHOLE, damage))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(PARTS)), damages, st.booleans())
def test_a_workbook_of_damaged_parts_is_read_or_refused(
    part: str, damage: list[tuple[float, int, bytes]], plainly: bool
) -> None:
    read_or_refused(_with(part, damaged(PARTS[part], damage), plainly))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(PARTS)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(ODD))),
)
def test_a_workbook_with_odd_values_is_read_or_refused(part: str, odd: list[tuple[float, bytes]]) -> None:
    content = PARTS[part]
    for where, value in odd:
        values = list(re.finditer(rb'(?<=")[^"<>]*(?=")|(?<=>)[^<>]+(?=<)', content))
        if values:
            at = values[int(where * len(values))]
            content = content[: at.start()] + value + content[at.end() :]
    read_or_refused(_with(part, content))


def _with(part: str, content: bytes, plainly: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if plainly else zipfile.ZIP_DEFLATED) as made:
        for name, held in PARTS.items():
            made.writestr(name, content if name == part else held)
    return out.getvalue()
