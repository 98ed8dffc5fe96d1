"""The settings of a command: from the environment and from a file, `.env` unless CIRCLES_ENV_FILE names another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog
from dotenv.parser import parse_stream
from pydantic import ValidationError

from circles.base.errors import CirclesError
from circles.base.settings import FIRST_VALUES, Community, Settings
from circles.base.settings import rules as setting_rules
from circles.commands.opening import tell
from circles.store import logs

log = structlog.get_logger("start")

ROOT = Path(__file__).resolve().parents[2]
# Where a machine that serves in production keeps its settings (deploy/README.md).
USUAL_FILES = (Path("/etc/circles/env"),)


class SettingsRefused(CirclesError):
    """The settings are invalid."""


def read_settings() -> tuple[Settings, list[str]]:
    """The settings, and what is doubtful about them. What the environment says goes before what the file says.

    Raises SettingsRefused with every problem, in words.
    """
    file = _file()
    if file is not None and "CIRCLES_ENV_FILE" in os.environ and not file.is_file():
        raise SettingsRefused(f"CIRCLES_ENV_FILE: there is no file {file}.")
    values = _values(file) if file is not None and file.exists() else {}
    known = {variable_name(name) for name in Settings.model_fields}
    misspelled, others = setting_rules.unknown_names([*os.environ, *values], known)
    others += setting_rules.foreign_names(values, known)
    try:
        settings = Settings(**_of_file_alone(values))
    except ValidationError as error:
        raise SettingsRefused("\n".join([*misspelled, *map(_problem, error.errors())])) from None
    if misspelled:
        raise SettingsRefused("\n".join(misspelled))
    return settings, [*others, *setting_rules.warnings(settings)]


def use_settings() -> Settings:
    """The settings, by which logging is set up, with what is doubtful about them said. Raises SettingsRefused."""
    settings, doubtful = read_settings()
    logs.configure(settings)
    warn(settings, doubtful)
    return settings


def warn(settings: Settings, texts: Iterable[str]) -> None:
    """Say on standard error which database this is and what is doubtful; as log lines where no person reads."""
    for text in texts:
        if settings.practice or sys.stderr.isatty():
            tell(text)
        else:
            log.warning("said at the start", text=text)


def not_in_force(environment: Settings, stored: Community | None) -> list[str]:
    """A sentence on the variables whose values the community has replaced by its own."""
    names = [
        variable_name(field)
        for field in FIRST_VALUES
        if stored
        and field in environment.model_fields_set
        and getattr(environment, field) != getattr(environment.with_community(stored), field)
    ]
    if not names:
        return []
    return [
        f"Not in force: {', '.join(names)}. Organizers have published values of their own at /organize/settings."
    ]


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    plain = {"database_url": "DATABASE_URL", "port": "PORT", "data_dir": "DATA_DIR"}
    return plain.get(field, f"CIRCLES_{field.upper()}")


def production_settings_elsewhere() -> Path | None:
    """A file on this machine with settings of production which this command did not read."""
    read = _file()
    for path in (Path.cwd() / ".env", ROOT / ".env", *USUAL_FILES):
        if (read is None or path.absolute() != read.absolute()) and _is_of_production(path):
            return path
    return None


def _is_of_production(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        values = _values(path)
    except (OSError, SettingsRefused):
        return True  # it is there, and this account may not read it, or it needs correction
    return bool(values.get("DATABASE_URL")) or values.get("CIRCLES_MODE") == "production"


def _file() -> Path | None:
    """The file of settings; none where CIRCLES_ENV_FILE is set to nothing."""
    named = os.environ.get("CIRCLES_ENV_FILE")
    if named is not None:
        return Path(named) if named else None
    return Path.cwd() / ".env"


def _values(file: Path) -> dict[str, str]:
    """What a file of settings says, by the names of its variables. Raises SettingsRefused.

    Read as systemd reads the same file: nothing is put in for $NAME, which may be part of a password.
    """
    try:
        with file.open(encoding="utf-8-sig") as stream:  # some editors put a mark before the first line
            lines = list(parse_stream(stream))
    except OSError as error:
        raise SettingsRefused(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsRefused(f"{file} cannot be read: save it as UTF-8.") from None
    for each in lines:
        if each.error or (each.key is not None and each.value is None):
            number = each.original.line + each.original.string.count("\n", 0, _blank(each.original.string))
            raise SettingsRefused(
                f"{file}, line {number}, is not NAME=value. A value with spaces, quotes or # stands in single quotes."
            )
    return {each.key.upper(): each.value for each in lines if each.key is not None and each.value is not None}


def _blank(text: str) -> int:
    """How many characters of white space a text begins with."""
    return len(text) - len(text.lstrip())


def _of_file_alone(values: Mapping[str, str]) -> dict[str, Any]:
    """The values of the file, by field, without those that the environment sets as well."""
    in_environment = {name.upper() for name in os.environ}
    fields = {variable_name(field): field for field in Settings.model_fields}
    return {
        fields[name]: value for name, value in values.items() if name in fields and name not in in_environment
    }


def _problem(found: Mapping[str, Any]) -> str:
    """What pydantic found, in a sentence that names the variable and says what it may be."""
    field = str(found["loc"][0]).lower() if found["loc"] else ""
    if field not in Settings.model_fields:
        return str(found["msg"]).removeprefix("Value error, ")
    return f"{variable_name(field)} must be {_allowed(field, found)}, not {str(found['input'])[:40]!r}."


def _allowed(field: str, found: Mapping[str, Any]) -> str:
    """What a setting may be, in words."""
    if found["type"] == "literal_error":
        return str(found["ctx"]["expected"]).replace("'", "")
    if found["type"].startswith("bool"):
        return "true or false"
    limits = {
        name: getattr(each, name)
        for each in Settings.model_fields[field].metadata
        for name in ("ge", "le")
        if hasattr(each, name)
    }
    whole = "a number" if field == "stop_seconds" else "a whole number"
    return (
        f"{whole} from {limits['ge']} to {limits['le']}"
        if len(limits) == 2
        else f"readable ({found['type']})"
    )
