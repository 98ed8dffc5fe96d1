"""Files that unpack or lay out to far more than they are: refused in words, early, and never read in our process."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from circles import sandbox, sheets
from circles.base.errors import Refused
from circles.directory.imports import actions, guessing
from circles.directory.imports.reading import files
from circles.sheets import reading
from tests.cast import Cast
from tests.conftest import OpenBrowser

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LIST = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>Ada</t></is></c></row>'
)


def sheet(rows: str, more: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{more}</worksheet>'


def workbook(part: str, *, how_many: int = 1, **more: str) -> bytes:
    """An XLSX file of so many sheets, each with this part. more: other parts of the folder xl."""
    numbers = range(1, how_many + 1)
    names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{targets}'
        f'<Relationship Id="s" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": part for n in numbers}
    parts |= {f"xl/{name.replace('_', '/')}.xml": text for name, text in more.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return out.getvalue()


def declaring(sent: bytes, real: int, declared: int) -> bytes:
    """The same archive, which declares another size of a part."""
    return sent.replace(real.to_bytes(4, "little"), declared.to_bytes(4, "little"))


def refusal(sent: bytes) -> str:
    with pytest.raises(Refused) as caught:
        sheets.read(sent, guessing.is_known)
    (reason,) = caught.value.reasons
    assert reason.field == "file"
    return reason.text


def test_a_part_is_unpacked_no_further_than_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []
    real = zipfile.ZipExtFile.read

    def counted(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        assert n is not None
        assert 0 < n <= 65_536
        piece = real(self, n)
        unpacked.append(len(piece))
        return piece

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    size = 60_000_000
    bomb = declaring(workbook(sheet(LIST), zeros="0" * size), size, 238)
    assert "This workbook is damaged or is no XLSX file" in refusal(bomb)
    assert sum(unpacked) < 100_000


def many(rows: str, times: int) -> str:
    return sheet(rows * times)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (many('<row r="1"><c r="A1"><v>1</v></c></row>', 20_001), "beyond row 20,000"),
        (many("<row/>", 20_001), "beyond row 20,000"),
        (sheet("".join(f'<row r="{n}"/>' for n in range(1, 20_003))), "beyond row 20,000"),
        (sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "beyond row 20,000"),
        (many("<row><c>", 20_001), "beyond row 20,000"),
    ],
)
def test_rows_are_counted_while_they_are_read(sent: str, words: str) -> None:
    assert words in refusal(workbook(sent))


def test_sheets_are_counted_together() -> None:
    """Each is laid out up to its farthest cell, so twenty with one cell far off would take twenty times 32 MB."""
    far = sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="19999"><c r="GP19999"><v>1</v></c></row>')
    assert "reach too far" in refusal(workbook(far, how_many=2))


def test_sizes_that_are_only_claimed_change_nothing() -> None:
    claimed = sheet(LIST, '<mergeCells><mergeCell ref="C1:XFD1048576"/></mergeCells>').replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    assert len(sheets.read(workbook(claimed), guessing.is_known).table.rows) == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"a" * 200_000, "In row 1 a cell holds more than 131,072 characters"),
        (b"Name,x\n" + b'"' + b"a,b\n" * 50_000, "In row 2 a cell holds more than 131,072 characters"),
        (b"Name,x\n" + b"a" * 40_000 + b",b\n", "The cell A2 of this file holds more than 10,000 characters"),
        (b"Name\n" + b"a\n" * 30_000, "more than 20,000 rows"),
        (b"Name" + b",x" * 200_000 + b"\nAda\n", "200,001 columns"),
        (b"Name,x\n" + b"\0,\0\n" * 50_000, "neither a CSV nor an XLSX"),
    ],
)
def test_text_files_are_counted_while_they_are_read(sent: bytes, words: str) -> None:
    assert words in refusal(sent)


def test_an_import_has_its_limits() -> None:
    limits = actions.READING.limits
    assert (limits.memory, limits.cpu_seconds) == (768_000_000, 20)
    assert actions.READING.module == files.__name__


@pytest.fixture
def nothing_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a file was read in the process of the site")

    monkeypatch.setattr(reading, "read", fail)
    monkeypatch.setattr(sheets, "read", fail)


@pytest.mark.usefixtures("nothing_is_read_here")
async def test_an_import_is_read_in_a_child(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser(cast.odile) as page:
        good = await page.post(
            "/organize/therapists/import", files={"file": ("l.xlsx", workbook(sheet(LIST)))}
        )
        assert good.status_code == 303
        narrow = sandbox.Limits(memory=60_000_000, cpu_seconds=20, seconds=60, answer=1_000)
        kind = replace(actions.KIND, target=sandbox.Target(files.__name__, "read_lines", narrow))
        monkeypatch.setitem(actions.KINDS, kind.name, kind)
        answer = await page.post(
            "/organize/therapists/import",
            files={"file": ("l.csv", b"Name,x\n" + b"Ada,b\n" * 4_000)},
        )
    assert answer.status_code == 422
    assert "took more memory or time than one file may" in answer.text
    assert "send a smaller one" in answer.text
