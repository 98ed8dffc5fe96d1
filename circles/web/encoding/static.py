"""Static files, cached for good where the URL has a version, and compressed beforehand (`python -m circles assets`)."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

import brotli
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from circles.web.encoding.compression import MIN_BYTES, accepted

# The folder of compressed files, within that of static files; git ignores it.
FOLDER: Final = Path("vendor", "packed")
_SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}
_PACKED: Final = frozenset({".css", ".js", ".svg"})


class Static(StaticFiles):
    """Static files. One whose URL has a version (`?v=`) is immutable (RFC 8246)."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, or its compressed copy, with its Cache-Control."""
        packed, coding = self._packed(Path(full_path), stat_result, scope)
        if packed:
            response = super().file_response(packed, packed.stat(), scope, status_code)
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        if packed and isinstance(response, FileResponse):
            response.headers["Content-Encoding"] = coding
            response.headers["Content-Type"] = _media_type(Path(full_path))
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def _packed(self, path: Path, stat: os.stat_result, scope: Scope) -> tuple[Path | None, str]:
        codings = accepted(Headers(scope=scope).get("accept-encoding", ""))
        if self.directory is None or not codings or path.suffix not in _PACKED:
            return None, ""
        copies = _copies(Path(self.directory), path, stat.st_mtime_ns, stat.st_size)
        # Still there: `assets` deletes copies that a process which has not been restarted yet may know.
        coding = next((coding for coding in codings if coding in copies and copies[coding].is_file()), "")
        return copies.get(coding), coding


@lru_cache(maxsize=256)
def _copies(static: Path, path: Path, changed: int, size: int) -> dict[str, Path]:
    """The compressed copies of a file as it is now, by coding. changed, size: of the file, so that it is read once."""
    content = path.read_bytes()
    copies = {coding: copy_of(static, path.name, content, coding) for coding in _SUFFIXES}
    return {coding: copy for coding, copy in copies.items() if copy.is_file()}


def copy_of(static: Path, name: str, content: bytes, coding: str) -> Path:
    """Where the compressed copy of this content is. An older copy has another name, so none is served by mistake."""
    return static / FOLDER / f"{name}.{hashlib.sha256(content).hexdigest()[:16]}{_SUFFIXES[coding]}"


def _media_type(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def pack(static: Path) -> int:
    """Write the compressed copies of every static file, and delete earlier ones. Returns how many there are."""
    kept: set[Path] = set()
    for path in sorted(static.rglob("*")):
        if path.suffix not in _PACKED or path.stat().st_size < MIN_BYTES:
            continue
        content = path.read_bytes()
        for coding in _SUFFIXES:
            copy = copy_of(static, path.name, content, coding)
            kept.add(copy)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                part = copy.with_suffix(f".part{os.getpid()}")
                part.write_bytes(_compressed(content, coding))
                part.replace(copy)
    for path in (static / FOLDER).glob("*"):
        if path not in kept:
            path.unlink(missing_ok=True)
    _copies.cache_clear()
    return len(kept)


def _compressed(content: bytes, coding: str) -> bytes:
    if coding == "br":
        return brotli.compress(content, mode=brotli.MODE_TEXT, quality=11)
    return gzip.compress(content, 9, mtime=0)
