"""What practice mode says of mail is true."""

from __future__ import annotations

import pytest

from app import build
from circles.base.settings import Settings
from circles.commands.server import welcome
from circles.store.context import Context
from tests.conftest import Browser


@pytest.mark.parametrize("host", ["", "smtp.example.org"])
async def test_no_mail_leaves_is_said_only_where_it_is_so(
    context: Context, settings: Settings, host: str
) -> None:
    chosen = settings.model_copy(update={"smtp_host": host})
    app = build(chosen)
    app.state.context = Context(chosen, context.db)
    async with Browser(app) as page:
        pages = [(await page.get(path)).text for path in ("/", "/practice/mail")]
    assert ["no mail leaves" in text for text in [*pages, welcome(chosen)]] == [not host] * 3
