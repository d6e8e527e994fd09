"""A PostgreSQL server of the tests' own: a private cluster in a folder, without a port."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from .waiting import eventually

#: What the server does not do: a power cut may take all of it, and only tests have transactions.
CARELESS = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off"),
    *("max_connections=300", "shared_buffers=64MB"),
)
#: Who runs it where the tests run as root, which it refuses.
NOBODY = "nobody"
POOL_PROGRAM = Path("/usr/sbin/pgbouncer")


def copy_files(source: Path, target: Path) -> None:
    """Copy a cluster's files, which belong to who runs the server."""
    subprocess.run(["cp", "-a", source, target], check=True)


def program(name: str) -> Path | None:
    """Return the newest of a server's programs, wherever Debian and others put them."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found:
        return found[-1]
    other = shutil.which(name)
    return Path(other).resolve() if other else None


class PostgresServer:
    """A cluster and its server, which is killed and started again as a test likes."""

    def __init__(self, folder: Path, *, like: Path | None = None, running: bool = False) -> None:
        """Make a cluster, or a copy of one's files, and start it.

        `running` tells that somebody has: then it is only asked.
        """
        self.folder = folder
        if running:
            return
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY)
            self._as = {"user": NOBODY, "group": "nogroup", "extra_groups": []}
        if like is None:
            words = ["-D", folder / "data", "-U", "collab", "-A", "trust", "--no-sync"]
            self._run(program("initdb"), *words, "-E", "UTF8", "--locale=C.UTF-8").wait()
        else:
            copy_files(like, folder / "data")
        self.start()

    def _run(self, *words: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(word) for word in words],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        told = [word for one in CARELESS for word in ("-c", one)]
        self._process = self._run(
            program("postgres"), "-D", self.folder / "data", "-k", self.folder, "-h", "", *told
        )
        eventually(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres")).close()
            return True
        return False

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://collab@/{name}?host={self.folder}"

    def fresh(self, name: str) -> str:
        """Make an empty database, in the place of one of that name; returns its address."""
        self.make(name, "template0")
        return self.url(name)

    def make(self, name: str, template: str) -> None:
        """Make a copy of a database that nobody has open, in the place of one of that name."""
        # Files are copied as they are: nothing is written twice, and with fsync off nothing waits.
        self.ask(
            "postgres",
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY = file_copy",
        )

    @contextlib.contextmanager
    def copied(self, of: str, name: str) -> Iterator[str]:
        """Make a copy of a database for a while; yields its address."""
        self.make(name, of)
        yield self.url(name)
        self.ask("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def ask(self, name: str, *statements: str) -> list[Any]:
        """Run statements in a database, each a transaction; returns the rows of the last one."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            for sql in statements:
                found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

    @contextlib.contextmanager
    def lazy(self) -> Iterator[None]:
        """Let the server flush its log only when it is asked to, for a while."""
        reload = "SELECT pg_reload_conf()"
        self.ask("postgres", "ALTER SYSTEM SET wal_writer_delay = '10s'", reload)
        yield
        self.ask("postgres", "ALTER SYSTEM RESET wal_writer_delay", reload)

    def crash(self) -> None:
        """Kill one of its processes: what is not flushed is gone. Waits until it has recovered."""
        victim, witness = (psycopg.connect(self.url("postgres")) for _ in range(2))
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        # The victim is gone at once; the others are sent away when the server has noticed, and
        # until then it answers as if nothing had happened.
        with contextlib.suppress(psycopg.OperationalError):
            witness.execute("SELECT pg_sleep(60)")
        victim.close()
        witness.close()
        eventually(self._answers)

    def stop(self) -> None:
        """End it at once, with all connections."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()


@contextlib.contextmanager
def pool_before(server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Run a PgBouncer; gives the address of a database behind it: `address("own")`.

    It works by transactions, and has two connections of the server for all who come.
    """
    if not POOL_PROGRAM.exists():
        words = "There is no PgBouncer: apt-get install pgbouncer"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(words)
        pytest.skip(words)
    folder = server.folder
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    written = folder / "pgbouncer.ini"
    written.write_text(
        f"[databases]\n* = host={folder} user=collab\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        f"unix_socket_dir =\nlogfile = {folder}/pgbouncer.log\nuser = {NOBODY}\n"
    )
    written.chmod(0o644)
    (folder / "pgbouncer.log").touch()
    (folder / "pgbouncer.log").chmod(0o666)
    running = subprocess.Popen([POOL_PROGRAM, "-q", written], cwd=folder)

    def address(name: str) -> str:
        return f"postgresql+psycopg://collab@127.0.0.1:{port}/{name}"

    eventually(lambda: answers(address("postgres")))
    yield address
    running.terminate()
    running.wait()


def answers(address: str) -> bool:
    """Return whether a server takes connections."""
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(address.replace("+psycopg", ""), prepare_threshold=None).close()
        return True
    return False


@contextlib.contextmanager
def postgres_server(like: Path | None = None) -> Iterator[PostgresServer]:
    """Run a server, on a copy of a cluster's files or a new cluster.

    Skips, or fails where everything must run, if there is no program.
    """
    if program("initdb") is None:
        words = "There is no PostgreSQL: apt-get install postgresql"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(words)
        pytest.skip(words)
    # Not pytest's: the names of sockets are short, and root's folders are closed to nobody.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    server = None
    try:
        server = PostgresServer(folder, like=like)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)
