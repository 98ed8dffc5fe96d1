"""Who holds one gathering in the place of its usual hosts: what changes by it, and who is told. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from circles.base.errors import Reason

OVER: Final = "This gathering is over or was cancelled, so who holds it stays as it is."


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a gathering, this time or usually."""

    id: UUID
    name: str
    email: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """One, as the database tells it."""
        return cls(UUID(row["id"]), row["name"], row["email"])


@dataclass(frozen=True, slots=True)
class Seat:
    """A confirmed seat, and whose it is."""

    booking: UUID
    person: UUID
    name: str
    email: str
    zone: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """One, as the database tells it."""
        return cls(UUID(row["booking"]), UUID(row["person"]), row["name"], row["email"], row["zone"])


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked by mail to hold it, who has not answered yet."""

    id: UUID
    email: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """One, as the database tells it."""
        return cls(UUID(row["id"]), row["email"])


@dataclass(frozen=True, slots=True)
class Held:
    """One gathering: who holds it now, who usually does, who has a seat, who is asked.

    part: what whoever looks is in its circle, if anything.
    """

    id: UUID
    circle_id: UUID
    circle_name: str
    discreet_name: str
    starts_at: datetime
    zone: str
    is_over: bool
    part: str | None
    usual: tuple[Holder, ...]
    stand_in: Holder | None
    seats: tuple[Seat, ...]
    asked: tuple[Asked, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """One, as the database tells it."""
        plain = {each.name: row[each.name] for each in fields(cls)[:8]}
        return cls(
            **plain,
            usual=tuple(map(Holder.read, row["usual"])),
            stand_in=Holder.read(row["stand_in"]) if row["stand_in"] else None,
            seats=tuple(map(Seat.read, row["seats"])),
            asked=tuple(map(Asked.read, row["asked"])),
        )

    @property
    def may_change(self) -> bool:
        """Whether whoever looks may decide who holds it, and not only give it back."""
        return self.part in ("lead", "co")

    @property
    def choices(self) -> tuple[Holder, ...]:
        """Who of its own facilitators could hold it and does not yet; nobody where it is theirs alone anyway."""
        if self.stand_in is None and len(self.usual) < 2:
            return ()
        return tuple(each for each in self.usual if each.id != _id(self.stand_in))


@dataclass(frozen=True, slots=True)
class Swap:
    """Somebody steps in, or back (to: None). by: who does it."""

    held: Held
    to: Holder | None
    by: UUID

    @property
    def nothing(self) -> bool:
        """Whether it is so already."""
        return _id(self.held.stand_in) == _id(self.to)

    @property
    def hosts(self) -> tuple[Holder, ...]:
        """The hosts who are told: who steps in, who needs to no more, the usual ones; not whoever does it."""
        all_ = (self.to, self.held.stand_in, *self.held.usual)
        return tuple({each.id: each for each in all_ if each and each.id != self.by}.values())

    @property
    def members(self) -> tuple[Seat, ...]:
        """Those with a seat who are told. Whoever is told as a host is told once."""
        hosts = {self.by, *(each.id for each in self.hosts)}
        return tuple(each for each in self.held.seats if each.person not in hosts)

    @property
    def ends(self) -> tuple[Asked, ...]:
        """The invitations that have no use any more once somebody steps in."""
        return self.held.asked if self.to else ()

    @property
    def holds(self) -> str:
        """Who holds it then, as a sentence has it."""
        return f"{self.to.name} holds it" if self.to else hold(self.held.usual)

    @property
    def relieved(self) -> Holder | None:
        """Who held it until now and does not any more."""
        before = self.held.stand_in
        stays = (self.to,) if self.to else self.held.usual
        return before if before and before.id not in {each.id for each in stays if each} else None

    @property
    def seen(self) -> str:
        """A fingerprint: what was shown is what is done, or it is shown again."""
        return _print(self.held, "to", _id(self.to), *(each.id for each in self.ends))


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who is no host of the circle is asked by mail; nothing changes before they say yes."""

    held: Held
    email: str
    by: UUID

    @property
    def again(self) -> Asked | None:
        """The open invitation to the same address, which a new one takes the place of."""
        return next((each for each in self.held.asked if each.email == self.email), None)

    @property
    def then(self) -> Swap:
        """What a yes does; who would say it is nobody here yet."""
        return Swap(self.held, None, self.by)

    @property
    def seen(self) -> str:
        """A fingerprint: what was shown is what is done, or it is shown again."""
        return self._print(self.again)

    @property
    def seen_before(self) -> str:
        """What it was before this address was asked: whoever saw that and says do it has said so already."""
        return self._print(None)

    def _print(self, again: Asked | None) -> str:
        return _print(self.held, "ask", self.email, again and again.id)


def _print(held: Held, *more: object) -> str:
    told = sorted(str(each.booking) for each in held.seats)
    lines = [held.id, held.starts_at, held.zone, _id(held.stand_in), *told, *more]
    return hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()[:32]


def _id(holder: Holder | None) -> UUID | None:
    return holder.id if holder else None


def over_reasons(held: Held) -> list[Reason]:
    """Why nobody can step in or back any more."""
    return [Reason("over", OVER)] if held.is_over else []


def hosts_already(name: str) -> Reason:
    """Said when somebody who holds the circle is asked by mail."""
    return Reason("hosts_already", f"{name} hosts this circle already: choose them above.", "email")


def out_of_date() -> Reason:
    """Said when it would do another thing by now than was shown."""
    return Reason("out_of_date", "Something changed since you looked. Please see once more what will happen.")


def names(people: Iterable[Holder | Seat]) -> str:
    """Several people as a sentence has them: Farid, Ruth and Wren."""
    found = [each.name for each in people]
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else "".join(found)


def hold(hosts: tuple[Holder, ...]) -> str:
    """That these hosts hold it: Farid and Ruth hold it."""
    if not hosts:
        return "the usual hosts hold it"
    return f"{names(hosts)} {'holds' if len(hosts) == 1 else 'hold'} it"


def news(swap: Swap, to: Holder, by: str, when: str) -> str:
    """What one of the hosts is told. by: the name of whoever did it; when: the gathering's day and hour."""
    if to.id == _id(swap.to):
        return f"{by} asks you to hold one gathering: {when}. It is yours from now on."
    then = swap.holds[:1].upper() + swap.holds[1:]
    if swap.to is None and _id(swap.held.stand_in) == swap.by:
        return f"{by} gave back the gathering of {when}. {then} again."
    did = f"{by} stepped in" if _id(swap.to) == swap.by else f"{by} changed who holds it"
    if to.id == _id(swap.relieved):
        return f"The gathering of {when}: {did}. {then}, so you need not."
    return f"The gathering of {when}: {did}. {then}{' this time' if swap.to else ' as usual'}."
