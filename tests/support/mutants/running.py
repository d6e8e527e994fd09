"""Run the tests once and note which lines each runs; then, in a fork for each mutant, those of its
lines, until one fails.

A fork begins where the tests have come to: the application is built, the database made, everybody
is registered. So a mutant costs no more than the tests that look at it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest

from collab.config import ROOT

from .making import Mutant, mutants_of
from .swapping import CanNotSwapError, Swapper

#: Servers in other processes run the code as it was.
OTHER_PROCESSES = {"process", "cluster"}
#: Seconds that a test may take of its own, whatever it took before.
MIN_TEST_SECONDS = 8.0
#: How much longer than before a test may take with a mutant.
PATIENCE = 10
#: Tests that are run in a session built anew, for code that only building an application runs.
MAX_ANEW = 60

#: The profile of hypothesis, and the examples that a property is tried with.
PROFILE = "mutations"
MAX_EXAMPLES = 5

KILLED, SURVIVED, TIMEOUT, UNREACHED, UNSWAPPED = (
    "killed",
    "survived",
    "timeout",
    "unreached",
    "unswapped",
)
#: What a child says: of each test, and at last of itself. One that just dies was killed.
PASSED, FAILED, ENDED, CAN_NOT_SWAP = b".", b"F", b"=", b"?"


@dataclass(eq=False)
class Runner:
    """A plugin of pytest's that runs mutants in the place of its own loop."""

    paths: Sequence[Path]
    only: str = ""
    #: A text that names mutants, such as docs/mutations.md or an earlier output; "": all.
    listed: str = ""
    #: Seconds of the processor for one mutant; the tests that take most are left out.
    budget: float = 60.0
    results: dict[str, dict[str, list[Mutant]]] = field(default_factory=dict)
    #: Mutants for which the budget did not reach all tests.
    shortened: set[Mutant] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._failed = False
        self._items: dict[str, pytest.Item] = {}
        self._seconds: dict[str, float] = {}
        #: Of the processor: what else a machine does makes no test dearer.
        self._costs: dict[str, float] = {}
        #: How many mutants of a function a test has killed.
        self._kills: Counter[tuple[str, str]] = Counter()
        self._function = ""
        #: Tests that were seen to fail, and whether they pass in a fork without any change.
        self._sound: dict[str, bool] = {}
        #: The test that a child is running.
        self._at = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """Give the profile that is asked for its settings: the same examples for each mutant."""
        from hypothesis import settings  # not before pytest has seen to its plugin

        settings.register_profile(
            PROFILE, derandomize=True, database=None, deadline=None, max_examples=MAX_EXAMPLES
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure, whenever it was: a fixture's is one, too."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what would look at servers in other processes."""
        items[:] = [one for one in items if not OTHER_PROCESSES & _fixtures(one)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything."""
        if len(session.items) < 2:  # one would be taken down for the other
            raise pytest.UsageError("There are too few tests.")
        lines = self._measure(session.items)
        gc.unfreeze()  # what is left out of garbage collection (`core/allocator.py`) isn't listed
        swappers = {path: Swapper(path) for path in self.paths}
        gc.collect()
        gc.freeze()  # or each child would copy what its collector looks through
        for path, self._swapper in swappers.items():
            self._run_module(path, lines.get(str(path), {}))
        return True

    def _run(self, item: pytest.Item, following: pytest.Item) -> bool:
        self._failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return not self._failed

    def _measure(self, items: list[pytest.Item]) -> dict[str, dict[int, set[str]]]:
        """Run each test; returns the tests of each line, those of the preparations as ""."""
        # What is made once is made before anything is measured.
        prepares = next((one for one in items if "project" in _fixtures(one)), items[0])
        watch = coverage.Coverage(
            data_file=None, config_file=False, include=[str(one) for one in self.paths]
        )
        watch.start()
        self._run(prepares, next(one for one in items if one is not prepares))
        for one, following in zip(items, [*items[1:], items[0]], strict=True):
            watch.switch_context(one.nodeid)
            begun, cost = time.monotonic(), time.process_time()
            if self._run(one, following):
                self._items[one.nodeid] = one
            else:
                self.broken.append(one.nodeid)
            self._seconds[one.nodeid] = time.monotonic() - begun
            self._costs[one.nodeid] = time.process_time() - cost
        watch.stop()
        data = watch.get_data()
        return {
            name: {line: set(tests) for line, tests in data.contexts_by_lineno(name).items()}
            for name in data.measured_files()
        }

    def _run_module(self, path: Path, tests: dict[int, set[str]]) -> None:
        module = str(path.relative_to(ROOT))
        found: dict[str, list[Mutant]] = defaultdict(list)
        for one in mutants_of(path, module):
            if self.only in one.function and (not self.listed or one.is_in(self.listed)):
                status = self._status(one, tests)
                found[status].append(one)
                if status in (SURVIVED, UNREACHED, UNSWAPPED):
                    print(f"\n{module}:{one.line} {status} {one.name}", flush=True)
        self.results[module] = found
        print(f"\n{module}: " + ", ".join(f"{len(found[one])} {one}" for one in found), flush=True)

    def _status(self, mutant: Mutant, tests: dict[int, set[str]]) -> str:
        looking = set().union(*(tests.get(line, set()) for line in mutant.lines))
        chosen = self._in_order(looking, mutant)
        ended = self._tried(mutant, chosen)
        if ended == SURVIVED and "" in looking:
            some = chosen or self._in_order(set(self._items), mutant)
            ended = self._fork(mutant.source, some[:MAX_ANEW], anew=True)
        return UNREACHED if ended == SURVIVED and not looking else ended

    def _tried(self, mutant: Mutant, names: list[str]) -> str:
        """Run tests with a mutant, without those that fail without it."""
        ended = self._fork(mutant.source, names)
        while ended in (KILLED, TIMEOUT) and not self._is_sound(self._at):
            names.remove(self._at)
            ended = self._fork(mutant.source, names)
        return ended

    def _is_sound(self, name: str) -> bool:
        """Return whether a test passes in a fork without any change: else it says nothing."""
        if name not in self._sound:
            self._sound[name] = self._fork(None, [name]) == SURVIVED
            if not self._sound[name]:
                self.broken.append(name)
                del self._items[name]
        return self._sound[name]

    def _in_order(self, names: set[str], mutant: Mutant) -> list[str]:
        """Return the tests to run: what killed others of its function, then the quickest."""
        names = names & self._items.keys()
        chosen, seconds = [], 0.0
        self._function = mutant.function

        def rank(name: str) -> tuple[int, float]:
            return -self._kills[mutant.function, name], self._costs[name]

        for one in sorted(names, key=rank):
            seconds += self._costs[one]
            if seconds > self.budget and chosen:
                self.shortened.add(mutant)
                break
            chosen.append(one)
        return chosen

    def _fork(self, change: str | None, names: list[str], *, anew: bool = False) -> str:
        """Run some tests in a process of their own, with a change, until one fails."""
        if not names:
            return SURVIVED
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            self._in_child(change, names, writer, anew=anew)
        os.close(writer)
        try:
            return self._watch(reader, names, patience=60.0 if anew else 0.0)
        finally:
            os.close(reader)
            _end(pid)

    def _watch(self, reader: int, names: list[str], patience: float) -> str:
        """Wait for one byte for each test that has passed, and one for how it ended."""
        for name in [*names, ""]:
            self._at = name or names[-1]
            allowed = MIN_TEST_SECONDS + PATIENCE * self._seconds.get(name, 0) + patience
            patience = 0.0
            if not select.select([reader], [], [], allowed)[0]:
                return TIMEOUT
            said = os.read(reader, 1)
            if said != PASSED:
                self._kills[self._function, name] += said == FAILED
                return {ENDED: SURVIVED, CAN_NOT_SWAP: UNSWAPPED}.get(said, KILLED)
        raise AssertionError("the child said more than it was asked")

    def _in_child(self, change: str | None, names: list[str], writer: int, *, anew: bool) -> None:
        """Say how it goes, and end, whatever happens."""
        try:
            os.setpgid(0, 0)
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            if change:
                self._swapper.swap(change)
            items = [self._items[one] for one in names]
            if anew:
                items[0].session._setupstate.teardown_exact(None)
            for one, following in zip(items, [*items[1:], items[-1]], strict=True):
                if not self._run(one, following):
                    os.write(writer, FAILED)
                    os._exit(0)
                os.write(writer, PASSED)
            os.write(writer, ENDED)
        except CanNotSwapError:
            os.write(writer, CAN_NOT_SWAP)
        finally:
            os._exit(0)


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def _end(pid: int) -> None:
    """End a child, and all that it has started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
