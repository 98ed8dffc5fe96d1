"""What the set-up makes out of locked packages: htmx, compressed static files, compiled modules."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from circles.base.errors import CirclesError
from circles.web.encoding.static import pack

STATIC = Path(__file__).resolve().parents[2] / "static"
HTMX = "htmx-4.min.js"
IN_WHEEL = f"django_htmx/static/django_htmx/{HTMX}"
HTMX_SHA256 = "28fae7bbe8e8142b702debb9d5234a9a436d9435a4b5165b195aa1a7ed840d25"


class AssetRefused(CirclesError):
    """The wheel's file is missing, or has another hash."""


def create() -> None:
    """Copy htmx, compress the static files, and compile what a start imports. Raises AssetRefused."""
    fetch()
    pack(STATIC)
    compile_modules()


def compile_modules() -> None:
    """Have Python keep the compiled form of every module that a start imports, which halves its time.

    A service may not write into its own code, and some machines forbid it by PYTHONDONTWRITEBYTECODE.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    imports = (
        "import app, uvicorn, circles.commands.server, circles.commands.opening, circles.store.queue.worker"
    )
    command = [sys.executable, "-c", imports]
    subprocess.run(command, cwd=STATIC.parent, env=environment, capture_output=True, check=False)


def check(static: Path = STATIC) -> None:
    """Raise AssetRefused unless this version's assets are there: without them every page fails."""
    target = static / "vendor" / HTMX
    if not target.is_file() or sha256(target.read_bytes()) != HTMX_SHA256:
        raise AssetRefused(
            f"{target} is missing or of another version. Run `python -m circles assets` first, as after every new "
            "version."
        )


def fetch(static: Path = STATIC) -> Path:
    """Copy htmx into static/vendor/ unless it is there. Returns its path.

    Raises AssetRefused when the installed file is missing or its SHA-256 differs.
    """
    target = static / "vendor" / HTMX
    if target.exists() and sha256(target.read_bytes()) == HTMX_SHA256:
        return target
    content = read_installed()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(content)
    return part.replace(target)


def read_installed() -> bytes:
    """The bytes of the installed htmx. django_htmx is never imported: it imports Django."""
    try:
        path = Path(str(metadata.distribution("django-htmx").locate_file(IN_WHEEL)))
        content = path.read_bytes()
    except (metadata.PackageNotFoundError, FileNotFoundError) as error:
        raise AssetRefused(f"{HTMX} is not installed. Run `make run` again.") from error
    if sha256(content) != HTMX_SHA256:
        raise AssetRefused(f"{path} is not the {HTMX} we know: its hash differs. Nothing was copied.")
    return content


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
