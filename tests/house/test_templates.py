"""What no template may hold: the pages' content security policy would refuse it, or privacy does."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parent.parts[-1:])
MAILS = sorted((ROOT / "templates" / "mail").glob("*.html"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_style_or_script_stands_in_a_page(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=|hx-on|javascript:", text)


@pytest.mark.parametrize("path", [*PAGES, *MAILS], ids=name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    loads = r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*\b(?:src|href)="
    assert not re.search(loads + r'"(?:data:|(?:https?:)?//)', text)
    assert "url(" not in re.sub(r"\{[{%#].*?[}%#]\}", "", text, flags=re.S)


@pytest.mark.parametrize("path", sorted((ROOT / "static").glob("icons/*.svg")), ids=name)
def test_icons_are_plain_drawings(path: Path) -> None:
    assert not re.search(r"<(?:script|style|image|foreignObject)\b|\sstyle=|\son\w+=|href=", path.read_text())


def test_the_style_sheet_loads_only_our_own_icons() -> None:
    found = re.findall(r"url\(\"?([^\")]+)", (ROOT / "static" / "circles.css").read_text())
    assert found
    assert [address for address in found if not (ROOT / "static" / address).is_file()] == []


def test_every_class_the_shared_parts_use_is_in_the_style_sheet() -> None:
    css = (ROOT / "static" / "circles.css").read_text()
    used: set[str] = set()
    for page in ("base.html", "macros.html", "error.html"):
        text = re.sub(r"\{[%{#].*?[%}#]\}", " ", (ROOT / "templates" / page).read_text(), flags=re.DOTALL)
        used |= {
            word
            for value in re.findall(r'class="([^"]*)"', text)
            for word in value.split()
            if not word.endswith("-")
        }
    unknown = {word for word in used if f".{word}" not in css}
    # Hooks that carry no look of their own.
    assert unknown <= {"foot-crisis", "foot-not", "when", "gathering-words", "amount-top"}, unknown


def on_screens(css: str) -> str:
    """A style sheet without its comments and without what holds only under a condition, such as on paper."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    while begin := re.search(r"@(?:media|container|supports)[^{]*\{", css):
        end = begin.end()
        while css[begin.start() : end].count("{") > css[begin.start() : end].count("}"):
            end += 1
        css = css[: begin.start()] + css[end:]
    return css


def described(css: str) -> list[tuple[str, str]]:
    """Each selector with what is said of it, once for every time it stands there."""
    rules = re.findall(r"([^{};]+)\{([^{}]*)\}", on_screens(css))
    return [(one.strip(), says) for selectors, says in rules for one in selectors.split(",")]


def test_what_one_page_hides_no_other_page_means_to_show() -> None:
    found = described((ROOT / "static" / "circles.css").read_text())
    hidden = {name for name, says in found if re.fullmatch(r"\.[\w-]+", name) and "display: none" in says}
    assert hidden
    for name in hidden:
        assert [each for each, _ in found].count(name) == 1, (
            f"{name} is two things: please give one another name"
        )
