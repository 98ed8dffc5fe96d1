"""The fields of a form, read as Starlette's own parser reads them; and the routes a path is compared with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser
from starlette.requests import Request
from starlette.routing import Route

import app
from circles.base.settings import Settings
from circles.web.sent import fields

FORM = b"application/x-www-form-urlencoded"
TYPED = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TYPED.filter(bool)  # a browser sends no field without a name


def sent(body: bytes, content_type: bytes = FORM) -> Request:
    """A POST with this body, in two parts."""
    parts = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> dict[str, Any]:
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type)]}
    return Request(scope, receive)


async def starlettes(body: bytes) -> list[tuple[str, Any]]:
    async def stream() -> AsyncGenerator[bytes]:
        yield body

    return (await FormParser(Headers(), stream()).parse()).multi_items()


@given(st.lists(st.tuples(NAMES, TYPED), max_size=8))
async def test_what_browsers_send_is_read_as_starlette_reads_it(pairs: list[tuple[str, str]]) -> None:
    body = urlencode(pairs).encode()
    assert (await fields.read(sent(body)))[0] == await starlettes(body)


@pytest.mark.parametrize(
    "body", [b"", b"a", b"a=", b"a=%", b"a=%zz&b", b"a=%ff", b"a=1&a=2", b"a=\xff", b"a+b=c+d", b"a==b"]
)
async def test_what_programs_send_is_read_as_starlette_reads_it(body: bytes) -> None:
    assert await fields.read(sent(body)) == (await starlettes(body), False)


async def test_too_many_fields_are_refused() -> None:
    many = b"&".join(b"a=1" for _ in range(fields.MAX_FIELDS + 1))
    with pytest.raises(HTTPException) as refused:
        await fields.read(sent(many))
    assert refused.value.status_code == 400


async def test_the_fields_are_read_once() -> None:
    request = sent(b"a=1", FORM + b"; charset=utf-8")
    assert await fields.read(request) is await fields.read(request)


def test_every_route_is_reached_by_the_first_part_of_its_path() -> None:
    """Of routes with a parameter there, the site would have to try each."""
    every = [route for route in app.routes(Settings()) if isinstance(route, Route)]
    assert len(every) > 400
    assert not [route.path for route in every if "{" in route.path[1:].partition("/")[0]]
