"""Sentences of the introduction pages that depend on its state, for the member and for the therapist. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.row import Row
from circles.directory.introductions import rules

# The answers, in the words of the therapist.
OWN_ANSWERS: Mapping[str, str] = {
    "accepted": "Yes, I would like to talk with them",
    "full": "I am not taking new people now",
    "not_a_fit": "I am not the right one",
}
ANSWER_LABELS: Mapping[str, str] = {"accepted": "Yes", "full": "Not now", "not_a_fit": "Not a fit"}
ANSWER_HINTS: Mapping[str, str] = {
    "accepted": "Such as when you will write, or what they should have ready. They read it on this site.",
    "full": "Such as when you may be taking new people again. They read it on this site.",
    "not_a_fit": "They read it on this site.",
}
# State of one that is over, or answered: what its member can expect.
_FOR_MEMBER: Mapping[str, str] = {
    "asked": "There was no answer in time.",
    "accepted": "From here on it is between the two of you.",
    "full": "That says nothing about you. Others may be taking new people.",
    "not_a_fit": "That is a help too: it saves you both a first meeting.",
    "expired": "Not every mail is read in time. You can ask somebody else, or ask again.",
}


def for_member(row: Row, viewer: Viewer = clock.NOBODY) -> str:
    """What its member can expect of an introduction."""
    state, is_open = row["state"], rules.is_open(row)
    if state == "asked" and is_open:
        until = clock.format_day(row["expires_at"], "UTC", viewer)
        return f"You get a mail as soon as there is an answer, or on {until} if there is none."
    if state == "accepted" and is_open:
        return "They will write or call, the way you told them. Expect to talk with two or three people before it fits."
    if state in _FOR_MEMBER:
        return _FOR_MEMBER[state]
    if row["ended_because"]:
        talked = "If you have talked already, that is between the two of you."
        what_next = talked if row["answered_at"] else "You can ask somebody else."
        return f"{rules.end_text(row)} What you told is deleted here. {what_next}"
    return "Nothing that you told is kept here any more."


def heading_for_therapist(row: Row) -> str:
    """The heading of the therapist's page."""
    if not rules.is_open(row):
        return "This one is over"
    return "Somebody asks for your answer" if row["state"] == "asked" else "You said yes"


def for_therapist(row: Row, viewer: Viewer = clock.NOBODY) -> str:
    """What the therapist can do about an introduction, or why nothing more."""
    state, is_open = row["state"], rules.is_open(row)
    if state == "asked" and is_open:
        return "Opening this page answered nothing. Your answer goes when you press the button."
    if state == "accepted" and is_open:
        until = clock.format_day(row["expires_at"], "UTC", viewer)
        return (
            "They know, and wait to hear from you. "
            f"What they told shows here until {until}, or until they end it."
        )
    if state == "accepted":
        return "You said yes. What they told is deleted here."
    if state in ("full", "not_a_fit"):
        return f"You answered: {OWN_ANSWERS[state]}. They know. Thank you for telling them."
    if state == "withdrawn":
        return "They withdrew it before it was answered. There is nothing more to do."
    if state == "ended":
        return _ended_for_therapist(row)
    return "The time to answer is over, and what they told is deleted."


def _ended_for_therapist(row: Row) -> str:
    if not row["ended_because"]:
        return "They ended it. Please delete what you have of it."
    if not row["answered_at"]:
        return (
            "Your page is not in the directory now, so this was closed, and they know. "
            "Please delete what you have of it."
        )
    return (
        "Your page is not in the directory now, so our part in it is over, and they know. "
        "What they told is deleted here. If the two of you work together already, that is yours."
    )
