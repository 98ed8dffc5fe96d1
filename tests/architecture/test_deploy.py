"""The samples of deploy/ fit the site: every setting is in them, and the programs they are for can read them."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from circles.__main__ import COMMANDS
from circles.base.settings import STOP_SECONDS, Settings
from circles.commands.read_settings import variable_name
from circles.directory.imports import pages as imports
from circles.directory.imports.actions import READING
from circles.sandbox import pictures

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
NGINX = (DEPLOY / "nginx" / "circles.conf").read_text()
CADDY = (DEPLOY / "caddy" / "Caddyfile").read_text()


def test_the_example_of_the_environment_has_every_setting() -> None:
    lines = (DEPLOY / "env.example").read_text().splitlines()
    names = [found[1] for line in lines if (found := re.match(r"#?([A-Z_]+)=", line))]
    assert set(names) == {variable_name(field) for field in Settings.model_fields}
    assert len(names) == len(set(names))


def test_proxies_let_the_largest_upload_through_and_little_more() -> None:
    sizes = re.findall(r"(?:client_max_body_size|max_size) ([0-9]+)(?:m;|MB)", NGINX + CADDY)
    assert len(sizes) == 2
    largest = max(pictures.MAX_BYTES, imports.MAX_BODY)
    for size in sizes:
        assert largest < int(size) * 1_000_000 < 2 * largest


def test_nginx_logs_neither_what_was_opened_nor_by_whom() -> None:
    [log] = re.findall(r"log_format circles (.*?);\n", NGINX, re.S)
    logged = set(re.findall(r"\$([a-z_]+)", log))
    assert not logged & {
        "request",
        "request_uri",
        "uri",
        "args",
        "query_string",
        "remote_addr",
        "http_referer",
    }
    assert not [name for name in logged if name.startswith(("http_", "cookie_", "arg_", "remote_"))]
    assert set(re.findall(r"access_log (.*?);", NGINX)) == {"off", "/var/log/nginx/circles.log circles"}
    assert {found.split()[-1] for found in re.findall(r"error_log (.*?);", NGINX)} == {"crit"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_wait_longer_than_the_site_needs_to_stop(path: Path) -> None:
    unit = path.read_text()
    if "Type=oneshot" not in unit:
        [seconds] = re.findall(r"^TimeoutStopSec=([0-9]+)$", unit, re.M)
        assert int(seconds) > STOP_SECONDS["production"] + 10


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    program = needed("systemd-analyze")
    (tmp_path / "python").symlink_to(sys.executable)  # whose own path may have a space
    for path in UNITS:
        name = path.name.replace("@", "@8001")
        text = path.read_text().replace("/srv/circles/.venv/bin/python", f"{tmp_path}/python")
        (tmp_path / name).write_text(text)
    units = [str(tmp_path / path.name.replace("@", "@8001")) for path in UNITS]
    done = subprocess.run(
        [program, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("circles") or str(tmp_path) in line]
    assert not said


def test_nginx_reads_its_sample(tmp_path: Path) -> None:
    program, openssl = needed("nginx"), needed("openssl")
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=circles.example.org",
    ]
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run([*made, *files], capture_output=True, check=True)
    site = NGINX.replace("/etc/ssl/circles/", f"{tmp_path}/").replace("/var/log/nginx/", f"{tmp_path}/")
    if not has_ipv6():
        site = re.sub(r"listen \[::\].*\n", "\n", site)
    (tmp_path / "circles.conf").write_text(re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>1\g<2>", site))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy; "
        f"include {tmp_path}/circles.conf; }}\n"
    )
    done = subprocess.run(
        [program, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_caddy_reads_its_sample(tmp_path: Path) -> None:
    asked = [
        needed("caddy"),
        "validate",
        "--adapter",
        "caddyfile",
        "--config",
        str(DEPLOY / "caddy" / "Caddyfile"),
    ]
    environment = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def has_ipv6() -> bool:
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        return False
    return True


def needed(name: str) -> str:
    """The path of a program; where the machine does not have it, the test is skipped and says so."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed, so its sample was not read by it")
    return found


# The image and the compose file, which no program of this machine can start


CONTAINER = DEPLOY / "container"
COMPOSE: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "circles"}


def instructions(name: str) -> list[str]:
    """The arguments of an instruction of the Containerfile, each time it is given; lines that go on are joined."""
    text = (CONTAINER / "Containerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.M)


def test_what_the_image_copies_is_there_and_reaches_the_builder() -> None:
    copied = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from=")]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    sources = {source for line in copied for source in line}
    assert sources >= {"app.py", "circles", "sql", "static", "templates", "requirements/runtime.txt"}
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in sent, source


def test_the_image_has_every_folder_that_the_program_reads() -> None:
    """Whatever is beside the package and read by it while it runs is copied."""
    named = {
        name
        for path in [*(ROOT / "circles").rglob("*.py"), ROOT / "app.py"]
        for name in re.findall(
            r'(?:ROOT|parents?(?:\[\d\])?) / "([a-z_]+)"', path.read_text(encoding="utf-8")
        )
        if (ROOT / name).is_dir()
    }
    copied = {line.split()[0] for line in instructions("COPY")}
    assert named - copied <= {"docs", "tests"}, "not copied into the image"


def test_containers_run_commands_that_exist() -> None:
    [entry], [start] = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == [".venv/bin/python", "-m", "circles"]
    commands = {name: service.get("command", json.loads(start)) for name, service in OURS.items()}
    assert commands == {"migrate": ["migrate"], "web": ["serve"], "worker": ["work"]}
    assert {command for [command] in commands.values()} <= set(COMMANDS)
    [assets] = re.findall(r"-m circles (\w+)", " ".join(instructions("RUN")))
    assert assets in COMMANDS


def test_containers_may_write_where_the_site_does_and_nowhere_else() -> None:
    [settings] = instructions("ENV")
    data = PurePosixPath(dict(pair.split("=") for pair in settings.split())["DATA_DIR"])
    for name, service in OURS.items():
        assert service["read_only"], name
        assert any(data.is_relative_to(folder) for folder in service["tmpfs"]), name
    assert instructions("USER") == ["circles"], "not as root"


def test_compose_gives_settings_that_exist_and_time_to_stop() -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    for name, service in OURS.items():
        assert set(service["environment"]) <= known, name
        assert service["env_file"] == ".env", name
        network = COMPOSE["networks"]["inside"]["ipam"]["config"][0]["subnet"]
        assert service["environment"]["CIRCLES_TRUSTED_PROXY"] == network, name
    for name in ("web", "worker"):
        assert int(OURS[name]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS["production"] + 10, name
    from_env = set(re.findall(r"\$\{(\w+):\?", (CONTAINER / "compose.yaml").read_text()))
    head = (CONTAINER / "compose.yaml").read_text().partition("name:")[0]
    assert all(name in head for name in from_env), "what .env needs beside env.example is said"


def test_the_database_of_compose_logs_no_rows() -> None:
    """As docs/monitoring.md says."""
    command = COMPOSE["services"]["database"]["command"]
    said = " ".join((ROOT / "docs" / "monitoring.md").read_text().split())
    for setting in ("log_error_verbosity", "log_min_error_statement", "log_min_messages"):
        [value] = re.findall(rf"{setting} = (\w+)", said)
        assert f"{setting}={value}" in command


def test_proxies_wait_as_long_as_the_longest_answer_takes() -> None:
    longest = READING.limits.queue_seconds + READING.limits.seconds
    [nginx] = re.findall(r"proxy_read_timeout (\d+)s", NGINX)
    [caddy] = re.findall(r"response_header_timeout (\d+)s", CADDY)
    assert min(int(nginx), int(caddy)) > longest
