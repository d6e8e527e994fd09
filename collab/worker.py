"""A process that runs jobs and answers no people: `flask --app app worker`."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

import click
from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .core import allocator
from .core.database import put_log_away
from .core.parts import PARTS, BackgroundThread
from .core.slots import Slot, application
from .core.storage import opening
from .core.transactions.rights_epoch import RIGHTS_EPOCH
from .extensions import db
from .jobs import registry
from .jobs.engine.runner import RUNNER, Runner
from .server import GRACE_S, leave, prepare, raise_descriptor_limit

log = logging.getLogger(__name__)

#: Seconds between looks whether the scheduler still lives.
LOOK_S = 1.0
#: Seconds that whoever asks for health may take for their request.
REQUEST_S = 5
#: What is answered at the worker's port: whoever watches it asks, and nobody else.
WATCHED_PATHS = ("/health", "/ready", "/metrics")


def work(concurrency: int | None, queues: str | None, host: str, port: int | None) -> None:
    """Do what the command says, and end the process; raises UsageError.

    What runs when a signal comes is handed back, and the code is 0; it is 1 if it can't go on.
    """
    app = application()
    if concurrency is not None:
        app.config["JOB_WORKERS"] = concurrency
    if not app.config["JOB_WORKERS"]:
        raise click.UsageError("JOB_WORKERS is 0: pass --concurrency.")
    types = served(queues)
    os.umask(0o077)  # what is made from here on is nobody else's to read
    with opening.or_exit(app):
        prepare(app)  # as a server does: whoever starts first migrates
    RUNNER.put(app, Runner(app, types))
    if port is not None:
        DOOR.put(app, Door(app, host, port))
        PARTS.of(app).add("door", DOOR)
    allocator.configure()
    raise_descriptor_limit()
    db.session.remove()
    leave(run(app))


def served(queues: str | None) -> list[str] | None:
    """Return the types that were named, if any were; raises UsageError for one that is none."""
    if queues is None:
        return None
    named = [name.strip() for name in queues.split(",")]
    known = [kind.name for kind in registry.all_types()]
    for name in named:
        if name not in known:
            raise click.UsageError(f"There is no job type {name!r}: {', '.join(known)}.")
    return named


def run(app: Flask) -> int:
    """Work until a signal comes, or the scheduler has died; returns the code to end with."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    RIGHTS_EPOCH.of(app).now()  # mapped before descriptors may be short
    PARTS.of(app).start()
    allocator.settle()
    runner = RUNNER.of(app)
    click.echo(f"Collab runs jobs, {app.config['JOB_WORKERS']} at once  (Ctrl-C ends it)")
    while not told.wait(LOOK_S) and runner.alive:
        pass
    if not told.is_set():
        log.error("the scheduler has ended, and so does the worker")
    end = threading.Timer(GRACE_S, os._exit, [1])  # whatever a job's thread still does
    end.daemon = True
    end.start()
    PARTS.of(app).close()
    PARTS.of(app).stop()
    put_log_away(app)
    return 0 if told.is_set() else 1


class Door(BackgroundThread):
    """Answers whoever watches the worker."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        """Take the port; raises SystemExit if it can't be had."""
        super().__init__("door")
        self._server: BaseWSGIServer = make_server(
            host, port, Watched(app), threaded=True, request_handler=Quiet
        )

    def _run(self) -> None:
        self._server.serve_forever()

    def _wake(self) -> None:
        if self.alive:
            self._server.shutdown()


DOOR: Slot[Door] = Slot("door of a worker")


class Watched:
    """An application of which some addresses are answered."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer 404 for all others, so that nobody uses a worker as a server."""
        if environ["PATH_INFO"] in WATCHED_PATHS:
            return self._app(environ, start)
        start("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return ()


class Quiet(WSGIRequestHandler):
    """Handles a request, and writes no line about it: the application does."""

    #: Seconds after which a connection that sends nothing is closed.
    timeout = REQUEST_S

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing."""
