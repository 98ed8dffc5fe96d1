"""Guidelines: versions, the text of a draft, changes, and conflicts between writers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from circles.base import reading, text
from circles.base.english import choose
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.base.reading import Reader

# Fewer characters are a slip, not an agreement.
MIN_CHARACTERS = 40
MAX_CHARACTERS = 20_000
MAX_WHY = 200


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a text. It never changes; a correction is the next version.

    material: everybody with a seat ahead must accept it; why: one line from the publisher.
    """

    id: UUID
    guidelines_id: UUID
    number: int
    body: str
    sha256: bytes
    published_at: datetime
    material: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a form was made from: the number of the newest version and the revision of the draft (0: none)."""

    number: int
    revision: int

    @classmethod
    def read(cls, typed: str) -> Basis:
        """From a form's hidden field, as `str` writes it. An unreadable one counts as out of date."""
        number, _, revision = typed.partition(".")
        basis = cls(reading.whole_number(number, -1), reading.whole_number(revision, -1))
        return basis if -1 not in (basis.number, basis.revision) else cls(-1, -1)

    def __str__(self) -> str:
        return f"{self.number}.{self.revision}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a publisher states about a new version. why: one line, shown to everybody who reads its history."""

    material: bool
    why: str


def read_text(typed: str, field: str = "guidelines") -> str:
    """Read guidelines in Markdown. Raises Refused when the text is too short or too long."""
    body = text.body(typed, field, max_length=MAX_CHARACTERS)
    if len(body) < MIN_CHARACTERS:
        raise Refused(Reason("too_short", "Please write down what people agree to.", field))
    return body


def read_change(values: dict[str, str]) -> Change:
    """Read the form of publishing. Raises Refused with every reason at once."""
    reader = Reader(values)
    message = "Please say whether those who have a seat must agree again."
    material = reader.choice("material", {"yes": "", "no": ""}, message) == "yes"
    why = reader.line("why", max_length=MAX_WHY)
    reader.raise_refusals()
    return Change(material, why)


def refuse_stale(basis: Basis, now: Basis) -> None:
    """Raise OutOfDate when somebody else saved, discarded or published since the form was made."""
    if basis == now:
        return
    if basis.number != now.number:
        message = (
            f"Version {now.number} was published while you were writing. What you typed is kept here. "
            "Please compare it with that version before you save it."
        )
    elif now.revision == 0:
        message = "The draft was deleted while you were writing. What you typed is kept here."
    else:
        message = (
            "Somebody else saved the draft while you were writing. What you typed is kept here. "
            "Saving again replaces theirs."
        )
    raise OutOfDate(Reason("out_of_date", message))


def refuse_unchanged(draft: str, newest: str) -> None:
    """Raise Refused when the draft has the text of the newest version."""
    message = "The draft says the same as the version in force, so there is nothing to publish."
    refuse_if([Reason("same_words", message)] if draft == newest else [])


def file_text(circle: str, number: int, published: str, accepted: str, sha256: str, body: str) -> str:
    """A version as a Markdown file: the circle, the dates, the hash, and the text."""
    return (
        f"# Guidelines of {circle}, version {number}\n\n"
        f"Published {published}. You agreed to it {accepted}.\n\n"
        "The SHA-256 hash of the words below the line, in UTF-8 and without the line break at the end, is\n"
        f"{sha256}.\n\n---\n\n{body}\n"
    )


def seated_sentence(count: int) -> str:
    """How many people have a seat ahead."""
    if not count:
        return "Nobody has a seat ahead just now."
    return choose(count, "One person has a seat ahead.", f"{count} people have a seat ahead.")
