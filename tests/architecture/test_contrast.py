"""Colors: the contrast of every pair that meets on a page, in both schemes and in dusk."""

import itertools
import re
from pathlib import Path

import pytest

from circles.base.settings import colors
from circles.base.settings.colors import OURS, PAIRS, contrast

CSS = (Path(__file__).parents[2] / "static" / "circles.css").read_text()


def layer(name: str) -> str:
    """What stands between the braces of one @layer."""
    return block(CSS, CSS.index(f"@layer {name} {{"))


def block(text: str, start: int) -> str:
    """What stands between the first brace after `start` and the one that closes it."""
    opened = text.index("{", start)
    depth = 0
    for place in range(opened, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[opened + 1 : place]
    raise AssertionError("a brace is never closed")


def tokens(text: str) -> dict[str, str]:
    """The colors a block defines, by name."""
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6});", text))


TOKENS = layer("tokens")
LIGHT = tokens(block(TOKENS, TOKENS.index(":root")))
DARK = LIGHT | tokens(block(TOKENS, TOKENS.index("(prefers-color-scheme: dark)")))
DUSK = LIGHT | tokens(block(TOKENS, TOKENS.index(".dusk {")))
SCHEMES = {"light": LIGHT, "dark": DARK, "dusk": DUSK}


def test_the_measure_itself_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_every_pair_can_be_read(scheme: str, front: str, back: str, least: float) -> None:
    colors = SCHEMES[scheme]
    found = contrast(colors[front], colors[back])
    assert found >= least, (
        f"{front} {colors[front]} on {back} {colors[back]} in {scheme}: {found:.2f} < {least}"
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_series_of_charts_are_seen_and_differ_from_their_neighbors_in_lightness(scheme: str) -> None:
    colors = SCHEMES[scheme]
    series = [colors[f"series-{name}"] for name in ("first", "second", "third", "fourth")]
    assert all(contrast(one, colors[ground]) >= 3 for one in series for ground in ("ground", "raised"))
    assert all(contrast(one, other) >= 1.3 for one, other in itertools.pairwise(series))


@pytest.mark.parametrize("scheme", ["dark", "dusk"])
def test_night_and_dusk_define_every_color_anew(scheme: str) -> None:
    assert {name for name in LIGHT if SCHEMES[scheme][name] == LIGHT[name]} == set()


def test_colors_are_written_among_the_tokens_only() -> None:
    elsewhere = CSS.replace(TOKENS, "")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;,)])|\b(?:rgb|hsl|oklch)a?\(", elsewhere) == []


def test_every_variable_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", CSS)) | {"--at", "--filled"}
    assert set(re.findall(r"var\((--[a-z0-9-]+)", CSS)) - defined == set()


def test_nothing_moves_for_longer_than_a_fifth_of_a_second() -> None:
    times = [
        float(n) * (1 if unit == "ms" else 1000)
        for n, unit in re.findall(r"\b(\d*\.?\d+)(ms|s)\b(?=[\s;,)])", CSS)
    ]
    assert times
    assert max(times) < 200


def test_reduced_motion_is_respected() -> None:
    still = block(CSS, CSS.index("(prefers-reduced-motion: reduce)"))
    assert "transition: none !important" in still
    assert "animation: none !important" in still


def test_the_browser_bar_has_the_colors_of_the_ground() -> None:
    base = (Path(__file__).parents[2] / "templates" / "base.html").read_text()
    meant = ["{{ in_force.colors.ground }}", "{{ in_force.colors.ground_dark }}"]
    assert re.findall(r'name="theme-color" content="([^"]+)"', base) == meant
    assert (OURS.ground, OURS.ground_dark) == (LIGHT["ground"], DARK["ground"])


@pytest.mark.parametrize("scheme", colors.SCHEMES)
def test_what_a_community_does_not_choose_is_as_in_the_style_sheet(scheme: str) -> None:
    palette = colors.palette(scheme, *OURS.of(scheme))
    assert palette.items() <= SCHEMES[scheme].items()
