"""Insurance as cells hold it: “Aetna, BCBS, self-pay”, “OON / superbill”, “no”. Only what a cell says is read."""

from __future__ import annotations

import re
from typing import Any, Final

from circles.base import text
from circles.directory.imports.reading import lexicon
from circles.directory.imports.reading.cells import Notes, expected
from circles.sheets import plain

MAX_WORDS: Final = 200
_SUPERBILL: Final = re.compile(
    r"\b(?:(?P<no>no|not|without)\s+)?super[- ]?bills?\b(?:\s*[:-]?\s*no\b)?", re.I
)
_OUT: Final = re.compile(
    r"\b(?:out[- ]of[- ]network|oon|not (?:in|on)[- ](?:any )?(?:network|panels?))\b", re.I
)
# A part that says that no insurance is taken, rather than the name of an insurer.
_SELF_PAY: Final = re.compile(
    r"\b(?:self|private)[- ]?pay\w*|\bout[- ]of[- ]pocket\b|\bcash\b|\bfee[- ]for[- ]service\b|\bpp\b", re.I
)
_NONE: Final = re.compile(
    r"\b(?:none|no insurance|not? (?:take|accept)\w*(?: any)? insurance|insurance not (?:accepted|taken)"
    r"|(?:do|does)(?: not|n.?t) (?:take|accept)\w*(?:(?: any)? insurance| any)?$|not (?:accepted|taken)$)",
    re.I,
)
# A part that speaks against one insurer: “no Medicaid”, “does not take Medicare”, “except Cigna”.
_WITHOUT: Final = re.compile(
    r"\b(?:no|not|non|except|excluding|but|without|never|dropp\w+|left|former\w*|until|previously)\b|n.t\b",
    re.I,
)
# A part that says neither yes nor no.
_OPEN: Final = re.compile(
    r"\b(?:call|ask|varies|vary|see|web ?site|contact|inquire|pending|in process|processing|soon|applying|applied"
    r"|credentialing|credentialed soon|waiting|maybe|possibly|tbd|tba|check|unsure|working on|future|sliding|scale|fee"
    r"|please|on request|upon request)\b",
    re.I,
)
# What is paid with, rather than who pays.
_MEANS: Final = re.compile(
    r"\b(?:venmo|zelle|pay ?pal|credit|debit|cards?|checks?|visa|mastercard|amex|hsa|fsa|hsa fsa|apple pay|invoice)\b",
    re.I,
)
_FILLING: Final = re.compile(
    r"[\W\d_]+|\b(?:only|for|can|provide|provides|provided|available|on|request|i|the|and|or|others?|also|ok"
    r"|accepted)\b",
    re.I,
)


def read(cell: str, notes: Notes) -> dict[str, Any]:
    """What a cell says of insurance: yes or no, the insurers, superbills. Raises Refused where it says neither."""
    typed = plain(cell) or cell.strip()
    if typed in lexicon.YES | lexicon.NO:
        return {"takes_insurance": typed in lexicon.YES}
    superbills = _SUPERBILL.search(cell)
    said: dict[str, Any] = (
        {"gives_superbills": not re.search(r"\bno", superbills[0], re.I)} if superbills else {}
    )
    if said and not _FILLING.sub("", _SUPERBILL.sub("", cell)):
        return said
    takes = _takes(_SUPERBILL.sub("", cell), typed)
    if takes is None and not said:
        notes.unknown.append(cell)
        expected("Expected: yes, no, or the names of insurers.", "unknown")
    line = text.tidy_line(re.sub(r"\s*[;\n]\s*", ", ", cell.strip()), max_length=2000)
    if len(line) > MAX_WORDS:
        line = line[: MAX_WORDS - 1].rpartition(",")[0] or line[: MAX_WORDS - 1]
        notes.warn(
            f"There is room for {MAX_WORDS} characters about insurance; the rest of the list is left out."
        )
    return said | {"insurance_words": line} | ({} if takes is None else {"takes_insurance": takes})


def _takes(cell: str, typed: str) -> bool | None:
    """Whether a cell names an insurer (yes), says that none is taken (no), or neither."""
    parts = [
        part for part in re.split(r"[,;/\n|+&]|\s[-–—]\s|\.(?=\s|$)|\b(?:and|or)\b", cell) if plain(part)
    ]
    kinds = [_kind(part) for part in parts]
    if typed.split(" ")[0] in ("yes", "y") or "insurer" in kinds:
        return True
    if any(kind in ("none", "out", "self") for kind in kinds) or typed in ("no", "n") or kinds[:1] == ["no"]:
        return False
    return None


def _kind(part: str) -> str:
    """What a part of a cell speaks of."""
    if plain(part) in lexicon.NO:
        return "no"
    if not _FILLING.sub("", part):
        return ""
    for kind, pattern in (("none", _NONE), ("out", _OUT), ("open", _OPEN), ("self", _SELF_PAY), ("without", _WITHOUT),
                          ("means", _MEANS)):  # fmt: skip
        if pattern.search(part):
            return kind
    return "insurer"
