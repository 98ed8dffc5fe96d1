"""Settings from the environment. All have defaults for practice mode; production refuses to start without some."""

from __future__ import annotations

import secrets
from functools import cache
from operator import is_not
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from circles.base.settings import rules
from circles.base.settings.community import FIRST_VALUES, Community
from circles.base.settings.crisis_lines import UNITED_STATES, CrisisLine, parse_lines

_LEFT_AS_THEY_ARE = ("secret", "old_secret", "smtp_password", "imap_password")

# In production a booking may wait for Stripe, and a mail for its server; in practice people press Ctrl-C.
STOP_SECONDS = {"practice": 1.0, "production": 25.0}
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]


class Settings(BaseSettings):
    """The settings. Variables are CIRCLES_<NAME>, except those with an alias."""

    model_config = SettingsConfigDict(env_prefix="CIRCLES_", extra="ignore", frozen=True)

    mode: Literal["practice", "production"] = "practice"
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    port: int = Field(default=8000, ge=1, le=65535, validation_alias=AliasChoices("PORT", "port"))
    data_dir: Path = Field(default=Path(".data"), validation_alias=AliasChoices("DATA_DIR", "data_dir"))
    host: str = "127.0.0.1"
    origin: str = ""
    secret: SecretStr = SecretStr("")
    old_secret: SecretStr = SecretStr("")
    worker_database_url: str = ""
    pooler: bool = False
    pool_size: int = Field(default=6, ge=1, le=50)
    run_worker: bool | None = None
    stop_seconds: float | None = Field(default=None, ge=0, le=600)
    trusted_proxy: str = ""
    log_level: LogLevel | None = None
    metrics_token: SecretStr = SecretStr("")

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none", "insecure"] = "starttls"
    mail_from: str = "circles@example.org"

    imap_host: str = ""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_security: Literal["tls", "none", "insecure"] = "tls"

    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = ""
    # The country of the community's own account at Stripe, which turns Stripe Connect on: "US".
    stripe_connect_country: str = ""
    stripe_connect_webhook_secret: SecretStr = SecretStr("")

    # Read until organizers publish a version of their own on /organize/settings, which is in force from then on.
    community_name: str = "Circles"
    mail_name: str = "Circles"
    statement_name: str = "CIRCLES"
    crisis_lines: Annotated[list[CrisisLine], NoDecode] = UNITED_STATES

    _community: Community | None = PrivateAttr(default=None)
    _first: tuple[tuple[object, ...], Community] | None = PrivateAttr(default=None)

    @property
    def community(self) -> Community:
        """What the community says of itself: the stored version, or the first values while none is stored."""
        if self._community:
            return self._community
        given = (self.community_name, self.mail_name, self.statement_name, self.crisis_lines)
        # Pages read it a few times each. A copy with other values brings the cached ones along.
        if self._first is None or any(map(is_not, self._first[0], given)):
            name, mail_name, statement_name, lines = given
            self._first = (
                given,
                Community(name, mail_name, mail_name, statement_name, crisis_lines=tuple(lines)),
            )
        return self._first[1]

    @property
    def contact(self) -> str:
        """The address at which somebody reaches the organizers."""
        return self.community.contact_address or self.mail_from

    def with_community(self, community: Community) -> Settings:
        """These settings with a stored version in force."""
        copy = self.model_copy(
            update={name: getattr(community, name) for name in FIRST_VALUES}
            | {"crisis_lines": list(community.crisis_lines)}
        )
        copy._community = community
        return copy

    @property
    def practice(self) -> bool:
        """Whether this is practice mode: no real card, no real mail."""
        return self.mode == "practice"

    @property
    def base_url(self) -> str:
        """The canonical origin, without a trailing slash."""
        return self.origin.rstrip("/") or f"http://127.0.0.1:{self.port}"

    @property
    def worker_url(self) -> str:
        """The worker's database URL: a transaction pooler does not support LISTEN, so it may be another one."""
        return self.worker_database_url or self.database_url

    @property
    def runs_worker(self) -> bool:
        """Whether the worker runs inside the web process."""
        return self.practice if self.run_worker is None else self.run_worker

    @property
    def seconds_to_stop(self) -> float:
        """How long running requests and jobs may go on once a process is told to stop."""
        return STOP_SECONDS[self.mode] if self.stop_seconds is None else self.stop_seconds

    @property
    def practice_money(self) -> bool:
        """Whether payments go to the simulated Stripe."""
        return self.practice and not self.stripe_api_base

    @property
    def connect_country(self) -> str:
        """The country whose accounts facilitators may connect; empty where Stripe Connect is off."""
        return self.stripe_connect_country or ("US" if self.practice else "")

    @property
    def practice_mail(self) -> bool:
        """Whether mail stays in the practice mailbox."""
        return self.practice and not self.smtp_host

    @model_validator(mode="before")
    @classmethod
    def _read_lines(cls, given: dict[str, object]) -> dict[str, object]:
        """What is empty is not set, and spaces around a value are not meant; those of a secret may be."""
        for name, value in list(given.items()):
            if isinstance(value, str) and name not in _LEFT_AS_THEY_ARE:
                given[name] = value.strip()
            if given[name] == "":
                del given[name]
        lines = given.get("crisis_lines")
        if isinstance(lines, str):
            given["crisis_lines"] = parse_lines(lines)
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if problems := rules.problems(self):
            raise ValueError("\n".join(problems))
        return self

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """The keys a token may be signed with: the present one, then the old one where it is given for a time."""
        old = self.old_secret.get_secret_value()
        return (self.signing_key(), old.encode()) if old else (self.signing_key(),)

    def signing_key(self) -> bytes:
        """The key that feed URLs, link tokens and hashes are made with."""
        return (self.secret.get_secret_value() or _practice_secret(self.data_dir)).encode()


@cache
def _practice_secret(data_dir: Path) -> str:
    """A secret kept in the data folder, so that links still work after a restart."""
    path = data_dir / "practice-secret"
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32))
        path.chmod(0o600)
        return path.read_text()
