"""The fields a column may fill: label, content, and the headings that match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

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
    Field("name", "Name",
          "The whole name, up to 80 characters: Ada Osei, or Osei, Ada. Letters such as LCSW may follow it.",
          "Alma Whitfield",
          ("name", "full name", "display name", "clinician", "clinician name", "therapist", "therapist name",
           "provider", "provider name", "practitioner", "counselor", "name of therapist", "name of clinician",
           "therapist full name", "clinician full name", "name last first", "psychotherapist", "member name",
           "clinicians", "therapists", "providers", "last first", "name credentials", "name and credentials",
           "staff", "contact name", "contact")),
    Field("first_name", "First name", "Where the name is in two columns.", "",
          ("first name", "given name", "first", "fname", "first names", "forename", "first and middle")),
    Field("last_name", "Last name", "Where the name is in two columns.", "",
          ("last name", "family name", "surname", "last", "lname", "family", "last names")),
    Field("letters", "Letters after the name", "Such as PhD, LCSW. They may also say the kind of license.", "LCSW",
          ("letters", "letters after the name", "credentials", "suffix", "degree", "degrees", "post nominals",
           "credential letters", "title", "licensure credentials", "licenses credentials", "cred", "qualifications",
           "degree credentials", "credential s", "licensure degree")),
    Field("pronouns", "Pronouns", "Such as she/her.", "she/her", ("pronouns", "pronoun", "gender pronouns",
           "preferred pronouns")),
    Field("headline", "Headline", "One line, up to 160 characters.", "Slow, steady work after large experiences",
          ("headline", "tagline", "summary", "short description", "tag line", "one line")),
    Field("approach", "Approach", "Several lines, up to 4,000 characters.", "We begin with what stayed with you.",
          ("approach", "about", "bio", "biography", "description", "statement", "profile", "how i work", "about me",
           "about you", "bio statement", "therapist bio", "personal statement", "blurb", "short bio", "bio blurb",
           "narrative", "approach to therapy")),
    Field("experience", "People worked with on ketamine integration",
          f"{_any_of(words.EXPERIENCE)}; or a plain number.", "More than 10 people",
          ("experience", "ketamine experience", "people worked with on ketamine integration", "ketamine patients",
           "ketamine clients", "how many ketamine patients", "integration experience")),
    Field("works_with", "Works with", _several(words.WORKS_WITH), "Trauma; Grief",
          ("works with", "specialties", "specialities", "specialty", "issues", "focus", "concerns", "treats",
           "areas of focus", "areas of specialty", "area of expertise", "expertise", "specialty areas",
           "clinical focus", "specialization", "specializations", "conditions", "presenting issues",
           "treatment areas")),
    Field("for_whom", "For whom", _several(words.FOR_WHOM), "Adults; Couples",
          ("for whom", "clients", "client focus", "population", "populations", "ages", "age groups", "serves",
           "who i work with", "works with whom", "population served", "populations served", "age group",
           "client types", "client population", "ages served", "clientele", "serving", "who we see", "age range",
           "clients served")),
    Field("languages", "Languages", _several(words.LANGUAGES),
          "English; Spanish", ("languages", "language", "languages spoken", "speaks", "lang", "langs",
           "other languages", "languages other than english", "spoken languages")),
    Field("meets", "How they meet", "telehealth, in person, or both.", "",
          ("how they meet", "meets", "format", "formats", "modality of visits", "where", "visit type",
           "modality format", "session format", "sessions", "mode", "delivery", "how", "visit types",
           "in person telehealth", "telehealth in person", "in person or telehealth", "telehealth or in person",
           "remote or in person", "setting")),
    Field("telehealth", "Telehealth", _YES_NO, "yes",
          ("telehealth", "online", "video", "virtual", "telemedicine", "teletherapy", "remote", "tele",
           "tele health", "telehealth available", "offers telehealth", "virtual sessions", "online sessions",
           "video sessions", "does telehealth")),
    Field("in_person", "In person", _YES_NO, "yes", ("in person", "office", "face to face", "onsite", "in office",
           "offers in person", "in person sessions", "in person available", "office visits")),
    Field("city", "City",
          "Of the practice. A state and a ZIP code may follow it.", "Miami", ("city", "town", "practice city",
           "office city", "location",
           "city town", "town city", "practice location", "city state", "city and state", "location city",
           "municipality", "city state zip", "office location", "address")),
    Field("area", "State of the practice", _AREA, "FL",
          ("state", "area", "province", "practice state", "office state", "region", "state of the practice", "st",
           "state province", "state prov", "prov", "home state", "us state")),
    Field("zip", "ZIP code", "Five digits. A zero that a spreadsheet dropped in front is put back.", "33101",
          ("zip", "zip code", "zipcode", "postal code", "postcode", "practice zip", "office zip", "zipcode 5",
           "postal", "zip postal", "post code", "plz")),
    Field("currency", "Currency", _any_of(words.CURRENCIES) + "; or its three letters. US dollars, when empty.", "",
          ("currency",)),
    Field("fee", "Fee, as one column", "One amount or a range: 180, 150-300, $180/50min; sliding from 90.", "",
          ("fee", "fees", "rate", "rates", "price", "cost", "session fee", "fee range", "price per hour",
           "fee per session", "hourly rate", "rate per hour", "rate per session", "session rate",
           "cost per session", "session cost", "self pay rate", "full fee", "private pay rate", "fee per hour",
           "cash rate", "session fees", "out of pocket", "oop rate", "standard fee", "self pay fee",
           "fee schedule")),
    Field("fee_minimum", "Lowest full fee", "An amount for one hour: 150, $150 or 150.00.", "150",
          ("lowest fee", "lowest full fee", "fee minimum", "minimum fee", "fee from", "min fee", "fee min",
           "fee low", "fees low", "low fee", "fees min", "fees from", "fees lowest", "rate low", "rates low")),
    Field("fee_maximum", "Highest fee", "An amount. The same as the lowest, when empty in a new row.", "220",
          ("highest fee", "fee maximum", "maximum fee", "fee to", "max fee", "fee max", "fee high", "fees high",
           "high fee", "fees max", "fees to", "fees highest", "rate high", "rates high")),
    Field("sliding_floor", "Sliding down to",
          "The amount the fee slides down to; or yes or no, where only that is known.", "70",
          ("sliding down to", "sliding floor", "sliding scale", "sliding scale floor", "sliding scale minimum",
           "floor", "lowest sliding fee", "sliding scale from", "sliding", "sliding fee", "slides",
           "sliding fee scale", "offers sliding scale", "sliding scale available", "ss", "reduced fee",
           "reduced rate", "sliding scale fee")),
    Field("pro_bono_places", "Pro bono places", "A whole number, 0 to 99.", "1",
          ("pro bono places", "pro bono", "free places", "pro bono spots")),
    Field("takes_insurance", "Takes insurance", "yes or no; or the names of insurers.", "no",
          ("takes insurance", "insurance", "accepts insurance", "in network", "ins", "insurance accepted",
           "accepted insurance", "insurance panels", "panels", "insurance taken", "insurance network",
           "insurance list", "insurance y n", "payors", "payers", "insurance info", "takes ins",
           "in network with")),
    Field("insurance_words", "About insurance", "One line, up to 200 characters.", "",
          ("about insurance", "insurance plans", "insurance details", "plans", "insurers", "insurances",
           "insurance notes", "insurance companies")),
    Field("gives_superbills", "Gives superbills", _YES_NO, "yes",
          ("gives superbills", "superbill", "superbills", "out of network superbills", "provides superbills",
           "superbill provided")),
    Field("free_consultation", "Free first talk, in minutes", "A whole number, 0 to 120; 0 for none.", "20",
          ("free first talk in minutes", "free first talk", "free consultation", "consultation", "free call",
           "free consultation minutes", "consultation minutes", "free consult", "free intro call", "intro call",
           "consult", "free consult minutes")),
    Field("room", "Room for new people", "yes, waiting list, or no; words may follow.", "yes",
          ("room for new people", "room", "accepting", "accepting clients", "accepting new clients", "availability",
           "accepting new patients", "accepts new clients", "openings", "accepting new",
           "accepting new patients clients", "taking new clients", "new clients", "taking clients",
           "current availability", "has openings", "open", "accepting referrals", "taking new patients", "waitlist",
           "wait list", "status of practice", "caseload", "capacity", "availability for new clients",
           "accepting new pts", "new patients", "room for new")),
    Field("answer_experience", "Answer: how many people", "Their own words, up to 600 characters.", "",
          ("answer how many people", "how many people have you worked with on ketamine integration")),
    Field("answer_training", "Answer: training", "Their own words, up to 600 characters.", "",
          ("answer training", "what training do you have in this kind of work", "training")),
    Field("answer_medicine", "Answer: medicine and therapy", "Their own words, up to 600 characters.", "",
          ("answer medicine and therapy", "how do you see the medicine and the therapy together",
           "medicine and therapy")),
    Field("links", "Links", "Web addresses, with a space or “;” between them; up to 5.",
          "https://alma.example.org", ("links", "link", "website", "web site", "url", "web", "homepage", "webpage",
           "web address", "www", "site", "practice website", "profile link", "psychology today", "online profile",
           "web page", "urls", "website url", "internet")),
    Field("email", "Mail address", "Where introductions go. It is never shown.", "alma@example.org",
          ("mail address", "email", "e mail", "mail", "email address", "e mail address", "contact email",
           "email contact", "mail contact", "work email", "business email", "contact e mail", "email s", "emails",
           "mailing")),
    Field("phone", "Telephone", "Up to 40 characters.", "+1 305 555 0101",
          ("telephone", "phone", "phone number", "tel", "mobile", "telephone number", "contact number", "tel no",
           "phone s", "cell", "work phone", "office phone", "phone no", "ph", "telephone no", "phones",
           "business phone", "contact phone", "tel number", "cell phone", "mobile phone", "phone numbers",
           "tele number", "phone fax", "telephone fax", "tel fax", "phone and fax", "cell number", "mobile number",
           "direct line", "main phone", "phone email", "phone and email", "contact info", "contact information",
           "contact details", "phone e mail", "email phone", "best phone", "direct phone", "phone main")),
    Field("npi", "NPI", "Ten digits. It also says which listing a row is.", "",
          ("npi", "npi number", "national provider identifier", "npi id", "npi no")),
    Field("licenses", "Licenses, in one column",
          "Kind, state and number of each, with “;” between them: LCSW FL SW1234; LMFT New York 001234 (expires "
          "2028-01-31). A license the listing has and the file does not name stays.", "",
          ("licenses", "licensure", "all licenses")),
    Field("license_kind", "License: kind", f"One of: {_KINDS}.", "LCSW",
          ("kind", "type", "license kind", "license type", "license", "kind of license", "type of license",
           "license title", "license class", "license category", "licensure type", "lic type", "profession",
           "discipline", "professional title", "license types", "provider type"), True),
    Field("license_area", "License: state", _AREA, "FL",
          ("license state", "state license", "license area", "state of license", "licensed in", "licensed state",
           "license country", "license jurisdiction", "where it holds", "licensed states", "license states",
           "states licensed", "states licensed in", "states of licensure", "state of licensure", "licensure state",
           "lic state", "licensed states s", "issuing state", "lic st", "license st",
           "state licensed", "state s licensed", "license state s"), True),
    Field("license_number", "License: number", "As the board prints it.", "SW0012345",
          ("license number", "license no", "lic no", "lic", "lic number", "license num", "license id",
           "number of license", "licensure number", "lic num", "state license number", "prof license number",
           "professional license number", "license s", "lic nos", "credential number"), True),
    Field("license_expires_on", "License: expires",
          "A day or a month: 2028-01-31, 1/31/2028, 31.1.2028, 1/2028, Jan 2028.", "2028-01-31",
          ("license expires", "license expiry", "license expires on", "expires", "expiry", "expiration",
           "license expiration", "license expiration date", "expiration date", "valid until", "license exp",
           "license exp date", "exp date", "exp", "renewal date", "license renewal", "license expiration date",
           "lic exp date", "license valid until", "renewal", "license renewal date", "license good through",
           "good through", "lic expiration", "license through"), True),
    Field("license_status", "License: status", f"{_any_of(words.LICENSE_STATUS)}. Active, when empty.", "",
          ("license status", "status of license"), True),
    Field("license_source", "License: where to look it up", "A web address that begins with https://.", "",
          ("license source", "license link", "license look up", "verification", "verification link",
           "license where to look it up", "license verification"), True),
    Field("ways", "Ways of working, in one column",
          "Each way or its credential, with “;” between them: IFS: IFS Level 2 (Fluence, 2019); EMDR; SEP.", "",
          ("ways", "ways of working", "modalities", "modality", "methods", "approaches", "therapies", "treatment",
           "modalities training", "modalities and training", "training modalities", "therapeutic modalities",
           "techniques", "approach modality", "treatment modalities", "orientation", "theoretical orientation",
           "modalities used", "clinical modalities", "type of therapy", "types of therapy", "therapy types",
           "approaches modalities", "treatment approach", "treatment approaches", "methods training")),
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
