"""Makes the pictures of README.md: `make screenshots`. Starts the demo on new data and drives a browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURES = ROOT / "docs" / "screenshots"


@contextmanager
def demo() -> Iterator[str]:
    """The address of a demo community that lives as long as the block."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="circles-pictures-") as folder:
        Path(folder).chmod(0o755)
        environment = {**os.environ, "PORT": str(port), "DATA_DIR": f"{folder}/data", "DATABASE_URL": ""}
        command = [sys.executable, "-m", "circles", "serve"]
        with subprocess.Popen(command, cwd=ROOT, env=environment) as site:
            try:
                wait_for(f"http://127.0.0.1:{port}/readyz", site)
                yield f"http://127.0.0.1:{port}"
            finally:
                site.send_signal(signal.SIGINT)


def wait_for(address: str, site: subprocess.Popen[bytes]) -> None:
    """Wait until the site answers."""
    while site.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=60).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit("The site did not start.")


def picture(page: Page, name: str) -> None:
    """Keep what a person sees first on the page."""
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def take(page: Page, address: str) -> None:
    """The list of gatherings, the directory, and the form in which a member chooses what to pay."""
    page.goto(f"{address}/gatherings")
    picture(page, "gatherings")
    page.goto(f"{address}/therapists?state=FL&how=telehealth&fee=80")
    picture(page, "therapists")
    page.get_by_role("button", name="Mira, member").click()
    page.goto(f"{address}/gatherings")
    links = page.locator("main a[href^='/gatherings/']").all()
    for path in dict.fromkeys((link.get_attribute("href") or "").split("?")[0] for link in links):
        page.goto(f"{address}{path}/book")
        if (
            page.locator("[data-amount]").count()
            and page.get_by_label("A community seat", exact=True).count()
        ):
            page.locator("[data-amount]").scroll_into_view_if_needed()
            picture(page, "booking")
            return
    raise SystemExit("No gathering of the demo has both a scale and a community seat left.")


def main() -> None:
    """Start the demo, take the pictures."""
    from tests.browser.find import chromium

    PICTURES.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": 1280, "height": 860}, timezone_id="America/New_York", color_scheme="light"
        )
        take(page, address)
        browser.close()


if __name__ == "__main__":
    main()
