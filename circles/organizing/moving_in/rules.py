"""Which person each row of a list means, and whether somebody has to say so. Pure, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from circles.base import names
from circles.base.row import Row
from circles.organizing.moving_in.rows import OUT, Read

OTHER: Final = "other"
# An account or another row of the list that somebody may be: "person:" with its id, "row:" with its number.
PERSON, ROW = "person:", "row:"


@dataclass(frozen=True, slots=True)
class Account:
    """An account that a row of a list may mean. joined: the addresses of accounts that were joined to it."""

    id: UUID
    email: str
    name: str
    untold: bool
    suspended: bool = False
    joined: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Row) -> Account:
        return cls(
            row["id"], row["email"], row["name"], row["untold"], row["suspended"], tuple(row["joined"])
        )


@dataclass(slots=True)
class Somebody:
    """One person of a list: the rows that name them, and who that is.

    account: theirs; None for somebody new. candidates: those that they may be, as (code, words), while nobody said.
    refused: why they cannot come in.
    """

    first: Read
    rows: list[Read] = field(default_factory=list)
    account: Account | None = None
    candidates: list[tuple[str, str]] = field(default_factory=list)
    refused: str = ""
    left_out: bool = False
    may_be_new: bool = True

    @property
    def number(self) -> int:
        """The number of the first row that names them, by which they are answered for."""
        return self.first.number

    @property
    def name(self) -> str:
        """The name that the list has for them; else the first part of the address."""
        return next((row.name for row in self.rows if row.name), self.first.email.partition("@")[0])

    @property
    def key(self) -> UUID | int:
        """What two persons of the list have in common who are one: their account."""
        return self.account.id if self.account else self.number

    @property
    def pronouns(self) -> str:
        """The first pronouns that the list has for them."""
        return next((row.pronouns for row in self.rows if row.pronouns), "")


class Accounts:
    """Accounts, by address and by name."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.by_email: dict[str, Account] = {}
        self.by_id: dict[UUID, Account] = {}
        self.by_name: dict[str, list[Account]] = defaultdict(list)
        for row in rows:
            account = Account.of(row)
            self.by_id[account.id] = account
            self.by_email |= dict.fromkeys((account.email, *account.joined), account)
            self.by_name[names.key(account.name)].append(account)


def people_of(rows: Sequence[Read], accounts: Accounts, answers: Mapping[str, str]) -> dict[int, Somebody]:
    """Who each row is about, by its number.

    A row with an address is whoever has it. A name that an account or another row has with another address, and a name
    without an address, are asked. answers: by the number of the first row of each person.
    """
    by_key: dict[str, Somebody] = {}
    for row in rows:
        if row.name or row.email:
            by_key.setdefault(row.key, Somebody(row)).rows.append(row)
    with_address = [one for one in by_key.values() if one.first.email]
    by_name: dict[str, list[Somebody]] = defaultdict(list)
    for one in with_address:
        by_name[names.key(one.name)].append(one)
    meant: dict[int, Somebody] = {}
    for one in [*with_address, *(one for one in by_key.values() if not one.first.email)]:
        same = _decide(one, accounts, by_name, answers.get(str(one.number), ""))
        for row in one.rows:
            meant[row.number] = same
    return meant


def _decide(
    one: Somebody, accounts: Accounts, by_name: Mapping[str, list[Somebody]], answer: str
) -> Somebody:
    """Find out who somebody is. Returns them, or the other person of the list that they are."""
    email = one.first.email
    if email and email in accounts.by_email:
        one.account = accounts.by_email[email]
        return one
    key = names.key(one.name) if one.first.name or not email else ""
    one.may_be_new = bool(email)
    earlier = [other for other in by_name.get(key, ()) if other.number < one.number or not email]
    others = [other for other in earlier if other is not one]
    namesakes = accounts.by_name.get(key, [])
    if answer == OUT:
        one.left_out = True
    elif answer == OTHER and one.may_be_new:
        pass
    elif answer.startswith(PERSON) and (known := _account(answer, accounts)):
        one.account = known
    elif answer.startswith(ROW) and (
        other := next((o for o in others if answer == f"{ROW}{o.number}"), None)
    ):
        other.rows += one.rows
        return other
    elif namesakes or others:
        one.candidates = [(f"{PERSON}{known.id}", f"{known.name}, {known.email}") for known in namesakes]
        one.candidates += [
            (f"{ROW}{other.number}", f"{other.name}, {other.first.email} (row {other.number} of this list)")
            for other in others
            if other.account is None or other.account not in namesakes
        ]
    elif not email:
        one.refused = (
            "No mail address is given, and nobody of this name has an account. Please add an address."
        )
    return one


def _account(answer: str, accounts: Accounts) -> Account | None:
    try:
        return accounts.by_id.get(UUID(answer.removeprefix(PERSON)))
    except ValueError:
        return None
