"""What tests of backups share: the command line, and what lies in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from flask import Flask

from ..conftest import SETTINGS
from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from .zebulonia import AGENT, EMAIL, NAME

Command = Callable[..., Result]


@pytest.fixture
def command() -> Command:
    """Return what runs a command of an application: `command(app, "backup", path)`."""

    def run(app: Flask, *arguments: object, **options: object) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=[str(one) for one in arguments], **options)

    return run


@pytest.fixture
def empty_app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """Return an application whose folder is new: to restore into."""
    return make_app(INSTANCE_PATH=str(tmp_path / "restored"))


@made_once
def with_zeb(http: httpx.Client, project: int) -> tuple[int, str]:
    """Return the id and the token of somebody with something of everything."""
    account = {"email": EMAIL, "password": PASSWORD, "name": NAME}
    headers = {"User-Agent": AGENT}
    signed_in = ok(http.post("/api/v1/auth/register", json=account, headers=headers))
    http.post("/api/v1/auth/login", json=account | {"password": "wrong password"})
    http.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}, headers=headers)
    zeb = Person("zeb", http, signed_in["user"]["id"], signed_in["access_token"])
    task = zeb.makes_task("A plumbiferous task", description="xanthocarpous " * 500)
    ok(zeb.patch(f"/tasks/{task['id']}", {"title": "A mirabilifolious task"}))
    zeb.comments(task["id"], "A vexillological comment")
    zeb.writes("Plumbiferous", "xanthocarpous", status="published")
    zeb.uploads(b"ombrophobous bytes")
    zeb.submits(value="vexillological")
    ok(zeb.post("/tasks", {"title": "vexillological"}, headers={"Idempotency-Key": "plumbiferous"}))
    return zeb.id, zeb.token


@pytest.fixture
def zeb(with_zeb: tuple[int, str], http: httpx.Client) -> Person:
    """Return her."""
    return Person("zeb", http, *with_zeb)


@made_once
def together(with_zeb: tuple[int, str], http: httpx.Client, alice: Person, project: int) -> int:
    """Let her work in alice's project, and return the task that she comments on."""
    alice.invites(project, EMAIL)
    task = alice.makes_task("Launch", project_id=project)["id"]
    Person("zeb", http, *with_zeb).comments(task, "I will see to it")
    ok(alice.patch(f"/tasks/{task}", {"assignee_id": with_zeb[0]}))
    return int(task)


__all__ = ["SETTINGS"]
