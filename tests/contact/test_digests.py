"""Digests: one for each period and person, of what is unread and still seen; else none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from collab.auth.models import User
from collab.contact import digests
from collab.contact.models import DigestPlan
from collab.core.models import utcnow
from collab.extensions import db
from collab.notifications.notifier import NOTIFIER

from ..support.mail import links_in, text_of
from ..support.people import ok


@pytest.fixture
def notes(app):
    """Return the notifier's work."""

    def work():
        with app.app_context():
            NOTIFIER.of(app).reader.catch_up()
            db.session.remove()

    with app.app_context():
        NOTIFIER.of(app).reader.begin()
        db.session.remove()
    return work


@pytest.fixture
def reader(app, notes, bob):
    """Return bob, who reads digests every day, and whose address is verified."""
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = utcnow()
        db.session.commit()
    ok(bob.put("/notifications/digest", {"every": "daily", "zone": "Europe/Berlin"}))
    return bob


@pytest.fixture
def mornings(app, notes, host, desk):
    """Return what arrives when the next digests are due."""

    def come():
        notes()
        with app.app_context():
            db.session.execute(update(DigestPlan).values(next_at=utcnow() - timedelta(hours=1)))
            db.session.commit()
            while digests.write_some(utcnow()):
                pass
            db.session.remove()
        desk.work()
        taken, host.taken = host.taken, []
        return taken

    return come


def assigns(alice, bob, project, title="Order the rocket"):
    return alice.makes_task(title, project_id=project, assignee=bob.id)


def test_a_digest_lists_what_is_unread_once(reader, alice, project, mornings):
    assigns(alice, reader, project)
    (mail,) = mornings()
    assert (mail["To"], mail["Subject"]) == (reader.email, "1 new notification")
    assert "Order the rocket" in text_of(mail)
    assert mornings() == []
    assigns(alice, reader, project, "Pack the food")
    (mail,) = mornings()
    assert "Order the rocket" not in text_of(mail)


def test_nothing_is_sent_when_there_is_nothing_new(reader, mornings):
    assert mornings() == []


def test_nobody_gets_one_who_did_not_ask(app, alice, bob, project, mornings):
    assert ok(bob.get("/notifications/digest")) == {"every": "off", "zone": "UTC"}
    assigns(alice, bob, project)
    assert mornings() == []


def test_what_may_no_longer_be_seen_is_not_in_it(reader, alice, project, mornings):
    assigns(alice, reader, project)
    ok(alice.delete(f"/projects/{project}/members/{reader.id}"))
    assert mornings() == []


def test_what_is_muted_or_read_is_not_in_it(reader, alice, project, notes, mornings):
    assigns(alice, reader, project)
    notes()
    ok(reader.post("/notifications/read", {"all": True}))
    ok(reader.put("/notifications/preferences", {"assigned": False}))
    assigns(alice, reader, project, "Pack the food")
    assert mornings() == []


@pytest.mark.parametrize("missing", ["email_verified_at", "disabled_at"])
def test_only_verified_people_who_are_there_get_one(app, reader, alice, project, mornings, missing):
    assigns(alice, reader, project)
    value = None if missing == "email_verified_at" else utcnow()
    with app.app_context():
        setattr(db.session.get_one(User, reader.id), missing, value)
        db.session.commit()
    assert mornings() == []


def test_of_many_clerks_at_once_one_writes(app, reader, alice, project, notes, host, desk):
    assigns(alice, reader, project)
    notes()

    def look():
        with app.app_context():
            digests.write_some(now)
            db.session.remove()

    with app.app_context():
        now = utcnow()
        db.session.execute(update(DigestPlan).values(next_at=now))
        db.session.commit()
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(look) for _ in range(4)]:
            done.result()
    desk.work()
    assert len(host.taken) == 1


def test_one_click_ends_them_and_a_look_does_not(reader, alice, project, mornings, nobody):
    assigns(alice, reader, project)
    (mail,) = mornings()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail["List-Unsubscribe"].strip("<>").replace("http://127.0.0.1:5000", "")
    assert nobody.get(address).status_code == 405
    assert ok(reader.get("/notifications/digest"))["every"] == "daily"
    form = {"List-Unsubscribe": "One-Click"}
    assert nobody.request("POST", address, data=form).status_code == 204
    assert ok(reader.get("/notifications/digest"))["every"] == "off"
    assert nobody.request("POST", address, data=form).status_code == 204
    assert any("/unsubscribe#" in link for link in links_in(mail))


def test_what_is_no_token_unsubscribes_nobody(reader, nobody):
    assert nobody.post("/mail/unsubscribe/2").status_code == 204
    assert ok(reader.get("/notifications/digest"))["every"] == "daily"


def at(*when):
    return datetime(*when, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "zone", "now", "due"),
    [
        ("daily", "UTC", at(2026, 3, 2, 7, 59), at(2026, 3, 2, 8)),
        ("daily", "UTC", at(2026, 3, 2, 8), at(2026, 3, 3, 8)),
        ("daily", "Europe/Berlin", at(2026, 3, 28, 12), at(2026, 3, 29, 6)),  # summer time begins
        ("daily", "Europe/Berlin", at(2026, 10, 24, 12), at(2026, 10, 25, 7)),  # and ends
        ("daily", "Pacific/Kiritimati", at(2026, 3, 1, 17, 59), at(2026, 3, 1, 18)),
        ("weekly", "UTC", at(2026, 3, 2, 7), at(2026, 3, 2, 8)),  # a Monday
        ("weekly", "UTC", at(2026, 3, 2, 9), at(2026, 3, 9, 8)),
        ("weekly", "America/New_York", at(2026, 3, 5, 9), at(2026, 3, 9, 12)),  # summer time
    ],
)
def test_a_digest_is_due_at_eight_by_the_persons_clock(every, zone, now, due):
    assert digests.following(every, zone, now) == due


@pytest.mark.parametrize("wrong", [{"every": "hourly"}, {"every": "daily", "zone": "Mars/Base"}])
def test_what_is_no_period_or_zone_is_refused(bob, wrong):
    assert bob.put("/notifications/digest", wrong).status_code == 422


def test_another_plan_begins_with_what_is_new_since_the_first(reader, alice, project, mornings):
    assigns(alice, reader, project)
    ok(reader.put("/notifications/digest", {"every": "weekly", "zone": "UTC"}))
    assert ok(reader.get("/notifications/digest")) == {"every": "weekly", "zone": "UTC"}
    assert len(mornings()) == 1


def test_what_is_off_may_be_switched_off(bob):
    for _ in range(2):
        off = ok(bob.put("/notifications/digest", {"every": "off", "zone": "UTC"}))
        assert off["every"] == "off"
