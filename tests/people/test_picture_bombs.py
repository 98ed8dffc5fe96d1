"""Pictures of a few kilobytes that take a gigabyte decoded: small in memory, or refused in words."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from circles import sandbox
from circles.base.errors import Refused
from circles.people import picture_upload
from circles.sandbox import pictures
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.uploads import image

LARGE = (6000, 6600)


def encoded(mode: str, kind: str = "PNG", size: tuple[int, int] = LARGE, **more: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **more)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG (ISO/IEC 15948, 5.3)."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunks(kind: bytes, unpacked: int, times: int = 1) -> bytes:
    """A small PNG with packed texts or a packed color profile of this size."""
    png = image("PNG")
    packed = chunk(kind, b"k\0\0" + zlib.compress(bytes(unpacked), 9))
    return png[:33] + packed * times + png[33:]


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "P", "1"])
async def test_a_large_picture_is_made_small_within_the_limit(mode: str) -> None:
    made = await picture_upload.normalize(encoded(mode))
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.size == (pictures.SIDE, pictures.SIDE)


MEASURED = """
import resource, sys
from circles.sandbox import pictures
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pictures.encode_square(sys.stdin.buffer.read())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_it_is_held_once_in_memory() -> None:
    """Decoded it has 159 million bytes; converting it as a whole took five times as much."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], input=encoded("RGBA"), capture_output=True, check=True
    )
    assert int(done.stdout) < 250


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoded("RGBA", "WEBP", lossless=True),
        lambda: with_chunks(b"zTXt", 60_000_000),
        lambda: with_chunks(b"zTXt", 900_000, times=200),
        lambda: with_chunks(b"iCCP", 60_000_000),
    ],
    ids=["webp", "one long text", "many texts", "profile"],
)
async def test_what_unpacks_to_too_much_is_refused(make: Callable[[], bytes]) -> None:
    sent = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refused) as caught:
        await picture_upload.normalize(sent)
    assert caught.value.codes <= {"too_much", "not_a_picture"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


async def test_the_form_says_what_to_do(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = sandbox.Limits(memory=60_000_000, cpu_seconds=10, seconds=60, answer=1_000_000)
    decoding = sandbox.Target(
        "circles.sandbox.pictures", "encode_square", narrow, noun="picture", form_field="picture"
    )
    monkeypatch.setattr(picture_upload, "DECODING", decoding)
    async with browser(cast.farid) as page:
        answer = await page.post("/me/picture", files={"picture": ("a.png", encoded("RGBA"))})
    assert answer.status_code == 422
    assert "took more memory or time than one picture may" in answer.text
    assert 'type="file"' in answer.text


async def test_no_upload_is_decoded_in_our_process(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a picture was decoded in the process of the site")

    monkeypatch.setattr(pictures, "encode_square", fail)
    monkeypatch.setattr(Image, "open", fail)
    async with browser(cast.farid) as page:
        assert (await page.post("/me/picture", files={"picture": ("a.jpg", image())})).status_code == 303
