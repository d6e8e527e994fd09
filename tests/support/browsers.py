"""A real browser: Debian's Chromium, driven by Playwright, with a window for each person."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .people import PASSWORD
from .servers import ProcessServer, ThreadServer
from .waiting import PATIENCE

#: Milliseconds that anything on a page may take, on a machine that is busy.
PATIENCE_MS = PATIENCE * 1000
#: Chromium by its names.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
#: What a browser says of a page that does what its policy forbids.
REFUSALS = ("Content Security Policy", "TrustedHTML", "TrustedScript")
#: What Chromium has for somebody who sits before it, and is more than half of what a window costs:
#: two hidden pages that suggest what to type in its address bar, and a process in advance for the
#: next page.
FOR_PEOPLE = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess")
#: What Playwright switches off, again: the last option of its kind is the one that counts.
FOR_PLAYWRIGHT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
#: What the page's form leaves behind besides the cookie: the hint that there is one. Once, so that
#: who signs out has none; and not in what a page shows in a frame, which may have no storage.
HINT = """if (window === top && !localStorage.getItem("tests.came-back")) {
    localStorage.setItem("tests.came-back", "1");
    localStorage.setItem("collab.signed-in", "1");
}"""
#: The first that is there. The shell has the same engine without anything for people, whose windows
#: take a third of the processor's time more.
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the browser; skips, or fails where everything must run, if there is none."""
    if CHROMIUM is None:
        words = "There is no Chromium: apt-get install chromium-headless-shell"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(words)
        pytest.skip(words)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        # Whoever runs tests as root, in a container, has no sandbox for Chromium to make.
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        options.append(f"--disable-features={','.join(FOR_PEOPLE + FOR_PLAYWRIGHT)}")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Window:
    """Somebody's browser: cookies and storage of its own, and any number of tabs."""

    def __init__(
        self, browser: Browser, server: ThreadServer | ProcessServer, **options: Any
    ) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(
            base_url=server.url, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(PATIENCE_MS)
        #: What went wrong in any of its tabs: exceptions, and what the policy refused.
        self.faults: list[str] = []

    def tab(self, path: str = "/") -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._heard(said.text))
        page.goto(path)
        return page

    def _heard(self, text: str) -> None:
        if any(word in text for word in REFUSALS):
            self.faults.append(text)

    def signs_in(self, name: str, path: str = "/") -> Page:
        """Sign in as one of the tests' people and open a page."""
        page = self.tab(path)
        page.get_by_label("E-mail").fill(f"{name}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".frame").wait_for()
        return page

    def comes_back(self, name: str, path: str = "/") -> Page:
        """Open a page as one of the tests' people who has signed in with this browser before."""
        account = {"email": f"{name}@example.com", "password": PASSWORD, "cookie": True}
        answer = self.context.request.post("/api/v1/auth/login", data=account)
        assert answer.ok, answer.text()
        self.context.add_init_script(HINT)
        page = self.tab(path)
        page.locator(".frame").wait_for()
        return page

    def close(self) -> None:
        self.context.close()


def opened(page: Page) -> Page:
    """Wait until a text is there to be written (before, its field takes no key), and go into it."""
    expect(page.locator(".pane")).not_to_have_attribute("aria-busy", "true")
    page.locator(".editor-input").click()
    return page
