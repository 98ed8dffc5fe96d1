"""Names as lists hold them: “Patel, José”, “Dr. Ada Osei, PhD, LCSW (she/her)”; and what the letters after them say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from circles.base.errors import Reason, Refused
from circles.directory.imports.reading.lexicon import DEGREES, KINDS, LETTERS
from circles.sheets import plain

_HONORIFIC: Final = re.compile(r"(dr|mr|mrs|ms|mx|miss|prof|professor|rev|doctor)\b\.?\s+(?=\S)", re.I)
_PRONOUNS: Final = re.compile(
    r"[\s,]*[(\[]\s*((?:she|he|they|ze|xe|any)(?:\s*/\s*(?:her|hers|him|his|them|theirs|they|she|he|hir|zir|any)){0,3})\s*[)\]]"
    r"|[\s,]+((?:she|he|they|ze|xe)(?:\s*/\s*(?:her|hers|him|his|them|theirs|they|she|he|hir|zir|any)){1,3})(?!\w)",
    re.I,
)
# Words of titles and of companies: what follows a comma with one of them is no first name.
_TITLE: Final = re.compile(
    r"\b(therapist|psychotherapist|counsell?or|psychologist|psychiatrist|coach|worker|nurse|practitioner|clinician"
    r"|candidate|intern|associate|supervisor|physician|facilitator|licensed|certified|llc|pllc|inc|pc|plc|llp|ltd|corp)\b",
    re.I,
)
MAX_CELL: Final = 500
_SUFFIX: Final = re.compile(r"(jr|sr|ii|iii|iv)\.?", re.I)
_MARK: Final = re.compile(r"[*†‡]+$|^[*†‡•\-–]+\s*|^\d{1,3}[.)]\s+|\s+[-–—;|]+$")
# What may stand beside a name, and is none of it.
_ADDRESS: Final = re.compile(r"[\s,]*[<(\[]?\s*[^\s@<>(),]+@[^\s@<>(),]+\.[^\s@<>(),]+[>)\]]?")
_ASIDE: Final = re.compile(
    r"\s*[(\[–—-]+\s*(on (?:\w+ )?leave|retired|retiring|inactive|deceased|moved|left|new"
    r"|not accepting\b[^)\]]*|full|see note|tbd)\s*[)\]]?\s*$",
    re.I,
)
_EXAMPLE: Final = re.compile(r"\s*(?:example|sample|e\.g\.|ex\.)\s*[:\-–]", re.I)
_COMPANY: Final = re.compile(r"(?:p?llc|inc|pc|p\.c\.|pa|ltd|pllc|corp|llp)\.?", re.I)
_ROLE: Final = re.compile(
    r"(?:founder|director|owner|clinical director|co-founder|licensed .*|clinical .*|psychotherapist|therapist"
    r"|counselor"
    r"|social worker|psychiatrist|nurse practitioner|executive director|coach|supervisor|associates?|intern|resident)",
    re.I,
)
_TWO_PEOPLE: Final = "This looks like more than one person. Please give each a row."
_TWO: Final = re.compile(r"\s(?:&|\+|and|und)\s|\s?[/;]\s?|\n")


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: as people say it, and what stood beside it. left: what has no place in a listing."""

    name: str
    letters: str = ""
    pronouns: str = ""
    left: str = ""


def read(cell: str) -> Name:
    """Read a name. Raises Refused for two people in one cell.

    One comma turns a name around, unless letters such as LCSW follow it.
    """
    if len(cell) > MAX_CELL:
        return Name(cell)  # far too long for a name, as the rules of listings say
    if _EXAMPLE.match(cell):
        raise Refused(Reason("example", "This is an example rather than a person."))
    text = _ADDRESS.sub("", _one_line(cell))
    pronouns = _PRONOUNS.search(text)
    text = _PRONOUNS.sub("", text)
    left = [match[1] for match in [_ASIDE.search(text)] if match]
    text = _ASIDE.sub("", text)
    parts = [part for piece in _split(text) if (part := _MARK.sub("", piece.strip()).strip())]
    letters = _letters_of(parts, left)
    suffix = parts.pop() if len(parts) > 1 and _SUFFIX.fullmatch(parts[-1]) else ""
    if len(parts) > 1 and is_letters(parts[0]) and not is_letters(parts[1]) and _looks_like_letters(parts[0]):
        letters.insert(0, parts.pop(0))  # “PhD, Ada Osei”
    if len(parts) == 2:
        _refuse_two_whole(parts)
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
    spoken = next((group for group in pronouns.groups() if group), "") if pronouns else ""
    return Name(name, ", ".join(letters), spoken.lower().replace(" ", ""), ", ".join(left))


def _is_title(parts: list[str]) -> bool:
    """Whether the last part of a name is a title, or letters we do not know, as in “Jane Doe, CHTP”."""
    if _TITLE.search(parts[-1]):
        return True
    is_whole_name = len(parts) == 2 and len(parts[0].split()) > 1 and not parts[0].isupper()
    return is_whole_name and parts[-1].isupper() and len(parts[-1]) > 1 and " " not in parts[-1]


def _letters_of(parts: list[str], left: list[str]) -> list[str]:
    """Take the letters and titles off the end of a name; what is neither goes to what is left out."""
    letters: list[str] = []
    while len(parts) > 1 and (_is_beside(parts[-1]) or _may_be_letters(parts) or _is_title(parts)):
        is_title = _is_title(parts)
        last = re.sub(r"(?<=\w)\s*\([^)]*\)", "", parts.pop()).strip("()[]")
        if is_letters(last) or is_title:
            letters.insert(0, last)
        else:
            left.append(last)
    return letters


def _one_line(cell: str) -> str:
    """A name in one line: letters on a line of their own follow a comma, and another line is another person."""
    lines = [" ".join(line.split()) for line in cell.split("\n") if line.strip()]
    text = lines[0] if lines else ""
    for line in lines[1:]:
        text += f", {line}" if is_letters(line) or _PRONOUNS.fullmatch(f" {line}") else f" ; {line}"
    # “Osei, Ada; LCSW”, “Ada Osei | LCSW”, “Osei; Ada”
    for sign in (";", "|", " - ", " – "):
        head, found, tail = text.partition(sign)
        if found and (is_letters(tail) or (sign == ";" and "," not in text and len(text.split()) == 2)):
            text = f"{head.strip()}, {tail.strip()}"
    return text


def _split(text: str) -> list[str]:
    """The parts of a name between commas; a comma within brackets parts nothing."""
    return re.split(r",(?![^(]*\))", text)


def _is_beside(part: str) -> bool:
    """Whether a part behind a comma is a company or what a person does."""
    return bool(_COMPANY.fullmatch(part) or _ROLE.fullmatch(part))


def _may_be_letters(parts: list[str]) -> bool:
    """Whether the last part is letters; “Kim, Do” and “Lee, Ma” are names."""
    last = parts[-1]
    if not is_letters(re.sub(r"\([^)]*\)", "", last)):
        return False
    is_word = re.fullmatch(r"[A-Z][a-z]{1,2}", last)
    return not (is_word and len(parts) == 2 and len(parts[0].split()) == 1)


def _refuse_two_whole(parts: list[str]) -> None:
    """Refuse “Ada Osei, Ben Osei”: two names of two words with the same last name."""
    first, second = (part.split() for part in parts)
    if len(first) == len(second) == 2 and first[-1].casefold() == second[-1].casefold():
        raise Refused(Reason("two_people", _TWO_PEOPLE))


def _without_honorific(name: str) -> str:
    while match := _HONORIFIC.match(name):
        name = name[match.end() :]
    return name.strip()


def _refuse_two(name: str) -> None:
    people = [part for part in _TWO.split(re.sub(r"\([^)]*\)", "", name)) if part.strip()]
    if len(people) > 1 and len(name.split()) > 2:
        raise Refused(Reason("two_people", _TWO_PEOPLE))


def is_letters(typed: str) -> bool:
    """Whether this is what may follow a name: LCSW, Ph.D., LCSW-R, MA LPC."""
    tokens = _tokens(typed)
    return bool(tokens) and all(_is_letter(token) for token in tokens)


def _tokens(typed: str) -> list[str]:
    return [token for token in re.split(r"[\s,/;&]+", typed.strip().strip("()[]")) if token]


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
    if at == 1 and len(tokens) == 2 and len(re.sub(r"\W", "", tokens[1])) < 3:
        return name, ""  # a last name of two letters, as in “JACK MA”
    return " ".join(tokens[:at]).rstrip(" -–—;|"), " ".join(tokens[at:]).strip("()[]")


def _looks_like_letters(token: str) -> bool:
    bare = re.sub(r"\W", "", token)
    return sum(letter.isupper() for letter in bare) > 1 and len(bare) > 1


# Letters and words of a license in training: LCSW-A, LPCA, AMFT, MFT intern, PhD candidate, LCSW (supervised).
_IN_TRAINING: Final = re.compile(
    r"\b(?:lcsw|lpcc?|lcmhc|lmft|lmhc|mft|lgsw)(?:[- ]?a|[- ](?:i|t|p|it)|[- ]?intern|[- ]?associate)\b"
    r"|\b(?:amft|apcc|acsw|asw|lamft|lapc|lgpc|lmsw|lpci)\b"
    r"|\b(?:associate|candidate|intern|resident|trainee|student|supervisee|provisional|pre-?licensed|unlicensed"
    r"|limited permit"
    r"|supervised|under supervision|license pending|license eligible)\b",
    re.I,
)


def is_in_training(letters: str) -> bool:
    """Whether letters or words say that a license is not held yet."""
    return bool(_IN_TRAINING.search(letters.replace(".", "")))


def kind_of(letters: str) -> str:
    """The kind of license that letters after a name say; a degree counts where no license is named. Empty for none."""
    held = [part for part in re.split(r"[,/;&\n]+", letters) if part.strip() and not is_in_training(part)]
    tokens = [plain(token) for part in held for token in part.split()]
    whole = [plain(part) for part in held]
    for known in (KINDS, DEGREES):
        for token in (*whole, *tokens):
            if token in known and len(token) > 1:
                return known[token]
        for token in tokens:  # LCSW-R, PMHNP-BC
            if token.split(" ")[0] in known and len(token) > 2:
                return known[token.split(" ")[0]]
    return ""
