"""What the audit withholds: people's private things, and nothing else."""

import pytest

from collab.activity.privacy import withheld
from collab.events.catalogue import catalogue

from ..support.people import ok

SHOWN = [
    ("project:1", "project.created", 1),
    ("project:1", "file.changed", 1),
    ("workspace:1", "deploy.started", 1),
    ("job:1", "job.queued", 1),
    ("project:1", "task.created", 1),
    ("project:1", "schedule.created", 1),
    ("user:1", "task.created", None),
    ("user:1", "account.role_changed", None),
    ("user:1", "session.started", None),
    ("posts", "post.created", None),
    ("flags", "flag.changed", None),
    ("audit", "login.refused", None),
]
WITHHELD = [
    ("job:1", "job.queued", None),
    ("job:1", "job.output", None),
    ("job:1", "file.changed", None),
    ("user:1", "post.created", None),
    ("user:1", "collection.created", None),
    ("user:1", "notification.created", None),
    ("user:1", "schedule.created", None),
    ("user:1", "file.changed", None),
    ("user:1", "diary", None),
    ("somewhere:1", "something.new", None),
]


@pytest.mark.parametrize("row", SHOWN)
def test_what_is_an_admins_business_is_shown(app, row):
    with app.app_context():
        assert not withheld(*row)


@pytest.mark.parametrize("row", WITHHELD)
def test_what_is_a_persons_own_is_withheld(app, row):
    with app.app_context():
        assert withheld(*row)


def test_every_family_of_events_has_been_decided():
    decided = {kind.split(".")[0] for _, kind, _ in SHOWN + WITHHELD}
    as_project = {"member", "invitation", "workspace", "source", "schema"}
    as_project |= {"dead_letter", "dead_letters", "webhook", "incoming_hook"}
    as_audit = {"access", "audit", "mail"}
    assert {kind.split(".")[0] for kind in catalogue()} <= decided | as_project | as_audit


def test_an_admin_reads_nothing_of_a_private_event(ada, bob):
    ok(bob.post("/events", {"type": "diary", "payload": {"title": "my secret", "user_id": 1}}))

    answer = ada.get("/audit", params={"type": "diary"})

    (item,) = ok(answer)["items"]
    assert (item["data"], item["withheld"], item["text"]) == ({}, True, "Bob published diary")
    assert "secret" not in answer.text


@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_an_export_has_nothing_of_a_private_event(ada, bob, style):
    bob.submits(value="my secret")
    ok(bob.post("/events", {"type": "diary", "payload": {"title": "my secret"}}))

    answer = ada.get("/audit/export", params={"format": style})

    assert "diary" in answer.text
    assert "secret" not in answer.text
