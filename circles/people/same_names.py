"""Two people of one name in a list: what tells them apart for a host. Pure, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from circles.base import clock, names
from circles.base.row import Row

# A host never reads more of an address than this.
MAX_LETTERS = 3


def tell_apart(rows: Iterable[Row]) -> dict[UUID, str]:
    """For each person whose name another one of the list has too, a hint. Nobody else is in the answer.

    rows: person_id, name, pronouns, email and created_at of people; one person may come twice. Letter case,
    accents and spaces do not make two names differ.
    """
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in {row["person_id"]: row for row in rows}.values():
        by_name[names.key(row["name"])].append(row)
    return {
        row["person_id"]: _hint(row, [other for other in same if other is not row])
        for same in by_name.values()
        if len(same) > 1
        for row in same
    }


def _hint(row: Row, others: list[Row]) -> str:
    """The month they joined, and as many letters of the address as it takes, such as `here since May 2026, ab…`."""
    email, emails = row["email"], [other["email"] for other in others]
    needed = next(
        (n for n in range(1, MAX_LETTERS) if all(other[:n] != email[:n] for other in emails)), MAX_LETTERS
    )
    return f"here since {clock.format_month(row['created_at'])}, address begins with {email[:needed]}"


def label(row: Row, hints: Mapping[UUID, str]) -> str:
    """A name with its pronouns and its hint in parentheses, for lists to choose from."""
    details = "; ".join(part for part in (row["pronouns"], hints.get(row["person_id"], "")) if part)
    return f"{row['name']} ({details})" if details else row["name"]
