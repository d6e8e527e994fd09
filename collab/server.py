"""Running the service: `python app.py`."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

from . import starting
from .auth import passwords
from .core import allocator
from .core.counting import metrics, processes
from .core.database import engine, put_log_away
from .core.errors import ApiError
from .core.http import heavy
from .core.http.limits import largest_body
from .core.management.migrations import bring_up_to_date
from .core.parts import PARTS
from .core.security.argon2id import OWASP_MIB
from .core.storage import blob_store, opening, pages
from .core.storage.file_lock import locked
from .core.transactions.rights_epoch import RIGHTS_EPOCH
from .events.bell.datagram import reached
from .events.bell.lines import FOLDER_NAME
from .execution.sandbox import SANDBOX
from .extensions import db
from .files.archives import turns as archives
from .flags import service as flags
from .projects import service as projects
from .realtime.socketio_door.sessions import owner_of
from .serving import counting_worker
from .serving.handover import Handover
from .serving.leaving import LeavingArbiter
from .serving.lone import process as lone
from .serving.messages.spool import Bounds, Spool
from .serving.sharing_worker import SharingWorker

log = logging.getLogger(__name__)

#: Seconds from SIGTERM, or from the end of DRAIN_SECONDS, until what still runs is killed.
GRACE_S = 2
#: Threads for requests that wait for a turn at what is heavy, so that HTTP_THREADS are kept free.
WAITING_THREADS = (
    heavy.MAX_HEAVY_AT_ONCE
    + heavy.MAX_HEAVY_WAITING
    + passwords.MAX_HASHES_WAITING
    + archives.MAX_ARCHIVES_AT_ONCE
    + archives.MAX_ARCHIVES_WAITING
)
#: Connections that may be open besides live ones and those that have a thread.
SPARE_CONNECTIONS = 4000
#: One address may use one part in this many of the spool's disk.
ADDRESS_PART = 4


class CollabWorker(SharingWorker):
    """The worker, which ends open sockets when it has to stop."""

    def init_process(self) -> None:
        """Begin to work, in the process that the fork made."""
        raise_descriptor_limit()
        super().init_process()

    def load_wsgi(self) -> None:
        """Take the application, and hear signals, which were held back since before the fork."""
        super().load_wsgi()
        # Not sooner: to stop, there must be an application. Not later: its threads, and programs
        # that they start, would have them held back for good.
        lone.hear_signals()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop: say 1001 to sockets and streams, drop idle connections, finish requests."""
        if self.alive:
            # Not here: this may have interrupted a thread that holds a lock of the parts.
            threading.Thread(target=PARTS.of(self.wsgi).close, name="closing").start()
            self.method_queue.defer(self.begin_to_leave)
        super().handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        """Return whether the arbiter lives; if it was killed, stop as if it had asked."""
        alive: bool = super().is_parent_alive()
        if not alive:
            self.handle_exit(signal.SIGTERM, None)
        return alive

    def run(self) -> None:
        """Serve until told to stop; whatever else ends this ends the process too, and in time."""
        allocator.settle()
        try:
            super().run()
        finally:
            self.handle_exit(signal.SIGTERM, None)
            # The arbiter may be dead, or not know: a job that goes on must not keep us here.
            end = threading.Timer(GRACE_S, os._exit, [1])
            end.daemon = True
            end.start()
            PARTS.of(self.wsgi).stop()
            put_log_away(self.wsgi)

    #: Ctrl-C reaches the worker too; it is as polite as SIGTERM.
    handle_quit = handle_exit


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with threaded workers, configured by code instead of a file."""

    def __init__(self, app: Flask, options: dict[str, Any], left: lone.Left | None) -> None:
        self._flask, self._options, self._left = app, options, left
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, built before the fork."""
        return self._flask

    def run(self) -> None:
        """Serve from one process, or from several below gunicorn's arbiter, until told to stop."""
        if self.cfg.workers == 1:
            lone.serve(self, self._left)
        else:
            LeavingArbiter(self).run()


def main(app: Flask) -> None:
    """Migrate, greet and serve until told to stop."""
    allocator.configure()
    metrics.declare(app, *counting_worker.METRICS)
    arguments = starting.parse_arguments(app.config["PORT"])
    left = lone.take_left()
    os.umask(0o077)  # what is made from here on is nobody else's to read
    if left is None:
        starting.check_port(arguments.host, arguments.port)
    arguments.open &= left is None
    starting.check_folder(app.config["INSTANCE_PATH"])
    with opening.or_exit(app):
        prepare(app)
    if arguments.demo:
        from .demo import begin

        begin(app)
    with app.app_context():
        off = switched_off(app)
        # SQLite's locks stay with the process that took them: a connection that came through the
        # fork would have none, and what it writes would be lost once another puts the log away.
        db.session.remove()
        db.engine.dispose()
    master = os.getpid()
    try:
        Server(app, options(app, arguments, off, left), left).run()
    except SystemExit as end:
        if os.getpid() == master:
            leave(end.code)
        atexit.register(leave, end.code)  # it runs once the threads have ended
        raise


def leave(code: object) -> None:
    """End at once: to take the interpreter apart takes half a second that somebody waits for."""
    logging.shutdown()
    processes.forget()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def prepare(app: Flask) -> None:
    """Bring the database up to date, and tidy the kept files; one process at a time."""
    lock = app.config["INSTANCE_PATH"] / "migrating.lock"
    with app.app_context(), locked(lock), engine().alone():
        bring_up_to_date()
        pages.rewrite_once()
        tidy_files()


def tidy_files() -> None:
    """Delete what a broken-off deletion left and files that nobody has, or at the next start."""
    try:
        projects.finish_deletions()
        blob_store.tidy()
    except (OSError, SQLAlchemyError, ApiError) as error:
        log.warning("old files stay on disk: %s", error)
    finally:
        db.session.remove()


def options(app: Flask, arguments: Any, off: list[str], left: lone.Left | None) -> dict[str, Any]:
    """Return gunicorn's settings: its threads are for requests, those that wait for turns added."""
    config, host, port = app.config, arguments.host, arguments.port
    url = starting.address(host, port)
    threads = config["HTTP_THREADS"] + WAITING_THREADS
    CollabWorker.bounds = bounds(app)
    CollabWorker.drain_seconds = config["DRAIN_SECONDS"]
    if config["WEB_PROCESSES"] > 1:
        CollabWorker.accepts_in_a_row = 1
        CollabWorker.handover = Handover(config["INSTANCE_PATH"] / FOLDER_NAME, reached)
        CollabWorker.owner_of = staticmethod(owner_of)
    return {
        "bind": left.binds if left else f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "worker_class": CollabWorker,
        "workers": config["WEB_PROCESSES"],
        "threads": threads,
        "worker_connections": config["SOCKET_LIMIT"] + threads + SPARE_CONNECTIONS,
        "preload_app": True,
        "graceful_timeout": config["DRAIN_SECONDS"] + GRACE_S,
        "keepalive": 5,
        "limit_request_line": 8190,
        # What proxies say counts by TRUSTED_PROXIES alone, in the application (ProxyFix).
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "loglevel": "warning",
        "control_socket_disable": True,
        "when_ready": lambda _: greet(app, url, off),
        "post_worker_init": lambda worker: start_parts(
            app, url if arguments.open and worker.age == lone.FIRST_AGE else None
        ),
    }


def bounds(app: Flask) -> Bounds:
    """Return what connections may take; behind a proxy, the proxy counts addresses instead."""
    config = app.config
    disk = config["SPOOL_MB"] * 2**20
    proxied = config["TRUSTED_PROXIES"] > 0
    spool = Spool(config["INSTANCE_PATH"], disk, disk if proxied else disk // ADDRESS_PART)
    return Bounds(
        head_seconds=config["HEAD_SECONDS"],
        body_seconds=config["BODY_SECONDS"],
        send_seconds=config["SEND_SECONDS"],
        per_address=0 if proxied else config["CONNECTIONS_PER_ADDRESS"],
        largest_body=max(largest_body(), config["MAX_CONTENT_LENGTH"]),
        spool=spool,
    )


def start_parts(app: Flask, to_open: str | None) -> None:
    """Start the threads that work beside the requests, in the process that serves."""
    RIGHTS_EPOCH.of(app).now()  # mapped before descriptors may be short
    PARTS.of(app).start()
    if to_open:
        starting.open_page(to_open)


def greet(app: Flask, base: str, off: list[str]) -> None:
    """Print where to look, and what is switched off."""
    lines = [
        f"Collab serves on {base}  (Ctrl-C ends it)",
        f"  page     {base}/",
        f"  docs     {base}/api/docs",
        f"  health   {base}/health",
        f"  socket   {base.replace('http', 'ws', 1)}/ws",
        f"  data     {app.config['INSTANCE_PATH']}",
        *(f"  off      {line}" for line in off),
    ]
    print("\n".join(lines), flush=True)


def switched_off(app: Flask) -> list[str]:
    """Say what does not work as it is set up, each with the reason."""
    config, sandbox, folder = app.config, SANDBOX.of(app), app.config["INSTANCE_PATH"]
    reasons = {
        "calls from other origins: CORS_ORIGINS is empty": not config["CORS_ORIGINS"],
        "rate limits: RATE_LIMIT is off": config["RATE_LIMIT"] == "off",
        "limits on failed log-ins: AUTH_RATE_LIMIT is off": config["AUTH_RATE_LIMIT"] == "off",
        f"strong hashes of passwords: PASSWORD_HASH_MB is below {OWASP_MIB}": (
            config["PASSWORD_HASH_MB"] < OWASP_MIB
        ),
        "pruning of old events: EVENT_RETENTION_DAYS is 0": not config["EVENT_RETENTION_DAYS"],
        "jobs: JOB_WORKERS is 0, another process must run them": not config["JOB_WORKERS"],
        "mails: SMTP_URL is empty, they are files in the data's mail/": not config["SMTP_URL"],
        "notifications: NOTIFIER is off, another process must make them": not config["NOTIFIER"],
        "privacy: INSTANCE_PATH lets others look in (chmod 700)": opening.is_open(folder),
        f"code_execution: {sandbox.missing()}": sandbox.missing() is not None,
    }
    for flag in flags.list_flags():
        by = "an admin" if flag.overridden else f"FEATURE_{flag.name.upper()}"
        reasons[f"{flag.name}: switched off by {by}"] = not flag.enabled
    return [reason for reason, off in reasons.items() if off]


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets us: each socket takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
