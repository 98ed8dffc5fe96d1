"""Files that are parsed are counted for each person, before anything of them is parsed, whatever becomes of them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from circles import sandbox
from circles.web import limits
from tests.cast import Cast
from tests.conftest import OpenBrowser

LIST = b"Name,License number,License state,Email\nAda Lopez,PSY1,CO,ada@example.org\n"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 80)).save(out, "PNG")
    return out.getvalue()


PICTURE, FILE = {"picture": ("me.png", picture(), "image/png")}, {"file": ("list.csv", LIST, "text/csv")}


async def test_every_upload_counts_and_is_refused_before_it_is_parsed(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever = timedelta(days=36_500)  # no window ends while this runs
    monkeypatch.setattr(limits, "MAX_UPLOADS", ((2, ever),))
    parsed: list[Any] = []
    run = sandbox.run

    async def counted(*args: Any, **more: Any) -> Any:
        parsed.append(args)
        return await run(*args, **more)

    monkeypatch.setattr(sandbox, "run", counted)
    async with browser(cast.odile) as page:
        sent = await page.post("/organize/therapists/import", files=FILE)
        assert sent.status_code == 303
        no_picture = {"picture": ("me.png", b"no picture", "image/png")}
        assert "many files" not in (await page.post("/me/picture", files=no_picture)).text
        assert len(parsed) == 2, "one that is refused counts as well"
        again = sent.headers["location"].replace("/columns", "/read")
        posts: list[tuple[str, dict[str, Any]]] = [
            ("/me/picture", {"files": PICTURE}),
            ("/organize/therapists/import", {"files": FILE}),
            (again, {"data": {"heading": "1"}}),
        ]
        for path, values in posts:
            answer = await page.post(path, **values)
            assert (answer.status_code, "These were many files in a short time." in answer.text) == (
                422,
                True,
            ), path
        assert len(parsed) == 2
    async with browser(cast.farid) as page:
        assert (await page.post("/me/picture", files=PICTURE)).status_code == 303, (
            "each person for themselves"
        )
