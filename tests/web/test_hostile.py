"""Whatever stands in an address, a form, a cookie or a header: no route answers with a 5xx."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from circles.practice import demo
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, rows
from tests.web.walk import forms_by_route, signed_in, site_routes

# Percent-encoded, as they stand in an address or a form: NUL, a lone surrogate, half a UTF-8 character, other invisible
# and unreadable characters, numbers that are too large, too small, or none though they look like digits, times and
# dates at the ends of what there is, and text that is very long.
VALUES = (
    "",
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%C3",
    "%FF%FE",
    "%E2%80%AE%E2%80%A8%C2%85%0B",
    "%0D%0ASet-Cookie:%20a=b",
    "-1",
    "0",
    "1" + "0" * 30,
    "-1" + "0" * 30,
    "1e400",
    "nan",
    "%C2%B2",
    "%D9%A1",
    "2147483648",
    "9223372036854775808",
    "9" * 5000,
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59",
    "2026-02-30",
    "24:00",
    "00000000-0000-0000-0000-000000000000",
    "%7Burn:uuid:x%7D",
    "%27%22%3E%3Cscript%3E",
    "%25",
    "%7B0.__class__%7D",
    ".." + "%2F.." * 8,
    "a" * 9000,
    ",".join(["x"] * 400),
)
# Names that handlers read from a query string.
QUERY_NAMES = [
    "page",
    "after",
    "before",
    "where",
    "day",
    "part",
    "format",
    "means",
    "from",
    "to",
    "until",
    "seats",
    "state",
    "zip",
    "next",
    "paid",
    "circle",
    "q",
    "name",
    "host",
    "who",
    "city",
    "area",
    "for",
    "help",
    "way",
    "language",
    "fee",
    "insurance",
    "kind",
    "part",
    "role",
    "therapist",
    "ids",
    "keep",
    "show",
    "step",
    "version",
    "sort",
    "radius",
    "miles",
]
FORM = "application/x-www-form-urlencoded"


def with_values(path: str, value: str) -> str:
    return re.sub(r"\{\w+\}", lambda _: value, path)


async def as_everybody(context: Context, app: Starlette, page: Browser) -> None:
    """Signed in as an organizer who is a facilitator, so that every handler runs."""
    await change(context, "update people set is_facilitator = true where email = 'odile@example.org'")
    await signed_in(page, context, "odile")


def some(values: Sequence[str], start: int, number: int) -> list[str]:
    """So many of the values, others for another start."""
    return [values[(start + 7 * step) % len(values)] for step in range(number)]


def of_method(app: Starlette, method: str) -> list[Route]:
    return [route for route in site_routes(app) if method in (route.methods or ())]


async def test_no_address_breaks_a_page(cast: Cast, app: Starlette) -> None:
    wrong: list[str] = []
    async with Browser(app) as page:
        await as_everybody(cast.context, app, page)
        for route in of_method(app, "GET"):
            values = {"%00", "a%00b", "%ED%A0%80", *some(VALUES, len(route.path), 8)} - {""}
            paths = {with_values(route.path, value) for value in values if len(value) < 2000}
            for path in paths if "{" in route.path else ():
                answer = await page.get(path)
                if answer.status_code >= 500:
                    wrong.append(f"{path[:200]}: {answer.status_code}")
    assert not wrong


async def test_no_query_breaks_a_page(cast: Cast, app: Starlette) -> None:
    context = cast.context
    ids = {row["kind"]: row["id"] for row in await rows(context, IDS)}
    wrong: list[str] = []
    async with Browser(app) as page:
        await as_everybody(context, app, page)
        for route in of_method(app, "GET"):
            if route.path in ("/healthz",):
                continue
            path = with_values(route.path, str(ids.get(kind_of(route.path), uuid4())))
            for value in some(VALUES, len(route.path), 3 if "{" in route.path else 12):
                names = QUERY_NAMES if len(value) < 500 else ("page", "name", "where", "next")
                query = "&".join(f"{name}={value}" for name in names)
                answer = await page.get(f"{path}?{query}&page={value}")
                if answer.status_code >= 500:
                    wrong.append(f"{path}?...={value[:60]}: {answer.status_code}")
    assert not wrong


IDS = """
    select 'circles' as kind, max(id::text) as id from circles
    union all select 'gatherings', max(id::text) from gatherings where starts_at > now()
    union all select 'bookings', max(bookings.id::text) from bookings
    union all select 'therapists', max(id::text) from listings where state = 'shown'
    union all select 'facilitators', max(person_id::text) from hosts where part = 'lead'
"""


def kind_of(path: str) -> str:
    """The first part of a path that names a table, such as "circles" in "/host/circles/{id}"."""
    return next((part for part in path.split("/") if part in IDS and part.isalpha() and len(part) > 6), "")


async def test_no_form_breaks_its_route(context: Context, app: Starlette) -> None:
    await demo.load(context)
    found = await forms_by_route(context, app)
    wrong: list[str] = []
    for number, (path, seen) in enumerate(sorted(found.items())):
        names = list(dict.fromkeys(name for name, _ in seen.form.sends() if name != "sent-from"))
        fields = dict(seen.form.sends())
        bodies = [
            "&".join(f"{quote(name)}={value}" for name in [*names, "sent-from"])
            for value in some(VALUES, number, 6)
        ]
        for place, name in enumerate(names):
            for value in some(VALUES, number + 5 * place, 1):
                rest = urlencode({key: text for key, text in fields.items() if key != name})
                bodies.append(f"{rest}&{quote(name)}={value}")
        async with Browser(app) as page:
            await signed_in(page, context, seen.who)
            for body in bodies:
                answer = await page.post(seen.form.path, content=body, headers={"Content-Type": FORM})
                if answer.status_code >= 500:
                    wrong.append(f"{path} {body[:160]}: {answer.status_code}")
                if answer.status_code == 303 and "sign-in" in answer.headers["location"]:
                    await signed_in(page, context, seen.who)
    assert not wrong


NAMES = b"email code name words body picture file zone card amount sent-from id headline about note".split()
BODIES = (
    (FORM, b"\xff\xfe=\xff&%zz=%&=&&;"),
    (FORM, b"a=1&" * 2000),
    ("application/json", b'{"marks": [{"booking": "\\ud800", "mark": 1e999}]}'),
    ("application/json", b"[" * 2000),
    ("application/json", b"null"),
    ("text/plain", b"\x00"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a"),
    (
        "multipart/form-data; boundary=x; charset=unicode_escape",
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n\\ud800\r\n' % name for name in NAMES
        )
        + b"--x--\r\n",
    ),
    (
        "multipart/form-data; boundary=x; charset=nothing",
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%b"; filename="\xff\x00.png"\r\n\r\n\x00\r\n'
            % name
            for name in NAMES
        )
        + b"--x--\r\n",
    ),
)
NAMES = (
    "email",
    "code",
    "name",
    "words",
    "body",
    "picture",
    "file",
    "zone",
    "card",
    "amount",
    "sent-from",
    "id",
)


UNREADABLE = 9  # the body that makes characters no page can be written with


async def test_no_body_breaks_a_route(cast: Cast, app: Starlette) -> None:
    wrong: list[str] = []
    async with Browser(app) as page, Browser(app) as stranger:
        await as_everybody(cast.context, app, page)
        for route in of_method(app, "POST"):
            path = with_values(route.path, str(uuid4()))
            for number, (kind, body) in enumerate(BODIES):
                if (number + len(path)) % 3 and number != UNREADABLE:
                    continue
                for who in (page, stranger) if number % 3 == 0 else (page,):
                    answer = await who.post(path, content=body, headers={"Content-Type": kind})
                    if answer.status_code >= 500 and path != "/webhooks/stripe":
                        wrong.append(f"{path} body {number}: {answer.status_code}")
                if "sign-out" in path:
                    await as_everybody(cast.context, app, page)
    assert not wrong


COOKIES = ("sign-in", "asked", "browser", "kept", "notice", "zone", "zone_chosen", "signed-out")
HEADERS = (
    "Accept-Language", "HX-Current-URL", "X-Forwarded-For", "If-None-Match", "Host", "Accept", "HX-Request", "Range",
    "Origin", "Accept-Encoding", "If-Modified-Since",
)  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/sign-in/code", "/me", "/gatherings", "/static/circles.css", "/x/"]
)
async def test_no_cookie_or_header_breaks_a_page(cast: Cast, app: Starlette, path: str) -> None:
    wrong: list[str] = []
    raw = (
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"http://[",
        b"*",
        b"a" * 5000,
        b"en-;q=x,,;",
        b"bytes=9-1",
        b'"\xc3',
        b"\\ud800",
    )
    values = [*raw, *(value.encode() for value in VALUES if len(value) < 3000)]
    async with Browser(app) as page:
        for value in values:
            for header in HEADERS:
                answer = await page.get(path, headers=[(header.encode(), value)])
                if answer.status_code >= 500:
                    wrong.append(f"{header}: {value[:60]!r}")
            cookie = b"; ".join(name.encode() + b"=" + value for name in COOKIES)
            for method in ("GET", "POST"):
                answer = await page.request(method, path, headers=[(b"Cookie", cookie)])
                if answer.status_code >= 500:
                    wrong.append(f"{method} cookies: {value[:60]!r}")
    assert not wrong


async def test_a_character_that_no_text_can_hold_is_no_fault(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        assert (await page.get("/organize/settings?logo=%00")).status_code == 400
        answer = await page.post("/organize/settings", data={"then": "preview", "logo": "\x00"})
        assert answer.status_code == 400
