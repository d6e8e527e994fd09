"""Windows on a server of their own: `alices = window("alice", "/projects/1")`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from collab.core.security.keys import KEY_NAMES

from ..conftest import SETTINGS, makes_project
from ..support import databases
from ..support.browsers import Window
from ..support.people import Person
from ..support.servers import ForkedServer, ProcessServer, ThreadServer, free_port
from ..support.tabs import TABS, Tab


@pytest.fixture(scope="session")
def port() -> int:
    """Return the port of all servers of the page: what a browser has of one, it has of the next."""
    return free_port()


@pytest.fixture
def server(app: Flask, port: int) -> Iterator[ThreadServer]:
    """Serve the application from a thread."""
    with ThreadServer(app, port) as running:
        yield running


@pytest.fixture
def own_site(process: Callable[..., ProcessServer], port: int) -> ProcessServer:
    """Return a server in a process that can be killed, and where nobody but this test has been."""
    return process(port=port)


@pytest.fixture(scope="session")
def whole_site(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProcessServer]:
    """Serve all that works beside requests, too; tests share it, and have projects of their own."""
    folder = tmp_path_factory.mktemp("whole-site")
    given = {name: SETTINGS[name] for name in KEY_NAMES} | databases.copy(template[0], folder)
    with ForkedServer(folder, ALLOW_PRIVATE_WEBHOOKS="on", **given) as running:
        yield running


@pytest.fixture
def site(request: pytest.FixtureRequest) -> ThreadServer | ProcessServer:
    """Return the server of the page: `own_site` or `whole_site` where a test uses one.

    Else it is one of this process, with nothing beside requests, which is enough for most.
    """
    names = [one for one in ("own_site", "whole_site") if one in request.fixturenames]
    found: ThreadServer | ProcessServer = request.getfixturevalue((*names, "server")[0])
    return found


@pytest.fixture
def project(
    request: pytest.FixtureRequest,
    project: int,
    alice: Person,
    at_site: Callable[[Person], Person],
) -> int:
    """Return alice's project; on the site that tests share, a new one."""
    return makes_project(at_site(alice)) if "whole_site" in request.fixturenames else project


@pytest.fixture
def windows(
    browser: Browser, site: ThreadServer | ProcessServer
) -> Iterator[Callable[..., Window]]:
    """Return a maker of windows, in which nobody has signed in yet; fails on what broke in one."""
    opened: list[Window] = []

    def make(**options: Any) -> Window:
        opened.append(Window(browser, site, **options))
        return opened[-1]

    yield make
    faults = [fault for one in opened for fault in one.faults]
    for one in opened:
        one.close()
    assert faults == []


@pytest.fixture
def window(
    request: pytest.FixtureRequest, browser: Browser, windows: Callable[..., Window]
) -> Iterator[Callable[..., Page]]:
    """Return a way to be somebody in a window of their own: `window("bob", "/projects/1")`.

    On the site that tests share, it is one that they left open, where there is one.
    """
    taken: list[Tab] = []

    def open_as(name: str, path: str = "/", **options: Any) -> Page:
        if options or "whole_site" not in request.fixturenames:
            return windows(**options).comes_back(name, path)
        taken.append(TABS.take(browser, request.getfixturevalue("whole_site"), name, path))
        return taken[-1].page

    yield open_as
    faults = [fault for tab in taken for fault in tab.window.faults]
    for tab in taken:
        TABS.give_back(tab)
    assert faults == []


@pytest.fixture
def at_site(
    site: ThreadServer | ProcessServer, over: Callable[..., Person]
) -> Callable[[Person], Person]:
    """Return a way to let somebody call the page's server by the API: `at_site(alice)`."""
    return lambda person: over(site, person)
