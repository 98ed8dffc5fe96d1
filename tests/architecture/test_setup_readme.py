"""README.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from circles.__main__ import ABOUT_PEOPLE, COMMANDS
from circles.base.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_table_has_every_setting_and_no_other() -> None:
    names = set()
    for name, field in Settings.model_fields.items():
        alias = getattr(field.validation_alias, "choices", [None])[0]
        names.add(alias or f"CIRCLES_{name.upper()}")
    first_cells = "\n".join(re.findall(r"^\| (`.*?) \|", README, re.MULTILINE))
    assert set(re.findall(r"`(.+?)`", first_cells)) == names


def test_the_commands_it_names_are_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"(?:`|    )make ([a-z]+)", README)) <= set(targets)
    assert set(re.findall(r"python -m circles ([a-z]+)", README)) <= COMMANDS.keys() | ABOUT_PEOPLE.keys()


def test_the_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 3
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_map_names_what_is_there() -> None:
    drawn = README.split("## The map of the house")[1].split("Every room has")[0]
    for name in re.findall(r"^    (\S+)", drawn, re.MULTILINE):
        assert (ROOT / name).exists(), name
    rooms = drawn.split("stand on\n")[1].split("\n")[0].split()
    assert [room for room in rooms if not (ROOT / "circles" / room).is_dir()] == []
