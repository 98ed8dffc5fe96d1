"""Two people of one name, told apart for their hosts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from circles.people import same_names
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser


def row(number: int, name: str, email: str, pronouns: str = "", year: int = 2026) -> dict[str, Any]:
    created_at = datetime(year, 5, 1, tzinfo=UTC)
    return {
        "person_id": UUID(int=number), "name": name, "email": email, "pronouns": pronouns, "created_at": created_at
    }  # fmt: skip


SAM, OTHER_SAM, ALEX = (
    row(1, "Sam", "sam.ash@example.org", "they/them", 2024),
    row(2, " sam ", "sunny@example.org"),
    row(3, "Alex", "alex@example.org"),
)


def test_only_those_of_one_name_get_a_hint() -> None:
    assert same_names.tell_apart([SAM, OTHER_SAM, ALEX, SAM]) == {
        UUID(int=1): "here since May 2024, address begins with sa",
        UUID(int=2): "here since May 2026, address begins with su",
    }
    assert same_names.tell_apart([SAM, ALEX, SAM]) == {}


@pytest.mark.parametrize("one", ["samantha.ash@example.org", "samantha.ashe@example.org"])
def test_no_more_than_three_letters_of_an_address_are_shown(one: str) -> None:
    hints = same_names.tell_apart([row(1, "Sam", one), row(2, "Sam", "samantha.ash2@example.org")])
    assert {hint.rsplit(" ", 1)[1] for hint in hints.values()} == {"sam"}


def test_a_label_has_pronouns_and_hint() -> None:
    hints = same_names.tell_apart([SAM, OTHER_SAM])
    assert same_names.label(SAM, hints) == "Sam (they/them; here since May 2024, address begins with sa)"
    assert same_names.label(ALEX, hints) == "Alex"


async def test_hosts_tell_two_members_of_one_name_apart(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    """In the register, the room, the recipients of a message and the pairs kept apart; never to members."""
    bookings = [
        await add_booking(
            context, cast.gathering, await add_person(context, "Robin", email=email), kind="paid", amount=3000
        )
        for email in ("robin.ash@example.org", "rowan@example.org")
    ]
    gathering, circle = f"/host/gatherings/{cast.gathering}", f"/host/circles/{cast.circle}"
    pages = (
        gathering,
        f"{gathering}/room",
        f"{gathering}/messages/new",
        f"{circle}/apart",
        f"{circle}/agreements",
    )
    async with browser(cast.farid) as page:
        for url in pages:
            shown = (await page.get(url)).text
            assert [shown.count(f"address begins with {letters}") > 0 for letters in ("rob", "row")] == [
                True
            ] * 2, url
            assert "robin.ash" not in shown
    assert len(bookings) == 2
