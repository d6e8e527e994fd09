"""Fixtures of the HTTP conventions: a client over a real connection, and the log's lines."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flask import Flask

from collab import create_app

from ..conftest import SETTINGS, close, http_for
from ..support import databases
from ..support.people import Person
from ..support.servers import NO_TLS, TIMEOUT, ThreadServer


@pytest.fixture(scope="module")
def one_for_all(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Return a client of one application for all tests of a file that leave nothing behind."""
    folder = tmp_path_factory.mktemp("instance")
    where = databases.copy(template[0], folder)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(folder)} | where)
    with http_for(app) as client:
        yield client
    close(app)


@pytest.fixture
def wired(server: ThreadServer) -> Iterator[httpx.Client]:
    """Return a client over a real connection."""
    with httpx.Client(base_url=server.url, timeout=TIMEOUT, verify=NO_TLS) as client:
        yield client


@dataclass
class Logged:
    """An application whose log can be read."""

    app: Flask
    http: httpx.Client
    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def seen_by(self, person: Person) -> Person:
        """Return somebody who calls this application."""
        return person.at(self.http)


@pytest.fixture
def logged(make_app: Callable[..., Flask], app: Flask) -> Callable[..., Logged]:
    """Return a maker of applications with a log to read: `logged("json")`.

    The newest application has the log; `app` is asked for so that it is not the newest.
    """

    def make(style: str = "console", **settings: str) -> Logged:
        app = make_app(**{"LOG_FORMAT": style, "LOG_LEVEL": "info"} | settings)
        stream = io.StringIO()
        handler = logging.getLogger("collab").handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        return Logged(app, http_for(app), stream)

    return make
