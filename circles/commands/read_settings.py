"""The settings of a command: from the environment and from a file, `.env` unless CIRCLES_ENV_FILE names another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.base.settings import rules as setting_rules
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
    names = _names(file)
    known = {variable_name(name) for name in Settings.model_fields}
    misspelled, others = setting_rules.unknown_names([*os.environ, *names], known)
    try:
        settings = Settings(_env_file=file)  # pyright: ignore[reportCallIssue] (pydantic-settings' own argument)
    except ValidationError as error:
        raise SettingsRefused("\n".join([*misspelled, *map(_problem, error.errors())])) from None
    except OSError as error:
        raise SettingsRefused(f"{file} cannot be read: {error.strerror}.") from None
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
            print(text, file=sys.stderr)
        else:
            log.warning("said at the start", text=text)


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
    except OSError:
        return True  # it is there, and this account may not read it
    return bool(values.get("database_url")) or values.get("circles_mode") == "production"


def _file() -> Path | None:
    """The file of settings; none where CIRCLES_ENV_FILE is set to nothing."""
    named = os.environ.get("CIRCLES_ENV_FILE")
    if named is not None:
        return Path(named) if named else None
    return Path.cwd() / ".env"


def _names(file: Path | None) -> list[str]:
    """The variables that the file sets, as they are written there but for their case."""
    try:
        return [name.upper() for name in _values(file)] if file is not None else []
    except OSError as error:
        raise SettingsRefused(f"{file} cannot be read: {error.strerror}.") from None


def _values(file: Path) -> dict[str, str | None]:
    return dict(DotEnvSettingsSource(Settings, env_file=file).env_vars)


def _problem(found: Mapping[str, Any]) -> str:
    name = "_".join(str(part) for part in found["loc"]).upper()
    text = str(found["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text
