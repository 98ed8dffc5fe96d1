"""One cell of a file read as one value. Each reader raises Refused with what it expected instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final, NoReturn

from circles.base import money
from circles.base.errors import Reason, Refused
from circles.directory.imports.fields import fold, plain
from circles.directory.listing import words
from circles.directory.listing.values import License, Way

_FORMULA: Final = re.compile(r"\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")
_NO_FORMULA: Final = re.compile(r"[+-]?[\d\s().,/-]+|[-+] .*", re.DOTALL)
_BLANK: Final = re.compile(r"[-–—]*|n/?a\.?", re.I)


def _expected(message: str, code: str = "unreadable") -> NoReturn:
    raise Refused(Reason(code, message))


def tidy(cell: str) -> str:
    """A cell without the space around it; empty for a dash or n/a. An apostrophe before a sign is taken off."""
    trimmed = cell.strip()
    if trimmed[:1] == "'" and _FORMULA.match(trimmed[1:]):
        trimmed = trimmed[1:]
    return "" if _BLANK.fullmatch(trimmed) else trimmed


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this: it begins with = + - @ and is no number, telephone or list."""
    return bool(_FORMULA.match(cell)) and not _NO_FORMULA.fullmatch(cell.strip())


# One of the codes of words.py


def _by_words(options: Mapping[str, str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What may be typed for each code: the code, its words, their short form in brackets, and more."""
    codes: dict[str, str] = {}
    for code, label in options.items():
        short = re.search(r"\(([^)]*)\)", label)
        for typed in (
            code.replace("_", " "),
            label,
            re.sub(r"\([^)]*\)", "", label),
            short[1] if short else code,
        ):
            codes.setdefault(plain(typed), code)
    return codes | {plain(typed): code for typed, code in (more or {}).items()}


_AREAS: Final = _by_words(
    words.AREAS,
    {
        "washington dc": "DC", "d c": "DC", "uk": "GBR", "great britain": "GBR", "england": "GBR",
        "ontario": "CAN-ON", "quebec": "CAN-QC", "alberta": "CAN-AB", "british columbia": "CAN-BC", "on": "CAN-ON",
        "bc": "CAN-BC", "qc": "CAN-QC", "ab": "CAN-AB",
    },
)  # fmt: skip
_KINDS: Final = _by_words(
    {code: long for code, (_, long) in words.LICENSES.items()},
    {
        **{short: code for code, (short, _) in words.LICENSES.items()},
        "phd": "psychologist", "psyd": "psychologist", "clinical psychologist": "psychologist",
        "licensed psychologist": "psychologist", "licsw": "lcsw", "clinical social worker": "lcsw",
        "marriage and family therapist": "lmft", "mft": "lmft", "lpcc": "lpc", "lcpc": "lpc",
        "professional counselor": "lpc", "mental health counselor": "lmhc", "md": "psychiatrist",
        "do": "psychiatrist", "psychiatric nurse practitioner": "pmhnp", "pmhnp bc": "pmhnp",
    },
)  # fmt: skip
_STATUS: Final = _by_words(
    words.LICENSE_STATUS,
    {"current": "active", "good standing": "active", "in good standing": "active", "probation": "restricted",
     "on probation": "restricted", "expired": "inactive", "lapsed": "inactive", "revoked": "inactive"},
)  # fmt: skip
_EXPERIENCE: Final = _by_words(
    words.EXPERIENCE,
    {"0": "none", "no": "none", "1 10": "some", "10": "over_10", "over 10": "over_10", "50": "over_50",
     "more than 10": "over_10", "more than 50": "over_50", "over 50": "over_50"},
)  # fmt: skip
_ROOM: Final = _by_words(
    words.ROOM,
    {"yes": "now", "y": "now", "open": "now", "accepting": "now", "true": "now", "waiting list": "waiting",
     "waitlist": "waiting", "wait list": "waiting", "no": "closed", "n": "closed", "full": "closed",
     "false": "closed", "not accepting": "closed"},
)  # fmt: skip
_WORKS_WITH: Final = _by_words(
    words.WORKS_WITH,
    {"relationships": "relational", "attachment": "relational", "ptsd": "trauma", "bereavement": "grief",
     "eating disorder": "eating", "pain": "pain", "spirituality": "meaning", "lgbtq": "identity",
     "substance use": "addiction"},
)  # fmt: skip
_FOR_WHOM: Final = _by_words(
    words.FOR_WHOM,
    {"adult": "adults", "seniors": "elders", "teenagers": "teens", "adolescents": "teens", "couple": "couples",
     "family": "families", "young adults": "young", "veterans": "veterans", "lgbtq": "lgbtq"},
)  # fmt: skip
_LANGUAGES: Final = _by_words(words.LANGUAGES, {"mandarin": "zh", "cantonese": "zh", "sign language": "asl"})
_MEETS: Final = {
    "telehealth": "t", "online": "t", "video": "t", "virtual": "t", "remote": "t", "teletherapy": "t",
    "in person": "p", "office": "p", "in office": "p", "both": "tp", "telehealth and in person": "tp",
    "in person and telehealth": "tp", "online and in person": "tp", "in person and online": "tp", "hybrid": "tp",
}  # fmt: skip
_YES: Final = frozenset(("yes", "y", "true", "1", "x", "t"))
_NO: Final = frozenset(("no", "n", "false", "0", "f"))
_CURRENCIES: Final = _by_words(words.CURRENCIES)
_WAYS: Final = _by_words(
    words.WAYS,
    {"somatic experiencing": "se", "ketamine assisted psychotherapy": "kap", "ketamine": "kap",
     "internal family systems": "ifs", "parts work": "ifs", "psychodynamic": "psychodynamic",
     "mindfulness based": "mindfulness", "acceptance and commitment": "act"},
)  # fmt: skip
_CREDENTIALS: Final = {
    way: _by_words(known, {re.sub(rf"^{way} ", "", plain(name)): code for code, name in known.items()})
    for way, known in words.CREDENTIALS.items()
}
_WAY_OF: Final = {
    typed: (way, code)
    for way, known in _CREDENTIALS.items()
    for typed, code in known.items()
    if typed not in _WAYS and not typed.startswith("level") and typed not in ("certified", "training")
}


def _one_of(known: Mapping[str, str], expected: str, cell: str) -> str:
    code = known.get(plain(cell)) or known.get(fold(cell))
    return code or _expected(expected, "unknown")


def _say(options: Iterable[str]) -> str:
    return ", ".join(options)


def _split(cell: str) -> list[str]:
    return [part for piece in re.split(r"[;\n]", cell) if (part := piece.strip())]


def _some_of(known: Mapping[str, str], expected: str, cell: str) -> tuple[str, ...]:
    """Several with ; between them, or with commas where the whole is none of the words."""
    parts = _split(cell)
    if len(parts) == 1 and plain(parts[0]) not in known:
        parts = [part for piece in re.split(r"[,/|]", cell) if (part := piece.strip())]
    unknown = [part for part in parts if plain(part) not in known]
    if unknown or not parts:
        named = _say(f"“{piece[:40]}”" for piece in unknown[:5])
        _expected(f"We do not know {named}. {expected}", "unknown")
    return tuple(dict.fromkeys(known[plain(part)] for part in parts))


def _yes_no(cell: str) -> bool:
    typed = plain(cell)
    if typed not in _YES | _NO:
        _expected("Expected: yes or no.")
    return typed in _YES


def _meets(cell: str) -> tuple[bool, bool]:
    """Whether by telehealth, and whether in person."""
    letters = "".join(_MEETS.get(plain(part), "?") for part in re.split(r"[;,/&+\n]", cell) if part.strip())
    if not letters or "?" in letters:
        _expected("Expected: telehealth, in person, or both.")
    return "t" in letters, "p" in letters


def _experience(cell: str) -> str:
    typed = cell.replace(",", "").strip()
    digits = typed.rstrip("+")
    if digits.isascii() and digits.isdigit():
        number = int(digits[:9]) + (digits != typed)
        return "over_50" if number > 50 else "over_10" if number > 10 else "some" if number else "none"
    return _one_of(_EXPERIENCE, f"Expected: {_say(words.EXPERIENCE.values())}; or a number.", cell)


def _zip(cell: str) -> str:
    digits = re.sub(r"[-\s]\d{4}$", "", cell.strip())
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 5):
        _expected("Expected: five digits, such as 33101.")
    return digits.zfill(5)


def _whole(most: int, cell: str) -> int:
    digits = re.sub(r"(min|mins|minutes)\.?$", "", cell.strip(), flags=re.I).rstrip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4 and int(digits) <= most):
        _expected(f"Expected: a whole number from 0 to {most}.")
    return int(digits)


def amount(currency: str, cell: str) -> int:
    """An amount in minor units."""
    return money.parse(cell, currency)


def fee(currency: str, cell: str) -> tuple[int, int]:
    """One amount or a range, as lowest and highest."""
    parts = [trimmed for part in re.split(r"-|–|—|\bto\b", cell) if (trimmed := part.strip())]
    if not 1 <= len(parts) <= 2:
        _expected("Expected: one amount or a range, such as 180 or 150-300.")
    amounts = [money.parse(trimmed, currency) for trimmed in parts]
    return amounts[0], amounts[-1]


def floor(currency: str, cell: str) -> int | None:
    """The amount a fee slides down to; None for none."""
    return None if plain(cell) in ("none", "no") else money.parse(cell, currency)


def _npi(cell: str) -> str:
    return re.sub(r"[\s-]", "", cell)


def _links(cell: str) -> tuple[str, ...]:
    links = [link for part in re.split(r"[;\s]+", cell) if (link := part.strip(",<>"))]
    return tuple(f"https://{link}" if link.lower().startswith("www.") else link for link in links)


def day(cell: str) -> date:
    """A day as 2028-01-31, or as 1/31/2028: month, day, year."""
    typed = cell.strip().split(" ")[0].split("T")[0]
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", typed, re.ASCII)
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", typed, re.ASCII)
    parts = iso.groups() if iso else (american[3], american[1], american[2]) if american else None
    try:
        return date(*map(int, parts or ()))
    except (ValueError, TypeError):
        _expected("Expected: a day, such as 2028-01-31 or 1/31/2028.")


def _year(cell: str) -> int:
    if not re.fullmatch(r"\d{4}", cell, re.ASCII):
        _expected("Expected: a year, such as 2019.")
    return int(cell)


def way(cell: str) -> str:
    """A way of working; "other" for one the list does not have."""
    return _WAYS.get(plain(cell), "other")


def way_of(cell: str) -> str:
    """The way of working a credential belongs to by itself, such as SEP; empty when it is ambiguous."""
    return _WAY_OF.get(plain(cell), ("", ""))[0]


def credential(of: str, cell: str) -> str:
    """A credential in the terms of one way's school."""
    known = words.CREDENTIALS.get(of, {})
    expected = f"Expected for {words.WAYS[of]}: {_say(known.values())}." if known else "Expected: nothing."
    return _one_of(_CREDENTIALS.get(of, {}), expected, cell)


# Several in one cell


def licenses(cell: str) -> tuple[License, ...]:
    """Kind, area and number of each, with ; between them; (expires 2028-01-31) may follow."""
    return tuple(_license(typed) for typed in _split(cell))


def _license(typed: str) -> License:
    end = re.search(r"\(?\bexpires:?\s+(on\s+)?(?P<day>[\d/-]+)\)?\s*$", typed, re.I)
    tokens = re.findall(r"[^\s,]+", typed[: end.start()] if end else typed)
    kind, tokens = _longest(_KINDS, tokens)
    area, tokens = _longest(_AREAS, tokens)
    number = " ".join(tokens)
    if not (kind and area and number):
        missing = "kind" if not kind else "state" if not area else "number"
        _expected(
            f"In “{typed[:60]}” we find no {missing}. Expected: kind, state, number, such as LCSW FL SW1234.",
            missing,
        )
    return License(kind, area, number, expires_on=day(end["day"]) if end else None)


def _longest(known: Mapping[str, str], tokens: list[str]) -> tuple[str, list[str]]:
    """The longest beginning that is known, and what follows it."""
    for size in range(min(6, len(tokens)), 0, -1):
        code = known.get(plain(" ".join(tokens[:size])))
        if code:
            return code, tokens[size:]
    return "", tokens


def ways(cell: str) -> tuple[Way, ...]:
    """Each way or its credential, with ; between them: IFS: IFS Level 2 (Fluence, 2019); EMDR; SEP."""
    return tuple(_way(typed) for typed in _split(cell))


def _way(typed: str) -> Way:
    code = _WAYS.get(plain(typed))
    if code:
        return Way(code)
    more = re.search(r"\((?P<school>[^()]*?)(?:,?\s*(?P<year>\d{4}))?\)\s*$", typed, re.ASCII)
    head, _, after = (typed[: more.start()] if more else typed).partition(":")
    school, year = (more["school"].strip(), more["year"]) if more else ("", None)
    since = int(year) if year else None
    if plain(head) in _WAY_OF and not after.strip():
        return Way(*_WAY_OF[plain(head)], school, since)
    code = way(head)
    if code == "other":
        return Way("other", "", head.strip(), since)
    return Way(code, credential(code, after) if after.strip() else "", school, since)


def _text(cell: str) -> str:
    return cell


def _area(cell: str) -> str:
    expected = (
        "Expected: a state by two letters or its name, such as FL or Florida, or a country of our list."
    )
    return _one_of(_AREAS, expected, cell)


# What reads the cell of each field; fees wait for the currency, and ways for their credential.
READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(
        ("name", "first_name", "last_name", "letters", "pronouns", "headline", "approach", "city", "insurance_words",
         "answer_experience", "answer_training", "answer_medicine", "phone", "email", "license_number", "school"),
        _text,
    ),
    **dict.fromkeys(("telehealth", "in_person", "takes_insurance", "gives_superbills"), _yes_no),
    "experience": _experience,
    "works_with": partial(_some_of, _WORKS_WITH, f"Expected: any of {_say(words.WORKS_WITH.values())}."),
    "for_whom": partial(_some_of, _FOR_WHOM, f"Expected: any of {_say(words.FOR_WHOM.values())}."),
    "languages": partial(_some_of, _LANGUAGES, f"Expected: any of {_say(words.LANGUAGES.values())}."),
    "meets": _meets,
    "area": _area,
    "zip": _zip,
    "currency": partial(_one_of, _CURRENCIES, f"Expected: one of {_say(words.CURRENCIES)}."),
    "pro_bono_places": partial(_whole, 99),
    "free_consultation": partial(_whole, 120),
    "room": partial(_one_of, _ROOM, "Expected: yes, waiting list, or no."),
    "links": _links,
    "npi": _npi,
    "licenses": licenses,
    "license_kind": partial(
        _one_of, _KINDS, f"Expected: one of {_say(short for short, _ in words.LICENSES.values())}."
    ),
    "license_area": _area,
    "license_expires_on": day,
    "license_status": partial(_one_of, _STATUS, f"Expected: {_say(words.LICENSE_STATUS.values())}."),
    "license_source": _text,
    "ways": ways,
    "way": _text,
    "year": _year,
}  # fmt: skip
