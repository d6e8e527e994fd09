"""Tabs of people on a server that tests share: whoever has been there is signed in, in a page.

To sign in and load the page anew takes the processor longer than most of what tests do there.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from .browsers import CUT_OFF, Window, go
from .servers import ProcessServer

#: Puts away what stays when somebody goes to another view, and would be in the next test's way;
#: returns whether nothing of it is left, and somebody is signed in.
PUT_AWAY = """async () => {
    for (const one of document.querySelectorAll('.toast [aria-label=Dismiss]')) one.click();
    for (const one of document.querySelectorAll('dialog[open]')) {
        const closed = new Promise((done) => one.addEventListener('close', () => setTimeout(done)));
        one.close();
        await closed; // and what the page does then
    }
    const left = document.querySelector('dialog[open], .menu, .toast');
    return document.querySelector('.frame') !== null && left === null;
}"""


@dataclass
class Tab:
    """Somebody's window with one page."""

    name: str
    browser: Browser
    window: Window
    page: Page

    def is_tidied_up(self) -> bool:
        """Return whether another test finds nothing here but the page of somebody signed in."""
        inside = self.page.url.startswith(self.window.server.url)
        if self.window.faults or len(self.window.context.pages) != 1 or not inside:
            return False
        return bool(self.page.evaluate(PUT_AWAY))


class Tabs:
    """Those that no test uses."""

    def __init__(self) -> None:
        self._free: list[Tab] = []

    def take(self, browser: Browser, server: ProcessServer, name: str, path: str) -> Tab:
        """Return somebody's tab at a view: one that is there, if it can be tidied up."""
        for tab in self._free[::-1]:
            if (tab.name, tab.browser, tab.window.server) == (name, browser, server):
                self._free.remove(tab)
                if tab.is_tidied_up():
                    go(tab.page, path)
                    return tab
                tab.window.close()
        window = Window(browser, server)
        return Tab(name, browser, window, window.comes_back(name, path))

    def give_back(self, tab: Tab) -> None:
        """Keep a tab; what a test had answered itself is the server's again."""
        if tab.page.is_closed() or tab.page in CUT_OFF:
            tab.window.close()
            return
        tab.page.unroute_all()
        self._free.append(tab)


TABS = Tabs()
