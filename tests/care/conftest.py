"""What tests of backups share: the command line, and what lies in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from flask import Flask

from ..conftest import SETTINGS, close, http_for, make_lasting
from ..support import databases
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


def _makes_zeb(http: httpx.Client) -> Person:
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
    return zeb


def _brings_together(zeb: Person, alice: Person, project: int) -> int:
    alice.invites(project, EMAIL)
    task = alice.makes_task("Launch", project_id=project)["id"]
    zeb.comments(task, "I will see to it")
    ok(alice.patch(f"/tasks/{task}", {"assignee_id": zeb.id}))
    return int(task)


@dataclass
class Begun:
    """A database that zeb is in, with the files beside it, and the task of hers and alice's."""

    database: Path
    zeb: Person
    task: int = 0


@pytest.fixture(scope="session")
def template_with_zeb(
    template_with_project: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory
) -> Begun:
    """Make a database with her in it, once."""
    folder = tmp_path_factory.mktemp("template-with-zeb")
    app = make_lasting(folder, **databases.copy(template_with_project[0], folder))
    zeb = _makes_zeb(http_for(app))
    close(app)
    return Begun(folder / "collab.db", zeb)


@pytest.fixture(scope="session")
def template_together(
    template_with_zeb: Begun,
    template: tuple[Path, dict[str, Person]],
    template_with_project: tuple[Path, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Begun:
    """Make the same database with what she does in alice's project, once."""
    folder = tmp_path_factory.mktemp("template-together")
    app = make_lasting(folder, **databases.copy(template_with_zeb.database, folder))
    http, project = http_for(app), template_with_project[1]
    task = _brings_together(template_with_zeb.zeb.at(http), template[1]["alice"].at(http), project)
    close(app)
    return Begun(folder / "collab.db", template_with_zeb.zeb, task)


@pytest.fixture
def beginning(request: pytest.FixtureRequest, beginning: Path) -> Path:
    """Return the database that this test's is a copy of: one with her, if it asks for her."""
    asked = request.fixturenames
    name = "template_together" if "together" in asked else "template_with_zeb"
    return request.getfixturevalue(name).database if "zeb" in asked else beginning


@pytest.fixture
def begins_with_project(begins_with_project: bool, request: pytest.FixtureRequest) -> bool:
    """Tell whether this test's database has alice's project from the beginning."""
    return begins_with_project or "zeb" in request.fixturenames


@pytest.fixture
def zeb(app: Flask, template_with_zeb: Begun, http: httpx.Client) -> Person:
    """Return somebody with something of everything."""
    kept = template_with_zeb.database.parent / "blobs"
    shutil.copytree(kept, app.config["INSTANCE_PATH"] / "blobs")
    return template_with_zeb.zeb.at(http)


@pytest.fixture
def together(zeb: Person, template_together: Begun) -> int:
    """Let her work in alice's project, and return the task that she comments on."""
    assert zeb.id
    return template_together.task


__all__ = ["SETTINGS"]
