"""Servers whose jobs wait, stumble and kill; all are gone after each test, or after its module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from collab.core.security.keys import KEY_NAMES

from ...conftest import SETTINGS, close, http_for, make_lasting
from ...support import databases
from ...support.people import Person
from ...support.served import FOLDER, JobServer, Traces
from ...support.servers import PLAIN

SECRETS = {name: SETTINGS[name] for name in KEY_NAMES}


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    """Return what jobs leave behind."""
    folder = tmp_path / "traces"
    folder.mkdir()
    return Traces(folder)


@pytest.fixture
def launch(instance: Path, traces: Traces) -> Iterator[Callable[..., JobServer]]:
    """Return a starter of servers on this test's database: `launch(JOB_WORKERS="2")`."""
    running: list[JobServer] = []

    def start(folder: Path = instance, **settings: str) -> JobServer:
        where = databases.settings_of(folder)
        given = SECRETS | {FOLDER: str(traces.folder)} | where | settings
        running.append(JobServer(folder, **given))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.kill()


class Scene:
    """Servers on a database of their own, for what the tests of a module look at together."""

    def __init__(
        self,
        source: Path,
        project: int,
        people: dict[str, Person],
        where: Path,
        instance: Path | None = None,
    ) -> None:
        self.instance = instance or where / "instance"
        self.project, self._people = project, people
        for folder in (self.instance, where / "traces"):
            folder.mkdir(exist_ok=folder == instance)
        databases.copy(source, self.instance)
        self.traces, self.app = Traces(where / "traces"), make_lasting(self.instance)
        self._open = ExitStack()
        self._open.callback(close, self.app)

    def launch(self, **settings: str) -> JobServer:
        """Start a server, which is gone in the end."""
        where = databases.settings_of(self.instance)
        given = SECRETS | {FOLDER: str(self.traces.folder)} | where | settings
        made = JobServer(self.instance, **given)
        made.start()
        self._open.callback(lambda: made.process.poll() is None and made.kill())
        return made

    def at(self, server: JobServer, name: str = "alice") -> Person:
        """Return somebody who calls a server."""
        return self._calls(name, httpx.Client(base_url=server.url, **PLAIN))

    def person(self, name: str = "alice") -> Person:
        """Return somebody who is answered whatever has become of the servers."""
        return self._calls(name, http_for(self.app))

    def _calls(self, name: str, http: httpx.Client) -> Person:
        return self._people[name].at(self._open.enter_context(http))

    def end(self) -> None:
        """End all of it."""
        self._open.close()


@pytest.fixture(scope="module")
def scenes(
    template: tuple[Path, dict[str, Person]],
    template_with_project: tuple[Path, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Scene]]:
    """Return a maker of scenes, which end with the module; an instance folder may be given."""
    with ExitStack() as stack:

        def make(instance: Path | None = None) -> Scene:
            where = tmp_path_factory.mktemp("scene")
            made = Scene(*template_with_project, template[1], where, instance)
            stack.callback(made.end)
            return made

        yield make
