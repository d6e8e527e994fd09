"""Holding the writer's lock while others come to it, and changing what they had decided by then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
from flask import Flask

from collab.core.database import TURNS

from . import databases
from .people import Person
from .waiting import PATIENCE, eventually

Act = Callable[[Person], httpx.Response]


class Queue:
    """Requests that have come as far as the writer's lock, which a test holds like a process."""

    def __init__(self, app: Flask, instance: Path) -> None:
        self.app = app
        self.database = databases.opened(instance)

    def overtaken(
        self,
        acts: Sequence[tuple[Person, Act]],
        change: str,
        then: Callable[[], object] = lambda: None,
    ) -> list[httpx.Response]:
        """Let requests run up to the lock, make a change by SQL first; returns their answers."""
        with ThreadPoolExecutor(len(acts)) as pool:
            self.database.execute("BEGIN IMMEDIATE")
            try:
                waiting = [pool.submit(self._run, *act) for act in acts]
                eventually(lambda: TURNS.of(self.app).taken or _over(waiting))
                self.database.execute(change)
                then()
            finally:
                self.database.execute("COMMIT")
            return [one.result() for one in waiting]

    def _run(self, person: Person, act: Act) -> httpx.Response:
        with httpx.Client(
            transport=httpx.WSGITransport(app=self.app), base_url="http://collab.test"
        ) as http:
            return act(person.at(http))


def _over(waiting: Sequence[Future[httpx.Response]]) -> bool:
    return all(one.done() for one in waiting)


class Line:
    """Requests that stand before the writer's lock in an order, all decided before any is done."""

    def __init__(self, app: Flask) -> None:
        self.app, self._turns = app, TURNS.of(app)

    def runs(
        self, acts: Sequence[Callable[[httpx.Client], httpx.Response]]
    ) -> list[httpx.Response]:
        """Let each come as far as the lock, or to its end, before the next one; then open it."""
        with ThreadPoolExecutor(len(acts)) as pool:
            begun: list[Future[httpx.Response]] = []
            with self._turns.one(PATIENCE):
                for act in acts:
                    begun.append(pool.submit(self._run, act))
                    eventually(lambda: self._stand() + sum(map(Future.done, begun)) >= len(begun))
            return [one.result() for one in begun]

    def _stand(self) -> int:
        return self._turns._lock.waiting

    def _run(self, act: Callable[[httpx.Client], httpx.Response]) -> httpx.Response:
        with httpx.Client(
            transport=httpx.WSGITransport(app=self.app), base_url="http://collab.test"
        ) as http:
            return act(http)
