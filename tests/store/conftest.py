"""Fixtures of mail: a server that answers as it is told, and a site that sends to it."""

from __future__ import annotations

import socket

import pytest

from circles.base.settings import Settings
from circles.store.context import Context
from tests.store.postbox import Postbox


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def posting(context: Context, port: int) -> Context:
    """The house with a server to hand its mail to."""
    told = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
    return Context(Settings.model_validate(context.settings.model_dump() | told), context.db)
