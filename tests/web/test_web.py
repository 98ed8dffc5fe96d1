"""Every page: access levels, headers, cross-site posts, deadlines, forms, limits, health."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from circles.base import text
from circles.base.errors import NotFound, Reason
from circles.store.context import Context
from circles.web import access, cookies, forms, headers, limits
from circles.web.sent import origin
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import rows, value


async def _hello(request: Request) -> Response:
    return PlainTextResponse("hello")


def test_a_route_without_an_access_level_fails_at_start_up() -> None:
    access.check_routes([access.route("/", _hello, access.Access.PUBLIC)])
    with pytest.raises(RuntimeError, match="/bare"):
        access.check_routes([Route("/bare", _hello)])
    with pytest.raises(RuntimeError, match="/hidden"):
        access.check_routes([Mount("/hidden", routes=[])])


async def test_every_answer_carries_the_headers(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for path in (
            "/",
            "/gatherings",
            "/no-such-page",
            f"/gatherings/{cast.gathering}",
            "/static/circles.css",
        ):
            answer = await page.get(path)
            assert "script-src 'self';" in answer.headers["content-security-policy"]
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"]


async def test_private_pages_are_not_kept(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page:
        for path in ("/my/gatherings", "/me", "/gatherings", f"/gatherings/{cast.gathering}/book"):
            answer = await page.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"] == "no-store", path


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_posts_from_other_sites_are_refused(
    sent: dict[str, str], browser: OpenBrowser, cast: Cast
) -> None:
    async with browser(cast.mira) as page:
        del page.headers["Sec-Fetch-Site"]
        answer = await page.post("/sign-out", headers=sent)
        assert answer.status_code == 403
        assert (await page.get("/my/gatherings")).status_code == 200


async def test_an_older_browser_is_known_by_its_origin(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page:
        del page.headers["Sec-Fetch-Site"]
        answer = await page.post("/sign-out", headers={"Origin": "http://circles.test"})
        assert answer.status_code == 303


async def test_a_body_that_is_too_large_is_refused(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        answer = await page.post("/sign-in", data={"email": "a" * 300_000})
        assert answer.status_code == 413
        assert "Nothing was saved" in answer.text


async def test_a_body_that_dawdles_is_cut_off() -> None:
    async def read(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(
        routes=[Route("/", read, methods=["POST"])],
        middleware=[Middleware(headers.BodyDeadline, seconds=0.05)],
    )
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0.2)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "root_path": "",
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_client_that_disconnects_is_no_error(app: Starlette) -> None:
    heard = [{"type": "http.request", "body": b"email=mi", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return heard.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    kind = [(b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin")]
    scope = {"type": "http", "method": "POST", "path": "/sign-in", "headers": kind}
    await app(scope | {"query_string": b"", "root_path": ""}, receive, send)  # and raises nothing
    assert sent[0]["status"] == 400


async def test_unknown_ids_and_no_ids_are_the_same_page(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        answers = [
            await page.get(f"/gatherings/{bad}")
            for bad in ("7f3c1a9e-0000-4000-8000-000000000000", "1", "%00", "..%2f..", "9" * 300)
        ]
        assert {answer.status_code for answer in answers} == {404}


async def test_the_404_page_shows_who_is_signed_in(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        answer = await page.get("/nothing/of/the/kind")
    assert answer.status_code == 404
    assert "Mira" in answer.text
    assert ">Sign in<" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_error_page_shows_nothing_of_the_exception(
    app: Starlette, browser: OpenBrowser, cast: Cast
) -> None:
    async def broken(_: Context, __: str) -> None:
        raise ValueError("secret detail mira@example.org")

    app.state.find_person = broken
    async with browser(cast.mira) as page:
        answer = await page.get("/gatherings")
    assert answer.status_code == 500
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "secret detail" not in answer.text
    assert "ValueError" not in answer.text


async def count(context: Context, *asked: limits.Limit) -> list[str]:
    """The keys of the limits that are reached."""
    async with context.db.transaction() as tx:
        return [limit.key for limit in await limits.count(tx, context.settings, *asked)]


async def test_limits_count_what_was_carried_out_and_nothing_else(context: Context) -> None:
    ever = timedelta(days=36_500)  # no window ends while this runs
    few, many = limits.Limit("few", 2, ever), limits.Limit("many", 9, ever)
    assert [await count(context, few, many) for _ in range(4)] == [[], [], ["few"], ["few"]]
    counts = await rows(context, "select count from limits order by count")
    # A refused try counts nowhere: not where it was refused, and not beside it.
    assert [row["count"] for row in counts] == [2, 2]
    for number in range(2, 9):
        assert await count(context, many) == [], number
    assert await count(context, many) == ["many"]
    # Nor does what was rolled back.
    with pytest.raises(ZeroDivisionError):
        async with context.db.transaction() as tx:
            assert await limits.allow(tx, context.settings, "third", 1, ever)
            raise ZeroDivisionError
    assert await count(context, limits.Limit("third", 1, ever)) == []
    # Another length of time counts for itself; keys are stored as hashes.
    assert await count(context, limits.Limit("few", 2, timedelta(days=1))) == []
    assert not await value(context, "select count(*) from limits where key ~ 'few|many|third'")


async def test_limits_of_several_keys_never_wait_for_each_other(context: Context) -> None:
    ever = timedelta(days=36_500)
    one, two = limits.Limit("one", 7, ever), limits.Limit("two", 7, ever)
    pairs = [(one, two), (two, one)] * 6
    reached = await asyncio.gather(*(count(context, *pair) for pair in pairs))
    assert reached.count([]) == 7


def test_a_form_shows_every_error_and_keeps_what_was_typed() -> None:
    form = forms.Form({"name": "x" * 200, "seats": "many"})
    assert form.take(lambda: text.line(form.value("name"), "name")) is None
    form.add(Reason("other", "Something else."))
    form.add(Reason("other", "Something else."))
    assert form.errors("name")
    assert form.value("name") == "x" * 200
    assert [field for field, _ in form.all_errors] == ["name", ""]


@pytest.mark.parametrize(
    "bad", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_only_paths_of_this_site_are_gone_on_to(bad: str) -> None:
    assert origin.safe_path(bad) == ""
    assert origin.safe_path("/gatherings?format=peer") == "/gatherings?format=peer"


def test_cookies_are_host_bound_outside_practice(settings: Any) -> None:
    production = settings.model_copy(update={"mode": "production"})
    response = Response()
    cookies.write(response, production, "sign-in", "x", 60)
    sent = response.headers["set-cookie"]
    assert sent.startswith("__Host-sign-in=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in sent


@pytest.mark.parametrize("mode", ["practice", "production"])
async def test_routes_of_practice_mode_are_404_in_production(context: Context, mode: str) -> None:
    """Such addresses are left out in production, too; the door says no by itself."""
    settings = context.settings.model_copy(update={"mode": mode})
    site = Starlette(
        routes=[access.route("/practice", _hello, access.Access.PRACTICE)],
        exception_handlers={NotFound: lambda request, error: PlainTextResponse("", status_code=404)},
    )
    site.state.context, site.state.find_person = Context(settings, context.db), None
    async with Browser(site) as page:
        assert (await page.get("/practice")).status_code == (200 if mode == "practice" else 404)


@pytest.mark.parametrize(("https", "asked"), [(True, "max-age=63072000"), (False, None)])
async def test_only_a_site_with_tls_sends_hsts(https: bool, asked: str | None) -> None:
    site = Starlette(
        routes=[Route("/", _hello)], middleware=[Middleware(headers.SecurityHeaders, https=https)]
    )
    async with Browser(site) as page:
        assert (await page.get("/")).headers.get("strict-transport-security") == asked


# addresses made of what a client says


async def test_a_slash_too_many_leads_to_a_path_of_this_site(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for path, to in (
            ("/gatherings/", "/gatherings"),
            ("/gatherings//?where=online", "/gatherings?where=online"),
            (f"/circles/{cast.circle}/", f"/circles/{cast.circle}"),
            ("/guides/%2Fx/", None),
            ("/%5Cevil.example/", None),
            ("/nothing/", None),
        ):
            answer = await page.get(path, headers={"Host": "evil.example"})
            found = answer.headers.get("location") if answer.status_code == 307 else None
            assert (answer.status_code, found) == ((307, to) if to else (404, None)), path
        answer = await page.post("/sign-in/", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, "/sign-in")


async def test_no_answer_names_the_host_of_the_request(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page:
        for path in (
            "/",
            "/me",
            "/my/gatherings",
            "/gatherings/",
            f"/gatherings/{cast.gathering}",
            "/nothing",
        ):
            answer = await page.get(
                path,
                headers={
                    "Host": "evil.example",
                    "X-Forwarded-Host": "evil.example",
                    "Forwarded": "host=evil.example",
                },
            )
            assert "evil.example" not in answer.text + str(answer.headers), path


async def test_a_notice_is_signed_private_and_shown_once(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page:
        answer = await page.post("/my/feed", data={"show": "on"})
        (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("notice=")]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        signed = page.cookies["notice"]
        shown = await page.get("/my/gatherings")
        assert "Your feed has an address" in shown.text
        assert "Your feed has an address" not in (await page.get("/my/gatherings")).text
        mark, _, value_of = signed.partition(".")
        old = signed.replace("good", "warn")
        for forged in (
            "warn%3AGive your code to Eve",
            f"{mark}.{value_of}x",
            old,
            f"x.{value_of}",
            "%00",
            ".",
        ):
            page.cookies.set("notice", forged, domain="circles.test")
            text = (await page.get("/my/gatherings")).text
            assert "Eve" not in text
            assert "Your feed has an address" not in text


async def test_a_notice_of_yesterday_is_not_shown(
    browser: OpenBrowser, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser(cast.mira) as page:
        await page.post("/my/feed", data={"show": "on"})
        signed = page.cookies["notice"]
        monkeypatch.setattr(cookies, "NOTICE_LASTS", -1)
        page.cookies.set("notice", signed, domain="circles.test")
        assert "Your feed has an address" not in (await page.get("/my/gatherings")).text
