"""The samples of deploy/ fit the site: every setting is in them, and the programs they are for can read them."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from circles.base.settings import STOP_SECONDS, Settings
from circles.commands.read_settings import variable_name
from circles.directory.imports import pages as imports
from circles.people import pictures

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
