"""Fees as lists hold them: $180/50min, 150-200, sliding from 90, $150 ($90 sliding), free first talk, then $220."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from circles.base import money, text
from circles.base.errors import Reason, Refused
from circles.directory.listing import words


@dataclass(frozen=True, slots=True)
class Fee:
    """What a cell says of fees, in minor units. slides: whether the fee slides, where it says so.

    says_none: whether it says that there is no sliding scale. left: what else it says, which has no place in a listing.
    """

    lowest: int | None = None
    highest: int | None = None
    floor: int | None = None
    slides: bool = False
    says_none: bool = False
    currency: str = ""
    left: str = ""


_AMOUNT: Final = r"\d[\d.,']*\d|\d|[.,]\d+"
_CODES: Final = "|".join(words.CURRENCIES)
_RANGE: Final = re.compile(
    rf"(?P<sign>(?:{_CODES}|[A-Z]{{1,3}}\$|[$€£¥])\s*)?(?P<low>{_AMOUNT})"
    rf"(?:\s*(?:{_CODES}|[$€£])?\s*(?:-|–|—|−|/|\bto\b|\bbis\b)\s*(?:{_CODES}|[A-Z]{{1,3}}\$|[$€£])?\s*(?P<high>{_AMOUNT})"
    rf"(?!\d)(?!\s*-?\s*(?:min|mins|minutes|m|hrs?|h)\b))?"
    rf"(?P<more>\s*\+)?(?P<after>\s*(?:{_CODES}|[€£$]|dollars?|euros?|pounds?)(?!\w))?"
    rf"(?P<per>\s*(?:/|per|for|an?|each|·|\(|,)?\s*(?:a\s+)?(?:(?P<minutes>\d{{2,3}})\s*-?\s*(?:min\b|mins\b|minutes?\b|m\b)\.?"
    rf"|(?P<hour>(?:hrs?|hours?|h|session|sess|visit|appt|appointment)\b\.?)))?",
    re.I,
)
_SLIDES: Final = re.compile(r"\bslid(?:ing|es?)\b|\bscale\b|\bss\b|\breduced\b|\bstaffel", re.I)
_FLOOR: Final = re.compile(
    r"(?:\bslid\w*(?:\s+(?:fee|scale))*|\breduced(?:\s+(?:fee|rate))?)\s*(?:fee|scale)?[\s:(]*"
    r"(?:from|down to|to|starts? at|begins? at|at|as low as|-)?\s*(?=[$€£]?\s*\d)",
    re.I,
)
_FREE_TALK: Final = re.compile(
    r"(?:\bfree|\bcomplimentary)\s+(?:\d+\s*-?\s*min\w*\s+)?(?:intro\w*|initial|first)?\s*"
    r"(?:phone\s+)?(?:consult\w*|call|session|talk|chat|intake)"
    r"|\b\d+\s*-?\s*min\w*\.?\s+(?:free|complimentary)\s+\w+|\bconsult\w*\s+(?:is\s+)?free",
    re.I,
)
_NOT_SAID: Final = re.compile(
    r"\b(call|ask|contact|inquire|varies|vary|varied|see (?:web|site)|tbd|upon request|on request|please)\b",
    re.I,
)
# What is no amount, whatever figures it has: a day or a year, a telephone number, “1st”, a billing code.
_NO_AMOUNT: Final = re.compile(
    r"(?<![\d$€£])\d{1,2}/\d{1,2}/\d{2,4}(?!\d)|\(?\d{3}[)\-. ]+\d{3}[-. ]\d{4}(?!\d)|\b\d+(?:st|nd|rd|th)\b"
    r"|(?<![$€£\d.,])9[089]\d{3}(?![\d.,])|\bx\s?\d+\b",
    re.I | re.ASCII,
)
_YEAR: Final = re.compile(r"(?<![$€£\d.,-])(?:19|20)\d\d(?![\d.,]|\s*(?:usd|dollars|eur))", re.I | re.ASCII)
_LENGTHS: Final = (
    (re.compile(r"(?:\b1/2|½|\bhalf)(?:\s*-?\s*(?:an\s+)?)(?:hour|hr)s?\b", re.I), "30 min"),
    (re.compile(r"\b1\.5\s*-?\s*(?:hour|hr)s?\b|\bhour and a half\b", re.I), "90 min"),
    (re.compile(r"\b(?:2|two)\s*-?\s*(?:hour|hr)s?\b", re.I), "120 min"),
    (re.compile(r"\b(?:3|three)\s*-?\s*(?:hour|hr)s?\b", re.I), "180 min"),
)
# “180/50”: what an hour of 50 minutes costs, rather than a range.
_BARE_MINUTES: Final = re.compile(
    r"(?<![\d/])(\d{2,4})\s*/\s*(30|45|50|53|55|60|75|80|90)(?![\d/%]|[.,]\d|\s*-?\s*m)", re.I | re.ASCII
)
# What is paid for beside an hour.
_OTHER: Final = re.compile(
    r"/\s*mo\b|\bmonth\w*|\bpackages?\b|\bpkg\b|\bbundle|\bretainer|/\s*(?:day|week|year)\b|\bper (?:day|week|year)\b"
    r"|\bdaily\b|\bweekly\b|\bannual|\bgroups?\b|\bworkshop|\bintensive|\bretreat|\bco-?pay\w*|\bdeposit|\blate\b"
    r"|\bcancel\w*|\bno[- ]show|\bmembership|\bdos(?:e|ing)\b|\bmedicine\b",
    re.I,
)
_NO_SCALE: Final = re.compile(
    r"\b(?:no|not|without|non)[- ]+(?:a |on a |any )?slid\w*(?:[- ]+(?:scale|fee)s?)?"
    r"|\bsliding(?: scale)?\s*[:-]?\s*(?:no|full|closed|unavailable|not \w+)\b",
    re.I,
)
_AT_MOST: Final = re.compile(r"\b(?:up to|under|below|maximum|max|at most|no more than|less than)\b", re.I)
_AT_LEAST: Final = re.compile(r"\b(?:from|starting|starts|start|minimum|at least|and up|over)\b", re.I)
_EXPECTED_FEE: Final = "Expected: one amount or a range, such as 180 or 150-300."
_HOUR: Final = range(40, 66)
_PER_HOUR: Final = re.compile(r"\b(?:hour|hr|session|individual)\b", re.I)


def fee(cell: str, currency: str) -> Fee:
    """What a cell says of the fee of an hour. currency: of the row, or empty. Raises Refused when there is no amount.

    An amount for another length than an hour is no fee of an hour. What “sliding” stands before is the lowest fee.
    """
    typed, left = _amounts_only(cell)
    if typed.casefold().strip(" .") in ("free", "pro bono", "no charge", "free of charge"):
        return Fee(0, 0)
    says_none = bool(_NO_SCALE.search(typed))
    typed = _NO_SCALE.sub(" ", typed)
    result = Fee(slides=bool(_SLIDES.search(typed)), says_none=says_none)
    hours, has_others = _of_an_hour(typed)
    amounts: list[tuple[int, int]] = []
    floors = {match.end() for match in _FLOOR.finditer(typed)}
    for match in hours:
        sign = _currency(match, currency)
        if result.currency and sign and sign != result.currency:
            raise Refused(Reason("unreadable", "This names two currencies. Please write one amount."))
        result = replace(result, currency=sign or result.currency)
        low, high = _both(match, result.currency or currency or "USD")
        if any(abs(match.start() - end) <= 1 for end in floors) or (
            len(hours) > 1 and _is_reduced(typed, match)
        ):
            result = replace(result, floor=low, slides=True)
            amounts += [(high, high)] if high != low else []
        else:
            amounts.append((low, high))
            left += ["that the fee may be higher than this"] if match["more"] else []
    _refuse_open_end(typed, amounts)
    if _AT_LEAST.search(typed) and len(amounts) == 1 and amounts[0][0] == amounts[0][1] and not result.floor:
        left.append("that the fee may be higher than this")
    if has_others and amounts:
        left.append("amounts for something else than an hour")
    return replace(_with_range(result, amounts, typed, has_others), left=" and ".join(dict.fromkeys(left)))


def _amounts_only(cell: str) -> tuple[str, list[str]]:
    """A cell without the figures that are no amounts, and what else it says that has no place in a listing."""
    typed = " ".join(text.plain_digits(cell).split())
    if re.search(r"\d[oOlI](?![a-z])|[$€£][oOlI]\d", typed):
        raise Refused(Reason("unreadable", "This has a letter among the figures. Please type it again."))
    left = []
    if _FREE_TALK.search(typed):
        if re.search(r"\d", _FREE_TALK.sub("", typed)):
            left.append("a free first talk, of which its own column would say how long")
        typed = _FREE_TALK.sub(" ", typed)
    for pattern, length in _LENGTHS:
        typed = pattern.sub(length, typed)
    typed = _NO_AMOUNT.sub(" ", typed)
    if re.search(r"\d", _YEAR.sub(" ", typed)):
        typed = _YEAR.sub(" ", typed)
    typed = _BARE_MINUTES.sub(
        lambda match: f"{match[1]}/{match[2]} min" if int(match[1]) > int(match[2]) else match[0], typed
    )
    return " ".join(typed.split()), left


def _is_reduced(typed: str, match: re.Match[str]) -> bool:
    """Whether a word for the reduced fee follows an amount: “$150 ($90 sliding)”."""
    return bool(
        re.match(
            r"\s*(?:for |if |on )?(?:sliding|reduced|slide)\b(?!\W*(?:[a-z]+\W+){0,3}\d)",
            typed[match.end() : match.end() + 40],
            re.I,
        )
    )


def _refuse_open_end(typed: str, amounts: list[tuple[int, int]]) -> None:
    if _AT_MOST.search(typed) and len(amounts) == 1 and amounts[0][0] == amounts[0][1]:
        message = "This says the highest fee alone. Please write a range, such as 150-200."
        raise Refused(Reason("unreadable", message))


def _of_an_hour(typed: str) -> tuple[list[re.Match[str]], bool]:
    """The amounts for an hour, of 40 to 65 minutes or of no stated length, and whether there are others."""
    hours: list[re.Match[str]] = []
    has_others, before = False, 50
    for match in _RANGE.finditer(typed):
        if _is_count(typed, match):
            number = int(match["low"]) if match["low"].isdigit() else before
            before = number * 55 if match["hour"] else number
            continue
        minutes, before = int(match["minutes"] or before), 50
        if minutes in _HOUR and not _OTHER.search(_around(typed, match)):
            hours.append(match)
        else:
            has_others = True
    return hours, has_others


def _around(typed: str, match: re.Match[str]) -> str:
    """The words that stand with an amount: up to the next separator or figure on either side."""
    before = re.split(r"[;,|)]|\d|\s/\s", typed[max(0, match.start() - 60) : match.start()])[-1]
    after = re.split(r"[;,|(]|\d|\s/\s", typed[match.end() : match.end() + 60])[0]
    own = re.sub(r"[\d.,]", "", match[0])
    return f"{before if not re.search(_PER_HOUR, before) else ''} {own} {after}"


def _with_range(result: Fee, amounts: list[tuple[int, int]], typed: str, has_others: bool) -> Fee:
    if amounts:
        return replace(
            result, lowest=min(low for low, _ in amounts), highest=max(high for _, high in amounts)
        )
    if result.floor is None and not result.slides:
        wanted = "An amount for something else is not the fee of an hour." if has_others else _EXPECTED_FEE
        raise Refused(
            Reason("not_said" if _NOT_SAID.search(typed) and not has_others else "unreadable", wanted)
        )
    return result


def _is_count(typed: str, match: re.Match[str]) -> bool:
    """Whether a number is one of minutes or of sessions, and no amount."""
    if match["hour"] and not match["sign"] and match["low"] in ("1", "2", "3"):
        return True
    after = typed[match.end("low") : match.end("low") + 12].lower()
    return (
        bool(re.match(r"\s*-?\s*(min|mins|minutes|hour|hrs?\b|%|spots?|people|sessions)", after))
        and not match["per"]
    )


def _currency(match: re.Match[str], currency: str) -> str:
    sign = (match["sign"] or match["after"] or "").strip().lower()
    if not sign or (currency and sign in money.signs_of(currency)):
        return currency
    known = {"$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "mx$": "MXN"}
    code = known.get(sign) or next((code for code in words.CURRENCIES if sign in money.signs_of(code)), "")
    if not code or (currency and code != currency):
        raise Refused(Reason("unreadable", f"“{sign}” is not the currency of this row."))
    return code


def _both(match: re.Match[str], currency: str) -> tuple[int, int]:
    low = money.parse(match["low"], currency)
    high = money.parse(match["high"], currency) if match["high"] else low
    return (low, high) if low <= high else (high, low)
