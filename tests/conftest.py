"""Fixtures: a database of its own for each test, the people, and servers to call."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from flask import Flask
from hypothesis import settings

from collab import create_app
from collab.core.security.keys import KEY_NAMES
from collab.server import prepare

from .support import databases, jobs, measuring
from .support.databases import (  # hooks of pytest's
    pytest_addoption,  # noqa: F401
    pytest_configure,  # noqa: F401
    pytest_report_collectionfinish,  # noqa: F401
    pytest_unconfigure,  # noqa: F401
)
from .support.declared import Declared
from .support.kept_apps import Lent, lender
from .support.made_for_all import made_for_all
from .support.made_once import State, states_of
from .support.order import (  # hooks of pytest's
    pytest_collection_modifyitems,  # noqa: F401
    pytest_make_collect_report,  # noqa: F401
)
from .support.people import Person, register
from .support.postgres import PostgresServer, copy_files, pool_before, postgres_server
from .support.quiet import NOTHING_BESIDE
from .support.servers import PLAIN, ForkedServer, ProcessServer, ThreadServer, fork_server
from .support.shared import SharedApp, close, close_all, shared
from .support.sockets import Socket
from .support.streams import Stream

# A busy machine makes any example slow; how long a test may take is pytest's to say. The examples
# are the same in each run, so that a red one is about the change; `explore` looks for others.
settings.register_profile("collab", deadline=None, max_examples=20, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("collab")

#: Where files cost no disk, if there is room: the tests make some 10,000 databases, and each is
#: synced to disk when it is closed.
SHARED_MEMORY = Path("/dev/shm")
#: Bytes that have to be free there.
ENOUGH_MEMORY = 4 * 2**30
if os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > ENOUGH_MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(SHARED_MEMORY))

# Objects that have come and not gone when garbage is looked for. With Python's own 700 it took
# one of twenty seconds of the processor.
gc.set_threshold(20_000)
# What is made until all is collected stays: there is nothing to look for.
gc.disable()

# A developer's own .env is none of the tests' business, nor of the servers that they start.
os.environ["FLASK_SKIP_DOTENV"] = "1"

# What one process has compiled is there for the next: pytest's rewriting of the tests' assertions
# alone takes each of its processes ten seconds, and the sources half a second of each start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

measuring.pass_on()

SETTINGS = {
    "SECRET_KEY": "a secret that only the tests know, long enough",
    "JWT_SECRET_KEY": "another secret that only the tests know, long",
    "SEALING_KEY": "one more secret that only the tests know, long",
    "RATE_LIMIT": "off",
    "AUTH_RATE_LIMIT": "off",
    "REGISTER_RATE_LIMIT": "off",
    "PUBLISH_RATE_KB": "1000000",
    "PASSWORD_HASH_MB": "1",  # what takes long is tested by itself (tests/core/test_argon2id.py)
    "ACCESS_TOKEN_MINUTES": "60",
    "FRESH_LOGIN_MINUTES": "1440",  # the people log in once, and the tests take longer than ten
    "LOG_LEVEL": "error",
    "SQLITE_SYNCHRONOUS": "normal",
    "DATABASE_TIMEOUT_SECONDS": "60",
    **NOTHING_BESIDE,
    # Nothing is asked of it; what is, is tested with providers on this machine (tests/oauth).
    "OAUTH_GITHUB_CLIENT_ID": "collab",
    "OAUTH_GITHUB_CLIENT_SECRET": "a secret of the tests",
}
#: Ada registers first, so she is the admin.
NAMES = ("ada", "alice", "bob", "charlie", "vera")


def http_for(app: Flask) -> httpx.Client:
    """Return a client that calls an application in this process."""
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://collab.test")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return the browser that all tests of this process share; each window has its own storage.

    One only: Playwright keeps a loop of asyncio running in this thread while it is there.
    """
    from .support.browsers import launched  # Playwright takes long to import

    with launched() as running:
        yield running


#: The database of each cluster that has all tables, and nobody in it: to make them takes a second.
MIGRATED = "migrated"


def make_cluster(folder: Path) -> None:
    """Make the files of a cluster with a migrated database."""
    with postgres_server() as server:
        where = SETTINGS | {"INSTANCE_PATH": str(folder / "instance")}
        app = create_app(where | {"DATABASE_URL": server.fresh(MIGRATED)})
        prepare(app)
        close(app)
        server.stop()
        copy_files(server.folder / "data", folder / "data")


@pytest.fixture(scope="session")
def files_of_clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files that each cluster of the tests begins with."""
    return made_for_all(tmp_path_factory, "cluster", make_cluster) / "data"


@pytest.fixture(scope="session")
def cluster(files_of_clusters: Path) -> Iterator[PostgresServer]:
    """Return a PostgreSQL for tests that make databases of their own, and stop it as they like."""
    with postgres_server(files_of_clusters) as server:
        yield server


@pytest.fixture
def pooled(cluster: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Return the address of a database of it behind a pool of two connections: `pooled("own")`."""
    with pool_before(cluster) as address:
        yield address


@pytest.fixture(scope="session")
def template_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a migrated database with nobody in it, once for all processes that run tests."""

    def make(folder: Path) -> None:
        app = create_app(SETTINGS | {"INSTANCE_PATH": str(folder)} | databases.make(folder))
        prepare(app)
        close(app)

    folder = made_for_all(tmp_path_factory, "template-of-nobody", make)
    return folder / "collab.db"


@pytest.fixture(scope="session")
def template(
    template_of_nobody: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Person]]:
    """Make a database with everybody in it, once: each test gets a copy."""
    folder = tmp_path_factory.mktemp("template")
    where = databases.copy(template_of_nobody, folder)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(folder)} | where)
    http = http_for(app)
    people = {name: register(http, name) for name in NAMES}
    close(app)
    return folder / "collab.db", people


@pytest.fixture(scope="session")
def template_with_project(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """Make the same database with alice's project in it, once; returns the project's id, too."""
    folder = tmp_path_factory.mktemp("template-with-project")
    where = databases.copy(template[0], folder)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(folder)} | where)
    project_id = makes_project(template[1]["alice"].at(http_for(app)))
    close(app)
    return folder / "collab.db", project_id


def makes_project(alice: Person) -> int:
    """Make alice's project, in which bob is a collaborator and vera a viewer."""
    return alice.makes_project(bob="collaborator", vera="viewer")


def migrated(
    cluster: PostgresServer, database: str, folder: Path, names: Sequence[str] = ()
) -> dict[str, Person]:
    """Make a database that is migrated, and register people in it; the first is the admin."""
    cluster.make(database, MIGRATED)
    if not names:
        return {}
    where = SETTINGS | {"INSTANCE_PATH": str(folder), "DATABASE_URL": cluster.url(database)}
    app = create_app(where)
    made = {name: register(http_for(app), name) for name in names}
    close(app)
    return made


def make_lasting(folder: Path, **settings: str) -> Flask:
    """Build an application on the database that tests put into a folder."""
    where = SETTINGS | {"INSTANCE_PATH": str(folder)} | databases.settings_of(folder)
    return jobs.bring_types(create_app(where | settings))


@pytest.fixture(scope="session")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Build an application for all tests of this process that want none of their own settings."""
    return make_lasting(tmp_path_factory.mktemp("lasting") / "instance")


@pytest.fixture(scope="session")
def declarations(lasting: Flask) -> Declared:
    """Watch what the shared application answers, from before its first request on."""
    return Declared(lasting)


@pytest.fixture
def declared(app: Flask, declarations: Declared) -> Iterator[None]:
    """Fail a test that is answered with what the OpenAPI document does not declare."""
    declarations.check()
    yield
    assert declarations.check() == set(), "the OpenAPI document does not declare these answers"


@pytest.fixture
def states(request: pytest.FixtureRequest) -> list[State]:
    """Return what was made once that this test begins with."""
    return states_of(request)


@pytest.fixture
def begins_with_project(request: pytest.FixtureRequest, states: list[State]) -> bool:
    """Tell whether this test's database has alice's project from the beginning."""
    return "project" in (states[0].arguments if states else request.fixturenames)


@pytest.fixture
def beginning(
    lasting: Flask,
    template: tuple[Path, dict[str, Person]],
    template_with_project: tuple[Path, int],
    begins_with_project: bool,
    states: list[State],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the database that this test's is a copy of."""
    found = template_with_project[0] if begins_with_project else template[0]
    if not states:
        return found
    with http_for(lasting) as http:
        people = {name: person.at(http) for name, person in template[1].items()}
        given: dict[str, Any] = {"app": lasting, "http": http, **people}
        if begins_with_project:
            given["project"] = template_with_project[1]
        for state in states:
            folder = tmp_path_factory.getbasetemp() / f"made-once-{uuid4()}"
            found = state.database(shared(lasting), found, given, folder)
            given[state.name] = state.value()
    return found


@pytest.fixture
def alone(request: pytest.FixtureRequest) -> bool:
    """Tell whether nothing but the application will know the database's file."""
    about_the_file = request.node.get_closest_marker("sqlite")
    return not about_the_file and "instance" not in request.fixturenames


@pytest.fixture
def ready(lasting: Flask, beginning: Path, alone: bool) -> SharedApp:
    """Return the application that tests share, with nothing in its folder but the database."""
    found = shared(lasting)
    found.begin(beginning, alone=alone)
    return found


@pytest.fixture
def instance(ready: SharedApp, alone: bool) -> Path:
    """Return the instance folder: a test that asks for it may do what it likes with the files."""
    assert not alone, "only the arguments of a test or fixture tell that in time"
    return ready.folder


@pytest.fixture
def shared_app(ready: SharedApp) -> Iterator[Flask]:
    """Return the application that tests share, on this test's database and as if just built."""
    yield ready.app
    ready.end()


@pytest.fixture
def make_app(instance: Path) -> Iterator[Callable[..., Flask]]:
    """Return a maker of applications on this test's database: `make_app(RATE_LIMIT="...")`.

    Whoever needs no settings, and no second application, takes `app`.
    """
    made: list[tuple[Lent, dict[str, str]]] = []

    def make(**settings: str) -> Flask:
        own = databases.settings_of(instance) | settings
        every = SETTINGS | {"INSTANCE_PATH": str(instance)} | own
        lent = lender().take(lambda: jobs.bring_types(create_app(every)), own)
        made.append((lent, own))
        return lent.app

    yield make
    for lent, own in made:
        lender().give_back(lent, own)


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Return an application."""
    return shared_app


@pytest.fixture
def http(app: Flask) -> Iterator[httpx.Client]:
    """Return a client that calls the application in this process."""
    with http_for(app) as client:
        yield client


def _person(name: str) -> Any:
    @pytest.fixture(name=name)
    def person(template: tuple[Path, dict[str, Person]], http: httpx.Client) -> Person:
        return template[1][name].at(http)

    return person


ada = _person("ada")  # admin
alice = _person("alice")  # owner
bob = _person("bob")  # teammate: a collaborator
charlie = _person("charlie")  # outsider
vera = _person("vera")  # viewer


@pytest.fixture
def nobody(http: httpx.Client) -> Person:
    """Return somebody who is not signed in."""
    return Person("nobody", http)


@pytest.fixture
def project(
    template_with_project: tuple[Path, int], begins_with_project: bool, alice: Person
) -> int:
    """Return alice's project, in which bob is a collaborator and vera a viewer."""
    return template_with_project[1] if begins_with_project else makes_project(alice)


@pytest.fixture
def server(app: Flask) -> Iterator[ThreadServer]:
    """Serve the application on a real port, from a thread."""
    with ThreadServer(app) as running:
        yield running


@pytest.fixture
def serve(make_app: Callable[..., Flask]) -> Iterator[Callable[..., ThreadServer]]:
    """Return a starter of servers with settings of their own: `serve(MESSAGE_RATE="5")`."""
    running: list[ThreadServer] = []

    def start(**settings: str) -> ThreadServer:
        running.append(ThreadServer(make_app(**settings)).__enter__())
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


@pytest.fixture
def process(instance: Path) -> Iterator[Callable[..., ProcessServer]]:
    """Return a starter of servers in processes of their own, on this test's database."""
    running: list[ProcessServer] = []
    given = {name: SETTINGS[name] for name in KEY_NAMES} | databases.settings_of(instance)

    def start(*arguments: str, port: int | None = None, **settings: str) -> ProcessServer:
        server = ForkedServer(instance, port, **(given | settings))
        running.append(server.start(*arguments))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def quiet(process: Callable[..., ProcessServer]) -> Callable[..., ProcessServer]:
    """Return the same, of servers that do nothing beside requests unless a setting says so.

    What else one does by itself in its first second takes as much as its start.
    """
    return partial(process, **NOTHING_BESIDE)


@pytest.fixture(scope="module")
def standing(
    template_with_project: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., ProcessServer]]:
    """Return servers for tests that neither stop them nor mind what others do there.

    `standing(HTTP_THREADS="2")` is the same one throughout a module, on a database of its own, in
    which the people are, and alice's project. It does nothing beside requests.
    """
    running: dict[tuple[tuple[str, str], ...], ProcessServer] = {}
    given = {name: SETTINGS[name] for name in KEY_NAMES} | NOTHING_BESIDE

    def find(**settings: str) -> ProcessServer:
        wanted = tuple(sorted(settings.items()))
        if wanted not in running:
            folder = tmp_path_factory.mktemp("standing")
            where = databases.copy(template_with_project[0], folder)
            running[wanted] = ForkedServer(folder, **(given | where | settings)).start()
        return running[wanted]

    yield find
    for one in running.values():
        one.stop()


@pytest.fixture
def desks(app: Flask) -> Iterator[Callable[..., jobs.Desk]]:
    """Return a maker of workers whose jobs run in the test's own thread: `desks(workers=2)`."""
    made: list[jobs.Desk] = []

    def make(**options: Any) -> jobs.Desk:
        made.append(jobs.Desk(app, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    jobs.gates.clear()
    jobs.waiting.clear()


@pytest.fixture
def desk(desks: Callable[..., jobs.Desk]) -> jobs.Desk:
    """Return a worker whose jobs run in the test's own thread: `desk.work()`."""
    return desks()


@pytest.fixture
def connect(server: ThreadServer) -> Iterator[Callable[..., Socket]]:
    """Return a maker of sockets: `connect(bob, project_id=1)`."""
    opened: list[Socket] = []

    def make(person: Person | None = None, url: str = server.url, **query: Any) -> Socket:
        token = {"token": person.token} if person else {}
        opened.append(Socket(url, **token, **query))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def follow(server: ThreadServer) -> Iterator[Callable[..., Stream]]:
    """Return a maker of streams: `follow(bob, project_id=1)`."""
    opened: list[Stream] = []

    def make(person: Person, url: str = server.url, **query: Any) -> Stream:
        opened.append(Stream(url, person.token, **query))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def over() -> Iterator[Callable[..., Person]]:
    """Return a way to let somebody call a server over a real connection: `over(server, bob)`."""
    clients: list[httpx.Client] = []

    def at(running: ThreadServer | ProcessServer, person: Person) -> Person:
        clients.append(httpx.Client(base_url=running.url, **PLAIN))
        return person.at(clients[-1])

    yield at
    for client in clients:
        client.close()


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes run tests: three for two cores, since tests that wait take none."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Leave what was imported and collected, a million objects, out of garbage collection."""
    found = yield
    gc.freeze()
    gc.enable()
    return found


def pytest_sessionfinish() -> None:
    """End what tests share: applications, and the fork server, if a test has started one."""
    close_all()
    if fork_server.cache_info().currsize:
        fork_server().close()
    # pytest collects garbage five times before it ends, each time through a million objects.
    if gc.isenabled():  # it is not where others ran the tests
        gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Make a skip a failure where everything must be installed: REQUIRE_ALL=1, as in .ci/run."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1":
        report.outcome = "failed"
    return report
