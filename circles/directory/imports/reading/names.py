"""Names as lists hold them: “Patel, José”, “Dr. Ada Osei, PhD, LCSW (she/her)”; and what the letters after them say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from circles.base.errors import Reason, Refused
from circles.directory.imports.reading.lexicon import DEGREES, KINDS, LETTERS, plain

_HONORIFIC: Final = re.compile(r"(dr|mr|mrs|ms|mx|miss|prof|professor|rev|doctor)\b\.?\s+(?=\S)", re.I)
_PRONOUNS: Final = re.compile(
    r"\s*(?:[(\[]|,)\s*((?:she|he|they|ze|xe|any)(?:\s*/\s*(?:her|hers|him|his|them|theirs|they|she|he|hir|zir|any)){0,3})\s*[)\]]",
    re.I,
)
_BARE_PRONOUNS: Final = re.compile(
    r"(?:she|he|they|ze|xe)\s*/\s*(?:her|hers|him|his|them|they|she|he|hir)(?:\s*/\s*\w+)?", re.I
)
# Words of titles and of companies: what follows a comma with one of them is no first name.
_TITLE: Final = re.compile(
    r"\b(therapist|psychotherapist|counsell?or|psychologist|psychiatrist|coach|worker|nurse|practitioner|clinician"
    r"|candidate|intern|associate|supervisor|physician|facilitator|licensed|certified|llc|pllc|inc|pc|plc|llp|ltd|corp)\b",
    re.I,
)
_SUFFIX: Final = re.compile(r"(jr|sr|ii|iii|iv)\.?", re.I)
_MARK: Final = re.compile(r"[*†‡]+$|^[*†‡•\-–]+\s*")
_TWO: Final = re.compile(r"\s(?:&|\+|and|und)\s|\s?[/;]\s?|\n")


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: as people say it, and what stood beside it."""

    name: str
    letters: str = ""
    pronouns: str = ""


def read(cell: str) -> Name:
    """Read a name. Raises Refused for two people in one cell.

    One comma turns a name around, unless letters such as LCSW follow it.
    """
    text = " ".join(cell.replace("\n", " ; ").split()) if "\n" in cell.strip() else cell.strip()
    pronouns = _PRONOUNS.search(text)
    text = _PRONOUNS.sub("", text)
    parts = [part for piece in text.split(",") if (part := _MARK.sub("", piece.strip()).strip())]
    letters: list[str] = []
    said = pronouns[1] if pronouns else ""
    if len(parts) > 1 and _BARE_PRONOUNS.fullmatch(parts[-1]):
        said = parts.pop()
    while len(parts) > 1 and (is_letters(parts[-1]) or _is_title(parts)):
        letters.insert(0, parts.pop())
    suffix = parts.pop() if len(parts) > 1 and _SUFFIX.fullmatch(parts[-1]) else ""
    if len(parts) == 2:
        # “Patel, José LCSW”: letters may follow the first name without a comma.
        first, after = _split_letters(parts[1])
        letters = [after, *letters] if after else letters
        own, _, own_suffix = parts[0].rpartition(" ")
        if own and _SUFFIX.fullmatch(own_suffix):
            parts[0], suffix = own, own_suffix
        parts = [f"{_without_honorific(first)} {parts[0]}"]
    elif len(parts) == 1:
        first, after = _split_letters(parts[0])
        parts, letters = [first], [after, *letters] if after else letters
    name = _without_honorific(", ".join(parts)) + (f" {suffix}" if suffix else "")
    _refuse_two(name)
    return Name(name, ", ".join(letters), said.lower().replace(" ", ""))


def _is_title(parts: list[str]) -> bool:
    """Whether the last part of a name is a title, or letters we do not know, as in “Jane Doe, CHTP”."""
    if _TITLE.search(parts[-1]):
        return True
    is_whole_name = len(parts) == 2 and len(parts[0].split()) > 1 and not parts[0].isupper()
    return is_whole_name and parts[-1].isupper() and len(parts[-1]) > 1 and " " not in parts[-1]


def _without_honorific(name: str) -> str:
    while match := _HONORIFIC.match(name):
        name = name[match.end() :]
    return name.strip()


def _refuse_two(name: str) -> None:
    people = [part for part in _TWO.split(re.sub(r"\([^)]*\)", "", name)) if part.strip()]
    if len(people) > 1 and len(name.split()) > 2:
        message = "This looks like more than one person. Please give each a row."
        raise Refused(Reason("two_people", message))


def is_letters(typed: str) -> bool:
    """Whether this is what may follow a name: LCSW, Ph.D., LCSW-R, MA LPC."""
    tokens = _tokens(typed)
    return bool(tokens) and all(_is_letter(token) for token in tokens)


def _tokens(typed: str) -> list[str]:
    return [token for token in re.split(r"[\s,/;&]+", typed.strip()) if token]


def _is_letter(token: str) -> bool:
    bare = plain(token)
    return (
        bare.replace(" ", "") in LETTERS
        or bare in LETTERS
        or bare.split(" ")[0] in (KINDS.keys() | DEGREES.keys())
    )


def _split_letters(name: str) -> tuple[str, str]:
    """A name and the letters that follow it without a comma: “Jane Doe LCSW”. Only capitals are taken for letters."""
    tokens = name.split()
    at = len(tokens)
    while at > 1 and _is_letter(tokens[at - 1]) and _looks_like_letters(tokens[at - 1]):
        at -= 1
    if at < 2 and len(tokens) > at:  # a first name of two letters, such as “Ed” or “Bo”, stays
        return (tokens[0], " ".join(tokens[1:])) if at == 1 else (name, "")
    return " ".join(tokens[:at]), " ".join(tokens[at:])


def _looks_like_letters(token: str) -> bool:
    bare = re.sub(r"\W", "", token)
    return sum(letter.isupper() for letter in bare) > 1 and len(bare) > 1


def kind_of(letters: str) -> str:
    """The kind of license that letters after a name say; a degree counts where no license is named. Empty for none."""
    tokens = [plain(token) for token in re.split(r"[\s,/;&]+", letters) if token]
    whole = [plain(part) for part in re.split(r"[,/;&\n]+", letters) if part.strip()]
    for known in (KINDS, DEGREES):
        for token in (*whole, *tokens):
            if token in known and len(token) > 1:
                return known[token]
        for token in tokens:  # LCSW-R, PMHNP-BC
            if token.split(" ")[0] in known and len(token) > 2:
                return known[token.split(" ")[0]]
    return ""
