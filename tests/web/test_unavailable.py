"""What a visitor gets while the database is busy, locked, read-only or away: 503, and nothing typed is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from urllib.parse import urlencode

import asyncpg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from circles.store import db
from circles.store.context import Context
from circles.web import headers
from circles.web.sent import interrupted
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import value
from tests.payments.helpers import event, post_webhook
from tests.web.outages import database, no_database, troubled
from tests.web.pages import PostedForm, read_page

NOTE = "What the circle is for; “quiet” <b>please</b> & thank you.\nSecond line."
# Long enough for anything but what a test makes hang.
PATIENT = db.Limits(connection=60, lock=60, statement=60, idle=60)
HASTY = db.Limits(connection=60, lock=0.2, statement=60, idle=60)


async def form_of(page: Browser, path: str, to: str = "") -> PostedForm:
    """The form of a page."""
    forms, _ = read_page((await page.get(path)).text, path)
    return next(form for form in forms if form.path == (to or path))


async def send(page: Browser, form: PostedForm, **headers: str) -> tuple[int, str, dict[str, str]]:
    answer = await page.post(
        form.path,
        content=urlencode(form.sends()),
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
    )
    return answer.status_code, answer.text, dict(answer.headers)


async def guidelines_form(page: Browser, cast: Cast) -> PostedForm:
    """The form with the guidelines of Farid's circle, with a text typed into it."""
    form = await form_of(page, f"/host/circles/{cast.circle}/guidelines")
    for control in form.controls:
        if control.kind == "textarea":
            control.value = NOTE
    return form


async def test_a_locked_gathering_answers_its_own_form_and_holds_up_nobody_else(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    at = f"/gatherings/{cast.gathering}/book"
    async with browser(cast.mira) as mira, browser(cast.milo) as milo:
        form = await form_of(mira, at)
        for control in form.controls:
            if control.name == "agreed":
                control.chosen = True
            if control.name == "amount":
                control.value = "41"
        async with database(app, cast.context, limits=HASTY, size=4), cast.context.db.transaction() as tx:
            await tx.execute("select from gatherings where id = $1 for update", cast.gathering)
            sending = asyncio.create_task(send(mira, form))
            for path in ("/", "/my/gatherings", "/me", at):
                assert (await milo.get(path)).status_code == 200
            status, text, sent_back = await sending
        assert (status, sent_back["retry-after"], sent_back["cache-control"]) == (503, "5", "no-store")
        assert "Our records are busy just now, so this was not saved." in text
        again = next(shown for shown in read_page(text, at)[0] if shown.path == at)
        assert [pair for pair in again.sends() if pair[0] != "sent-from"] == [
            pair for pair in form.sends() if pair[0] != "sent-from"
        ]
        assert await value(cast.context, "select count(*) from bookings") == 0
        assert (await send(mira, again))[0] == 303
        assert await value(cast.context, "select amount from bookings") == 4100


@pytest.mark.parametrize("state", ["55P03", "40P01", "40001"])
async def test_a_conflict_is_tried_once_more(
    cast: Cast, app: Starlette, browser: OpenBrowser, state: str
) -> None:
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        async with troubled(app, cast.context, state, 1) as opened:
            assert (await send(page, form))[0] == 303
            assert opened.done == 2
        assert await value(cast.context, "select body from guidelines_drafts") == NOTE


@pytest.mark.parametrize(("state", "tries"), [("55P03", 2), ("57014", 1), ("53100", 1), ("25006", 1)])
async def test_the_form_comes_back_filled_in(
    cast: Cast, app: Starlette, browser: OpenBrowser, state: str, tries: int
) -> None:
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        async with troubled(app, cast.context, state, 9) as opened:
            status, text, sent_back = await send(page, form)
            assert opened.done == tries
        assert (status, sent_back["retry-after"]) == (503, "5")
        assert "Our records are busy just now, so this was not saved. What you typed is still here." in text
        assert escape(NOTE) in text
        assert "secret" not in text
        again = next(shown for shown in read_page(text, form.path)[0] if shown.path == form.path)
        assert (await send(page, again))[0] == 303
        assert await value(cast.context, "select body from guidelines_drafts") == NOTE


async def test_a_read_only_database_still_shows_pages(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        await page.get("/my/gatherings")  # the first visit makes the address of the calendar
        async with database(app, cast.context, "&default_transaction_read_only=on"):
            for path in ("/", "/gatherings", "/my/gatherings", "/host", form.path):
                assert (await page.get(path)).status_code == 200, path
            status, text, _ = await send(page, form)
        assert (status, escape(NOTE) in text) == (503, True)


async def test_without_a_database_the_form_is_sent_again_from_a_page_that_needs_none(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        async with no_database(app, cast.context):
            status, text, sent_back = await send(page, form)
        assert (status, sent_back["retry-after"], sent_back["cache-control"]) == (503, "5", "no-store")
        assert "This is not saved yet" in text
        assert f'<p class="preserve">{escape(NOTE)}</p>' in text
        assert 'href="/sign-in"' not in text  # nobody knows whether they are
        again = next(shown for shown in read_page(text, form.path)[0] if shown.path == form.path)
        assert again.sends() == form.sends()  # with where it was sent from: once means once
        assert (await send(page, again))[0] == 303
        assert await value(cast.context, "select body from guidelines_drafts") == NOTE


async def test_what_is_shown_to_be_read_again_was_typed(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    """Values of choices and numbers go along when it is sent again. Nobody typed them as texts."""
    typed = {
        "name": "Mira of the hill",
        "zone": "America/New_York",
        "clock": "12",
        "about": "https://example.org/a",
    }
    async with browser(cast.mira) as page, no_database(app, cast.context):
        text = (await page.post("/me", data=typed)).text
    shown = [part.split("</p>")[0] for part in text.split('<p class="preserve">')[1:]]
    assert shown == ["Mira of the hill", "https://example.org/a"]
    assert all(value in text for value in typed.values())


async def test_a_commit_that_nobody_answered_is_not_called_undone(
    cast: Cast, app: Starlette, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(connection: db.Tx, _: object) -> None:
        raise db.Unavailable(ConnectionResetError(), unsure=True)

    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        async with database(app, cast.context):
            monkeypatch.setattr("circles.store.db.pools._commit", lose)
            _, text, _ = await send(page, form)
    assert "it may be saved or not" in text
    assert "nothing was changed" not in text
    assert f'href="{form.path}"' in text


async def test_htmx_gets_a_sentence_and_the_page_stays(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        form = await guidelines_form(page, cast)
        async with no_database(app, cast.context):
            for kind in ("partial", "full"):  # full: of a form with hx-select
                status, text, sent_back = await send(
                    page, form, **{"HX-Request": "true", "HX-Request-Type": kind}
                )
                assert (status, sent_back["hx-retarget"], sent_back["hx-reselect"]) == (
                    503,
                    "#interruption",
                    ".notice",
                )
                assert "was not saved. What you typed is still here." in " ".join(text.split())
                assert "<html" not in text
            polled = await page.get("/my/gatherings", headers={"HX-Request": "true"})
        assert (polled.status_code, polled.headers["hx-reswap"], polled.text) == (503, "none", "")


async def test_public_pages_without_records_are_shown_without_a_database(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page, no_database(app, cast.context):
        for path in ("/guides", "/guides/reflection", "/what-a-circle-is-not", "/sign-in"):
            answer = await page.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), path
        assert (await page.get("/static/circles.css")).status_code == 200
        assert (await page.get("/nowhere")).status_code == 404
        for path in ("/gatherings", "/my/gatherings", f"/feeds/{'x' * 43}.ics"):
            answer = await page.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path
            assert "Please try again in a moment" in answer.text
            assert "went wrong" not in answer.text
            assert '<a class="button button-primary" href="">Try again</a>' in answer.text


async def test_health_and_webhooks_do_not_wait_for_pages(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page, database(app, cast.context, limits=PATIENT, size=1) as opened:
        opened.reserved = cast.context.db
        async with opened.reading():  # the only connection of pages
            waiting = asyncio.create_task(page.get("/my/gatherings"))
            assert (await page.get("/healthz")).json()["database"] == "well"
            body = event("checkout.session.completed", "cs_test_unknown")
            assert await post_webhook(cast.context, app, body) == 200
            assert not waiting.done()
            opened.reserved = opened
        assert (await waiting).status_code == 200


async def test_webhooks_are_sent_again_while_the_database_is_away(
    cast: Cast, app: Starlette, context: Context
) -> None:
    body = event("checkout.session.completed", "cs_test_unknown")
    async with no_database(app, context):
        assert await post_webhook(context, app, body) == 503


async def test_a_form_that_is_done_once_is_free_again(
    cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    """The claim of a form whose database went away is given back, so that sending it again is no second time."""
    at = f"/host/circles/{cast.circle}/edit"
    async with browser(cast.farid) as page:
        form = await form_of(page, at)
        async with troubled(app, cast.context, "57P01", 9) as opened:
            opened.left = 0
            sending = opened.transaction

            @asynccontextmanager
            async def after_the_claim() -> AsyncIterator[db.Tx]:
                async with sending() as tx:
                    yield tx
                opened.left = 2  # the handler's transaction, and the end of the claim

            opened.transaction = after_the_claim  # pyright: ignore[reportAttributeAccessIssue]
            status, text, _ = await send(page, form)
            assert status == 503
            opened.transaction = sending
            opened.left = 0
            while await value(cast.context, "select count(*) from sent_forms"):
                await asyncio.sleep(0.05)
        again = next(shown for shown in read_page(text, form.path)[0] if shown.path == form.path)
        answer = await page.post(at, content=urlencode(again.sends()), headers={"Content-Type": FORM})
        assert answer.status_code == 303
        assert "sent twice" not in (await page.get(answer.headers["location"])).text


FORM = "application/x-www-form-urlencoded"


async def run(*errors: Exception | None, commit: db.Database | None = None) -> list[int]:
    """Run a handler that raises these errors in turn, with `once_more`; returns its runs, -1 where it failed."""
    runs: list[int] = []

    async def handler(_: Request) -> Response:
        runs.append(len(runs))
        if commit:
            async with commit.transaction():
                pass
        if error := errors[len(runs) - 1]:
            raise error
        return Response()

    try:
        await interrupted.once_more(Request({"type": "http"}), handler)
    except db.Unavailable:
        runs.append(-1)
    return runs


async def test_nothing_that_was_committed_is_done_twice(context: Context) -> None:
    conflict = db.Unavailable(asyncpg.DeadlockDetectedError("x"))
    slow = db.Unavailable(asyncpg.QueryCanceledError("x"))
    assert await run(None) == [0]
    assert await run(conflict, None) == [0, 1]
    assert await run(conflict, conflict) == [0, 1, -1]
    assert await run(slow) == [0, -1]
    assert await run(conflict, commit=context.db) == [0, -1]


async def test_a_deadline_in_a_handler_is_not_the_visitors(context: Context) -> None:
    """408 is for a body that did not arrive; any other deadline is ours."""

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    async def reads(scope: object, receive: object, send: object) -> None:
        await receive()  # pyright: ignore[reportCallIssue]

    async def hangs(scope: object, receive: object, send: object) -> None:
        raise TimeoutError

    statuses: list[int] = []

    async def sent(message: dict[str, int]) -> None:
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "method": "POST", "headers": []}
    await headers.BodyDeadline(reads, seconds=0)(scope, receive, sent)  # pyright: ignore[reportArgumentType]
    assert statuses[0] == 408
    with pytest.raises(TimeoutError):
        await headers.BodyDeadline(hangs)(scope, receive, sent)  # pyright: ignore[reportArgumentType]


async def test_a_large_body_may_take_longer() -> None:
    """A picture from a phone on a slow line: what arrives earns more time."""
    pieces = iter([b"x" * 600, b"y" * 600, b""])

    async def receive() -> dict[str, object]:
        piece = next(pieces)
        if piece.startswith(b"y"):
            await asyncio.sleep(0.4)
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def reads(scope: object, receive: object, send: object) -> None:
        while (await receive())["more_body"]:  # pyright: ignore[reportCallIssue]
            pass

    scope = {"type": "http", "method": "POST", "headers": []}
    await headers.BodyDeadline(reads, seconds=0.2, rate=10)(scope, receive, None)  # pyright: ignore[reportArgumentType]
