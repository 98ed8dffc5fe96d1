"""Mails in the practice mailbox: their links, and their calendar part in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from circles.base import clock
from circles.base.clock import Viewer

# The properties of a calendar part that are shown, in this order (RFC 5545, 3.8).
SHOWN = {
    "METHOD": "Method",
    "SUMMARY": "Title",
    "DTSTART": "Starts",
    "DTEND": "Ends",
    "LOCATION": "Place",
    "DESCRIPTION": "Description",
    "STATUS": "Status",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Invited",
    "UID": "UID",
    "SEQUENCE": "Sequence",
}
_ESCAPES = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}


def links(body: str, origin: str) -> list[str]:
    """The paths on this site that a text links to, each once: a sandboxed frame cannot follow its links."""
    paths = re.findall(re.escape(origin) + r"(/[^\s<>\")\]]+)", body)
    return list(dict.fromkeys(path.rstrip(".,;") for path in paths))


def calendar_facts(calendar: str, viewer: Viewer = clock.NOBODY) -> list[tuple[str, str]]:
    """A calendar part as (word, value) pairs. viewer: on whose clock it says the times."""
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar)
    values: dict[str, str] = {}
    for line in unfolded.splitlines():
        match = re.match(r"([A-Z-]+)((?:;[^:\"]*(?:\"[^\"]*\")?)*):(.*)", line)
        if match and match[1] in SHOWN:
            values.setdefault(match[1], _readable(match[1], match[3], viewer))
    return [(word, values[name]) for name, word in SHOWN.items() if name in values]


def _readable(name: str, value: str, viewer: Viewer) -> str:
    if name in ("DTSTART", "DTEND") and re.fullmatch(r"\d{8}T\d{6}Z", value):
        moment = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return clock.format_when(moment, "UTC", viewer)
    return re.sub(r"\\[nN,;\\]", lambda escape: _ESCAPES[escape[0]], value)
