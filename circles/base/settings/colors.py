"""Colors of a community: what is derived from the four that it chooses, and whether everything can be read (WCAG 2.2).

A color is #rrggbb in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

TEXT, PART = 4.5, 3.0  # WCAG 2.2, 1.4.3: text; 1.4.11: borders of controls, marks, the ring of focus

_GROUNDS: Final = ("ground", "raised", "sunken")
_WASHES: Final = ("act-wash", "matters-wash", "warn-wash")
# Every pair that meets on a page: front, back, the least contrast.
PAIRS: Final = (
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "act", "act-strong", "warn") for ground in _GROUNDS),
    *(("matters", ground, PART) for ground in _GROUNDS),
    *(("lamp", ground, PART) for ground in ("ground", "raised")),
    *(("ink", wash, TEXT) for wash in _WASHES),
    *(("act", wash, TEXT) for wash in _WASHES),
    ("ink-soft", "act-wash", TEXT),
    ("matters", "matters-wash", TEXT),
    ("warn", "warn-wash", TEXT),
    ("on-act", "act", TEXT),
    ("on-act", "act-strong", TEXT),
    ("on-matters", "matters", TEXT),
    ("on-warn", "warn", TEXT),
    ("ground", "ink-soft", TEXT),  # the pressed "Excused"
    *(("edge", ground, PART) for ground in ("ground", "raised")),
    *(("focus", ground, PART) for ground in (*_GROUNDS, *_WASHES)),
)

# What static/circles.css has for these, and no community chooses.
_FIXED: Final = {
    "light": {
        "ink": "#1f2622",
        "ink-soft": "#575b4f",
        "matters": "#934024",
        "matters-wash": "#f5e0d0",
        "on-matters": "#fff8f0",
        "warn": "#8c1d3a",
        "warn-wash": "#f7ddd8",
        "on-warn": "#fff5f4",
        "focus": "#14595f",
        "lamp": "#b8622f",
    },
    "dark": {
        "ink": "#f1e8d6",
        "ink-soft": "#bcc0ae",
        "matters": "#eba783",
        "matters-wash": "#3b2b24",
        "on-matters": "#2b140a",
        "warn": "#f59fa9",
        "warn-wash": "#3f252b",
        "on-warn": "#360b14",
        "focus": "#93d3da",
        "lamp": "#f0b27a",
    },
}
# The same file's colors that follow from the two that a community may choose for a scheme, as drawn by hand.
_OURS: Final = {
    ("light", "#3f5e30", "#f5efe4"): {
        "ground": "#f5efe4",
        "raised": "#fdfaf3",
        "sunken": "#ebe3d3",
        "line": "#dcd2bf",
        "edge": "#857d6b",
        "act": "#3f5e30",
        "act-strong": "#2d4621",
        "act-wash": "#e3e7d2",
        "on-act": "#fdfaf3",
    },
    ("dark", "#b0cd8e", "#0f2023"): {
        "ground": "#0f2023",
        "raised": "#172c30",
        "sunken": "#0a1719",
        "line": "#2a4347",
        "edge": "#74908f",
        "act": "#b0cd8e",
        "act-strong": "#cbe2ae",
        "act-wash": "#243b31",
        "on-act": "#14240f",
    },
}
SCHEMES: Final = ("light", "dark")
_COLOR = re.compile("#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Colors:
    """What a community chooses: the color of what one can do, and the ground, in the light and the dark scheme."""

    accent: str = "#3f5e30"
    ground: str = "#f5efe4"
    accent_dark: str = "#b0cd8e"
    ground_dark: str = "#0f2023"

    @property
    def is_ours(self) -> bool:
        """Whether these are the colors of the style sheet itself."""
        return self == OURS

    @property
    def name(self) -> str:
        """The four in a URL."""
        return "-".join(color[1:] for color in (self.accent, self.ground, self.accent_dark, self.ground_dark))

    @classmethod
    def of_name(cls, name: str) -> Colors | None:
        """The colors of a URL; None for anything else."""
        parts = [f"#{part}" for part in name.split("-")]
        return cls(*parts) if len(parts) == 4 and all(is_color(part) for part in parts) else None

    def of(self, scheme: str) -> tuple[str, str]:
        """The accent and the ground of a scheme."""
        return (self.accent, self.ground) if scheme == "light" else (self.accent_dark, self.ground_dark)

    @property
    def light(self) -> dict[str, str]:
        return palette("light", *self.of("light"))

    @property
    def dark(self) -> dict[str, str]:
        return palette("dark", *self.of("dark"))

    @property
    def dusk(self) -> dict[str, str]:
        """The evening parts of a page, in either scheme: a little lighter than the dark one."""
        accent, ground = self.of("dark")
        return palette("dark", accent, _dusk(ground))


OURS: Final = Colors()


def is_color(text: str) -> bool:
    """Whether this is #rrggbb in lower case."""
    return _COLOR.fullmatch(text) is not None


def palette(scheme: str, accent: str, ground: str) -> dict[str, str]:
    """Every color of a scheme by the name it has in the style sheet, without the two dashes."""
    return _FIXED[scheme] | (_OURS.get((scheme, accent, ground)) or _derived(scheme, accent, ground))


def _derived(scheme: str, accent: str, ground: str) -> dict[str, str]:
    ink = _FIXED[scheme]["ink"]
    away, toward = ("#ffffff", "#000000") if scheme == "light" else ("#000000", "#ffffff")
    raised = mix(ground, "#ffffff", 0.6 if scheme == "light" else 0.05)
    edge = next(
        (
            color
            for part in range(40, 100, 5)
            if min(contrast(color := mix(ground, ink, part / 100), back) for back in (ground, raised)) >= PART
        ),
        ink,
    )
    return {
        "ground": ground,
        "raised": raised,
        "sunken": mix(ground, "#000000", 0.05 if scheme == "light" else 0.3),
        "line": mix(ground, ink, 0.14),
        "edge": edge,
        "act": accent,
        "act-strong": mix(accent, toward, 0.28),
        "act-wash": mix(ground, accent, 0.12),
        "on-act": raised if scheme == "light" else mix(accent, away, 0.9),
    }


def _dusk(ground: str) -> str:
    return mix(ground, "#f4ead7", 0.035)


def mix(one: str, other: str, part: float) -> str:
    """A color with a part of another, 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


@lru_cache(maxsize=4096)
def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2, definition of relative luminance)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colors, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def unreadable(scheme: str, accent: str, ground: str) -> Iterator[tuple[str, str, float, float]]:
    """The pairs of a scheme with too little contrast: front, back, what it is, what it has to be."""
    palettes = [palette(scheme, accent, ground)]
    if scheme == "dark":
        palettes.append(palette(scheme, accent, _dusk(ground)))
    for colors in palettes:
        for front, back, least in PAIRS:
            ratio = contrast(colors[front], colors[back])
            if ratio < least:
                yield front, back, ratio, least


def is_ground(scheme: str, ground: str) -> bool:
    """Whether text can be read on a ground. With the color of text itself as accent, so that each has an accent."""
    return not any(unreadable(scheme, _FIXED[scheme]["ink"], ground))


def is_accent(scheme: str, accent: str, ground: str) -> bool:
    """Whether everything can be read with this accent on a ground."""
    return not any(unreadable(scheme, accent, ground))


def nearest_ground(scheme: str, ground: str) -> str:
    """The ground itself if it passes, else the nearest one that does, of the same hue."""
    return _nearest(ground, lambda color: is_ground(scheme, color)) or OURS.of(scheme)[1]


def nearest_accent(scheme: str, accent: str, ground: str) -> str:
    """The accent itself if it passes on a ground, else the nearest one that does, of the same hue.

    The ground must pass itself.
    """
    nearest = _nearest(accent, lambda color: is_accent(scheme, color, ground))
    return nearest or _FIXED[scheme]["ink"]


_STEP: Final = 0.01  # of the lightness in Oklab; less than one sees


def _nearest(color: str, passes: Callable[[str], bool]) -> str:
    """The color of the nearest lightness that passes, paler only where none as strong does; empty for none."""
    lightness, a, b = _to_oklab(color)
    if passes(color):
        return color
    for strength in (1, 0.75, 0.5, 0.25, 0):
        for step in range(1, round(1 / _STEP)):
            for at in (lightness - step * _STEP, lightness + step * _STEP):
                if 0 <= at <= 1 and passes(found := _of_oklab(at, a * strength, b * strength)):
                    return found
    return ""


def _to_oklab(color: str) -> tuple[float, float, float]:
    """Lightness and two axes of hue (Björn Ottosson, "A perceptual color space for image processing")."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _of_oklab(lightness: float, a: float, b: float) -> str:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(_encoded(min(max(part, 0), 1)) * 255):02x}" for part in linear)


def _encoded(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


@lru_cache(maxsize=64)
def style_sheet(colors: Colors) -> str:
    """The style sheet with a community's colors, which follows the site's own and takes part in its layer of tokens.

    On screens only: paper stays white.
    """
    return (
        "@layer tokens {\n@media screen {\n"
        f":root {{ {_rules(colors.light)} }}\n.dusk {{ {_rules(colors.dusk)} }}\n}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_rules(colors.dark)} }} }}\n}}\n"
    )


@lru_cache(maxsize=64)
def preview_sheet(colors: Colors) -> str:
    """The same for parts of a page that show one scheme each, whatever the reader's is."""
    parts = ((".in-light", colors.light), (".in-dark", colors.dark), ("[class*=in-] .dusk", colors.dusk))
    return "".join(f"{selector} {{ {_rules(tokens)} }}\n" for selector, tokens in parts)


def _rules(tokens: dict[str, str]) -> str:
    return " ".join(f"--{name}: {color};" for name, color in tokens.items())
