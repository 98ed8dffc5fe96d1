"""English on pages and in mails: counts with their nouns, lists of names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from babel.lists import format_list

# Long lists are counted up to this many rows: an exact count of a million takes longer than the page that says it.
MAX_COUNTED = 1_000


class Labels(dict[str, str]):
    """What pages call the codes of a column. A code that this version does not know is shown as it is: a row that a
    newer version wrote, or a broken one, must not take the list down that it is in.
    """

    def __missing__(self, code: str) -> str:
        return code or "?"


def counted(count: int, one: str, many: str = "") -> str:
    """A count that was stopped beyond MAX_COUNTED, with its noun: "12 seats", "More than 1,000 seats"."""
    if count > MAX_COUNTED:
        return f"More than {plural(MAX_COUNTED, one, many)}"
    return plural(count, one, many)


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 seat", "12 seats", "1,200 seats". many: where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def choose(count: int, one: str, many: str) -> str:
    """The words for one or for many, without the count: `choose(seats, "is", "are")`."""
    return one if count == 1 else many


def join_names(names: Iterable[str], last: Literal["and", "or"] = "and") -> str:
    """A list in a sentence: "Mira, Milo and Fern"; with `last` "or": "Mira, Milo or Fern"."""
    # The locale without the comma before the last name, which our pages leave out.
    return format_list(list(names), style="or" if last == "or" else "standard", locale="en_001")
