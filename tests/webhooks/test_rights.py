"""In whose name a webhook works: when their right ends, so do its deliveries."""

import pytest

from collab.webhooks.models import Webhook

from ..support.made_once import made_once
from ..support.notes import Notes
from ..support.people import ok
from .test_deliveries import makes_tasks, titles_of

pytestmark = pytest.mark.usefixtures("declared")


@made_once
def two_owners(alice, bob, project):
    """Let bob own alice's project, too."""
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))


def demoted(alice, bob, ada, project):
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))


def removed(alice, bob, ada, project):
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))


def disabled(alice, bob, ada, project):
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))


@pytest.mark.parametrize("loses", [demoted, removed, disabled])
@pytest.mark.parametrize("waits", [True, False], ids=["in the line", "in the log"])
def test_who_loses_the_right_has_nothing_sent_any_more(
    alice, bob, ada, project, two_owners, hooks, receiver, app, loses, waits
):
    notes = Notes(app)
    notes.catch_up()
    hook = hooks.make(bob, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    if waits:
        hooks.fill()
    loses(alice, bob, ada, project)
    makes_tasks(alice, project, "Two")
    hooks.send()
    assert receiver.got == []
    shown = hooks.shown(alice, hook)
    assert (shown["state"], shown["reason"]) == ("disabled", "no_right")
    assert "webhook_disabled" in notes.kinds(alice)


def test_a_right_that_ends_while_a_turn_goes_on_ends_the_turn(
    alice, bob, ada, project, two_owners, hooks, receiver
):
    hook = hooks.make(bob, project, receiver, "task.created")
    makes_tasks(alice, project, "One", "Two", "Three")
    ordinary = receiver.answer

    def demote(got):
        demoted(alice, bob, ada, project)
        receiver.answer = ordinary
        return ordinary(got)

    receiver.answer = demote
    hooks.send()
    assert titles_of(receiver) == ["One"]
    statuses = [one["status"] for one in hooks.deliveries(alice, hook)]
    assert statuses == ["delivered", "dropped", "dropped"]


@pytest.mark.parametrize("way", [["active"], ["paused", "active"]], ids=" and ".join)
def test_nothing_of_the_time_when_it_was_disabled_is_sent_whatever_way_it_comes_back(
    alice, bob, ada, project, two_owners, hooks, receiver, way
):
    hook = hooks.make(bob, project, receiver, "task.created")
    demoted(alice, bob, ada, project)
    hooks.send()
    makes_tasks(alice, project, "While it was disabled")
    for state in way:
        shown = ok(alice.patch(f"/webhooks/{hook['id']}", {"state": state}))
        assert (shown["created_by"], shown["reason"]) == (alice.id, None)
        hooks.send()
    makes_tasks(alice, project, "After")
    hooks.send()
    assert titles_of(receiver) == ["After"]


def test_a_deleted_project_sends_nothing_more(alice, project, hooks, receiver):
    hooks.make(alice, project, receiver, "*")
    makes_tasks(alice, project, "One")
    hooks.fill()
    ok(alice.delete(f"/projects/{project}"))
    hooks.send()
    assert receiver.got == []


def test_a_project_that_is_being_deleted_sends_nothing_for_an_admin_either(
    ada, alice, project, hooks, receiver, app
):
    """Its members go first; until the rest has gone, an admin still has an owner's rights."""
    from sqlalchemy import delete

    from collab.extensions import db
    from collab.projects.models import Member

    hooks.make(ada, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.fill()
    with app.app_context():
        db.session.execute(delete(Member).where(Member.project_id == project))
        db.session.commit()
    hooks.send()
    assert receiver.got == []


def test_a_deleted_webhook_gets_nothing_more_and_leaves_nothing(
    alice, project, hooks, receiver, app
):
    from collab.extensions import db
    from collab.webhooks.models import Delivery

    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.fill()
    ok(alice.delete(f"/webhooks/{hook['id']}"))
    hooks.send()
    assert receiver.got == []
    with app.app_context():
        assert db.session.query(Delivery).count() == 0


def test_of_the_address_nothing_is_in_the_log(alice, project, hooks, receiver):
    """Members read the log, and such addresses often hold a secret."""
    hook = hooks.make(alice, project, receiver)
    ok(alice.patch(f"/webhooks/{hook['id']}", {"url": receiver.url + "?key=secret"}))
    events = ok(alice.get("/events", params={"project_id": project}))["items"]
    told = [one for one in events if one["type"].startswith("webhook.")]
    assert [one["type"] for one in told] == ["webhook.created", "webhook.updated"]
    assert told[1]["data"]["changed"] == ["url"]
    assert "http" not in str(told)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://user:password@example.com/",
        "https://127.1/",
        "https://example.com:25/",
        "ftp://example.com/",
    ],
)
def test_an_address_that_may_not_be_called_is_refused_at_once(alice, project, url):
    answer = alice.post(f"/projects/{project}/webhooks", {"name": "CI", "url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/url"


def test_what_a_name_stands_for_is_seen_with_each_attempt(alice, project, hooks, receiver, app):
    """`localhost` is a name like any other until somebody looks it up."""
    from collab.core.outbound.client import Client
    from collab.webhooks.calling import CLIENT

    app.config["ALLOW_PRIVATE_WEBHOOKS"] = False
    CLIENT.put(app, Client())
    named = f"https://localhost:{receiver.port}/"
    made = ok(
        alice.post(f"/projects/{project}/webhooks", {"name": "CI", "url": named, "types": ["*"]})
    )
    hooks.send()
    assert receiver.got == []
    first = hooks.deliveries(alice, made)[0]
    assert (first["status"], first["error"]) == ("waiting", "forbidden_address")


def test_a_project_has_a_bounded_number_of_webhooks(alice, project, hooks, receiver, app):
    from collab.extensions import db

    hook = hooks.make(alice, project, receiver)
    with app.app_context():
        row = db.session.get_one(Webhook, hook["id"])
        values = {
            one.name: getattr(row, one.name) for one in row.__table__.columns if one.name != "id"
        }
        db.session.add_all([Webhook(**values) for _ in range(19)])
        db.session.commit()
    more = {"name": "More", "url": receiver.url}
    assert alice.post(f"/projects/{project}/webhooks", more).status_code == 409
