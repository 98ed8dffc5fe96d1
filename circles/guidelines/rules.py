"""What guidelines are: a version of a text, what may stand in it, what differs between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from circles.base import reading, text
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.base.reading import Reader

# Below this many characters it is a slip, not an agreement.
LEAST = 40
MOST = 20_000
MAX_WHY = 200


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a text. It never changes; a correction is the next version.

    material: whoever has a seat ahead is asked again; why: one line from the publisher.
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
class Seen:
    """What somebody who writes had before them: the newest version's number and the draft's revision, 0: none."""

    number: int
    revision: int

    @classmethod
    def read(cls, typed: str) -> Seen:
        """From a form's hidden field, as `str` writes it. What cannot be read is out of date."""
        number, _, revision = typed.partition(".")
        found = cls(reading.whole_number(number, -1), reading.whole_number(revision, -1))
        return found if -1 not in (found.number, found.revision) else cls(-1, -1)

    def __str__(self) -> str:
        return f"{self.number}.{self.revision}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a publisher says about a new version. why: one line, shown to those who agree to it."""

    material: bool
    why: str


def read_words(typed: str, field: str = "guidelines") -> str:
    """Read guidelines in Markdown. Raises Refused when there is too little of them, or too much."""
    body = text.body(typed, field, max_length=MOST)
    if len(body) < LEAST:
        raise Refused(Reason("too_short", "Please write down what people agree to.", field))
    return body


def read_change(values: dict[str, str]) -> Change:
    """Read what a publisher says about a change. Raises Refused with every reason at once."""
    reader = Reader(values)
    says = "Please say whether those who have a seat must agree again."
    material = reader.choice("material", {"yes": "", "no": ""}, says) == "yes"
    why = reader.line("why", max_length=MAX_WHY)
    reader.raise_refusals()
    return Change(material, why)


def refuse_stale(seen: Seen, now: Seen) -> None:
    """Raise OutOfDate when somebody else saved or published while this person was writing."""
    if seen == now:
        return
    if seen.number != now.number:
        says = (
            f"Version {now.number} was published while you were writing. What you typed is kept here. "
            "Please compare it with that version before you save it."
        )
    elif now.revision == 0:
        says = "The draft was thrown away while you were writing. What you typed is kept here."
    else:
        says = (
            "Somebody else saved the draft while you were writing. What you typed is kept here. "
            "Saving again replaces theirs."
        )
    raise OutOfDate(Reason("out_of_date", says))


def refuse_same(draft: str, newest: str) -> None:
    """Raise Refused when there is nothing to publish."""
    says = "The draft says the same as the version in force, so there is nothing to publish."
    refuse_if([Reason("same_words", says)] if draft == newest else [])


def as_file(circle: str, number: int, published: str, accepted: str, sha256: str, body: str) -> str:
    """A version as a file to keep: a heading with whose it is, when it was agreed to, its hash, and the words."""
    return (
        f"# Guidelines of {circle}, version {number}\n\n"
        f"Published {published}. You agreed to it {accepted}.\n\n"
        "The SHA-256 hash of the words below the line, in UTF-8 and without the line break at the end, is\n"
        f"{sha256}.\n\n---\n\n{body}\n"
    )
