"""Spare boxes: for a language that was run lately, one is made before the next run comes.

Making a box takes as long as most code does, and can be done without the code. Each is used once,
spare or not.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from typing import NamedTuple

from ...core.parts import BackgroundThread
from ..languages import Language
from ..programs import Installed
from .box import Box, SandboxError
from .command import Tools

#: Seconds that a box waits for a run; then nobody is running code at present, and it is discarded.
WAITS_S = 30.0


class Recipe(NamedTuple):
    """What a box for code without input and files is made of; `wall_s` is its time in seconds."""

    tools: Tools
    language: Language
    interpreter: Installed
    wall_s: float

    def make(self) -> Box:
        """Make such a box; raises SandboxError."""
        return Box(*self, stdin=False)


class SpareBoxes(BackgroundThread):
    """Spare boxes, at most one of a recipe, each for `waits_s` seconds.

    One thread makes them all, since a box dies with the thread that made it; it starts with the
    first. Any thread may take one.
    """

    def __init__(self, waits_s: float = WAITS_S) -> None:
        super().__init__("spare-boxes")
        self._waits_s = waits_s
        self._lock = threading.Lock()
        self._boxes: dict[Recipe, tuple[Box, float]] = {}
        #: What to make next; None says that it is time to end.
        self._wanted: queue.SimpleQueue[Recipe | None] = queue.SimpleQueue()

    def take(self, recipe: Recipe) -> Box | None:
        """Return the waiting box, if there is one; the caller has to end it."""
        box = self._pop(recipe)
        if box is not None and box.over:  # somebody else has killed it
            _end(box)
            return None
        return box

    def replace(self, recipe: Recipe) -> None:
        """Have a box made for the next run: one has just ended, and nothing needs the processor."""
        self._wanted.put(recipe)
        self.start()

    def _wake(self) -> None:
        self._wanted.put(None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Empty):
                if recipe := self._wanted.get(timeout=self._patience()):
                    self._make(recipe)
            self._end_those_until(time.monotonic() - self._waits_s)
        self._end_those_until(math.inf)

    def _make(self, recipe: Recipe) -> None:
        if recipe in self._boxes:  # only this thread adds one
            return
        with contextlib.suppress(SandboxError):  # the next run fails the same way, and says so
            box = recipe.make()
            with self._lock:
                self._boxes[recipe] = box, time.monotonic()

    def _patience(self) -> float | None:
        """Return the seconds until the oldest box has waited too long; None without a box."""
        with self._lock:
            oldest = min((made_at for _, made_at in self._boxes.values()), default=None)
        return None if oldest is None else max(0.0, oldest + self._waits_s - time.monotonic())

    def _end_those_until(self, moment: float) -> None:
        with self._lock:
            old = [recipe for recipe, (_, made_at) in self._boxes.items() if made_at <= moment]
        for recipe in old:
            if box := self._pop(recipe):
                _end(box)

    def _pop(self, recipe: Recipe) -> Box | None:
        with self._lock:
            box, _ = self._boxes.pop(recipe, (None, 0.0))
        return box


def _end(box: Box) -> None:
    with contextlib.closing(box):
        box.kill()
        box.end()
