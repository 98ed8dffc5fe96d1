"""Settings that must not be: each is refused in one sentence, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from circles import __main__ as commands
from circles.base.settings import Settings
from circles.base.settings.rules import unknown_names, warnings
from circles.commands import read_settings as settings_file
from circles.commands.read_settings import SettingsRefused, read_settings, variable_name

PRODUCTION: dict[str, Any] = {
    "mode": "production",
    "database_url": "postgresql://circles@db.example.org/circles",
    "origin": "https://circles.example.org",
    "secret": "s" * 32,
    "smtp_host": "smtp.example.org",
    "mail_from": "hello@example.org",
    "stripe_secret_key": "sk_live_1",
    "stripe_webhook_secret": "whsec_1",
    "trusted_proxy": "127.0.0.1",
}


def test_good_settings_of_production_are_taken() -> None:
    assert warnings(Settings.model_validate(PRODUCTION)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host": "0.0.0.0"}, "CIRCLES_HOST=0.0.0.0 can be reached from other machines"),
        ({"host": "::"}, "can be reached from other machines"),
        ({"host": "192.168.1.5"}, "can be reached from other machines"),
        ({"origin": "https://circles.example.org"}, "is a public address"),
        ({"smtp_host": "smtp.example.org"}, "would send real mail"),
        ({"smtp_host": "10.0.0.4"}, "would send real mail"),
        ({"stripe_secret_key": "rk_live_1"}, "live Stripe key"),
    ],
)
def test_practice_mode_is_for_this_machine_alone(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(given)
    assert said in str(caught.value)


@pytest.mark.parametrize("given", [{"host": "::1"}, {"host": "localhost"}, {"smtp_host": "127.0.0.1"}])
def test_practice_mode_on_this_machine_is_taken(given: dict[str, Any]) -> None:
    assert Settings.model_validate(given).practice


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stripe_api_base": "http://stripe.example.org"}, "must begin with https"),
        ({"stripe_api_base": "http://127.0.0.1:9000"}, "must begin with https"),
        ({"stripe_secret_key": "sk_test_1"}, "is a test key"),
        ({"stripe_secret_key": "rk_test_1"}, "is a test key"),
        ({"smtp_security": "none"}, "would send mail and password readably to smtp.example.org"),
        ({"old_secret": "s" * 32}, "the same as CIRCLES_SECRET"),
        ({"secret": "s" * 31}, "CIRCLES_SECRET (32 characters or more)"),
        ({"origin": "http://circles.example.org"}, "CIRCLES_ORIGIN (https"),
        ({"origin": "https://circles.example.org/path"}, "CIRCLES_ORIGIN (https"),
        ({"pooler": True}, "Set CIRCLES_WORKER_DATABASE_URL"),
        ({"trusted_proxy": "proxy.internal"}, "'proxy.internal' is no address or network"),
        ({"trusted_proxy": "10.0.0.1, 10.0.0.0/33"}, "'10.0.0.0/33' is no address or network"),
        ({"mail_from": "circles"}, "'circles' is no mail address"),
        ({"mail_from": "circles@example.org\nBcc: all@example.org"}, "is no mail address"),
        ({"database_url": "mysql://x/y"}, "DATABASE_URL must be like postgresql://"),
        ({"worker_database_url": "localhost"}, "CIRCLES_WORKER_DATABASE_URL must be like"),
    ],
)
def test_production_refuses_what_leaks_or_cannot_work(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(PRODUCTION | given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"smtp_security": "insecure"},
        {"smtp_security": "none", "smtp_host": "127.0.0.1"},
        {"stripe_api_base": "https://stripe.example.org"},
        {"trusted_proxy": "10.0.0.1, 2001:db8::/32"},
        {"pooler": True, "worker_database_url": "postgresql://db/circles"},
        {"old_secret": "t" * 32},
    ],
)
def test_production_takes_what_was_said_on_purpose(given: dict[str, Any]) -> None:
    assert not Settings.model_validate(PRODUCTION | given).practice


def test_a_file_as_data_dir_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValidationError, match="is a file"):
        Settings.model_validate({"data_dir": tmp_path / "file"})


def test_production_without_a_named_proxy_is_warned() -> None:
    [first, *_] = warnings(Settings.model_validate(PRODUCTION | {"trusted_proxy": ""}))
    assert "CIRCLES_TRUSTED_PROXY is not set" in first


def test_misspelled_names_are_found_and_others_only_told() -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    misspelled, others = unknown_names(
        ["CIRCLES_SMPT_HOST", "CIRCLES_PRINT_BADGES", "CIRCLES_ENV_FILE", "HOME"], known
    )
    assert misspelled == ["CIRCLES_SMPT_HOST is no setting. Did you mean CIRCLES_SMTP_HOST?"]
    assert others == ["CIRCLES_PRINT_BADGES is no setting of this version, so it is not used."]


# the file of settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a command is started in, with no other file of settings in sight."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIRCLES_ENV_FILE")
    monkeypatch.setattr(settings_file, "ROOT", tmp_path)
    monkeypatch.setattr(settings_file, "USUAL_FILES", (tmp_path / "etc",))
    return tmp_path


def test_the_file_is_read_and_the_environment_goes_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("CIRCLES_POOL_SIZE=9\nPORT=9001\nCIRCLES_COMMUNITY_NAME='Two words'\n")
    monkeypatch.setenv("PORT", "9002")
    settings, _ = read_settings()
    assert (settings.pool_size, settings.port, settings.community_name) == (9, 9002, "Two words")


def test_a_misspelled_name_in_the_file_is_refused(folder: Path) -> None:
    (folder / ".env").write_text("CIRCLES_STRIPE_SECRET_KY=x\n")
    with pytest.raises(SettingsRefused, match="Did you mean CIRCLES_STRIPE_SECRET_KEY"):
        read_settings()


def test_another_file_can_be_named_and_must_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "other").write_text("PORT=9003\n")
    monkeypatch.setenv("CIRCLES_ENV_FILE", str(folder / "other"))
    assert read_settings()[0].port == 9003
    monkeypatch.setenv("CIRCLES_ENV_FILE", str(folder / "missing"))
    with pytest.raises(SettingsRefused, match="there is no file"):
        read_settings()


@pytest.mark.parametrize(
    "command", [["migrate"], ["organizer", "a@example.org"], ["erase", "a@example.org"], ["demo"]]
)
@pytest.mark.parametrize("text", ["DATABASE_URL=postgresql://db/circles\n", "CIRCLES_MODE=production\n"])
def test_no_change_to_the_embedded_database_beside_production(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str], text: str
) -> None:
    """As when somebody types a command in a shell that has not the settings of the service."""
    (folder / "etc").write_text(text)
    assert commands.main(command) == 1
    said = capsys.readouterr().err
    assert f"CIRCLES_ENV_FILE={folder / 'etc'}" in said
    assert "--embedded" in said
    assert not (folder / ".data").exists()


def test_a_file_without_production_stops_nothing(folder: Path) -> None:
    (folder / "etc").write_text("PORT=9004\n")
    assert settings_file.production_settings_elsewhere() is None
