"""What the page of somebody's payouts says of their account at Stripe."""

from __future__ import annotations

from typing import Final

_OWED: Final = "the community collects your part and owes it to you."

# What each state means, and what to do.
TEXTS: Final[dict[str, str]] = {
    "none": "Your part of what members pay can go to an account of your own at Stripe, which pays it out to your bank. "
    "Stripe asks you who you are; the community does not read your answers.",
    "asked": "Your account is being opened at Stripe. Go on there to answer its questions.",
    "incomplete": f"Stripe still has questions for you. Until they are answered, {_OWED}",
    "checking": "Stripe is looking at your answers. This takes minutes, at times a day or two. Until then "
    f"{_OWED}",
    "active": "Your part of each new payment goes straight to your account at Stripe, which pays it out to your bank "
    "once a month. Your statements say what came in.",
    "restricted": "Stripe needs something from you before your account can get payments again. Until then "
    f"{_OWED}",
    "rejected": "Stripe closed this account, so it gets no payments. Why, only Stripe can say. Meanwhile "
    f"{_OWED}",
    "other_country": "This account belongs to another country than the community’s, so Stripe sends no payments there. "
    f"Meanwhile {_OWED}",
    "ended": f"Your account is disconnected, so new payments do not go there. Meanwhile {_OWED}",
}

# The button that leads on to Stripe, where there is one.
BUTTONS: Final[dict[str, str]] = {
    "none": "Connect an account",
    "asked": "Go on at Stripe",
    "incomplete": "Go on at Stripe",
    "restricted": "Go on at Stripe",
    "checking": "See what Stripe asks",
    "ended": "Connect again",
}


def other_currencies(currency: str, circles: list[str]) -> list[str]:
    """The currencies of somebody's circles whose payments their account cannot get."""
    return sorted({each for each in circles if currency and each != currency})
