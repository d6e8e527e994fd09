"""A real browser: Debian's Chromium, driven by Playwright, with a window for each person."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

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
#: Pages of a profile share a process, which is there when the next one comes: to start one takes as
#: long as to load a page of ours.
ONE_PROCESS = ("--renderer-process-limit=1", "--disable-site-isolation-trials")
#: Profiles that are kept for the next windows.
MOST_KEPT = 6
#: Tells the first document of a window's server whose browser it is in: nobody's yet, or that of
#: somebody who comes back, of whom the page's form leaves a hint besides the cookie.
BEGINS = "tests.begins"
BEGIN = """if (window === top && self.origin !== "null") {
    const begins = /(?:^|; )tests\\.begins=(\\w+)/.exec(document.cookie)?.[1];
    if (begins) {
        document.cookie = "tests.begins=; path=/; max-age=0";
        localStorage.clear();
        sessionStorage.clear();
        if (begins === "again") localStorage.setItem("collab.signed-in", "1");
    }
}"""
#: Pages whose sockets don't get through: nobody else may have them.
CUT_OFF: WeakSet[Page] = WeakSet()
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
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *ONE_PROCESS]
        options.append(f"--disable-features={','.join(FOR_PEOPLE + FOR_PLAYWRIGHT)}")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Profile:
    """What a browser keeps for somebody: cookies and storage; in its cache are the page's files."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(reduced_motion="reduce", **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(BEGIN)
        self.context.on("weberror", lambda error: self.faults.append(str(error.error)))
        self.context.on("console", lambda said: self._heard(said.text))
        #: What went wrong in any of its tabs: exceptions, and what the policy refused.
        self.faults: list[str] = []
        self._url: str = options["base_url"]
        self._first = self.context.new_page()
        self._size = self._first.viewport_size
        self._session = self.context.new_cdp_session(self._first)
        self._is_taken = False

    def _heard(self, text: str) -> None:
        if any(word in text for word in REFUSALS):
            self.faults.append(text)

    def tab(self) -> Page:
        """Return an empty tab: first the one that stays, for a new one takes longer to begin."""
        if self._is_taken or self._first.is_closed():
            return self.context.new_page()
        self._is_taken = True
        return self._first

    def begins(self, how: str) -> None:
        """Tell the next document how it begins: as a `new` window does, or `again`."""
        self.context.add_cookies([{"name": BEGINS, "value": how, "url": self._url}])

    def forget(self, *origins: str) -> None:
        """Close its pages but one, and forget everything of some origins but their files.

        The process of a profile without a page would end. What a page that has just gone still
        writes is forgotten when the next one begins.
        """
        if self._first.is_closed() or self._first in CUT_OFF:
            self._first = self.context.new_page()
            self._session = self.context.new_cdp_session(self._first)
        for page in self.context.pages:
            if page != self._first:
                page.close()
        self._first.unroute_all()
        self._first.goto("about:blank")
        if self._first.viewport_size != self._size and self._size:
            self._first.set_viewport_size(self._size)
        self.context.set_offline(False)
        self.context.clear_cookies()
        for origin in origins:
            what = {"origin": origin, "storageTypes": "all"}
            self._session.send("Storage.clearDataForOrigin", what)
        self.begins("new")
        self.faults, self._is_taken = [], False


class Profiles:
    """The profiles of a browser that nobody uses: a new one has to start a process and load all."""

    def __init__(self) -> None:
        self._free: list[tuple[Browser, dict[str, Any], Profile]] = []

    def take(self, browser: Browser, options: dict[str, Any]) -> Profile:
        """Return a profile in which nobody has been, or the last one that has forgotten who was."""
        for free in reversed(self._free):
            if free[0] is browser and free[1] == options:
                self._free.remove(free)
                return free[2]
        return Profile(browser, **options)

    def give_back(self, browser: Browser, options: dict[str, Any], one: Profile) -> None:
        """Keep a profile that has forgotten everything."""
        self._free.append((browser, options, one))
        if len(self._free) > MOST_KEPT:
            self._free.pop(0)[2].context.close()


PROFILES = Profiles()


class Window:
    """Somebody's browser: cookies and storage of its own, and any number of tabs."""

    def __init__(
        self, browser: Browser, server: ThreadServer | ProcessServer, **options: Any
    ) -> None:
        self.server = server
        self._browser, self._options = browser, {"base_url": server.url, **options}
        self._profile = PROFILES.take(browser, self._options)
        self.context = self._profile.context
        self._closed = False
        self.faults = self._profile.faults

    def tab(self, path: str = "/") -> Page:
        """Open a page in a tab of its own."""
        page = self._profile.tab()
        page.goto(path)
        return page

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
        self._profile.begins("again")
        page = self.tab(path)
        page.locator(".frame").wait_for()
        return page

    def close(self) -> None:
        """Leave it to the next, who will find nothing in it."""
        if self._closed:
            return
        self._closed = True
        by_name = self.server.url.replace("127.0.0.1", "localhost")
        self._profile.forget(self.server.url, by_name)
        PROFILES.give_back(self._browser, self._options, self._profile)


def without_sockets(page: Page) -> None:
    """Let no socket of a page get through, for as long as it is there: that can't be taken back."""
    page.route_web_socket("**", lambda socket: socket.close())
    CUT_OFF.add(page)


def opened(page: Page) -> Page:
    """Wait until a text is there to be written (before, its field takes no key), and go into it."""
    expect(page.locator(".pane")).not_to_have_attribute("aria-busy", "true")
    page.locator(".editor-input").click()
    return page


#: Goes to a view, and waits until the page says where it has arrived, and what it loads is there:
#: still so in the next frame, for a view may say that it loads after it has come.
GO = """async ([path, patience]) => {
    const base = document.querySelector('script[type=module]').src;
    const { router } = await import(new URL('core/router.js', base));
    const announcer = document.getElementById('announcer');
    announcer.textContent = '';
    let hasArrived = false;
    const isThere = () => {
        hasArrived ||= announcer.textContent !== '';
        return hasArrived && document.querySelector('.view [aria-busy=true]') === null;
    };
    const nextFrame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const changes = { subtree: true, childList: true, attributes: true, characterData: true };
    const change = () => new Promise((done, fail) => {
        const late = () => fail(new Error(`nothing has come at ${path}: ${announcer.textContent}`));
        const timer = setTimeout(late, patience);
        const seen = () => { observer.disconnect(); clearTimeout(timer); done(); };
        const observer = new MutationObserver(seen);
        observer.observe(document.body, { ...changes, attributeFilter: ['aria-busy'] });
    });
    router.go(path);
    do {
        while (!isThere()) await change();
        await nextFrame();
    } while (!isThere());
}"""


def go(page: Page, path: str) -> None:
    """Go to another view, as a link does, and wait until what it loads is there.

    To load the page anew, with its fifty files, takes the processor much longer.
    """
    page.evaluate(GO, [path, PATIENCE_MS])
