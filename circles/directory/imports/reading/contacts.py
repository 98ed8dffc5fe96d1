"""How to reach a therapist, as cells hold it: ZIP code, mail address, telephone, web addresses; and the NPI."""

from __future__ import annotations

import re
from typing import Final

from circles import sheets
from circles.directory.imports.reading.cells import Notes, expected
from circles.sheets import plain

MAX_LINKS: Final = 5
MAX_PHONE: Final = 40
_SHORTENED: Final = "The spreadsheet has shortened this number, and its last digits are lost."


def zip_code(cell: str, notes: Notes) -> str:
    """A ZIP code of five digits: zeros that a spreadsheet dropped are put back, what follows the five is left off."""
    first, *others = re.split(r"\s*[;,/&\n]\s*|\s+(?:and|or)\s+", cell.strip())
    typed = re.sub(r"^[A-Z]{2}\s+|\s*\([^)]*\)$", "", first, flags=re.I)
    match = re.fullmatch(r"(\d{3,5})(?:\.0+)?(?:\s*[-–]\s*(?:\d{4})?)?|(\d{8,9})", typed, re.ASCII)
    if not match:
        expected("Expected: five digits, such as 33101.")
    if any(others):
        notes.warn(f"There is room for one ZIP code: {typed} is taken, the others are left out.")
    return match[1].zfill(5) if match[1] else match[2].zfill(9)[:5]


_EMAIL: Final = re.compile(r"[^\s@<>,;:/()\[\]\"“”|]+@[^\s@<>,;/()\[\]\"“”|]+\.[^\s@<>,;/()\[\]\"“”|]+")


def email(cell: str, notes: Notes) -> str:
    """The first mail address in a cell, of what may be “Ada <ada@example.org>; office@example.org”."""
    addresses = [match[0].rstrip(".").removeprefix("mailto:") for match in _EMAIL.finditer(cell)]
    if not addresses:
        expected("Please write a mail address such as name@example.org.")
    if len(dict.fromkeys(map(str.lower, addresses))) > 1:
        notes.warn(f"There is room for one mail address: {addresses[0]} is taken, the others are left out.")
    elif re.search(r"\d{3}\W{0,2}\d{3}\W?\d{4}", _EMAIL.sub("", cell)):
        notes.warn("The number beside the mail address is left out.")
    return addresses[0]


_FAX: Final = re.compile(r"(?<![a-z])(?:fax|fx|f)(?![a-z])", re.I)
_NUMBER: Final = re.compile(
    r"[+(]?\d[\d\s().\-–·]*\d(?:-?[A-Z]{4,7}\b)?(?:,?\s*(?:x|ext)\.?\s*\d{1,6})?", re.I
)


def phone(cell: str, notes: Notes) -> str:
    """Telephone numbers in one line, as written, without fax numbers. Raises Refused for words without a number."""
    if sheets.is_shortened(cell):
        expected(_SHORTENED)
    line = re.sub(r"\s*\n\s*", "; ", _EMAIL.sub("", cell).strip(" \n;,/|")).removeprefix("tel:")
    line = re.sub(r"^(\d{7,15})\.0+$", r"\1", line, flags=re.ASCII)
    numbers = [match for match in _NUMBER.finditer(line) if _digits(match[0]) >= 7]
    faxes = [match for n, match in enumerate(numbers) if _is_fax(line, match, numbers[n + 1 : n + 2])]
    others = [match for match in numbers if match not in faxes]
    if not others:
        expected("This is a fax number." if faxes else "Expected: a telephone number of 7 digits or more.")
    if faxes:
        notes.warn("There is no room for a fax number, so it is left out.")
        line = "; ".join(match[0] for match in others)
    if len(line) > MAX_PHONE:
        line = others[0][0]
        notes.warn(f"There is room for {MAX_PHONE} characters: {line} is taken, the rest is left out.")
    if len(line) > MAX_PHONE:
        expected(f"Expected: a telephone number of up to {MAX_PHONE} characters.")
    return line


def _digits(typed: str) -> int:
    return sum(map(str.isdigit, typed)) + len(re.findall(r"[A-Z]", re.sub(r"\b(?:x|ext)\b", "", typed)))


def _is_fax(line: str, number: re.Match[str], after: list[re.Match[str]]) -> bool:
    """Whether a word for a fax stands before a number, or behind it where none stands before the next."""
    before = re.split(r"\d", line[: number.start()])[-1]
    if _FAX.search(before.rpartition(")")[2] if re.search(r"\([^)]*\)", before) else before):
        return True
    until = after[0].start() if after else len(line)
    behind = re.match(
        r"\s*[(\[]\s*(?:fax|fx|f)\s*[)\]]|\s*fax\s*(?:[;,/|]|$)", line[number.end() : until], re.I
    )
    return bool(behind)


def links(cell: str, notes: Notes) -> tuple[str, ...]:
    """Web addresses, with https:// put before those that lack it; the first five."""
    addresses: list[str] = []
    others: list[str] = []
    for part in re.split(r"[;\s|<>]+|,(?=\s|$|www\.|https?:)", cell):
        link = part.strip("().,\"“”'‘’")
        if re.match(r"https?://", link, re.I) or (
            re.match(r"[a-z][a-z0-9+.-]*:", link, re.I) and ".." not in link
        ):
            addresses.append(link)
        elif re.match(r"(?:[\w-]+\.)+[a-z]{2,}(?:[/?#:]|$)", link, re.I) and not re.search(
            r"@|\.[A-Z][a-z]", link
        ):
            addresses.append(f"https://{link}")
        elif re.search(r"\w", link) and plain(link) not in ("and", "or", "website", "web"):
            others.append(part)
    if not addresses:
        expected(f"“{cell[:40]}” is no web address. Please give a whole one that begins with https://.")
    if others:
        notes.warn(f"“{' '.join(others)[:60]}” is no web address.")
    unique = list(dict.fromkeys(addresses))
    if len(unique) > MAX_LINKS:
        notes.warn(f"There is room for {MAX_LINKS} links: the first {MAX_LINKS} are taken.")
    return tuple(unique[:MAX_LINKS])


def npi(cell: str, notes: Notes) -> str:
    """A National Provider Identifier without spaces; its check digit is for the rules."""
    del notes
    if sheets.is_shortened(cell):
        expected(_SHORTENED)
    return re.sub(r"^npi\b[:#\s]*|[\s-]|\.0+$", "", cell, flags=re.I)
