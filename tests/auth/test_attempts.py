"""Who fails has to wait; whoever knows the password is let in, whatever others do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.auth.attempts import (
    COME_BACK_WITHIN_S,
    FORGET_GUESSES_S,
    GUESS_FACTOR,
    MAX_WAIT_S,
    SPRAY_FACTOR,
    Attempts,
    TooManyAttempts,
)

from ..conftest import http_for
from ..support.clocks import Clock
from ..support.people import PASSWORD, Person, ok

MOST = 5
FREE = MOST * GUESS_FACTOR
NETWORKS = [f"192.0.2.{number}" for number in range(1, 41)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return made(clock)


def made(clock: Clock) -> Attempts:
    return Attempts("5 per 15 minutes", clock)


def wait_of(attempts: Attempts, network: str, email: str = "alice", **more: bool) -> int:
    """Let somebody guess wrong; returns the seconds that they are told to wait, 0: they may."""
    try:
        attempts.begin(network, email, **more)
    except TooManyAttempts as refusal:
        return int(refusal.headers["Retry-After"])
    return 0


def succeeds(attempts: Attempts, network: str, email: str, **more: bool) -> None:
    attempts.forgive(attempts.begin(network, email, **more))


def test_without_a_limit_everybody_may_and_what_they_did_is_forgiven(clock: Clock) -> None:
    off = Attempts("off", clock)
    for _ in range(10 * MOST):
        assert wait_of(off, NETWORKS[0]) == 0
    succeeds(off, NETWORKS[0], "alice")


# -- log-ins that succeed lock nobody out ---------------------------------------------------------


def test_any_number_of_log_ins_from_one_network_succeed(attempts: Attempts) -> None:
    for number in range(MOST * SPRAY_FACTOR * 3):
        succeeds(attempts, NETWORKS[0], f"pupil{number % 30}", known=number >= 30)
    assert not wait_of(attempts, NETWORKS[0], "a pupil who mistypes")


def test_a_class_whose_members_mistype_and_then_log_in_is_not_locked_out(
    attempts: Attempts,
) -> None:
    for round_of_log_ins in range(10):
        for number in range(30):
            known = round_of_log_ins > 0
            assert not wait_of(attempts, NETWORKS[0], f"pupil{number}", known=known)
            succeeds(attempts, NETWORKS[0], f"pupil{number}", known=known)


def test_somebody_who_fails_on_purpose_keeps_nobody_out_who_was_there_before(
    attempts: Attempts,
) -> None:
    for number in range(MOST * SPRAY_FACTOR + 20):
        wait_of(attempts, NETWORKS[0], f"junk{number}")
    assert wait_of(attempts, NETWORKS[0], "stranger")
    succeeds(attempts, NETWORKS[0], "alice", known=True)


def test_to_know_one_password_forgives_no_guesses_at_others(attempts: Attempts) -> None:
    tried = 0
    for number in range(MOST * SPRAY_FACTOR * 2):
        tried += not wait_of(attempts, NETWORKS[0], f"victim{number}")
        with suppress(TooManyAttempts):
            succeeds(attempts, NETWORKS[0], "attacker")
    assert tried == MOST * SPRAY_FACTOR


step = st.tuples(
    st.sampled_from(NETWORKS[:4]),
    st.sampled_from(["alice", "bob", "charlie"]),
    st.booleans(),
    st.floats(0, 1200),
)


@given(st.lists(step, max_size=60))
def test_whoever_did_not_fail_there_is_let_in_where_they_were_before(
    steps: list[tuple[str, str, bool, float]],
) -> None:
    clock = Clock()
    attempts = made(clock)
    failed: set[tuple[str, str]] = set()
    for network, email, right, seconds in steps:
        clock.now += seconds
        if right and (network, email) not in failed:
            succeeds(attempts, network, email, known=True)
        elif not right:
            failed.add((network, email))
            wait_of(attempts, network, email)


# -- guesses at one account from many networks ----------------------------------------------------


def test_150_guesses_from_30_networks_are_not_150_answers(attempts: Attempts) -> None:
    waits = [wait_of(attempts, network) for _ in range(5) for network in NETWORKS[:30]]
    assert waits.count(0) == FREE


def test_each_further_network_waits_twice_as_long(attempts: Attempts) -> None:
    waits = [wait_of(attempts, network) for network in NETWORKS]
    doubled = [min(2**number, MAX_WAIT_S) for number in range(len(NETWORKS) - FREE)]
    assert waits == [0] * FREE + doubled


def test_many_networks_that_wait_as_told_guess_seldom(attempts: Attempts, clock: Clock) -> None:
    guessed, hours = 0, 24
    for _ in range(hours * 60):
        guessed += sum(not wait_of(attempts, network) for network in NETWORKS[:30])
        clock.now += 60
    at_first = FREE + MAX_WAIT_S.bit_length()
    assert guessed <= at_first + hours * 30


def test_the_owner_is_let_in_at_once_where_they_logged_in_before(attempts: Attempts) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    assert wait_of(attempts, "198.51.100.7")
    assert not wait_of(attempts, "198.51.100.7", known=True)


@given(st.integers(0, 60), st.lists(st.sampled_from(NETWORKS), max_size=60), st.integers(0, 600))
def test_the_owner_is_let_in_elsewhere_after_one_wait_whatever_others_do(
    before: int, meanwhile: list[str], late: int
) -> None:
    clock = Clock()
    attempts = made(clock)
    for number in range(before):
        wait_of(attempts, NETWORKS[number % len(NETWORKS)])
    wait = wait_of(attempts, "198.51.100.7")
    until = clock.now + wait
    for network in meanwhile:
        wait_of(attempts, network)
        clock.now += wait / len(meanwhile)
    clock.now = until + late
    assert wait <= MAX_WAIT_S
    assert not wait or not wait_of(attempts, "198.51.100.7")


def test_to_ask_again_too_early_makes_the_wait_no_longer(attempts: Attempts, clock: Clock) -> None:
    for network in NETWORKS[:-1]:
        wait_of(attempts, network)
    wait = wait_of(attempts, NETWORKS[-1])
    for left in range(wait, 0, -600):
        assert wait_of(attempts, NETWORKS[-1]) == left
        clock.now += min(600, left)
    assert not wait_of(attempts, NETWORKS[-1])


def test_a_promise_is_good_once(attempts: Attempts, clock: Clock) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    clock.now += MAX_WAIT_S - 1
    wait_of(attempts, "198.51.100.7")
    clock.now += 1
    assert [wait_of(attempts, NETWORKS[-1]) for _ in range(2)] == [0, MAX_WAIT_S]


def test_a_promise_is_not_good_for_ever(attempts: Attempts, clock: Clock) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    clock.now += MAX_WAIT_S - 1
    wait_of(attempts, "198.51.100.7")
    clock.now += COME_BACK_WITHIN_S + 2
    assert wait_of(attempts, NETWORKS[-1]) == MAX_WAIT_S


def test_guesses_at_one_account_hold_up_no_other(attempts: Attempts) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    assert not wait_of(attempts, NETWORKS[0], "bob")


def test_an_hour_later_all_is_forgotten(attempts: Attempts, clock: Clock) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    clock.now += FORGET_GUESSES_S + MAX_WAIT_S + COME_BACK_WITHIN_S
    assert not any(wait_of(attempts, network) for network in NETWORKS[:FREE])


def test_registering_is_no_guess(attempts: Attempts) -> None:
    for network in NETWORKS:
        wait_of(attempts, network)
    assert not wait_of(attempts, "198.51.100.7", guess=False)


# -- through the API ------------------------------------------------------------------------------


@pytest.fixture
def limited(make_app: object) -> Flask:
    """Return an application with the default limits behind a proxy that says from where."""
    return make_app(AUTH_RATE_LIMIT="5 per 15 minutes", TRUSTED_PROXIES="1")  # type: ignore[operator]


def log_in(app: Flask, address: str, person: Person, password: str = PASSWORD) -> int:
    with http_for(app) as http:
        body = {"email": person.email, "password": password}
        from_there = {"X-Forwarded-For": address}
        return http.post("/api/v1/auth/login", json=body, headers=from_there).status_code


def test_more_log_ins_from_one_address_than_may_fail_succeed(
    make_app: Callable[..., Flask], alice: Person, bob: Person
) -> None:
    strict = make_app(AUTH_RATE_LIMIT="1 per 15 minutes", TRUSTED_PROXIES="1")
    people = [alice, bob] * SPRAY_FACTOR
    assert {log_in(strict, "192.0.2.1", person) for person in people} == {200}


def test_guesses_from_many_addresses_leave_the_owner_alone(limited: Flask, alice: Person) -> None:
    assert log_in(limited, "198.51.100.7", alice) == 200
    guesses = [log_in(limited, network, alice, "wrong") for network in NETWORKS[:30]]
    assert guesses.count(401) == FREE
    assert set(guesses) == {401, 429}
    assert log_in(limited, "198.51.100.7", alice) == 200


def test_an_unknown_address_is_held_up_like_an_account(limited: Flask, alice: Person) -> None:
    unknown = Person("nobody-has-this", alice.http)
    known, other = (
        [log_in(limited, network, who, "wrong") for network in NETWORKS[:20]]
        for who in (alice, unknown)
    )
    assert known == other


@pytest.mark.parametrize(
    "spelling",
    ["2001:db8:1:2::{:x}", "2001:DB8:1:2:{:x}::1", "[2001:db8:1:2::{:x}]:99"],
)
def test_all_addresses_of_one_64_fail_together(
    limited: Flask, alice: Person, spelling: str
) -> None:
    guesses = [log_in(limited, spelling.format(n), alice, "wrong") for n in range(1, 8)]
    assert guesses == [401] * 5 + [429] * 2


def test_an_ipv4_address_fails_together_with_its_ipv6_spelling(
    limited: Flask, alice: Person
) -> None:
    spellings = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"] * 2
    guesses = [log_in(limited, one, alice, "wrong") for one in spellings]
    assert guesses == [401] * 5 + [429]


def test_a_changed_password_forgets_where_others_logged_in(limited: Flask, alice: Person) -> None:
    assert log_in(limited, "203.0.113.9", alice) == 200
    with http_for(limited) as http:
        new = {"current_password": PASSWORD, "new_password": "another good one"}
        ok(alice.at(http).post("/auth/password", new))
    for network in NETWORKS:
        log_in(limited, network, alice, "wrong")
    assert log_in(limited, "203.0.113.9", alice, "another good one") == 429
