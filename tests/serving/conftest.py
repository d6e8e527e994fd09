"""Installations: of two machines, made once for all tests that want it; of one worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest

from ..conftest import migrated
from ..support.lent import Service
from ..support.machines import DATABASE, Machines
from ..support.postgres import PostgresServer
from ..support.redis import redis_server
from ..support.waiting import PATIENCE


@pytest.fixture(scope="session")
def lasting_machines(
    cluster: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machines]:
    """Start two web processes behind nginx, on PostgreSQL and Redis."""
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: `apt-get install nginx-light`")
    folder = tmp_path_factory.mktemp("machines")
    with redis_server(tmp_path_factory.mktemp("redis")) as redis:
        migrated(cluster, DATABASE, folder)
        made = Machines(folder, cluster, redis)
        yield made
        made.close()


@pytest.fixture
def machines(lasting_machines: Machines) -> Iterator[Machines]:
    """Return both, well; a test may end what it likes."""
    yield lasting_machines
    lasting_machines.mend()


@pytest.fixture
def service() -> Iterator[Service]:
    """Serve from a worker of this process."""
    made = Service()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def line(service: Service) -> Iterator[Callable[[], HTTPConnection]]:
    """Return a maker of connections, which are closed in the end."""
    with ExitStack() as stack:

        def connected() -> HTTPConnection:
            made = HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
            stack.callback(made.close)
            return made

        yield connected
