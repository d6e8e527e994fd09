"""What counts as a failure, of whom, and what a log-in that succeeds forgives."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from flask import Flask

from collab.auth.attempts import ATTEMPTS, GUESS_FACTOR, Attempts
from collab.core import slots

from ..support.clocks import Clock
from .test_attempts import MOST, NETWORKS, succeeds, wait_of

NEW, KNOWN = "198.51.100.7", "203.0.113.9"


def guessed_at(clock: Clock) -> Attempts:
    """Return counts of an account that many networks have guessed at, as often as is free."""
    attempts = Attempts(f"{MOST} per 15 minutes", clock)
    for network in NETWORKS[: MOST * GUESS_FACTOR]:
        assert wait_of(attempts, network) == 0
    return attempts


def test_whoever_logs_in_where_they_were_before_forgives_no_guesses_of_others() -> None:
    attempts = guessed_at(Clock())
    for _ in range(3 * MOST * GUESS_FACTOR):
        succeeds(attempts, KNOWN, "alice", known=True)
    assert wait_of(attempts, NEW) > 0


def test_being_told_to_wait_is_no_failure_of_ones_own() -> None:
    clock = Clock()
    attempts = guessed_at(clock)
    for _ in range(MOST):
        clock.now += (told := wait_of(attempts, NEW))
        assert 0 < told < 60  # else it is the own limit, and its quarter of an hour
        assert wait_of(attempts, NEW) == 0
    assert wait_of(attempts, NEW) > 60


def test_a_log_in_that_succeeds_gives_its_network_back_what_that_person_had_failed() -> None:
    """All of it and no more, whatever was refused there meanwhile."""
    attempts = Attempts(f"{MOST} per 15 minutes", Clock())
    for _ in range(MOST - 1):
        assert wait_of(attempts, NEW) == 0
    strangers = (f"stranger{number}" for number in count())
    while not wait_of(attempts, NEW, next(strangers)):
        pass
    for _ in range(MOST):
        assert wait_of(attempts, NEW, next(strangers))
    succeeds(attempts, NEW, "alice", known=True)
    let_in = [not wait_of(attempts, NEW, next(strangers)) for _ in range(2 * MOST)]
    assert let_in.count(True) == MOST - 1


def test_the_processes_of_a_server_count_together(make_app: Callable[..., Flask]) -> None:
    app = make_app(AUTH_RATE_LIMIT=f"{MOST} per 15 minutes", WEB_PROCESSES="2")
    for _ in range(MOST):
        assert wait_of(ATTEMPTS.of(app), NEW) == 0
    slots.renew(app)  # as in another one after the fork: what each makes, and what they share
    assert wait_of(ATTEMPTS.of(app), NEW) > 0
