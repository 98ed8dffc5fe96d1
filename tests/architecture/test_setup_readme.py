"""The table of settings in README.md is complete. Files, commands and routes: test_docs.py."""

from __future__ import annotations

import re
from pathlib import Path

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
