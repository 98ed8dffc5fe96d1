"""Settings that must not be: each is refused in one sentence, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from circles import __main__ as commands
from circles.base.settings import Settings
from circles.base.settings.rules import foreign_names, unknown_names, warnings
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


MAILBOX = {"imap_host": "imap.example.org", "imap_user": "circles", "imap_password": " spaces are kept "}


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
        ({"database_url": "postgresql://circles:a@b/c@db/circles"}, "in a password @ is written %40"),
        ({"database_url": "postgresql://circles:a#b@db/circles"}, "# is %23"),
        ({"database_url": "postgresql://circles:a?b@db/circles"}, "DATABASE_URL must be like"),
        ({"database_url": "postgresql://circles:a b@db/circles"}, "DATABASE_URL must be like"),
        ({"database_url": "postgresql://circles@db:99999/circles"}, "DATABASE_URL must be like"),
        ({"database_url": "postgresql://circles@db:port/circles"}, "DATABASE_URL must be like"),
        ({"database_url": "postgresql://[::1/circles"}, "DATABASE_URL must be like"),
        ({"origin": "https://[::1"}, "CIRCLES_ORIGIN (https"),
        ({"origin": "https://exa mple.org"}, "CIRCLES_ORIGIN (https"),
        ({"origin": "https://name:word@example.org"}, "CIRCLES_ORIGIN (https"),
        ({"origin": "https://example.org:99999"}, "CIRCLES_ORIGIN (https"),
        ({"origin": "https://example.org?x"}, "CIRCLES_ORIGIN (https"),
        ({"mail_from": "a@b@example.org"}, "is no mail address"),
        ({"mail_from": "Circles <a@example.org>"}, "is CIRCLES_MAIL_NAME"),
        ({"mail_name": "Circles\nBcc: x@example.org"}, "CIRCLES_MAIL_NAME must be one line"),
        ({"smtp_host": "smtp.example.org:25"}, "the port is CIRCLES_SMTP_PORT"),
        ({"smtp_host": "smtp://smtp.example.org"}, "is no host name"),
        ({"smtp_user": "circles"}, "set both or neither"),
        ({"smtp_password": "secret"}, "set both or neither"),
        ({"imap_host": "imap.example.org"}, "CIRCLES_IMAP_HOST needs CIRCLES_IMAP_USER"),
        (
            {"imap_host": "imap.example.org", "imap_user": "circles"},
            "CIRCLES_IMAP_HOST needs CIRCLES_IMAP_USER",
        ),
        (MAILBOX | {"imap_host": "imap.example.org:993"}, "the port is CIRCLES_IMAP_PORT"),
        (MAILBOX | {"imap_security": "none"}, "would send the password readably to imap.example.org"),
        ({"metrics_token": "two words"}, "CIRCLES_METRICS_TOKEN must be"),
        ({"old_secret": "short"}, "CIRCLES_OLD_SECRET has fewer than 32 characters"),
        ({"stripe_secret_key": "pk_live_1"}, "must begin with sk_live_ or rk_live_"),
        ({"stripe_webhook_secret": "sk_live_1"}, "must begin with whsec_"),
        ({"crisis_lines": "Samaritans"}, "write 'name | how | link'"),
        ({"crisis_lines": " ; "}, "or leave it out"),
        ({"crisis_lines": "A | call | javascript:alert(1)"}, "is no link"),
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
        MAILBOX,
        MAILBOX | {"imap_security": "none", "imap_host": "127.0.0.1"},
        MAILBOX | {"imap_security": "insecure"},
        {"stripe_api_base": "https://stripe.example.org"},
        {"trusted_proxy": "10.0.0.1, 2001:db8::/32"},
        {"pooler": True, "worker_database_url": "postgresql://db/circles"},
        {"old_secret": "t" * 32},
        {"database_url": "postgresql://c:p%40%23@db1:5432,db2/circles?target_session_attrs=read-write"},
        {"database_url": "postgresql://c@[2001:db8::1]:5432/circles"},
        {"database_url": "postgresql:///circles?host=/run/postgresql"},
        {"origin": "https://circles.example.org:8443/"},
        {"origin": "https://kreise.münchen.example"},
        {"smtp_host": "2001:db8::25"},
        {"smtp_user": "circles", "smtp_password": " spaces are kept "},
        {"crisis_lines": "A | call 1 | tel:1; B | text 2"},
    ],
)
def test_production_takes_what_was_said_on_purpose(given: dict[str, Any]) -> None:
    assert not Settings.model_validate(PRODUCTION | given).practice


@pytest.mark.parametrize(
    "name", ["origin", "mail_name", "pooler", "port", "crisis_lines", "stop_seconds", "log_level"]
)
def test_what_is_set_to_nothing_has_its_default(name: str) -> None:
    """As in a file where a line was left empty."""
    assert getattr(Settings.model_validate({name: ""}), name) == Settings.model_fields[name].default


def test_spaces_around_a_value_are_not_meant_but_those_of_a_secret_may_be() -> None:
    read = Settings.model_validate({"community_name": " Circles of the lake\n", "smtp_password": " p "})
    assert read.community_name == "Circles of the lake"
    assert read.smtp_password.get_secret_value() == " p "


def test_a_file_as_data_dir_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValidationError, match="is a file"):
        Settings.model_validate({"data_dir": tmp_path / "file"})
    with pytest.raises(ValidationError, match="cannot be a folder"):
        Settings.model_validate({"data_dir": tmp_path / "file" / "below"})


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


def test_a_prefix_too_much_or_too_little_is_found() -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    assert unknown_names(["CIRCLES_PORT"], known)[0] == ["CIRCLES_PORT is no setting. Did you mean PORT?"]
    [said] = unknown_names(["CIRCLES_DATABASE_URL"], known)[0]
    assert said.endswith("Did you mean DATABASE_URL?")
    assert foreign_names(["SMTP_HOST", "DATABSE_URL", "POSTGRES_PASSWORD", "SITE_NAME", "PORT"], known) == [
        "DATABSE_URL is no setting, so it is not used. Did you mean DATABASE_URL?",
        "SMTP_HOST is no setting, so it is not used. Did you mean CIRCLES_SMTP_HOST?",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PORT=99999", "PORT must be a whole number from 1 to 65535, not '99999'."),
        ("PORT=http", "PORT must be a whole number from 1 to 65535, not 'http'."),
        ("CIRCLES_MODE=prod", "CIRCLES_MODE must be practice or production, not 'prod'."),
        ("CIRCLES_POOLER=maybe", "CIRCLES_POOLER must be true or false, not 'maybe'."),
        ("CIRCLES_RUN_WORKER=perhaps", "CIRCLES_RUN_WORKER must be true or false, not 'perhaps'."),
        ("CIRCLES_POOL_SIZE=0", "CIRCLES_POOL_SIZE must be a whole number from 1 to 50, not '0'."),
        ("CIRCLES_SMTP_PORT=70000", "CIRCLES_SMTP_PORT must be a whole number from 1 to 65535, not '70000'."),
        ("CIRCLES_STOP_SECONDS=nan", "CIRCLES_STOP_SECONDS must be a number from 0 to 600, not 'nan'."),
        (
            "CIRCLES_LOG_LEVEL=loud",
            "CIRCLES_LOG_LEVEL must be debug, info, warning, error or critical, not 'loud'.",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_variable(
    folder: Path, line: str, said: str
) -> None:
    (folder / ".env").write_text(line + "\n")
    with pytest.raises(SettingsRefused) as caught:
        read_settings()
    assert str(caught.value) == said


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


def test_a_file_of_another_editor_is_read_alike(folder: Path) -> None:
    """With the mark that some editors put first, lines that end as on Windows, `export` and lower case."""
    (folder / ".env").write_bytes(
        b"\xef\xbb\xbfCIRCLES_MAIL_FROM=lake@example.org\r\nexport PORT=9001\r\n# a remark\r\n\r\n"
        b"circles_community_name='The # lake'\r\n"
    )
    settings, doubtful = read_settings()
    assert doubtful == []
    assert (settings.mail_from, settings.port) == ("lake@example.org", 9001)
    assert settings.community_name == "The # lake"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'a#b c\"d$HOME${PORT}%'", 'a#b c"d$HOME${PORT}%'),
        ("a#b$HOME${PORT}", "a#b$HOME${PORT}"),
        ('"a # b"', "a # b"),
    ],
)
def test_a_password_is_read_as_it_is_written(folder: Path, written: str, meant: str) -> None:
    """As systemd reads the same file: nothing is put in for $NAME."""
    (folder / ".env").write_text(
        f"PORT=9001\nCIRCLES_SMTP_HOST=127.0.0.1\nCIRCLES_SMTP_USER=u\nCIRCLES_SMTP_PASSWORD={written}\n"
    )
    assert read_settings()[0].smtp_password.get_secret_value() == meant


@pytest.mark.parametrize("line", ["CIRCLES_POOLER true", "PORT", "PORT: 9001", "PORT='9001"])
def test_a_line_that_sets_nothing_is_refused_with_its_number(folder: Path, line: str) -> None:
    (folder / ".env").write_text(f"# first\n\nCIRCLES_POOL_SIZE=7\n\n{line}\nCIRCLES_POOLER=false\n")
    with pytest.raises(SettingsRefused, match=r"line 5, is not NAME=value"):
        read_settings()


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / ".env").write_bytes("CIRCLES_COMMUNITY_NAME=Kreise München\n".encode("latin-1"))
    with pytest.raises(SettingsRefused, match="save it as UTF-8"):
        read_settings()


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
