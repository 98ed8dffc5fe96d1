"""The fields a column may fill: label, content, and the headings that match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from circles.base import names
from circles.directory.listing import words

# Licenses and ways may have this many numbered columns.
MAX_NUMBERED: Final = 3


@dataclass(frozen=True, slots=True)
class Field:
    """One field. content: what its column may hold. example: for the template. names: headings that match, folded.

    numbered: there may be several, as in "License 2 number".
    """

    key: str
    label: str
    content: str
    example: str = ""
    names: tuple[str, ...] = ()
    numbered: bool = False


def _any_of(options: Mapping[str, object]) -> str:
    return ", ".join(str(words_) for words_ in options.values())


def _several(options: Mapping[str, object]) -> str:
    return f"Any of these, with “;” between them: {_any_of(options)}."


_YES_NO = "yes or no."
_AREA = "A state by two letters or by its name (FL, Florida), or one of: " + _any_of(words.ABROAD) + "."
_KINDS = ", ".join(short for short, _ in words.LICENSES.values())
_CREDENTIALS = ", ".join(name for credentials in words.CREDENTIALS.values() for name in credentials.values())

FIELDS: Final[Sequence[Field]] = (
    Field("name", "Name", "The whole name, up to 80 characters.", "Alma Whitfield",
          ("name", "full name", "display name", "clinician", "clinician name", "therapist", "therapist name")),
    Field("first_name", "First name", "Where the name stands in two columns.", "",
          ("first name", "given name", "first")),
    Field("last_name", "Last name", "Where the name stands in two columns.", "",
          ("last name", "family name", "surname", "last")),
    Field("letters", "Letters after the name", "Such as PhD, LCSW.", "LCSW",
          ("letters", "letters after the name", "credentials", "suffix", "degree", "degrees", "post nominals")),
    Field("pronouns", "Pronouns", "Such as she/her.", "she/her", ("pronouns", "pronoun")),
    Field("headline", "Headline", "One line, up to 160 characters.", "Slow, steady work after large experiences",
          ("headline", "tagline", "summary", "short description")),
    Field("approach", "Approach", "Several lines, up to 4,000 characters.", "We begin with what stayed with you.",
          ("approach", "about", "bio", "biography", "description", "statement", "profile", "how i work")),
    Field("experience", "People worked with on ketamine integration",
          f"{_any_of(words.EXPERIENCE)}; or a plain number.", "More than 10 people",
          ("experience", "ketamine experience", "people worked with on ketamine integration", "ketamine patients",
           "ketamine clients", "how many ketamine patients", "integration experience")),
    Field("works_with", "Works with", _several(words.WORKS_WITH), "Trauma; Grief",
          ("works with", "specialties", "specialities", "specialty", "issues", "focus", "concerns", "treats")),
    Field("for_whom", "For whom", _several(words.FOR_WHOM) + " Adults, when a new row says nothing.", "Adults; Couples",
          ("for whom", "clients", "client focus", "population", "populations", "ages", "age groups", "serves")),
    Field("languages", "Languages", _several(words.LANGUAGES) + " English, when a new row says nothing.",
          "English; Spanish", ("languages", "language", "languages spoken", "speaks")),
    Field("meets", "How they meet", "telehealth, in person, or both.", "",
          ("how they meet", "meets", "format", "formats", "modality of visits", "where", "visit type")),
    Field("telehealth", "Telehealth", _YES_NO, "yes",
          ("telehealth", "online", "video", "virtual", "telemedicine", "teletherapy", "remote")),
    Field("in_person", "In person", _YES_NO, "yes", ("in person", "office", "face to face", "onsite")),
    Field("city", "City", "Of the practice.", "Miami", ("city", "town", "practice city", "office city", "location")),
    Field("area", "State of the practice", _AREA, "FL",
          ("state", "area", "province", "practice state", "office state", "region", "state of the practice")),
    Field("zip", "ZIP code", "Five digits. A zero that a spreadsheet dropped in front is put back.", "33101",
          ("zip", "zip code", "zipcode", "postal code", "postcode", "practice zip", "office zip")),
    Field("currency", "Currency", _any_of(words.CURRENCIES) + "; or its three letters. US dollars, when empty.", "",
          ("currency",)),
    Field("fee", "Fee, as one column", "One amount or a range: 180, or 150-300.", "",
          ("fee", "fees", "rate", "rates", "price", "cost", "session fee", "fee range", "price per hour")),
    Field("fee_minimum", "Lowest full fee", "An amount for one hour: 150, $150 or 150.00.", "150",
          ("lowest fee", "lowest full fee", "fee minimum", "minimum fee", "fee from", "min fee", "fee min", "fee low")),
    Field("fee_maximum", "Highest fee", "An amount. The same as the lowest, when empty in a new row.", "220",
          ("highest fee", "fee maximum", "maximum fee", "fee to", "max fee", "fee max", "fee high")),
    Field("sliding_floor", "Sliding down to", "The amount the fee slides down to; none when it does not slide.", "70",
          ("sliding down to", "sliding floor", "sliding scale", "sliding scale floor", "sliding scale minimum",
           "floor", "lowest sliding fee", "sliding scale from")),
    Field("pro_bono_places", "Pro bono places", "A whole number, 0 to 99.", "1",
          ("pro bono places", "pro bono", "free places", "pro bono spots")),
    Field("takes_insurance", "Takes insurance", _YES_NO, "no",
          ("takes insurance", "insurance", "accepts insurance", "in network")),
    Field("insurance_words", "About insurance", "One line, up to 200 characters.", "",
          ("about insurance", "insurance plans", "insurance details", "plans", "insurers", "insurances")),
    Field("gives_superbills", "Gives superbills", _YES_NO, "yes",
          ("gives superbills", "superbill", "superbills", "out of network superbills")),
    Field("free_consultation", "Free first talk, in minutes", "A whole number, 0 to 120; 0 for none.", "20",
          ("free first talk in minutes", "free first talk", "free consultation", "consultation", "free call",
           "free consultation minutes", "consultation minutes", "free consult")),
    Field("room", "Room for new people", "yes, waiting list, or no.", "yes",
          ("room for new people", "room", "accepting", "accepting clients", "accepting new clients", "availability",
           "accepting new patients", "accepts new clients", "openings")),
    Field("answer_experience", "Answer: how many people", "Their own words, up to 600 characters.", "",
          ("answer how many people", "how many people have you worked with on ketamine integration")),
    Field("answer_training", "Answer: training", "Their own words, up to 600 characters.", "",
          ("answer training", "what training do you have in this kind of work", "training")),
    Field("answer_medicine", "Answer: medicine and therapy", "Their own words, up to 600 characters.", "",
          ("answer medicine and therapy", "how do you see the medicine and the therapy together",
           "medicine and therapy")),
    Field("links", "Links", "Whole web addresses that begin with https://, with a space or “;” between them; up to 5.",
          "https://alma.example.org", ("links", "link", "website", "web site", "url", "web", "homepage", "webpage")),
    Field("email", "Mail address", "Where introductions go. It is never shown.", "alma@example.org",
          ("mail address", "email", "e mail", "mail", "email address", "e mail address", "contact email")),
    Field("phone", "Telephone", "Up to 40 characters.", "+1 305 555 0101",
          ("telephone", "phone", "phone number", "tel", "mobile", "telephone number", "contact number")),
    Field("npi", "NPI", "Ten digits. It also says which listing a row is.", "",
          ("npi", "npi number", "national provider identifier", "npi id")),
    Field("licenses", "Licenses, in one column",
          "Kind, state and number of each, with “;” between them: LCSW FL SW1234; LMFT New York 001234 (expires "
          "2028-01-31). A license the listing has and the file does not name stays.", "",
          ("licenses", "licensure", "all licenses")),
    Field("license_kind", "License: kind", f"One of: {_KINDS}.", "LCSW",
          ("kind", "type", "license kind", "license type", "license", "kind of license", "type of license",
           "license title"), True),
    Field("license_area", "License: state", _AREA, "FL",
          ("license state", "state license", "license area", "state of license", "licensed in", "licensed state",
           "license country", "license jurisdiction", "where it holds"), True),
    Field("license_number", "License: number", "As the board prints it.", "SW0012345",
          ("license number", "license no", "lic no", "lic", "lic number", "license num", "license id",
           "number of license"), True),
    Field("license_expires_on", "License: expires", "A day: 2028-01-31, or 1/31/2028.", "2028-01-31",
          ("license expires", "license expiry", "license expires on", "expires", "expiry", "expiration",
           "license expiration", "license expiration date", "expiration date", "valid until"), True),
    Field("license_status", "License: status", f"{_any_of(words.LICENSE_STATUS)}. Active, when empty.", "",
          ("license status", "status of license"), True),
    Field("license_source", "License: where to look it up", "A web address that begins with https://.", "",
          ("license source", "license link", "license look up", "verification", "verification link",
           "license where to look it up", "license verification"), True),
    Field("ways", "Ways of working, in one column",
          "Each way or its credential, with “;” between them: IFS: IFS Level 2 (Fluence, 2019); EMDR; SEP.", "",
          ("ways", "ways of working", "modalities", "modality", "methods", "approaches", "therapies", "treatment")),
    Field("way", "Way of working", f"One of: {_any_of(words.WAYS)}; or the name of another.", "IFS",
          ("way", "way of working"), True),
    Field("credential", "Way: credential", f"In that school’s own terms: {_CREDENTIALS}.", "IFS Level 2",
          ("way credential", "credential", "way level", "certification", "level"), True),
    Field("school", "Way: school", "Where they trained; of another way, what it is called.", "Fluence",
          ("way school", "school", "trained at", "training institute", "institute"), True),
    Field("year", "Way: since", "A year.", "2019", ("way since", "year", "way year", "since", "trained in"), True),
)  # fmt: skip
BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
LEFT_OUT: Final = ""


def fold(typed: str) -> str:
    """Small letters without accents, as the database's own folded() makes them."""
    return names.fold(typed)


def plain(typed: str) -> str:
    """Folded, with anything but letters and figures as one space: for comparing words."""
    return " ".join(re.findall(r"[^\W_]+", fold(typed)))


def options() -> list[tuple[str, str]]:
    """Everything a column may be matched with, for a select."""
    choices = [(LEFT_OUT, "Leave this column out")]
    for field in FIELDS:
        if field.numbered:
            head, _, part = field.label.partition(":")
            choices += [
                (f"{field.key}_{n}", f"{head} {n}:{part}" if part else f"{head} {n}")
                for n in range(1, MAX_NUMBERED + 1)
            ]
        else:
            choices.append((field.key, field.label))
    return choices


OPTIONS: Final[Mapping[str, str]] = dict(options())


def _heading_words(heading: str) -> tuple[str, int]:
    """A heading made comparable, and the number in it (0: none): "Lic. # 2" is ("lic number", 2)."""
    text = plain(heading.replace("#", " number ")).replace("licence", "license")
    number = next((int(word) for word in text.split() if word in ("1", "2", "3")), 0)
    return " ".join(word for word in text.split() if word not in ("1", "2", "3")), number


_KNOWN: Final = {name: field for field in FIELDS for name in (*field.names, _heading_words(field.label)[0])}


def guess(headings: Iterable[str]) -> list[str]:
    """For each heading the key of OPTIONS it most likely means, no key twice; empty where nothing fits."""
    keys: list[str] = []
    for heading in headings:
        name, number = _heading_words(heading)
        field = _KNOWN.get(name)
        keys.append(_free_key(field, number, keys) if field else LEFT_OUT)
    return keys


def _free_key(field: Field, number: int, taken: list[str]) -> str:
    if not field.numbered:
        return LEFT_OUT if field.key in taken else field.key
    wanted = [number] if number else range(1, MAX_NUMBERED + 1)
    return next((key for n in wanted if (key := f"{field.key}_{n}") not in taken), LEFT_OUT)


# Fields left out of the template: another column covers them.
_NOT_IN_TEMPLATE: Final = frozenset(
    (
        "first_name",
        "last_name",
        "meets",
        "currency",
        "fee",
        "licenses",
        "ways",
        "license_status",
        "license_source",
    )
)


def template(today: date) -> list[tuple[str, str]]:
    """The headings of a file to begin with, each with an example that can be brought in: its license still holds."""
    columns = []
    for field in FIELDS:
        if field.key not in _NOT_IN_TEMPLATE:
            heading = OPTIONS[f"{field.key}_1"] if field.numbered else field.label
            example = (
                f"{field.example} (an example; delete this row)" if field.key == "name" else field.example
            )
            if field.key == "license_expires_on":
                example = f"{today.year + 2}-01-31"
            columns.append((heading, example))
    return columns
