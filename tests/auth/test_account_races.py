"""Whatever overtakes whatever: what has ended of an account does nothing after its end.

Hypothesis chooses what comes to the writer's lock, and in which order. All of a round is decided
before the first of it is done: passwords are checked, tokens read, callers looked up. The log then
says in which order things really happened, for ids grow in the order of commits, so each promise is
read there: after the end of a session, of a password, of an account, of a script's token, of a link
or of a factor there is nothing that was done with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from collab.contact import links
from collab.contact.models import CHANGE, RESET
from collab.events.models import EventRow
from collab.extensions import db

from ..support.factors import App, asked, enrols, finishes
from ..support.locks import Line
from ..support.people import PASSWORD, Person, ok, register

NEW, NEWER = "another good one", "one by a mailed link"
#: What tells apart the people of one test's examples.
numbers = itertools.count(1)


@dataclass
class Scene:
    """Somebody with one of each credential, made before anything ends."""

    app: Flask
    admin: Person
    #: Changes things about the account.
    owner: Person
    #: Their other device, and their script.
    phone: Person
    script: Person
    script_id: int
    factor: App | None
    #: Of a log-in that has shown the password, and not yet the second factor.
    proof: str
    reset_link: str
    change_link: str
    #: What was asked for in which round, and the answer.
    done: list[tuple[str, httpx.Response]] = field(default_factory=list)
    #: The marks of what was done by which credential: titles of tasks, names of tokens.
    marks: dict[str, str] = field(default_factory=dict)

    def mark(self, by: str) -> str:
        made = f"mark {len(self.marks)}"
        self.marks[made] = by
        return made

    def session_of(self, person: Person) -> int:
        return self.sessions[person.token]

    sessions: dict[str, int] = field(default_factory=dict)


Act = Callable[[Scene, httpx.Client], httpx.Response]


def makes_task(by: str) -> Act:
    def act(scene: Scene, http: httpx.Client) -> httpx.Response:
        person: Person = getattr(scene, by)
        return person.at(http).post("/tasks", {"title": scene.mark(by)})

    return act


def makes_token(scene: Scene, http: httpx.Client) -> httpx.Response:
    """Make another script's token with the first password, on the phone."""
    body = {"name": scene.mark("phone, old"), "scopes": ["tasks:write"], "password": PASSWORD}
    return scene.phone.at(http).post("/auth/tokens", body)


def log_in(scene: Scene, http: httpx.Client) -> httpx.Response:
    body = {"email": scene.owner.email, "password": PASSWORD}
    return Person("nobody", http).post("/auth/login", body)


def second_step(scene: Scene, http: httpx.Client) -> httpx.Response:
    code = scene.factor.recovery_codes[0] if scene.factor else "000000"
    return finishes(Person("nobody", http), scene.proof, code=code)


def refresh(scene: Scene, http: httpx.Client) -> httpx.Response:
    return http.post("/api/v1/auth/refresh", json={"refresh_token": scene.phone.refresh_token})


def reset(scene: Scene, http: httpx.Client) -> httpx.Response:
    body = {"token": scene.reset_link, "new_password": NEWER}
    return http.post("/api/v1/auth/password/reset", json=body)


def change(scene: Scene, http: httpx.Client) -> httpx.Response:
    body = {"current_password": PASSWORD, "new_password": NEW}
    return scene.owner.at(http).post("/auth/password", body)


def move(scene: Scene, http: httpx.Client) -> httpx.Response:
    return scene.owner.at(http).post("/auth/email/confirm", {"token": scene.change_link})


def disable(scene: Scene, http: httpx.Client) -> httpx.Response:
    return scene.admin.at(http).patch(f"/users/{scene.owner.id}", {"disabled": True})


def end_phone(scene: Scene, http: httpx.Client) -> httpx.Response:
    return scene.owner.at(http).delete(f"/auth/sessions/{scene.session_of(scene.phone)}")


def revoke_script(scene: Scene, http: httpx.Client) -> httpx.Response:
    return scene.owner.at(http).delete(f"/auth/tokens/{scene.script_id}")


def factor_away(scene: Scene, http: httpx.Client) -> httpx.Response:
    return scene.admin.at(http).post(f"/users/{scene.owner.id}/second-factor/reset")


def factor_on(scene: Scene, http: httpx.Client) -> httpx.Response:
    begun = scene.phone.at(http).post("/auth/totp", {"password": PASSWORD})
    if begun.status_code >= 300:
        return begun
    code = App(begun.json()["secret"]).code(0)
    return scene.phone.at(http).post("/auth/totp/confirm", {"code": code})


ACTS: dict[str, Act] = {
    "phone makes a task": makes_task("phone"),
    "script makes a task": makes_task("script"),
    "owner makes a task": makes_task("owner"),
    "phone makes a token": makes_token,
    "log in": log_in,
    "second step": second_step,
    "refresh": refresh,
    "reset": reset,
    "change": change,
    "move": move,
    "disable": disable,
    "log out everywhere": lambda scene, http: scene.owner.at(http).post("/auth/logout-all"),
    "end phone": end_phone,
    "revoke script": revoke_script,
    "factor away": factor_away,
    "factor on": factor_on,
}
ROUND = st.lists(st.sampled_from(sorted(ACTS)), min_size=2, max_size=5)


#: Whether a second factor counts after an event.
FACTOR_AFTER = {"account.totp_enabled": True, "account.second_factors_removed": False}


@pytest.fixture
def scenes(app: Flask, ada: Person, nobody: Person) -> Callable[[bool], Scene]:
    """Return a maker of somebody new, with or without an authenticator app."""

    def make(with_factor: bool) -> Scene:
        owner = register(nobody.http, f"dora{next(numbers)}")
        phone = owner.logs_in()
        script = owner.makes_token("tasks:write")
        factor = enrols(owner) if with_factor else None
        proof = asked(nobody, owner)["proof"] if with_factor else "none"
        with app.app_context():
            mailed = {
                purpose: links.issue(purpose, address, links.RESET_LIFE, user_id=owner.id)
                for purpose, address in ((RESET, owner.email), (CHANGE, f"new-{owner.email}"))
            }
            db.session.commit()
        who = owner.comes_with(script["token"])
        links_of = (mailed[RESET], mailed[CHANGE])
        scene = Scene(app, ada, owner, phone, who, script["id"], factor, proof, *links_of)
        for one in (owner, phone):
            scene.sessions[one.token] = ok(one.get("/auth/verify"))["session_id"]
        return scene

    return make


def play(scene: Scene, rounds: list[list[str]]) -> None:
    """Let each round come to the lock, and be done, before the next one comes."""
    line = Line(scene.app)
    for names in rounds:
        acts = [lambda http, act=ACTS[name]: act(scene, http) for name in names]
        scene.done += zip(names, line.runs(acts), strict=True)


def told(scene: Scene) -> list[Any]:
    """Return what the log has of the person: `id`, `type` and `data`, in the order of commits."""
    mine = (EventRow.actor == scene.owner.id) | (EventRow.topic == f"user:{scene.owner.id}")
    with scene.app.app_context():
        query = select(EventRow.id, EventRow.type, EventRow.data).where(mine)
        return list(db.session.execute(query.order_by(EventRow.id)).all())


def first(rows: list[Any], kind: str, **data: Any) -> float:
    """Return the id of the first event of a type that says this; without one, the log's end."""
    found = (row for row in rows if row.type == kind and data.items() <= row.data.items())
    return next((row.id for row in found), float("inf"))


def marked(scene: Scene, rows: list[Any]) -> list[tuple[str, int]]:
    """Return by which credential something was done, and when."""
    names = [(row.data.get("title") or row.data.get("name"), row.id) for row in rows]
    return [(scene.marks[name], at) for name, at in names if name in scene.marks]


def check_marks(scene: Scene, rows: list[Any]) -> None:
    """Nothing was done by a session, a script or a password after its end."""
    password = first(rows, "account.password_changed")
    ends = {
        "phone": first(rows, "session.revoked", session_id=scene.session_of(scene.phone)),
        "owner": first(rows, "session.revoked", session_id=scene.session_of(scene.owner)),
        "script": first(rows, "account.token_revoked", token_id=scene.script_id),
    }
    ends["phone, old"] = min(ends["phone"], password)
    late = [(by, at) for by, at in marked(scene, rows) if at > ends[by]]
    assert late == [], ends
    disabled = first(rows, "account.disabled")
    assert [by for by, at in marked(scene, rows) if at > disabled] == []


def check_log_ins(scene: Scene, rows: list[Any]) -> None:
    """No session began by a password that was none any more, nor without a factor that counted."""
    closed = min(first(rows, "account.password_changed"), first(rows, "account.disabled"))
    has_factor = False
    for row in rows:
        has_factor = FACTOR_AFTER.get(row.type, has_factor)
        if row.type == "session.started" and row.data["by"] == "password":
            assert row.id < closed
            assert (row.data["factor"] is not None) >= has_factor


def check_links(scene: Scene, rows: list[Any]) -> None:
    """A link is good once, and one to an address that was left is good for nothing."""
    for name in ("reset", "move"):
        good = [one for what, one in scene.done if what == name and one.status_code < 300]
        assert len(good) <= 1, name
    by_link = [one for what, one in scene.done if what == "reset" and one.status_code < 300]
    by_owner = [one for what, one in scene.done if what == "change" and one.status_code < 300]
    changes = [row.id for row in rows if row.type == "account.password_changed"]
    assert len(changes) == len(by_link) + len(by_owner)
    if by_link and not by_owner:
        assert changes[0] < first(rows, "account.email_changed")


def check_what_is_left(scene: Scene, rows: list[Any]) -> None:
    """No token of a session that has ended is good, neither kind, whichever answer gave it."""
    ended = {row.data["session_id"] for row in rows if row.type == "session.revoked"}
    held = [(scene.owner.token, scene.owner.refresh_token)]
    held += [(scene.phone.token, scene.phone.refresh_token)]
    answers = [one.json() for _, one in scene.done if "access_token" in one.text]
    held += [(one["access_token"], one["refresh_token"]) for one in answers]
    nobody = Person("nobody", scene.admin.http)
    for access, renewal in held:
        seen = nobody.comes_with(access).get("/auth/verify")
        if seen.status_code == 200:
            assert seen.json()["session_id"] not in ended
        elif first(rows, "account.disabled") == float("inf"):
            again = nobody.post("/auth/refresh", {"refresh_token": renewal})
            assert again.status_code == 401, "a session that has ended gives no new token"
    if first(rows, "account.disabled") < float("inf"):
        made = [one.json()["token"] for _, one in scene.done if '"token":' in one.text]
        for script in (scene.script, *map(nobody.comes_with, made)):
            assert script.post("/tasks", {"title": "late"}).status_code == 401
        assert {nobody.comes_with(one).get("/auth/me").status_code for one, _ in held} == {401}
    if first(rows, "account.token_revoked", token_id=scene.script_id) < float("inf"):
        assert scene.script.post("/tasks", {"title": "late"}).status_code == 401
    if first(rows, "account.password_changed") < float("inf"):
        body = {"email": scene.owner.email, "password": PASSWORD}
        assert nobody.post("/auth/login", body).json().get("access_token") is None


CHECKS = (check_marks, check_log_ins, check_links, check_what_is_left)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(with_factor=st.booleans(), rounds=st.lists(ROUND, min_size=1, max_size=3))
@example(
    with_factor=False,
    rounds=[["disable", "log in", "refresh", "script makes a task", "phone makes a token"]],
)
@example(
    with_factor=True,
    rounds=[["reset", "second step", "reset", "phone makes a task"], ["move", "log in", "refresh"]],
)
@example(
    with_factor=False,
    rounds=[
        ["change", "phone makes a token", "log in", "refresh", "reset"],
        ["factor on", "log in"],
    ],
)
@example(
    with_factor=False,
    rounds=[["factor on", "log in", "move", "reset"], ["end phone", "refresh", "revoke script"]],
)
def test_what_has_ended_does_nothing_after_its_end(
    scenes: Callable[[bool], Scene], with_factor: bool, rounds: list[list[str]]
) -> None:
    scene = scenes(with_factor)
    play(scene, rounds)
    rows = told(scene)
    for check in CHECKS:
        check(scene, rows)
    assert [one.text for _, one in scene.done if one.status_code >= 500] == []
