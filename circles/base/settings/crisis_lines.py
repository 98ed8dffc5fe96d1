"""Crisis lines: who is there when it cannot wait, and the link that reaches them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel

from circles.base.settings import addresses


class CrisisLine(BaseModel):
    """A crisis line: its name, how to reach it, a link or empty."""

    name: str
    how: str
    href: str = ""


UNITED_STATES = [
    CrisisLine(name="988 Suicide and Crisis Lifeline", how="Call or text 988, day or night", href="tel:988"),
    CrisisLine(name="Danger to life", how="Call 911", href="tel:911"),
    CrisisLine(name="Outside the United States", how="findahelpline.com", href="https://findahelpline.com"),
]

_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{1,29}")


def parse_lines(text: str) -> list[CrisisLine]:
    """Read CIRCLES_CRISIS_LINES: `name | how | link` per line or semicolon; the link may be left out."""
    lines = []
    for row in text.replace("\n", ";").split(";"):
        parts = [part.strip() for part in row.split("|")]
        if parts == [""]:
            continue
        if len(parts) not in (2, 3) or not all(parts[:2]):
            raise ValueError(f"CIRCLES_CRISIS_LINES: write 'name | how | link', not {row.strip()!r}.")
        href = parts[2] if len(parts) == 3 else ""
        if href and not href.startswith(("tel:", "sms:", "mailto:", "https://", "http://")):
            raise ValueError(
                f"CIRCLES_CRISIS_LINES: {href!r} is no link. Begin it with tel:, sms: or https://."
            )
        lines.append(CrisisLine(name=parts[0], how=parts[1], href=href))
    if not lines:
        raise ValueError("CIRCLES_CRISIS_LINES: write 'name | how | link', or leave it out.")
    return lines


def read_link(typed: str) -> str | None:
    """A link as it is stored, of those that `parse_lines` takes. A number alone is one to call. None for others."""
    typed = typed.strip()
    scheme, colon, number = typed.partition(":")
    if not colon and _NUMBER.fullmatch(typed):
        scheme, number = "tel", typed
    if scheme.lower() in ("tel", "sms"):
        digits = re.sub(r"[^0-9+]", "", number)
        return f"{scheme.lower()}:{digits}" if _NUMBER.fullmatch(number.strip()) else None
    if scheme.lower() == "mailto":
        return f"mailto:{number}" if addresses.is_mail_address(number) and "?" not in number else None
    try:
        parts = urlsplit(typed)
        is_url = parts.scheme in ("https", "http") and "." in (parts.hostname or "") and not parts.username
    except ValueError:
        return None
    return typed if is_url and typed.isprintable() and " " not in typed else None
