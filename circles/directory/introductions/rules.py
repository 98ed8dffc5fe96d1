"""Introductions: what may be told, when one may ask, how it is answered, and what its steps are. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from circles.base import clock, reading, text
from circles.base.errors import Reason, Refused
from circles.base.row import Row

# A day less than the promised 30, so that the timetable has a day to keep the promise in.
LASTS = timedelta(days=29)
PROMISED_DAYS = 30
MAX_OPEN = 5
MAX_A_DAY = 20

# What may be told, in the order of the form and of the mail; and how many characters of it.
TOLD: Mapping[str, str] = {
    "call_name": "the name to be called",
    "reach": "how to reach you",
    "looking_for": "what you are looking for",
    "circle": "that you come to a circle",
    "own_words": "your own words",
}
MOST = {"call_name": 80, "reach": 200, "looking_for": 600, "own_words": 1500}
MAX_ANSWER = 600

# state: what the therapist said, as the member reads it.
ANSWERS: Mapping[str, str] = {
    "accepted": "Yes, they would like to talk with you",
    "full": "They have no room now",
    "not_a_fit": "They are not the right one for this",
}
# Of an answer, in a word or two.
ANSWERS_SHORT: Mapping[str, str] = {"accepted": "yes", "full": "no room", "not_a_fit": "not a fit"}
STATES: Mapping[str, str] = {
    "asked": "Waiting for an answer",
    **ANSWERS,
    "withdrawn": "You withdrew it",
    "ended": "You ended it",
    "expired": "Closed without an answer",
}
# What a mail to a member says that there is, in its subject.
NEWS: Mapping[str, str] = {
    "answered": "an answer for you",
    "expired": "no answer came in time",
    "news": "there is news for you",
}
# Why a listing was hidden (a key of words.HIDDEN): what an introduction that ends with it keeps of that.
GONE_BECAUSE: Mapping[str, str] = {
    "complaint": "organizer",
    "organizer": "organizer",
    "therapist": "therapist",
    "unconfirmed": "unconfirmed",
    "licence": "licence",
}
# What an introduction keeps of why it ended without its member, as the member reads it. {name}: the therapist.
GONE: Mapping[str, str] = {
    "left": "{name} has left, so nothing more can come of it here. The name stays in your own lists alone.",
    "therapist": "{name} took their page off the directory.",
    "organizer": "The organizers took this page off the directory. It has nothing to do with you.",
    "unconfirmed": "Nobody has said for a long time that this page still holds, so it does not show now.",
    "licence": "No license on this page counts today, so it does not show now.",
}
GONE_SHORT = "No longer in the directory"


@dataclass(frozen=True, slots=True)
class Told:
    """What a member chose to tell: the kinds that are ticked, and the words of those alone."""

    kinds: tuple[str, ...]
    call_name: str = ""
    reach: str = ""
    looking_for: str = ""
    own_words: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a therapist answers: a key of ANSWERS, words if any, and somebody else to try, if any."""

    state: str
    words: str = ""
    other: UUID | None = None


def read(values: Mapping[str, str]) -> Told:
    """What the form tells: only what is ticked. Raises Refused with every reason."""
    kinds = tuple(kind for kind in TOLD if values.get(f"tell_{kind}") == "on")
    reasons: list[Reason] = []
    said: dict[str, str] = {}
    if "reach" not in kinds:
        reasons.append(
            Reason(
                "no_reach", "Without a way to reach you no answer can come. Please tick this.", "tell_reach"
            )
        )
    for kind in kinds:
        if kind in MOST:
            said[kind] = _words(values.get(kind, ""), kind, reasons)
    if reasons:
        raise Refused(reasons)
    return Told(kinds, **said)


def _words(typed: str, kind: str, reasons: list[Reason]) -> str:
    """What was typed beside a tick; a refusal is added to the reasons."""
    read_text = text.line if kind in ("call_name", "reach") else text.body
    try:
        found = read_text(typed, kind, max_length=MOST[kind], required=False)
    except Refused as refused:
        reasons.extend(refused.reasons)
        return ""
    if not found:
        reasons.append(
            Reason("empty", f"You ticked {TOLD[kind]}. Please write it, or take the tick away.", kind)
        )
    return found


def asking_reasons(listing: Row) -> list[Reason]:
    """Every reason why somebody cannot ask for this introduction now.

    listing: name, own, takes_mail, room, and of this person open_id, no_until (until when a no holds), open_all.
    """
    name = listing["name"]
    reasons: list[Reason] = []
    if listing["own"]:
        reasons.append(Reason("own", "This is your own listing."))
    if not listing["takes_mail"]:
        reasons.append(
            Reason("no_address", f"{name} has no mail address here, so nothing can be sent to them.")
        )
    if listing["room"] == "closed":
        reasons.append(Reason("closed", f"{name} has no room for new people now."))
    if listing["open_id"]:
        reasons.append(Reason("open_already", f"You asked {name} already, and that is still open."))
    elif listing["no_until"]:
        until = clock.format_date(listing["no_until"].date())
        reasons.append(
            Reason("said_no", f"{name} answered you not long ago. You can ask again after {until}.")
        )
    if listing["open_all"] >= MAX_OPEN:
        reasons.append(
            Reason(
                "too_many", f"{MAX_OPEN} of your introductions are open. Withdraw or end one of them first."
            )
        )
    return reasons


def too_often() -> Reason:
    """Said when somebody sends again and again."""
    return Reason("too_often", "You sent a lot today. Nothing was lost: please try again tomorrow.")


def is_open(row: Row) -> bool:
    """Whether an introduction still is one: asked or accepted, its time not over."""
    return row["state"] in ("asked", "accepted") and not row["over"]


def state_words(row: Row) -> str:
    """Where an introduction stands, as its member reads it."""
    return GONE_SHORT if row["ended_because"] else STATES[row["state"]]


def ends_with_page(row: Row, because: str) -> bool:
    """Whether an introduction ends when its listing is hidden because of this (a key of words.HIDDEN).

    Who waits can count on no answer, whatever the reason. A yes that was given stays, unless it was the organizers.
    """
    return is_open(row) and (row["state"] == "asked" or GONE_BECAUSE[because] == "organizer")


def gone_words(row: Row) -> str:
    """Why a therapist is not in the directory, as a member of theirs reads it. Empty: they are."""
    because = row["ended_because"] or GONE_BECAUSE.get(row["hidden_because"], "")
    return GONE[because].format(name=row["listing_name"]) if because else ""


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
    """Several ids, joined by commas, each once and in their order."""
    found = [reading.uuid_or_none(each) for each in typed.split(",")]
    return list(dict.fromkeys(each for each in found if each))


def answer_reasons(row: Row, answer: str) -> list[Reason]:
    """Why an answer comes too late. The same answer once more is no reason: it stands already."""
    if row["state"] == answer:
        return []
    if row["state"] == "withdrawn":
        return [
            Reason("withdrawn", "They withdrew this before your answer came. There is nothing more to do.")
        ]
    if row["state"] == "ended" and row["ended_because"]:
        says = "Your page is not in the directory now, so this was closed. There is nothing more to do."
        return [Reason("closed", says)]
    if row["state"] == "ended":
        return [Reason("ended", "They ended this introduction. There is nothing more to do.")]
    if row["state"] in ANSWERS:
        return [Reason("answered", "This was answered already, and the first answer stands.")]
    if row["over"] or row["state"] == "expired":
        return [Reason("over", "The time to answer is over, and what they told is deleted.")]
    return []


def not_to_be_named() -> Reason:
    """Said to a therapist who names somebody whom their member cannot be sent on to."""
    says = "Whom you named cannot be asked here now. Please choose somebody else, or nobody."
    return Reason("not_to_be_named", says, "name")


def withdraw_reasons(row: Row) -> list[Reason]:
    """Why an introduction cannot be withdrawn any more: it was answered, or its time is over."""
    if row["state"] in ANSWERS:
        return [
            Reason("answered", "Their answer came just before. Nothing was withdrawn: read it first, please.")
        ]
    if row["state"] != "asked" or row["over"]:
        return [Reason("over", "This introduction is over already. There is nothing to withdraw.")]
    return []


def end_reasons(row: Row) -> list[Reason]:
    """Why an introduction cannot be ended: it is not accepted, or its time is over."""
    if row["state"] == "asked" and not row["over"]:
        return [Reason("not_answered", "They have not answered yet. You can withdraw it.")]
    if row["state"] != "accepted" or row["over"]:
        return [Reason("over", "This introduction is over already. There is nothing to end.")]
    return []


def reference(introduction_id: UUID) -> str:
    """A few signs by which two mails about one introduction are known to belong together. They say nothing."""
    return introduction_id.hex[:6].upper()


def name_terms(typed: str) -> str:
    """Words of a name as a text search asks for them: each a beginning, found in names alone. Empty for none."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", typed[:200]) if not unicodedata.combining(c))
    return " & ".join(f"{term}:*A" for term in re.findall(r"[^\W_]+", plain)[:6])


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an introduction, and when."""

    at: datetime
    words: str


def steps(row: Row) -> list[Step]:
    """Every step of an introduction so far, the first first."""
    name = row["listing_name"]
    found = [Step(row["created_at"], "You asked for it."), _mail_step(row, name)]
    if row["answered_at"]:
        # Only what was accepted can be ended, so an ended one was.
        said = ANSWERS_SHORT.get(row["state"], ANSWERS_SHORT["accepted"])
        found.append(Step(row["answered_at"], f"{name} answered: {said}."))
    gone = "What you told was deleted here."
    if row["ended_because"]:
        says = f"{name} was no longer in the directory, so this was closed. {gone}"
        found.append(Step(row["ended_at"], says))
    elif row["ended_at"]:
        found.append(Step(row["ended_at"], f"{STATES[row['state']]}. {gone}"))
    elif row["state"] == "expired":
        found.append(Step(row["forgotten_at"], f"{name} did not answer in time. {gone}"))
    elif row["forgotten_at"]:
        found.append(Step(row["forgotten_at"], gone))
    return found


def _mail_step(row: Row, name: str) -> Step:
    """What is known of the mail. Its row goes with the words, and then only that it was made is known."""
    if row["mail_state"] == "sent":
        return Step(row["mail_sent_at"], f"The mail left for {name}.")
    if row["mail_state"] == "refused":
        return Step(row["created_at"], f"The mail to {name} could not be delivered.")
    return Step(row["created_at"], f"A mail to {name} was put on its way.")


def told_words(kinds: Sequence[str]) -> list[str]:
    """The kinds of things that were told, in words, in the order of the form."""
    return [words for kind, words in TOLD.items() if kind in kinds]


def kept_back(values: Mapping[str, str], told: Told) -> list[str]:
    """What was typed and is not ticked, in words: it is not told, and the preview says so."""
    typed = [kind for kind in MOST if kind not in told.kinds and values.get(kind, "").strip()]
    return told_words(typed)
