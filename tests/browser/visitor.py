"""Somebody at a browser: what they do, and everything that goes wrong meanwhile and that they might not see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Download,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
)

from tests.browser.site import PATIENCE, Member, Site

PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)


# Numbers the requests of htmx, and notes the newest whose answer was swapped in, those under way, and until when a
# change may wait for its delay.
COUNT_SWAPS = """
{
  const swaps = { begun: 0, swapped: 0, pending: new Set(), delayed: 0 };
  globalThis.swapsOfTests = swaps;
  document.addEventListener("change", ({ target }) => {
    const delay = target.closest("[hx-trigger]")?.getAttribute("hx-trigger").match(/delay:([0-9]+)ms/)?.[1];
    if (delay) swaps.delayed = Date.now() + Number(delay) + 50;
  }, true);
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.numberOfTests = ++swaps.begun;
    swaps.pending.add(ctx);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    swaps.pending.delete(ctx);
    if (ctx.status === "swapped") swaps.swapped = Math.max(swaps.swapped, ctx.numberOfTests);
  });
}
"""
SWAPPED = """(before) => {
  const { swapped, pending, delayed } = swapsOfTests;
  return swapped > before && !pending.size && Date.now() > delayed;
}"""

CUT = "net::ERR_INTERNET_DISCONNECTED"
CUT_WORKER = "An unknown error occurred when fetching the script."  # of a worker, in the same case


@dataclass
class Watch:
    """What no page of ours may do: err, break its own policy, lose a request, talk to somebody else."""

    address: str
    allowed: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    cut: bool = False  # whether the journey cuts the network, so that requests may be lost to that

    def look_at(self, page: Page) -> None:
        """Watch a page from its first request on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"error in the page: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # A status the journey is about is written into the console as well; `_response` judges those.
        # And htmx writes of every request that gave way to a newer one.
        noise = [
            "the server responded with a status of",
            "AbortError",
            *([CUT, CUT_WORKER] if self.cut else []),
        ]
        if message.type == "error" and not any(each in message.text for each in noise):
            self.troubles.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.address).netloc:
            self.troubles.append(f"a request to somebody else: {request.url}")

    def _failed(self, request: Request) -> None:
        # Whoever goes on to another page, or downloads a file, breaks off what was under way.
        if request.failure != "net::ERR_ABORTED" and not (self.cut and request.failure == CUT):
            self.troubles.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.allowed:
            self.troubles.append(f"{response.status}: {response.request.method} {response.url}")


@dataclass
class Visitor:
    """Somebody at a browser. live: with JavaScript."""

    site: Site
    context: BrowserContext
    page: Page
    watch: Watch
    live: bool

    async def open(self, path: str) -> Response:
        """Go to a page of the site."""
        response = await self.page.goto(f"{self.site.address}{path}")
        assert response is not None
        return response

    async def come_in(self, person: Member | UUID) -> None:
        """Be signed in as somebody, without the mail."""
        token = await self.site.token(person.id if isinstance(person, Member) else person)
        await self.context.add_cookies([{"name": "sign-in", "value": token, "url": self.site.address}])

    def button(self, name: str) -> Locator:
        """A button of the page's main part, by its words."""
        return self.page.get_by_role("main").get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """A link of the page's main part, by its words."""
        return self.page.get_by_role("main").get_by_role("link", name=name, exact=True)

    async def press(self, name: str) -> None:
        """Press a button. Where that leads to a new page, all of it is there afterwards."""
        await self.button(name).click()
        await self.page.wait_for_load_state()

    async def follow(self, name: str) -> None:
        """Follow a link, to the end of loading its page."""
        await self.link(name).click()
        await self.page.wait_for_load_state()

    @asynccontextmanager
    async def swapped(self, *, only_live: bool = False) -> AsyncIterator[None]:
        """Inside, do what makes htmx replace a part of the page; it ends when that very part is replaced.

        Without JavaScript the same leads to a new page, and it ends when that is loaded. only_live: it does
        nothing then.
        """
        await self.page.wait_for_load_state()
        if only_live and not self.live:
            yield
        elif self.live:
            before = await self.page.evaluate("() => globalThis.swapsOfTests?.begun ?? 0")
            yield
            await self.page.wait_for_function(SWAPPED, arg=before)
        else:
            async with self.page.expect_event("load"):
                yield

    async def fill(self, label: str, text: str) -> None:
        """Write into a field."""
        await self.page.get_by_label(label, exact=True).fill(text)

    async def pick(self, label: str) -> None:
        """Choose one of several, or tick a box, by tapping its words."""
        await self.page.get_by_role("main").get_by_text(label, exact=True).click()

    @property
    def problems(self) -> Locator:
        """The list of what is wrong with a form; every page has an empty alert besides."""
        return self.page.locator(".problems[role=alert]")

    async def sees(self, text: str | re.Pattern[str]) -> None:
        """The page's main part shows this text: text that is there and hidden does not count."""
        await expect(self.page.get_by_role("main")).to_contain_text(text, use_inner_text=True)

    async def sees_not(self, text: str) -> None:
        """The page's main part does not show this text."""
        await expect(self.page.get_by_role("main")).not_to_contain_text(text)

    async def reads(self, heading: str) -> None:
        """The page has this heading."""
        await expect(self.page.get_by_role("heading", name=heading, exact=True).first).to_be_visible()

    async def is_told(self, text: str) -> None:
        """The line at the top of the page says this."""
        await expect(self.page.locator(".notice")).to_contain_text(text)

    async def downloads(self, name: str) -> tuple[str, bytes]:
        """Press or follow what gives a file. Returns the file's name and what it holds."""
        target = self.link(name).or_(self.button(name)).first
        async with self.page.expect_download() as waiting:
            await target.click()
        download: Download = await waiting.value
        return download.suggested_filename, (await download.path()).read_bytes()

    async def reads_mail(self, email: str, *, subject: str = "", method: str = "") -> None:
        """Open the newest mail to an address in the practice mailbox, as soon as it is there."""
        mail = await self.site.mail_to(email, subject=subject, method=method)
        await self.open("/practice/mail")
        await self.page.locator(f'a[href="/practice/mail/{mail}"]').click()
        await self.page.wait_for_load_state()


async def arrive(
    chromium: Browser, site: Site, *, live: bool, phone: bool, zone: str, dark: bool, calm: bool = False
) -> Visitor:
    """Somebody new at a browser that has never been here."""
    context = await chromium.new_context(
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        java_script_enabled=live,
        timezone_id=zone,
        locale="en-US",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE * 1000)
    await context.add_init_script(COUNT_SWAPS)
    watch = Watch(site.address)
    context.on("page", watch.look_at)
    return Visitor(site, context, await context.new_page(), watch, live)
