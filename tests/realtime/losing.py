"""The ways in which somebody loses rights, for the tests of what happens then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from ..support import history
from ..support.grace import age
from ..support.people import PASSWORD, Person, ok
from ..support.writers import Writer


@dataclass
class Scene:
    """Bob is about to lose access to alice's project, or a session."""

    alice: Person
    ada: Person
    bob: Person
    project: int
    writer: Writer
    app: Flask
    #: Bob at another device.
    elsewhere: Person
    session: int
    #: The last id in the log.
    start: int

    def loses(self, way: Callable[[Scene], None]) -> None:
        """Take it away in the middle of what somebody else writes."""
        with self.writer as writer:
            writer.writes(3)
            way(self)
            writer.writes(6)

    @property
    def border(self) -> int:
        """Return the id of the row that took the right away."""
        return next(row.id for row in history.rows(self.app, after=self.start) if self._says(row))

    def _says(self, row: Any) -> bool:
        concerned = row.data.get("user_id"), row.data.get("session_id", self.session)
        return row.type == "project.deleted" or (
            row.type in ("member.removed", "session.revoked", "account.role_changed")
            and concerned == (self.bob.id, self.session)
        )

    def due(self) -> list[int]:
        """Return the ids of the project's rows up to that one."""
        behind = history.ids(self.app, f"project:{self.project}", after=self.start)
        return [one for one in behind if one <= self.border]


def remove(scene: Scene) -> None:
    ok(scene.alice.delete(f"/projects/{scene.project}/members/{scene.bob.id}"))


def leave(scene: Scene) -> None:
    ok(scene.elsewhere.delete(f"/projects/{scene.project}/members/{scene.bob.id}"))


def delete_project(scene: Scene) -> None:
    ok(scene.alice.delete(f"/projects/{scene.project}"))


def disable(scene: Scene) -> None:
    ok(scene.ada.patch(f"/users/{scene.bob.id}", {"disabled": True}))


def log_out(scene: Scene) -> None:
    ok(scene.bob.post("/auth/logout"))


def log_out_everywhere(scene: Scene) -> None:
    ok(scene.elsewhere.post("/auth/logout-all"))


def change_password(scene: Scene) -> None:
    passwords = {"current_password": PASSWORD, "new_password": "another correct horse"}
    ok(scene.elsewhere.post("/auth/password", passwords))


def end_session(scene: Scene) -> None:
    ok(scene.elsewhere.delete(f"/auth/sessions/{scene.session}"))


def reuse_refresh_token(scene: Scene) -> None:
    scene.app.config["REFRESH_GRACE_SECONDS"] = 0  # within it, it is another tab
    token = {"refresh_token": scene.bob.refresh_token}
    ok(scene.bob.post("/auth/refresh", token))
    age(scene.app)
    assert scene.bob.post("/auth/refresh", token).status_code == 401


def change_global_role(scene: Scene) -> None:
    ok(scene.ada.patch(f"/users/{scene.bob.id}", {"role": "admin"}))


#: Each with the type of the event that says so.
PROJECT = [
    pytest.param(remove, "member.removed", id="removed"),
    pytest.param(leave, "member.removed", id="left"),
    pytest.param(delete_project, "project.deleted", id="project-deleted"),
]
SESSION = [
    pytest.param(disable, "session.revoked", id="disabled"),
    pytest.param(log_out, "session.revoked", id="logged-out"),
    pytest.param(log_out_everywhere, "session.revoked", id="logged-out-everywhere"),
    pytest.param(change_password, "session.revoked", id="password-changed-elsewhere"),
    pytest.param(end_session, "session.revoked", id="session-ended"),
    pytest.param(reuse_refresh_token, "session.revoked", id="refresh-token-reused"),
    pytest.param(change_global_role, "account.role_changed", id="global-role-changed"),
]
#: Another global role ends connections, so that they are made anew; requests go on with it.
SESSION_ENDS = SESSION[:-1]
