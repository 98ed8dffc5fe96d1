"""People: value types, readers of what is typed on forms, who may lose a role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from circles.base import clock, text
from circles.base.clock import Viewer
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader

MAX_CREDENTIALS = 12
MAX_NEEDS = 500

# The clocks that times can show on, as choices of a form.
CLOCKS = {"": "As my browser’s language says", "12": "6:30 pm", "24": "18:30"}

Role = Literal["facilitator", "organizer"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; may be member, facilitator, organizer, any of them at once.

    is_host: whether they are a facilitator or a host of some circle. unreached: why mail does not reach them at
    present, as in unreached_addresses, or empty. Both are read for signed-in browsers alone, the second for the
    organizers' list as well.
    clock_hours: 12 or 24, None while not known; clock_chosen: whether they chose it, rather than their browser.
    """

    id: UUID
    email: str
    name: str
    pronouns: str
    zone: str
    is_facilitator: bool
    is_organizer: bool
    is_host: bool = False
    unreached: str = ""
    unreached_since: datetime | None = None
    clock_hours: int | None = None
    clock_chosen: bool = False

    @property
    def viewer(self) -> Viewer:
        """On whose clock times are said in mail to them, and in refusals."""
        return Viewer.of(self.zone, self.clock_hours)

    @property
    def unreached_text(self) -> str:
        """What they read while mail does not reach them, or nothing."""
        if self.unreached_since is None:
            return ""
        return unreached_text(self.email, self.unreached, self.unreached_since, self.viewer)

    def has_role(self, role: Role) -> bool:
        """Whether they have a role now."""
        return self.is_facilitator if role == "facilitator" else self.is_organizer


def unreached_text(address: str, because: str, since: datetime, viewer: Viewer = clock.NOBODY) -> str:
    """What the owner of an address reads while mail does not reach it. because: as in unreached_addresses."""
    day = clock.format_day(since, "UTC", viewer)
    if because == "refused":
        return f"Mail to {address} came back on {day}. Please check that the address is right and still takes mail."
    if because == "full":
        return f"Mail to {address} came back on {day}: the mailbox is full. We try again for some days."
    return f"Our mail of {day} did not get through to {address}. The next mail tries again."


@dataclass(frozen=True, slots=True)
class Credential:
    """One training or license a facilitator states: what, from whom, since when (None: not said).

    link: where it can be verified. seen_at: when an organizer marked the papers of this version as seen.
    """

    id: UUID
    kind: str
    body: str
    year: int | None
    link: str = ""
    seen_at: datetime | None = None
    version: int = 1

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Credential:
        """A credential from the JSON of a query."""
        seen = item["seen_at"]
        return cls(
            UUID(item["id"]),
            item["kind"],
            item["body"],
            item["year"],
            item["link"],
            datetime.fromisoformat(seen) if seen else None,
            item["version"],
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What pages show of a facilitator. about, approach: plain text.

    picture: the hash in its URL, or empty. has_page: whether they may host, and so have a page.
    """

    id: UUID
    name: str
    pronouns: str
    about: str
    credentials: tuple[Credential, ...]
    approach: str = ""
    languages: str = ""
    picture: str = ""
    has_page: bool = False


def parse_name(typed: str, field: str = "name") -> str:
    """What a person is called: one line of at most 80 characters that shows something. Raises Refused."""
    if typed.strip() and text.is_blank(typed):
        raise Refused(Reason("name_invisible", "Please give a name that can be seen.", field))
    return text.line(typed, field, max_length=80)


def parse_pronouns(typed: str, field: str = "pronouns") -> str:
    """Pronouns, or nothing: one line of at most 40 characters. Raises Refused."""
    return text.line(typed, field, max_length=40, required=False)


def parse_zone(typed: str, field: str = "zone") -> str:
    """A time zone the site knows, or nothing. Raises Refused."""
    if typed and not clock.is_zone(typed):
        raise Refused(Reason("zone_unknown", "Please choose one of these.", field))
    return typed


def parse_clock(typed: str, field: str = "clock") -> int | None:
    """The hours of a clock, 12 or 24; None for the one of the browser's language. Raises Refused."""
    if typed not in CLOCKS:
        raise Refused(Reason("clock_unknown", "Please choose one of these.", field))
    return int(typed) if typed else None


def parse_year(typed: str, field: str = "year") -> int | None:
    """The year of a training, or None when none was given. Raises Refused."""
    digits = text.plain_digits(typed)
    if not digits:
        return None
    if not re.fullmatch(r"[0-9]{4}", digits) or not 1950 <= int(digits) <= clock.now().year:
        raise Refused(
            Reason("year_unreadable", f"Please give a year from 1950 to {clock.now().year}.", field)
        )
    return int(digits)


def parse_languages(typed: str, field: str = "languages") -> str:
    """Languages separated by commas, each once; or nothing. Raises Refused."""
    names = [name.strip() for name in text.line(typed, field, max_length=120, required=False).split(",")]
    return ", ".join(dict.fromkeys(name for name in names if name))


def parse_link(typed: str, field: str = "link") -> str:
    """An https URL where a credential can be verified, or nothing. Raises Refused."""
    url = text.line(typed, field, max_length=500, required=False)
    if not url:
        return ""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not url.startswith("https://") or " " in url or not host or "." not in host:
        raise Refused(
            Reason("link_unreadable", "Please give a whole address that begins with https://.", field)
        )
    return url


def read_name(reader: Reader, *, required: bool) -> tuple[str, str]:
    """The name and pronouns of a form."""
    typed = reader.value("name")
    name = reader.take(lambda: parse_name(typed), "") if required or typed.strip() else ""
    return name, reader.take(lambda: parse_pronouns(reader.value("pronouns")), "")


def read_credential(reader: Reader) -> dict[str, Any]:
    """The credential of a form, as keyword arguments of actions.add_credential."""
    return {
        "kind": reader.line("kind", max_length=120),
        "body": reader.line("body", max_length=120),
        "year": reader.take(lambda: parse_year(reader.value("year"))),
        "link": reader.take(lambda: parse_link(reader.value("link")), ""),
    }


def role_refusals(person: Person, organizers: int, role: Role, on: bool) -> list[Reason]:
    """Why a person cannot get a role, or lose it. organizers: how many there are now."""
    if role == "organizer" and not on and person.is_organizer and organizers <= 1:
        return [
            Reason(
                "last_organizer",
                f"{person.name} is the only organizer. Make somebody else an organizer first.",
            )
        ]
    return []
