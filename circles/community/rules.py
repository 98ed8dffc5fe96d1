"""What is different between two versions of the community's settings, in words."""

from __future__ import annotations

from dataclasses import dataclass

from circles.base import money
from circles.base.english import plural
from circles.base.settings import ASKS, Community

LABELS = {
    "community_name": "Name",
    "mail_name": "Name of the sender of mail",
    "calendar_name": "Name of calendars",
    "statement_name": "On card statements",
    "contact_address": "Address to write to",
    "crisis_lines": "Crisis lines",
    "colors": "Colors",
    "logo": "Logo",
    "scale": "Scale of new circles",
    "terms": "Terms of new circles",
    "zone": "Time zone of new circles",
    "asks": "What is asked for",
    "mail_footer": "Foot of mails",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs: what it is called, what it was, what it is."""

    label: str
    before: str
    after: str


def differences(before: Community, after: Community) -> list[Difference]:
    """Everything in which two versions differ, in the order of the form."""
    old, new = _in_words(before), _in_words(after)
    return [
        Difference(LABELS[name], old[name], new[name])
        for name in LABELS
        if old[name] != new[name] or (name == "logo" and before.logo != after.logo)
    ]


def _in_words(community: Community) -> dict[str, str]:
    amounts = (
        money.format_amount(amount, community.currency)
        for amount in (community.minimum, community.suggested, community.maximum)
    )
    words = {
        name: getattr(community, name)
        for name in ("community_name", "mail_name", "calendar_name", "statement_name")
    }
    return words | {
        "contact_address": community.contact_address or "None",
        "crisis_lines": "\n".join(
            ", ".join(filter(None, (line.name, line.how, line.href))) for line in community.crisis_lines
        ),
        "colors": " and ".join(
            f"{scheme}: {accent} on {ground}"
            for scheme in ("light", "dark")
            for accent, ground in [community.colors.of(scheme)]
        ),
        "logo": "A picture" if community.logo else "The ring of seats",
        "scale": ", ".join(amounts),
        "terms": f"All of it back until {plural(community.refund_hours, 'hour')} before, "
        f"then {community.late_refund_percent} percent",
        "zone": community.zone or "That of whoever makes the circle",
        "asks": ", ".join(ASKS[ask][0] for ask in community.asks) or "Nothing besides a name",
        "mail_footer": community.mail_footer or "Nothing",
    }
