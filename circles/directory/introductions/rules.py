"""Introductions: what a member may share, when they may ask, the answers, and the steps so far. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from circles.base import clock, reading, text
from circles.base.clock import Viewer
from circles.base.english import Labels
from circles.base.errors import Reason, Refused, refuse_if
from circles.base.moves import Moves
from circles.base.row import Row

# A day less than the promised 30: the timetable may run late.
LIFETIME = timedelta(days=29)
PROMISED_DAYS = 30
MAX_OPEN = 5
MAX_A_DAY = 20

# What a member may share (introductions.told), in the order of the form and of the mail, and its most characters.
SHAREABLE: Mapping[str, str] = {
    "call_name": "the name to be called",
    "reach": "how to reach you",
    "looking_for": "what you are looking for",
    "circle": "that you come to a circle",
    "own_words": "your own words",
}
LENGTHS = {"call_name": 80, "reach": 200, "looking_for": 600, "own_words": 1500}
MAX_ANSWER = 600

# State: the answer of the therapist, as the member reads it.
ANSWERS: Mapping[str, str] = {
    "accepted": "Yes, they would like to talk with you",
    "full": "They are not taking new people now",
    "not_a_fit": "They are not the right one for this",
}
# The answers in a sentence about the therapist.
ANSWERS_SHORT: Mapping[str, str] = {"accepted": "yes", "full": "not now", "not_a_fit": "not a fit"}
STATES: Mapping[str, str] = Labels(
    {
        "asked": "Waiting for an answer",
        **ANSWERS,
        "withdrawn": "You withdrew it",
        "ended": "You ended it",
        "expired": "Closed without an answer",
    }
)
MOVES: Moves = {
    "asked": {*ANSWERS, "withdrawn", "ended", "expired"},
    "accepted": {"ended"},
    "full": set(),
    "not_a_fit": set(),
    "withdrawn": set(),
    "ended": set(),
    "expired": set(),
}
# News for a member: the subject of the mail.
NEWS: Mapping[str, str] = {
    "answered": "an answer for you",
    "expired": "no answer came in time",
    "news": "there is news for you",
}
# Why a listing was hidden (a key of words.HIDDEN): why its introductions end (introductions.ended_because).
END_REASONS: Mapping[str, str] = {
    "complaint": "organizer",
    "organizer": "organizer",
    "therapist": "therapist",
    "unconfirmed": "unconfirmed",
    "licence": "licence",
}
# Why an introduction ended without its member, as the member reads it. {name}: the therapist.
END_TEXTS: Mapping[str, str] = {
    "left": "{name} has left, so nothing more can come of it here. The name stays in your own lists alone.",
    "therapist": "{name} took their page off the directory.",
    "organizer": "The organizers took this page off the directory. It has nothing to do with you.",
    "unconfirmed": "Nobody has said for a long time that this page is still right, so it does not show now.",
    "licence": "No license on this page counts today, so it does not show now.",
}
END_TEXT_SHORT = "No longer in the directory"


@dataclass(frozen=True, slots=True)
class Shared:
    """What a member chose to share: the ticked kinds (keys of SHAREABLE), and the text of those alone."""

    kinds: tuple[str, ...]
    call_name: str = ""
    reach: str = ""
    looking_for: str = ""
    own_words: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A therapist's answer: a key of ANSWERS, words if any, and the listing of another therapist to try, if any."""

    state: str
    words: str = ""
    other: UUID | None = None


def read_shared(values: Mapping[str, str]) -> Shared:
    """What the form shares: only what is ticked. Raises Refused with every reason."""
    kinds = tuple(kind for kind in SHAREABLE if values.get(f"tell_{kind}") == "on")
    reasons: list[Reason] = []
    texts: dict[str, str] = {}
    if "reach" not in kinds:
        reasons.append(
            Reason(
                "no_reach", "Without a way to reach you no answer can come. Please tick this.", "tell_reach"
            )
        )
    for kind in kinds:
        if kind in LENGTHS:
            texts[kind] = _read_text(values.get(kind, ""), kind, reasons)
    refuse_if(reasons)
    return Shared(kinds, **texts)


def _read_text(typed: str, kind: str, reasons: list[Reason]) -> str:
    """The text of a ticked kind; refusals are added to the reasons."""
    read = text.line if kind in ("call_name", "reach") else text.body
    try:
        value = read(typed, kind, max_length=LENGTHS[kind], required=False)
    except Refused as refused:
        reasons.extend(refused.reasons)
        return ""
    if not value:
        reasons.append(Reason("empty", f"You ticked {SHAREABLE[kind]}. Please write it, or untick it.", kind))
    return value


def ask_refusals(listing: Row, viewer: Viewer = clock.NOBODY) -> list[Reason]:
    """Every reason why a member cannot ask for this introduction now.

    listing: name, is_own, takes_mail, room; of this member: open_id, no_until (until when a no is kept), open_count.
    """
    name = listing["name"]
    reasons: list[Reason] = []
    if listing["is_own"]:
        reasons.append(Reason("own", "This is your own listing."))
    if not listing["takes_mail"]:
        reasons.append(
            Reason("no_address", f"{name} has no mail address here, so nothing can be sent to them.")
        )
    if listing["room"] == "closed":
        reasons.append(Reason("closed", f"{name} is not taking new people now."))
    if listing["open_id"]:
        reasons.append(Reason("open_already", f"You asked {name} already, and that is still open."))
    elif listing["no_until"]:
        until = clock.format_day(listing["no_until"], "UTC", viewer)
        reasons.append(
            Reason("said_no", f"{name} answered you not long ago. You can ask again after {until}.")
        )
    if listing["open_count"] >= MAX_OPEN:
        reasons.append(
            Reason(
                "too_many", f"{MAX_OPEN} of your introductions are open. Withdraw or end one of them first."
            )
        )
    return reasons


def too_often() -> Reason:
    """The refusal of more than MAX_A_DAY."""
    return Reason("too_often", "You sent a lot today. Nothing was lost: please try again tomorrow.")


def is_open(row: Row) -> bool:
    """Whether an introduction is asked or accepted, and its time not over."""
    return row["state"] in ("asked", "accepted") and not row["over"]


def state_words(row: Row) -> str:
    """The state of an introduction, as its member reads it."""
    return END_TEXT_SHORT if row["ended_because"] else STATES[row["state"]]


def ends_with_listing(row: Row, reason: str) -> bool:
    """Whether an introduction ends when its listing is hidden for this reason (a key of words.HIDDEN).

    One that waits ends for any reason: no answer can be expected. An accepted one ends if the organizers hid it.
    """
    return is_open(row) and (row["state"] == "asked" or END_REASONS[reason] == "organizer")


def end_text(row: Row) -> str:
    """Why the therapist is not in the directory, as the member reads it; empty if they are."""
    reason = row["ended_because"] or END_REASONS.get(row["hidden_because"], "")
    return END_TEXTS[reason].format(name=row["listing_name"]) if reason else ""


def read_answer(values: Mapping[str, str]) -> Answer:
    """A therapist's answer as typed. Raises Refused with every reason."""
    state = values.get("answer", "")
    if state not in ANSWERS:
        raise Refused(Reason("no_answer", "Please choose one of the three answers.", "answer"))
    words = text.body(values.get("words", ""), "words", max_length=MAX_ANSWER, required=False)
    return Answer(
        state, words, reading.uuid_or_none(values.get("other", "")) if state != "accepted" else None
    )


def read_ids(typed: str) -> list[UUID]:
    """Ids joined by commas, in their order, without duplicates and what is no id."""
    ids = [reading.uuid_or_none(part) for part in typed.split(",")]
    return list(dict.fromkeys(id for id in ids if id))


def answer_refusals(row: Row, answer: str) -> list[Reason]:
    """Why an answer comes too late. The same answer again is not refused."""
    if row["state"] == answer:
        return []
    if row["state"] == "withdrawn":
        return [
            Reason("withdrawn", "They withdrew this before your answer came. There is nothing more to do.")
        ]
    if row["state"] == "ended" and row["ended_because"]:
        message = "Your page is not in the directory now, so this was closed. There is nothing more to do."
        return [Reason("closed", message)]
    if row["state"] == "ended":
        return [Reason("ended", "They ended this introduction. There is nothing more to do.")]
    if row["state"] in ANSWERS:
        return [Reason("answered", "This was answered already, and the first answer stands.")]
    if row["over"] or row["state"] == "expired":
        return [Reason("over", "The time to answer is over, and what they told is deleted.")]
    return []


def not_to_be_named() -> Reason:
    """The refusal of an answer that names a listing which may not be named."""
    message = "Whom you named cannot be asked here now. Please choose somebody else, or nobody."
    return Reason("not_to_be_named", message, "name")


def withdraw_refusals(row: Row) -> list[Reason]:
    """Why an introduction cannot be withdrawn any more: it was answered, or its time is over."""
    if row["state"] in ANSWERS:
        return [
            Reason("answered", "Their answer came just before. Nothing was withdrawn: read it first, please.")
        ]
    if row["state"] != "asked" or row["over"]:
        return [Reason("over", "This introduction is over already. There is nothing to withdraw.")]
    return []


def end_refusals(row: Row) -> list[Reason]:
    """Why an introduction cannot be ended: it is not accepted, or its time is over."""
    if row["state"] == "asked" and not row["over"]:
        return [Reason("not_answered", "They have not answered yet. You can withdraw it.")]
    if row["state"] != "accepted" or row["over"]:
        return [Reason("over", "This introduction is over already. There is nothing to end.")]
    return []


def reference(introduction_id: UUID) -> str:
    """The short code that mails about one introduction share; it reveals nothing."""
    return introduction_id.hex[:6].upper()


def name_terms(typed: str) -> list[str]:
    """The words of a typed name, to be found as prefixes of the words of names."""
    return re.findall(r"[^\W_]+", text.normalized("NFC", typed[:200]))[:6]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an introduction, and when."""

    at: datetime
    text: str


def steps(row: Row) -> list[Step]:
    """The steps of an introduction so far, oldest first."""
    name = row["listing_name"]
    steps_ = [Step(row["created_at"], "You asked for it."), _mail_step(row, name)]
    if row["answered_at"]:
        # Only accepted ones can be ended, so an ended one was accepted.
        answer = ANSWERS_SHORT.get(row["state"], ANSWERS_SHORT["accepted"])
        steps_.append(Step(row["answered_at"], f"{name} answered: {answer}."))
    deleted = "What you told was deleted here."
    if row["ended_because"]:
        message = f"{name} was no longer in the directory, so this was closed. {deleted}"
        steps_.append(Step(row["ended_at"], message))
    elif row["ended_at"]:
        steps_.append(Step(row["ended_at"], f"{STATES[row['state']]}. {deleted}"))
    elif row["state"] == "expired":
        steps_.append(Step(row["forgotten_at"], f"{name} did not answer in time. {deleted}"))
    elif row["forgotten_at"]:
        steps_.append(Step(row["forgotten_at"], deleted))
    return steps_


def _mail_step(row: Row, name: str) -> Step:
    """The step of the mail. Its row is deleted with the words; then only that it was enqueued is known."""
    if row["mail_state"] == "sent":
        return Step(row["mail_sent_at"], f"The mail left for {name}.")
    if row["mail_state"] in ("refused", "expired"):
        return Step(row["created_at"], f"The mail to {name} could not be delivered.")
    return Step(row["created_at"], f"A mail to {name} was put on its way.")


def shared_labels(kinds: Sequence[str]) -> list[str]:
    """The texts of these kinds, in the order of the form."""
    return [label for kind, label in SHAREABLE.items() if kind in kinds]


def unshared_labels(
    values: Mapping[str, str], shared: Shared, begun_with: Collection[str] = ()
) -> dict[str, str]:
    """What was typed but not ticked, by kind: it is not shared, and the preview asks whether it shall be.

    begun_with: texts that the form began with, which nobody typed.
    """
    return {
        kind: label
        for kind, label in SHAREABLE.items()
        if kind in LENGTHS
        and kind not in shared.kinds
        and values.get(kind, "").strip() not in ("", *begun_with)
    }
