"""The content of a listing as dataclasses: a draft with its licenses and ways of working."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class License:
    """One license: kind of words.LICENSES, area of words.AREAS, number as printed, status of LICENSE_STATUS.

    source: where it can be looked up (a web address), empty when not stated. status_said: False when nobody said how
    it stands; it then counts as active, and no page says that it is.
    """

    kind: str
    area: str
    number: str
    status: str = "active"
    expires_on: date | None = None
    source: str = ""
    status_said: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """One way of working of words.WAYS, and the credential behind it (of words.CREDENTIALS[way], or none).

    school: where they trained; for the way "other", its name. year: since when, None when not stated.
    """

    way: str
    credential: str = ""
    school: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of one listing, from the form, a file or the database. Fees in minor units of `currency`.

    What nobody said is None or empty, never a default: how they meet, the fees, insurance, room, languages, for whom.
    experience of words.EXPERIENCE or empty; works_with, for_whom, languages of the words of those names; room of
    words.ROOM or empty; free_consultation in minutes, 0 for none; sliding_floor None when the fee does not slide, or
    fee_slides when it does, down to what was not said.
    """

    name: str
    letters: str = ""
    pronouns: str = ""
    headline: str = ""
    approach: str = ""
    experience: str = ""
    works_with: tuple[str, ...] = ()
    for_whom: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    telehealth: bool | None = None
    in_person: bool | None = None
    city: str = ""
    area: str = ""
    zip: str = ""
    currency: str = "USD"
    fee_minimum: int | None = None
    fee_maximum: int | None = None
    sliding_floor: int | None = None
    fee_slides: bool = False
    pro_bono_places: int = 0
    takes_insurance: bool | None = None
    insurance_words: str = ""
    gives_superbills: bool = False
    free_consultation: int = 0
    room: str = ""
    answer_experience: str = ""
    answer_training: str = ""
    answer_medicine: str = ""
    links: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    npi: str = ""
    licenses: tuple[License, ...] = ()
    ways: tuple[Way, ...] = ()
