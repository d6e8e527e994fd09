"""Files have up to 25 MiB each, and a person's together up to a quota; a key sends one once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from ..conftest import http_for
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses
from ..support.servers import ThreadServer
from .disk import files_in
from .forms import fill_in, form, send

LIMIT = 25 * 2**20


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 2**16):
        yield bytes(min(2**16, size - start))


# -- how large ------------------------------------------------------------------------------------


@pytest.fixture
def wired(server: ThreadServer, over: Callable[..., Person], alice: Person) -> Person:
    """Return alice, over a real connection."""
    return over(server, alice)


def test_25_mib_are_taken(wired: Person, instance: Path) -> None:
    assert ok(send(wired, bytes(LIMIT)))["size"] == LIMIT
    assert [len(one) for one in files_in(instance)] == [LIMIT]


def test_25_mib_in_a_form_are_taken(wired: Person) -> None:
    assert ok(fill_in(wired, "large", bytes(LIMIT)))["size"] == LIMIT


def test_25_mib_without_a_length_are_taken(wired: Person) -> None:
    assert ok(send(wired, pieces(LIMIT)))["size"] == LIMIT


def test_one_byte_more_is_413_and_leaves_nothing(alice: Person, instance: Path) -> None:
    problem(send(alice, bytes(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_one_byte_more_in_a_form_is_413_and_leaves_nothing(alice: Person, instance: Path) -> None:
    problem(fill_in(alice, "large", bytes(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_one_byte_more_without_a_length_is_413_and_leaves_nothing(
    wired: Person, instance: Path
) -> None:
    problem(send(wired, pieces(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_far_too_much_is_413_by_its_length_alone(alice: Person) -> None:
    headers = {"Content-Length": str(10**12)}
    problem(alice.request("POST", "/uploads", content=b"x", headers=headers), 413)


def test_a_body_without_a_length_is_taken(wired: Person) -> None:
    made = ok(send(wired, pieces(200_000)))
    assert (made["size"], made["sha256"]) == (
        200_000,
        hashlib.sha256(bytes(200_000)).hexdigest(),
    )


def test_an_empty_body_without_a_length_is_400(wired: Person) -> None:
    problem(send(wired, iter([b""])), 400)


# -- the quota ------------------------------------------------------------------------------------


@pytest.fixture
def tight(make_app: Callable[..., Flask], alice: Person, bob: Person) -> Iterator[list[Person]]:
    """Return alice and bob, who may keep 1 MiB each."""
    with http_for(make_app(UPLOAD_QUOTA_MB="1")) as client:
        yield [alice.at(client), bob.at(client)]


MIB = 2**20


def test_the_quota_can_be_used_up(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB - 1))
    assert send(tight[0], b"x").status_code == 201


def test_more_than_the_quota_is_413_and_leaves_nothing(tight: list[Person], instance: Path) -> None:
    tight[0].uploads(bytes(MIB))
    problem(send(tight[0], b"x"), 413)
    assert [len(one) for one in files_in(instance)] == [MIB]


def test_the_same_bytes_count_again(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB))
    problem(send(tight[0], bytes(MIB)), 413)


def test_what_is_deleted_counts_no_more(tight: list[Person]) -> None:
    made = tight[0].uploads(bytes(MIB))
    tight[0].delete(f"/uploads/{made['id']}")
    assert send(tight[0], b"x").status_code == 201


def test_each_person_has_a_quota(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB))
    assert send(tight[1], b"x").status_code == 201


def test_uploads_to_a_project_count_for_who_sent_them(tight: list[Person]) -> None:
    project_id = tight[0].makes_project(bob="collaborator")
    tight[1].uploads(bytes(MIB), project_id=project_id)
    assert send(tight[0], b"x", project_id=project_id).status_code == 201
    problem(send(tight[1], b"x"), 413)


def test_many_at_once_stay_within_the_quota(
    make_app: Callable[..., Flask], alice: Person, instance: Path
) -> None:
    sends = [lambda who, name=name: send(who, name * 300_000) for name in (b"a", b"b", b"c") * 3]
    app = make_app(UPLOAD_QUOTA_MB="1")
    answers = at_once(app, *((alice, one) for one in sends))
    assert statuses(answers) == [201] * 3 + [413] * 6
    assert len(files_in(instance)) <= 3


# -- once -----------------------------------------------------------------------------------------

KEY = {"Idempotency-Key": "k"}


def test_a_key_makes_one_upload_of_two_requests(alice: Person) -> None:
    answers = [alice.request("POST", "/uploads", content=b"x", headers=KEY) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(ok(alice.get("/uploads"))["items"]) == 1


def test_a_form_takes_a_key_too(alice: Person) -> None:
    head = b'Content-Disposition: form-data; name="file"; filename="a"'
    sent = form(head)
    sent["headers"] |= KEY
    answers = [alice.request("POST", "/uploads", **sent) for _ in range(2)]
    assert ok(answers[0]) == ok(answers[1])


def test_another_file_under_the_same_key_is_422(alice: Person) -> None:
    alice.request("POST", "/uploads", content=b"x", headers=KEY)
    problem(alice.request("POST", "/uploads", content=b"y", headers=KEY), 422)


def test_another_name_under_the_same_key_is_422(alice: Person) -> None:
    alice.request("POST", "/uploads?name=a", content=b"x", headers=KEY)
    problem(alice.request("POST", "/uploads?name=b", content=b"x", headers=KEY), 422)


def test_25_mib_with_a_key_are_taken(alice: Person) -> None:
    made = ok(alice.request("POST", "/uploads", content=bytes(LIMIT), headers=KEY))
    assert made["size"] == LIMIT


def test_too_much_with_a_key_leaves_the_key_free(alice: Person) -> None:
    problem(alice.request("POST", "/uploads", content=bytes(LIMIT + 1), headers=KEY), 413)
    assert alice.request("POST", "/uploads", content=b"x", headers=KEY).status_code == 201
