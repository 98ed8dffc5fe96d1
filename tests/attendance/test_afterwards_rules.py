"""The rules after a gathering: closing a register, notes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from circles.attendance.afterwards import rules
from circles.base.errors import Refused


@pytest.mark.parametrize(
    ("state", "begun", "gaps", "codes"),
    [
        ("open", True, 0, set()),
        ("open", True, 2, {"gaps"}),
        ("open", False, 0, {"too_early"}),
        ("cancelled", True, 0, {"no_register"}),
        ("draft", True, 0, {"no_register"}),
    ],
)
def test_when_a_register_can_be_closed(state: str, begun: bool, gaps: int, codes: set[str]) -> None:
    assert {reason.code for reason in rules.closing_refusals(state, begun, gaps)} == codes


def test_a_note_needs_a_member_and_a_text() -> None:
    mira = uuid4()
    assert rules.read_note({"about": str(mira), "body": " Ask after her hands. "}, [mira]) == {
        "about": mira,
        "body": "Ask after her hands.",
    }
    for values, codes in (
        ({"about": str(uuid4()), "body": "x"}, {"about_nobody"}),
        ({}, {"about_nobody", "missing"}),
        ({"about": str(mira), "body": "x" * 2001}, {"too_long"}),
    ):
        with pytest.raises(Refused) as refused:
            rules.read_note(values, [mira])
        assert refused.value.codes == codes
