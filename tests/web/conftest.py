"""Windows on a server of their own: `alices = window("alice", "/projects/1")`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from ..support.browsers import Window
from ..support.people import Person
from ..support.servers import ProcessServer, ThreadServer, free_port


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
def whole_site(process: Callable[..., ProcessServer], port: int) -> ProcessServer:
    """Return a server in a process that can be killed, with all that works beside requests."""
    return process(port=port)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> ThreadServer | ProcessServer:
    """Return the server of the page: `whole_site` where a test uses that, else one of this process.

    A process of its own, with its jobs, pipeline and sandbox, takes more than most tests here.
    """
    found: ThreadServer | ProcessServer = request.getfixturevalue(
        "whole_site" if "whole_site" in request.fixturenames else "server"
    )
    return found


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
def window(windows: Callable[..., Window]) -> Callable[..., Page]:
    """Return a way to be somebody in a window of their own: `window("bob", "/projects/1")`."""

    def open_as(name: str, path: str = "/", **options: Any) -> Page:
        return windows(**options).comes_back(name, path)

    return open_as


@pytest.fixture
def at_site(
    site: ThreadServer | ProcessServer, over: Callable[..., Person]
) -> Callable[[Person], Person]:
    """Return a way to let somebody call the page's server by the API: `at_site(alice)`."""
    return lambda person: over(site, person)
