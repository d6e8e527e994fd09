"""Keys are replaced while the service runs: nobody is logged out, and two processes agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from collab.core.security.keys import Kept, read_kept, write_kept
from collab.maintenance import keys

from ..conftest import http_for
from ..support.people import PASSWORD, ok

OWN = {"SECRET_KEY": "", "JWT_SECRET_KEY": "", "SEALING_KEY": ""}
NOW = datetime(2026, 11, 29, tzinfo=UTC)


class Process:
    """An application, and what a person does with it."""

    def __init__(self, app: Flask) -> None:
        self.app, self.http = app, http_for(app)

    def signs_in(self) -> tuple[str, str]:
        body = {"email": "alice@example.com", "password": PASSWORD}
        tokens = ok(self.http.post("/api/v1/auth/login", json=body))
        return tokens["access_token"], tokens["refresh_token"]

    def knows(self, access: str) -> bool:
        headers = {"Authorization": f"Bearer {access}"}
        return self.http.get("/api/v1/auth/me", headers=headers).status_code == 200

    def refreshes(self, refresh: str) -> int:
        return self.http.post("/api/v1/auth/refresh", json={"refresh_token": refresh}).status_code

    def rotates(self, *, forget: bool = False) -> list[str]:
        with self.app.app_context():
            return list(keys.rotate(self.app, forget=forget))


@pytest.fixture
def two(make_app: Callable[..., Flask]) -> Iterator[tuple[Process, Process]]:
    """Return two processes of one installation, whose folder keeps the keys."""
    with ExitStack() as stack:
        one, other = Process(make_app(**OWN)), Process(make_app(**OWN))
        stack.callback(one.http.close)
        stack.callback(other.http.close)
        yield one, other


def test_nobody_is_logged_out_and_each_process_knows_the_others_tokens(two) -> None:
    one, other = two
    before = one.signs_in()
    assert one.rotates()[1].startswith("JWT_SECRET_KEY: ")

    after = one.signs_in()

    for process in two:
        assert process.knows(before[0])
        assert process.knows(after[0])
    assert [other.refreshes(before[1]), other.refreshes(after[1])] == [200, 200]
    newest = read_kept(one.app.config["INSTANCE_PATH"] / "jwt_secret_key")
    assert len(newest) == 2


def test_a_process_that_has_not_looked_yet_signs_what_the_other_accepts(two) -> None:
    one, other = two
    one.rotates()
    assert one.knows(other.signs_in()[0])


def test_keys_that_are_forgotten_at_once_log_everybody_out(two) -> None:
    one, other = two
    before = one.signs_in()
    assert one.knows(before[0])
    one.rotates(forget=True)

    assert not one.knows(before[0]), "though it had verified it before"
    assert one.refreshes(before[1]) == 401
    after = one.signs_in()
    assert other.knows(after[0])
    assert not other.knows(before[0])


def test_a_repeated_request_is_known_across_a_rotation(two) -> None:
    one, _ = two
    headers = {"Authorization": f"Bearer {one.signs_in()[0]}", "Idempotency-Key": "k"}
    body = {"title": "Once"}
    first = one.http.post("/api/v1/tasks", json=body, headers=headers)
    one.rotates()
    again = one.http.post("/api/v1/tasks", json=body, headers=headers)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_keys_of_settings_are_left_alone(app: Flask) -> None:
    with app.app_context():
        assert all("is a setting" in line for line in keys.rotate(app, forget=False))


def test_an_older_key_goes_once_nothing_of_it_can_be_good() -> None:
    newest, older, oldest = (
        Kept("3", NOW),
        Kept("2", NOW - timedelta(days=8)),
        Kept("1"),
    )
    week = NOW - timedelta(days=7)
    assert keys.good([newest, older, oldest], week) == [newest, older]
    assert keys.good([older, oldest], NOW - timedelta(days=9)) == [older, oldest]
    assert keys.good([oldest], week) == [oldest]


def test_a_file_of_keys_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = [Kept("new", NOW), Kept("old one, with spaces")]
    write_kept(tmp_path / "key", kept)
    assert read_kept(tmp_path / "key") == kept
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_a_key_that_was_rotated_while_secrets_are_resealed_keeps_the_older_ones(two) -> None:
    one, other = two
    with one.app.app_context():
        resealing = keys.reseal(one.app)
        assert next(resealing) == "0 secrets were resealed."
        other.rotates()
        assert list(resealing) == ["The key was rotated meanwhile: run it again."]
    assert len(read_kept(one.app.config["INSTANCE_PATH"] / "sealing_key")) == 2
