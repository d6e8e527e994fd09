"""A body may have 1 MiB, however it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ..support.people import Person
from ..support.problems import problem

LIMIT = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def padded(size: int) -> bytes:
    """Return a good body of exactly this many bytes."""
    return b'{"name": "x"}'.ljust(size)


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@pytest.fixture
def caller(wired: httpx.Client, alice: Person) -> Person:
    """Return alice, over a real connection."""
    return alice.at(wired)


def test_a_body_of_exactly_the_limit_is_taken(caller: Person) -> None:
    made = caller.request("POST", "/projects", content=padded(LIMIT), headers=JSON)
    assert made.status_code == 201


def test_one_byte_more_is_413(caller: Person) -> None:
    problem(caller.request("POST", "/projects", content=padded(LIMIT + 1), headers=JSON), 413)


def test_a_body_in_chunks_is_taken(caller: Person) -> None:
    made = caller.request("POST", "/projects", content=chunks(padded(LIMIT - 1)), headers=JSON)
    assert made.status_code == 201


def test_too_many_chunks_are_413(caller: Person) -> None:
    body = chunks(padded(LIMIT + 1))
    problem(caller.request("POST", "/projects", content=body, headers=JSON), 413)


def test_a_large_body_with_a_key_is_413(caller: Person) -> None:
    headers = JSON | {"Idempotency-Key": "k"}
    problem(caller.request("POST", "/projects", content=padded(LIMIT + 1), headers=headers), 413)


def test_a_body_that_is_refused_leaves_the_key_free(caller: Person) -> None:
    headers = JSON | {"Idempotency-Key": "k"}
    caller.request("POST", "/projects", content=padded(LIMIT + 1), headers=headers)
    assert caller.post("/projects", {"name": "x"}, headers=headers).status_code == 201


def test_a_stranger_is_told_so_before_their_body_is_read(wired: httpx.Client) -> None:
    problem(wired.post("/api/v1/projects", content=padded(LIMIT + 1), headers=JSON), 401)
