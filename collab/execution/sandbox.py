"""The sandbox of a server: whether it can be used, and how many may use it at once."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url

from ..core.parts import PARTS, BackgroundThread
from ..core.slots import Slot
from . import selftest
from .boxes import seccomp
from .boxes.box import SandboxError
from .boxes.command import Tools
from .boxes.spares import Recipe, SpareBoxes
from .languages import LANGUAGES, Language
from .outcome import Outcome
from .placed import NO_FILES, Files
from .running import NOBODY_LISTENS, Listener, Program, run

INSTALL_COMMAND = "pip install -r requirements.txt, or apt-get install bubblewrap nodejs"
#: The page that says what a container has to allow.
CONTAINERS_PAGE = "docs/scaling.md#the-sandbox-in-a-container"
#: The package that has each program of the box.
PACKAGES = {
    "bwrap": "bubblewrap",
    "prlimit": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "sh": "dash",
}
#: Seconds for which a failed self-test counts; then it is run again.
RETRY_S = 30.0
#: Seconds after the start by which the self-test, a fifth of a second of the processor, is put off:
#: the first page and the first requests come before it.
SELF_TEST_AFTER_S = 5.0
#: Seconds that the self-test may take.
SELF_TEST_S = 10.0
#: Seconds for which the programs are taken to be there: looking takes most of a millisecond.
PROGRAMS_CHECKED_FOR_S = 1.0
#: Seconds between two checks by a run that waits for a free place.
PAUSE_S = 0.05


class Sandbox(BackgroundThread):
    """Runs code in isolation, a few at once. All methods may be called from any thread.

    Its own thread runs the self-test, so that the first job need not wait for it. `secrets` are
    paths that the self-test proves to be out of reach.
    """

    #: Nobody waits for the self-test, and jobs end their own sandboxes.
    patience_s = 0.0

    def __init__(self, *, wall_s: float, at_once: int, secrets: tuple[Path, ...] = ()) -> None:
        super().__init__("sandbox-self-test")
        self.wall_s, self._secrets = wall_s, secrets
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._spares = SpareBoxes()
        self._there_until = 0.0
        self._tools: Tools | None = None
        self._verdicts: dict[str, tuple[str | None, float]] = {}

    def _run(self) -> None:
        # A job that comes earlier runs it itself.
        if not self._stopping.wait(SELF_TEST_AFTER_S):
            self.unavailable()

    def stop(self) -> None:
        """Stop what was started."""
        super().stop()
        self._spares.stop()

    @property
    def state(self) -> str:
        """Return what is missing, for `/ready`."""
        reason = self.missing()
        return f"off: {reason}" if reason else "ok"

    def unavailable(self, name: str | None = None) -> str | None:
        """Return why code can't be run, in a language or at all, and what fixes that; or None."""
        reason = self.missing()
        if reason:
            return reason
        if name is not None:
            return self._verdict(LANGUAGES[name])
        verdicts = [self._verdict(language) for language in LANGUAGES.values()]
        return None if None in verdicts else verdicts[0]

    def missing(self) -> str | None:
        """Return which part of the sandbox is missing, without trying it; None if none is."""
        if time.monotonic() < self._there_until:
            return None
        reason = self._look()
        if reason is None:
            # Only a yes is remembered: anything missing is found as soon as it is installed.
            self._there_until = time.monotonic() + PROGRAMS_CHECKED_FOR_S
        return reason

    def _look(self) -> str | None:
        if sys.platform != "linux":
            return "Running code needs Linux: its namespaces and seccomp are the sandbox."
        tools = Tools.find()
        if isinstance(tools, str):
            return (
                f"Running code needs {PACKAGES[tools]}, which is not installed: {INSTALL_COMMAND}"
            )
        self._tools = tools
        try:
            seccomp.program()
        except (RuntimeError, OSError) as error:
            return f"Running code needs a seccomp filter for this processor: {error}."
        return None

    def _verdict(self, language: Language) -> str | None:
        """Return what the self-test says about a language: run once, and again if it failed."""
        with self._lock:
            reason, until = self._verdicts.get(language.name, (None, 0.0))
            if time.monotonic() >= until:
                reason = self._test(language)
                # A failure may pass, such as a full process table; what has worked is not tried
                # again.
                until = time.monotonic() + RETRY_S if reason else float("inf")
                self._verdicts[language.name] = (reason, until)
            return reason

    def _test(self, language: Language) -> str | None:
        if language.interpreter() is None:
            return f"{language.package} is not installed: {INSTALL_COMMAND}"
        try:
            breach = selftest.breach(
                language, self._secrets, lambda code: self.run(language, code, SELF_TEST_S)
            )
        except SandboxError as error:
            breach = str(error)
        if breach is None:
            return None
        return (
            f"The sandbox failed its self-test in {language.name}: {breach.rstrip('.')}. "
            f"Try: {INSTALL_COMMAND}; in a container: {CONTAINERS_PAGE}"
        )

    @contextlib.contextmanager
    def place(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for a free place; `check` is called meanwhile, and ends the wait by raising."""
        # Not unbounded: a job may be cancelled, or run out of time, before it has begun.
        while not self._places.acquire(timeout=PAUSE_S):
            check()
        try:
            check()
            yield
        finally:
            self._places.release()

    def run(
        self,
        language: Language,
        code: str,
        wall_s: float,
        stdin: str | None = None,
        listener: Listener = NOBODY_LISTENS,
        files: Files = NO_FILES,
    ) -> Outcome:
        """Run code for at most `wall_s` seconds; raises SandboxError if that is not possible."""
        missing, interpreter = self.missing(), language.interpreter()
        tools = self._tools
        if missing or interpreter is None or tools is None:
            raise SandboxError(f"A program of the sandbox is gone: {INSTALL_COMMAND}")
        program = Program(language, interpreter, code, wall_s, stdin, files)
        recipe = Recipe(tools, language, interpreter, self.wall_s)
        plain = stdin is None and files == NO_FILES and wall_s == self.wall_s
        try:
            return run(program, tools, listener, self._spares.take(recipe) if plain else None)
        finally:
            if plain and self.started:  # and so stopped eventually
                self._spares.replace(recipe)


SANDBOX: Slot[Sandbox] = Slot("sandbox")


def init_app(app: Flask) -> None:
    """Give an application its sandbox; `start()` may be called once the process has forked."""
    database = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database
    secrets = [Path(app.config["INSTANCE_PATH"]), *([Path(database)] if database else [])]
    made = Sandbox(
        wall_s=app.config.get("CODE_TIMEOUT_SECONDS", 5),
        at_once=app.config.get("CODE_AT_ONCE", 2),
        secrets=tuple(secrets),
    )
    SANDBOX.put(app, made)
    PARTS.of(app).add("code_execution", SANDBOX)
