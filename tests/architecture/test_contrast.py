"""Colors: the contrast of every pair that meets on a page, in both schemes and in dusk."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static" / "circles.css").read_text()

TEXT = 4.5  # WCAG 2.2, 1.4.3: text
PART = 3.0  # WCAG 2.2, 1.4.11: borders of controls, marks, the ring of focus

GROUNDS = ("ground", "raised", "sunken")
WASHES = ("act-wash", "matters-wash", "warn-wash")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-soft", "act", "act-strong", "warn") for ground in GROUNDS],
    *[("matters", ground, PART) for ground in GROUNDS],
    *[("lamp", ground, PART) for ground in ("ground", "raised")],
    *[("ink", wash, TEXT) for wash in WASHES],
    *[("act", wash, TEXT) for wash in WASHES],
    ("ink-soft", "act-wash", TEXT),
    ("matters", "matters-wash", TEXT),
    ("warn", "warn-wash", TEXT),
    ("on-act", "act", TEXT),
    ("on-act", "act-strong", TEXT),
    ("on-matters", "matters", TEXT),
    ("on-warn", "warn", TEXT),
    ("ground", "ink-soft", TEXT),  # the pressed "Excused"
    *[("edge", ground, PART) for ground in ("ground", "raised")],
    *[("focus", ground, PART) for ground in (*GROUNDS, *WASHES)],
]


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


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2, definition of relative luminance)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colors, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


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
    assert re.findall(r'name="theme-color" content="(#\w+)"', base) == [LIGHT["ground"], DARK["ground"]]
