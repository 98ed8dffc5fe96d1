"""The codes of the directory (states, licenses, ways of working, languages ...) and the text shown for each."""

from __future__ import annotations

from collections.abc import Mapping

from circles.base.english import Labels

# Areas a license may be issued for: US states and territories (two letters), other countries (three letters, ISO 3166),
# Canadian provinces.
STATES: Mapping[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AS": "American Samoa", "AZ": "Arizona", "AR": "Arkansas",
    "CA": "California", "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia",
    "FL": "Florida", "GA": "Georgia", "GU": "Guam", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "MP": "Northern Mariana Islands", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "PR": "Puerto Rico", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "VI": "U.S. Virgin Islands", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
ABROAD: Mapping[str, str] = {
    "CAN-AB": "Alberta, Canada", "CAN-BC": "British Columbia, Canada", "CAN-ON": "Ontario, Canada",
    "CAN-QC": "Quebec, Canada", "GBR": "United Kingdom", "IRL": "Ireland", "AUS": "Australia",
    "NZL": "New Zealand", "DEU": "Germany", "NLD": "Netherlands", "CHE": "Switzerland", "MEX": "Mexico",
    "FSM": "Micronesia", "MHL": "Marshall Islands", "PLW": "Palau",
}  # fmt: skip
AREAS: Mapping[str, str] = {**STATES, **ABROAD}

# Kind of license: (short, full).
LICENSES: Mapping[str, tuple[str, str]] = {
    "psychologist": ("Psychologist", "Psychologist (PhD, PsyD)"),
    "lcsw": ("LCSW", "Licensed clinical social worker (LCSW)"),
    "lmft": ("LMFT", "Licensed marriage and family therapist (LMFT)"),
    "lpc": ("LPC", "Licensed professional counselor (LPC)"),
    "lmhc": ("LMHC", "Licensed mental health counselor (LMHC)"),
    "psychiatrist": ("Psychiatrist", "Psychiatrist (MD, DO)"),
    "pmhnp": ("PMHNP", "Psychiatric nurse practitioner (PMHNP)"),
    "abroad": ("Licensed abroad", "Another license, outside the United States"),
}
LICENSE_STATUS: Mapping[str, str] = Labels(
    {
        "active": "Active",
        "restricted": "Restricted or on probation",
        "inactive": "Not active",
    }
)

# Way of working.
WAYS: Mapping[str, str] = {
    "ifs": "Internal Family Systems (IFS)",
    "se": "Somatic Experiencing",
    "emdr": "EMDR",
    "kap": "Ketamine-assisted psychotherapy (KAP)",
    "act": "Acceptance and Commitment Therapy (ACT)",
    "psychodynamic": "Psychodynamic therapy",
    "mindfulness": "Mindfulness-based therapy",
    "other": "Another way",
}
# Way of working: its credentials, in the terms of that school. A way may also have none.
CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "ifs": {
        "ifs_1": "IFS Level 1",
        "ifs_2": "IFS Level 2",
        "ifs_3": "IFS Level 3",
        "ifs_certified": "IFS Certified",
    },
    "se": {"se_student": "In SE training", "sep": "Somatic Experiencing Practitioner (SEP)"},
    "emdr": {"emdr_basic": "EMDR basic training", "emdria": "EMDRIA-certified"},
    "kap": {"kap_trained": "KAP training"},
    "act": {"act_trained": "ACT training"},
    "psychodynamic": {"psychodynamic_trained": "Psychodynamic training"},
    "mindfulness": {"mindfulness_trained": "MBSR or MBCT teacher training"},
    "other": {},
}
# Suggested schools for KAP; the form accepts others.
KAP_SCHOOLS = ("Polaris Insight Center", "Fluence", "Ketamine Research Foundation", "KRIYA Institute", "MAPS")

# How many people they worked with on ketamine integration.
EXPERIENCE: Mapping[str, str] = {
    "none": "None yet",
    "some": "1 to 10 people",
    "over_10": "More than 10 people",
    "over_50": "More than 50 people",
}

WORKS_WITH: Mapping[str, str] = {
    "trauma": "Trauma",
    "depression": "Depression",
    "anxiety": "Anxiety",
    "addiction": "Addiction",
    "pain": "Chronic pain",
    "eating": "Eating disorders",
    "relational": "Relationships and attachment",
    "grief": "Grief",
    "ocd": "OCD",
    "illness": "Serious illness",
    "identity": "Identity, gender and sexuality",
    "meaning": "Meaning and spiritual questions",
}
FOR_WHOM: Mapping[str, str] = {
    "adults": "Adults",
    "young": "Young adults (18 to 25)",
    "elders": "Older adults",
    "teens": "Teenagers",
    "couples": "Couples",
    "families": "Families",
    "lgbtq": "LGBTQ+ people",
    "bipoc": "People of color",
    "veterans": "Veterans and first responders",
}
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "zh": "Chinese",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "ru": "Russian",
    "ar": "Arabic",
    "hi": "Hindi",
    "ko": "Korean",
    "vi": "Vietnamese",
    "tl": "Tagalog",
    "pl": "Polish",
    "he": "Hebrew",
    "asl": "American Sign Language",
}
ROOM: Mapping[str, str] = Labels(
    {
        "now": "Is taking new people",
        "waiting": "Has a waiting list",
        "closed": "Is not taking new people",
    }
)
# How a room that nobody said can be looked for.
ROOM_TO_FIND: Mapping[str, str] = {**ROOM, "unsaid": "Not said"}
SOURCES: Mapping[str, str] = Labels(
    {
        "applied": "Written by the therapist",
        "organizer": "Written by the organizers",
        "import": "From a list the organizers brought in",
    }
)

CURRENCIES: Mapping[str, str] = {
    "USD": "US dollars",
    "CAD": "Canadian dollars",
    "GBP": "British pounds",
    "EUR": "Euros",
    "AUD": "Australian dollars",
    "NZD": "New Zealand dollars",
    "CHF": "Swiss francs",
    "MXN": "Mexican pesos",
}

# Why a listing is hidden (listings.hidden_because), as its therapist reads it.
HIDDEN: Mapping[str, str] = {
    "complaint": "The organizers hid this page while they look into something they were told about it.",
    "unconfirmed": "Nobody has said for a long time that this page is still right, so it is hidden for now.",
    "licence": "No license on this page counts any more, so it is hidden for now.",
    "organizer": "The organizers hid this page.",
    "therapist": "You took this page off the directory.",
}
NOT_SHOWN = "This page is not shown now."
NOT_HIDDEN = "This page was not taken off the directory."
STATES_OF_LISTING: Mapping[str, str] = Labels(
    {
        "draft": "Draft",
        "waiting": "Waiting for the organizers",
        "shown": "Shown",
        "hidden": "Hidden",
    }
)

# Usual fees for an hour of 50 minutes (lowest, highest), in cents.
USUAL_FEES = (15_000, 30_000)
KAP_FEES = (20_000, 40_000)
USUAL_FLOOR = (3_000, 8_000)

# Three questions the site suggests to ask a therapist, by the field that answers each.
QUESTIONS: Mapping[str, str] = {
    "answer_experience": "How many people have you worked with on ketamine integration?",
    "answer_training": "What training do you have in this kind of work?",
    "answer_medicine": "How do you see the medicine and the therapy together?",
}
