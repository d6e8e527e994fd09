"""The installation at a glance."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.extensions import db
from collab.mail import outbox
from collab.mail.message import Mail

from ..support.people import Person, ok

pytestmark = pytest.mark.usefixtures("declared")


def numbers(ada: Person) -> dict[str, Any]:
    found: dict[str, Any] = ok(ada.get("/installation"))
    return found


def test_it_counts_what_there_is(app: Flask, ada: Person, alice: Person, bob: Person) -> None:
    before = numbers(ada)
    project = alice.makes_project()
    alice.submits(project_id=project)
    hook = {"name": "CI", "url": "https://example.com/hook"}
    webhook = ok(alice.post(f"/projects/{project}/webhooks", hook))["id"]
    ok(alice.patch(f"/webhooks/{webhook}", {"state": "paused"}))
    bob.logs_in()
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    with app.app_context():
        outbox.send(Mail(alice.email, "Hello", "World\n"))
        db.session.commit()
    now = numbers(ada)

    def grown(*path: str) -> int:
        old, new = before, now
        for name in path:
            old, new = old[name], new[name]
        return int(new) - int(old)  # type: ignore[call-overload]

    assert grown("projects") == 1
    assert grown("jobs", "queued") == 2, "the job and the mail's"
    assert grown("webhooks", "paused") == 1
    assert grown("people", "disabled") == 1
    assert grown("people", "all") == 0
    assert grown("mails", "waiting") == 1
    assert grown("sessions") == -1, "bob's two, and the one more have ended"
    assert now["storage"]["kept_bytes"] > before["storage"]["kept_bytes"]
    assert now["storage"]["free_bytes"] > 0


def test_an_admin_lets_a_webhook_go_on_and_its_project_sees_who(ada: Person, alice: Person) -> None:
    project = alice.makes_project()
    hook = {"name": "CI", "url": "https://example.com/hook"}
    webhook = ok(alice.post(f"/projects/{project}/webhooks", hook))["id"]
    for state in ("paused", "active"):
        ok(ada.patch(f"/webhooks/{webhook}", {"state": state}))
        told = ok(alice.get(f"/events?topic=project:{project}"))["items"][-1]
        assert (told["type"], told["actor"]) == ("webhook.updated", ada.id)
    assert [one["id"] for one in ok(ada.get("/webhooks?state=active"))["items"]] == [webhook]
