"""Colors of a community as pure functions: what passes can be read, and a nearest color is always offered."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from circles.base.settings import colors
from circles.base.settings.colors import PAIRS, Colors

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
SCHEME = st.sampled_from(colors.SCHEMES)


@settings(max_examples=40, deadline=None)
@given(SCHEME, COLORS, COLORS)
@example("light", "#ffff00", "#000000")
@example("dark", "#000000", "#ffffff")
@example("light", "#808080", "#808080")
def test_the_nearest_colors_pass_and_stay_once_they_do(scheme: str, accent: str, ground: str) -> None:
    nearest_ground = colors.nearest_ground(scheme, ground)
    nearest = colors.nearest_accent(scheme, accent, nearest_ground)
    palette = colors.palette(scheme, nearest, nearest_ground)
    for front, back, least in PAIRS:
        assert colors.contrast(palette[front], palette[back]) >= least, (front, back)
    assert colors.nearest_ground(scheme, nearest_ground) == nearest_ground
    assert colors.nearest_accent(scheme, nearest, nearest_ground) == nearest
    if colors.is_ground(scheme, ground):
        assert nearest_ground == ground


@given(COLORS, COLORS)
def test_contrast_is_symmetric_and_between_1_and_21(one: str, other: str) -> None:
    assert 1 <= colors.contrast(one, other) == colors.contrast(other, one) <= 21.001


@given(st.builds(Colors, COLORS, COLORS, COLORS, COLORS))
def test_a_name_of_colors_is_read_back(chosen: Colors) -> None:
    assert Colors.of_name(chosen.name) == chosen
    sheet = colors.style_sheet(chosen)
    assert set(re.findall(r"--act: (#[0-9a-f]{6});", sheet)) == {chosen.accent, chosen.accent_dark}


def test_no_other_name_is_read() -> None:
    ours = Colors().name
    for name in (
        "",
        "x",
        ours[:-1],
        f"{ours}-000000",
        ours.replace("3f5e30", "3F5E30"),
        ours[:-1] + "}",
        "../a",
    ):
        assert Colors.of_name(name) is None
