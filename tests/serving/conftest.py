"""An installation of two machines, made once for all tests that want it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from ..support.machines import Machines
from ..support.postgres import PostgresServer
from ..support.redis import redis_server


@pytest.fixture(scope="session")
def lasting_machines(
    cluster: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machines]:
    """Start two web processes behind nginx, on PostgreSQL and Redis."""
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: `apt-get install nginx-light`")
    folder = tmp_path_factory.mktemp("machines")
    with redis_server(tmp_path_factory.mktemp("redis")) as redis:
        made = Machines(folder, cluster, redis)
        yield made
        made.close()


@pytest.fixture
def machines(lasting_machines: Machines) -> Iterator[Machines]:
    """Return both, well; a test may end what it likes."""
    yield lasting_machines
    lasting_machines.mend()
