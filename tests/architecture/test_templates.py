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
def test_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*(?:\ssrc=|type=\"application/ld\+json\"))", text)
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


CSS = (ROOT / "static" / "circles.css").read_text()
# Hooks of tests and names of parts, which carry no look of their own.
HOOKS = {
    "foot-crisis",
    "foot-not",
    "register",
    "when",
    "gathering-words",
    "therapist-words",
    "therapist-badges",
    "how-many",
}


def styled() -> set[str]:
    """Every class that has a rule in the style sheet."""
    selectors = re.findall(r"([^{};]*)\{", re.sub(r"/\*.*?\*/", "", CSS, flags=re.S))
    return {name for each in selectors for name in re.findall(r"\.([a-z][a-z0-9-]*)", each)}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_class_of_a_page_is_in_the_style_sheet(path: Path) -> None:
    text = re.sub(r"\{[%{#].*?[%}#]\}", " ", path.read_text(), flags=re.S)
    used = {word for value in re.findall(r'class="([^"]*)"', text) for word in value.split()}
    assert {word for word in used if not word.endswith("-")} - styled() <= HOOKS


def test_every_class_of_the_style_sheet_is_used() -> None:
    files = [*PAGES, *(ROOT / "static").glob("*.js"), *(ROOT / "circles").rglob("*.py")]
    text = "\n".join(path.read_text() for path in files)
    words = set(re.findall(r"[a-z][a-z0-9-]*", text))
    made = tuple(re.findall(r"([a-z][a-z-]*-)(?:\{\{|\$\{)", text))  # such as badge-{{ kind }}
    assert {each for each in styled() if each not in words and not each.startswith(made)} == set()


def test_the_index_of_the_style_sheet_names_what_is_there() -> None:
    index = re.sub(r"\w+\.(?:py|css)", "", CSS[: CSS.index("*/")])
    named = set(re.findall(r"\.([a-z][a-z0-9-]*)", index))
    assert len(named) > 60
    assert named - styled() == set()


@pytest.mark.parametrize(
    "path", [*PAGES, *MAILS, *sorted((ROOT / "templates" / "mail").glob("*.txt"))], ids=name
)
def test_times_are_said_on_the_clock_of_their_reader(path: Path) -> None:
    """`when` and its like without the viewer would say the circle's time to everybody."""
    text = path.read_text()
    times = re.findall(r"\|\s*(?:when|when_short|time_of|day_of|recorded)\b(?:\(([^()]*)\))?", text)
    assert all("viewer" in arguments for arguments in times), times
    assert "strftime" not in text
    assert not re.search(r"\.date\(\)\s*\|\s*date_words", text) or path.name == "macros.html"


WORDS_OF_TIME = re.compile(r":%[^}]*[aAbBIpj]|strftime\(|\bdatetime\.now\(|%H:%M[^}]*\}(?!\")")


@pytest.mark.parametrize("path", sorted((ROOT / "circles").rglob("*.py")), ids=name)
def test_the_clock_alone_puts_times_into_words(path: Path) -> None:
    if path.name in (
        "clock.py",
        "zones.py",
    ):  # the clock itself, and what a command says to whoever runs the site
        return
    assert not WORDS_OF_TIME.search(path.read_text())


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_title_names_somebody_else_on_a_private_page(path: Path) -> None:
    """A title stays in the history of a browser, and is read by people who sit beside it."""
    title = re.search(r"{%-? block title.*?endblock", path.read_text(), re.S)
    assert not re.search(
        r"\b(member|person|people|row|host|seat|actor|recipient)\w*\.(name|email|listing_name)\b",
        title[0] if title else "",
    )
