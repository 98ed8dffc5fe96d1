"""What may be typed for each choice of a listing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from circles.directory.listing import words
from circles.sheets import plain


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
    return codes | {plain(typed) or typed: code for typed, code in (more or {}).items()}


def _each(table: Mapping[str, str]) -> dict[str, str]:
    """A table of code: words with | between them, turned around."""
    return {word.strip(): code for code, line in table.items() for word in line.split("|")}


AREAS: Final = _by_words(
    words.AREAS,
    {
        "washington dc": "DC", "wash dc": "DC", "d c": "DC", "uk": "GBR", "great britain": "GBR", "england": "GBR",
        "ontario": "CAN-ON", "quebec": "CAN-QC", "alberta": "CAN-AB", "british columbia": "CAN-BC", "on": "CAN-ON",
        "bc": "CAN-BC", "qc": "CAN-QC", "ab": "CAN-AB", "washington state": "WA", "new york state": "NY",
        "calif": "CA", "cali": "CA", "mass": "MA", "conn": "CT", "penn": "PA", "penna": "PA", "fla": "FL", "tex": "TX",
        "ill": "IL", "mich": "MI", "minn": "MN", "wash": "WA", "ore": "OR", "colo": "CO", "ariz": "AZ", "tenn": "TN",
        "wis": "WI", "wisc": "WI", "n j": "NJ", "n y": "NY", "n c": "NC", "s c": "SC", "n h": "NH", "r i": "RI",
        "n m": "NM", "w va": "WV", "virgin islands": "VI",
        "n carolina": "NC", "s carolina": "SC", "n dakota": "ND", "s dakota": "SD", "w virginia": "WV",
    },
)  # fmt: skip
KINDS: Final = _by_words(
    {code: long for code, (_, long) in words.LICENSES.items()},
    {short: code for code, (short, _) in words.LICENSES.items()}
    | _each({
        "psychologist": "clinical psychologist|licensed psychologist|lp|licensed clinical psychologist",
        "lcsw": "licsw|lisw|lcsw r|lcswr|lscsw|lcsw c|lisw s|clinical social worker"
                "|licensed clinical social worker",
        "lmft": "marriage and family therapist|mft|lcmft|mfc|imft|licensed marriage and family therapist",
        "lpc": "lpcc|lcpc|professional counselor|lpc s|lpcc s|lpc mh|lppc|licensed professional counselor"
               "|licensed professional clinical counselor|licensed clinical professional counselor",
        "lmhc": "lcmhc|lmhp|mental health counselor|licensed mental health counselor|lcmhcs|lcmhc s",
        "psychiatrist": "physician psychiatrist|medical doctor|physician",
        "pmhnp": "psychiatric nurse practitioner|pmhnp bc|psych np|psychiatric mental health nurse practitioner"
                 "|pmhnp c",
        "abroad": "licensed abroad",
    }),
)  # fmt: skip
# Degrees that count as a kind of license where nothing else says one.
DEGREES: Final = {"phd": "psychologist", "psyd": "psychologist", "edd": "psychologist", "md": "psychiatrist",
                  "do": "psychiatrist"}  # fmt: skip
# What may follow a name; the kinds and degrees above are added.
_LETTERS: Final = (
    "ma|ms|msw|mft|med|mph|mba|msn|mdiv|ba|bs|bsw|rn|np|aprn|dnp|fnp|arnp|crnp|pa|pac|lmsw|lsw|lac|lcadc|cadc"
    "|ladc|lcdc|abpp|ncc|ccc|lcat|atr|atrbc|bcatr|sep|emdria|cst|ceds|cht|rdt|nbcc|cmhc|casac|bcba|lmt|ryt|acs"
    "|dacm|nd|dc|esq|jd|csw|licsw|lgpc|lapc|amft|apcc|acsw|lpca|lpci|cap|cct|cctp|ccatp|cgp"
)
# What may follow a name.
LETTERS: Final = frozenset((*KINDS, *DEGREES, *_LETTERS.split("|")))
STATUS: Final = _by_words(
    words.LICENSE_STATUS,
    _each({
        "active": "current|good standing|in good standing|valid|issued|renewed|yes|ok|clear|a|licensed|full"
                  "|unrestricted",
        "restricted": "probation|on probation|limited|conditional|restricted|disciplined|stipulated",
        "inactive": "expired|lapsed|revoked|suspended|surrendered|retired|pending|inactive|i|no|closed"
                    "|delinquent|denied"
                    "|applied|in process|null and void|deceased",
    }),
)  # fmt: skip
EXPERIENCE: Final = _by_words(
    words.EXPERIENCE,
    {"0": "none", "no": "none", "1 10": "some", "10": "over_10", "over 10": "over_10", "50": "over_50",
     "more than 10": "over_10", "more than 50": "over_50", "over 50": "over_50"},
)  # fmt: skip
ROOM: Final = _by_words(
    words.ROOM,
    _each({
        "now": "yes|y|open|accepting|true|x|✓|available|has room|taking new|taking clients|accepting new"
               "|currently accepting"
               "|accepting new clients|accepting clients|taking new clients|si|ja|oui|1|has openings|openings|taking",
        "waiting": "waiting list|waitlist|wait list|wl|waitlisted|wait listed|waitlist only|has waitlist",
        "closed": "no|n|full|false|not accepting|closed|not taking|nein|non|0|not currently|not at this time|on leave"
                  "|not accepting new clients|none|no openings|unavailable|practice full|not available",
    }),
)  # fmt: skip
WORKS_WITH: Final = _by_words(
    words.WORKS_WITH,
    _each({
        "relational": "relationships|attachment|relationship issues|relational trauma|relationship|couples issues",
        "trauma": "ptsd|c ptsd|cptsd|complex trauma|complex ptsd|trauma ptsd|childhood trauma|trauma recovery",
        "depression": "mood disorders|mood|depressive disorders|trd|treatment resistant depression",
        "anxiety": "panic|anxiety disorders|stress|panic attacks",
        "grief": "bereavement|loss|grief loss|grief and loss",
        "eating": "eating disorder|ed|disordered eating|body image",
        "pain": "pain|chronic pain|chronic illness pain",
        "meaning": "spirituality|existential|spiritual issues|spiritual emergence|life transitions|meaning",
        "identity": "gender|sexuality|gender identity|sexual identity|identity",
        "addiction": "substance use|substance abuse|addictions|sud|recovery|alcohol|substance use disorder|sobriety",
        "illness": "cancer|chronic illness|serious illness|end of life|palliative|terminal illness",
        "ocd": "obsessive compulsive disorder",
    }),
)  # fmt: skip
FOR_WHOM: Final = _by_words(
    words.FOR_WHOM,
    _each({
        "adults": "adult|individual adults|adult individuals",
        "elders": "seniors|older adults|elderly|geriatric|older people|aging",
        "teens": "teenagers|adolescents|teen|adolescent|youth",
        "couples": "couple|partners|couples therapy|marriage",
        "families": "family|parents",
        "young": "young adult|college students|emerging adults|students",
        "veterans": "veteran|vets|military|first responders|veterans first responders|active duty",
        "lgbtq": "lgbtq|lgbt|lgbtqia|queer|lgbtq people|lgbtqia people|lgbtq2s|lgbtq2sia|trans|transgender|gay|lesbian"
                 "|lgbtq clients|lgbtqi|2slgbtq|2slgbtqia",
        "bipoc": "bipoc|people of color|poc|black|latinx|communities of color",
    }),
)  # fmt: skip
LANGUAGES: Final = _by_words(
    words.LANGUAGES,
    _each({
        "zh": "mandarin|cantonese|mandarin chinese", "asl": "sign language", "en": "eng|english only|ingles",
        "es": "span|espanol|castellano|sp", "fr": "francais", "de": "deutsch|ger", "pt": "portugues"
                "|brazilian portuguese",
        "tl": "filipino", "he": "ivrit",
    }),
)  # fmt: skip
# t: by telehealth, p: in person; a capital: not.
MEETS: Final = _each({
    "t": "telehealth|online|video|virtual|remote|teletherapy|tele|phone|zoom|telemedicine|televisit|video visits|web",
    "tP": "tele only|telehealth only|online only|virtual only|video only|remote only|all telehealth"
          "|100 telehealth|100 virtual"
          "|fully remote|exclusively telehealth|telehealth exclusively|100 online",
    "p": "in person|office|in office|face to face|onsite|on site|f2f|ip|inperson|office visits",
    "pT": "in person only|office only|in office only|no telehealth|no tele|face to face only",
    "tp": "both|telehealth and in person|in person and telehealth|online and in person|in person and online"
          "|hybrid|either"
          "|tele and in person|in person and tele|mixed|in person or telehealth|telehealth or in person|mix"
          "|virtual and in person"
          "|in person and virtual",
})  # fmt: skip
YES: Final = frozenset(
    [
        "yes",
        "y",
        "true",
        "1",
        "x",
        "t",
        "ja",
        "j",
        "si",
        "oui",
        "s",
        "✓",
        "✔",
        "☑",
        "✅",
        "√",
        "ok",
        "offered",
        "available",
        "offers",
        "accepted",
        "limited",
        "some",
        "sometimes",
        "yes limited",
        "upon request",
        "on request",
        "case by case",
        "as needed",
        "by request",
        "a few",
        "few",
        "occasionally",
        "partial",
        "checked",
        "on",
        "xx",
    ]
)
NO: Final = frozenset(
    [
        "no",
        "n",
        "false",
        "0",
        "f",
        "nein",
        "non",
        "none",
        "not offered",
        "not available",
        "never",
        "✗",
        "✘",
        "❌",
        "☐",
        "not currently",
        "not at this time",
        "not accepted",
        "off",
        "unchecked",
        "currently no",
        "not yet",
    ]
)
CURRENCIES: Final = _by_words(words.CURRENCIES)
WAYS: Final = _by_words(
    words.WAYS,
    _each({
        "se": "somatic experiencing|somatic experiencing se",
        "kap": "ketamine assisted psychotherapy|ketamine|ketamine assisted therapy"
               "|ketamine assisted psychotherapy kap|kat",
        "ifs": "internal family systems|parts work|internal family systems ifs|internal family systems therapy"
               "|ifs therapy",
        "psychodynamic": "psychodynamic|psychodynamic psychotherapy|psychoanalytic psychodynamic",
        "mindfulness": "mindfulness based|mindfulness|mbsr|mbct|mindfulness practices"
                       "|mindfulness based stress reduction",
        "act": "acceptance and commitment|acceptance and commitment therapy|acceptance commitment therapy",
        "emdr": "emdr therapy|eye movement desensitization and reprocessing|emdr trained",
    }),
)  # fmt: skip
CREDENTIALS: Final = {
    way: _by_words(known, {re.sub(rf"^{way} ", "", plain(name)): code for code, name in known.items()})
    for way, known in words.CREDENTIALS.items()
}
WAY_OF: Final = {
    typed: (way, code)
    for way, known in CREDENTIALS.items()
    for typed, code in known.items()
    if typed not in WAYS and not typed.startswith("level") and typed not in ("certified", "training")
}


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a field, for saying once what a word in a file means.

    known: what may be typed, and its code. labels: the codes as people read them.
    """

    known: Mapping[str, str]
    labels: Mapping[str, str]


_YES_NO: Final = Choices({}, {"yes": "Yes", "no": "No"})
_MEETS_LABELS: Final = {
    "tP": "Telehealth only", "pT": "In person only", "tp": "Telehealth and in person", "t": "Telehealth",
    "p": "In person",
}  # fmt: skip
_KIND_LABELS: Final = {code: long for code, (_, long) in words.LICENSES.items()}
# By field, without the number of a numbered one.
CHOICES: Final[Mapping[str, Choices]] = {
    "experience": Choices(EXPERIENCE, words.EXPERIENCE),
    "works_with": Choices(WORKS_WITH, words.WORKS_WITH),
    "for_whom": Choices(FOR_WHOM, words.FOR_WHOM),
    "languages": Choices(LANGUAGES, words.LANGUAGES),
    "meets": Choices(MEETS, _MEETS_LABELS),
    "telehealth": _YES_NO,
    "in_person": _YES_NO,
    "gives_superbills": _YES_NO,
    "area": Choices(AREAS, words.AREAS),
    "currency": Choices(CURRENCIES, words.CURRENCIES),
    "room": Choices(ROOM, words.ROOM),
    "license_kind": Choices(KINDS | DEGREES, _KIND_LABELS),
    "license_area": Choices(AREAS, words.AREAS),
    "license_status": Choices(STATUS, words.LICENSE_STATUS),
}

Meanings = Mapping[str, Mapping[str, str]]


def base_key(key: str) -> str:
    """The field of a key, without the number of a numbered one: license_kind_2 is license_kind."""
    return re.sub(r"_[1-9]$", "", key)


def meaning(key: str, typed: str, meanings: Meanings) -> str | None:
    """The code an organizer gave a word for all rows; empty to leave it out, None when nothing was said."""
    return meanings.get(base_key(key), {}).get(plain(typed) or typed.strip())
