"""Several people doing something at the same moment, each on a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
from flask import Flask

from .people import Person

Act = Callable[[Person], httpx.Response]


def at_once(app: Flask, *acts: tuple[Person, Act]) -> list[httpx.Response]:
    """Let each person act when all are ready; returns the answers in the same order."""
    start = threading.Barrier(len(acts))

    def run(act: tuple[Person, Act]) -> httpx.Response:
        with httpx.Client(
            transport=httpx.WSGITransport(app), base_url="http://collab.test"
        ) as http:
            start.wait(30)
            return act[1](act[0].at(http))

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def statuses(answers: Sequence[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)
