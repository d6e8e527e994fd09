"""What is done after a commit: once, with all that was asked for, and never without the commit."""

from __future__ import annotations

import pytest

from collab.core.transactions.after_commit import after_commit
from collab.extensions import db


@pytest.fixture
def done(app):
    """Return what actions have noted; the test is in the application's context."""
    with app.app_context():
        yield []


def begin() -> None:
    db.session.connection()


def test_an_action_is_done_once_with_all_details(done):
    def act(details):
        done.append(sorted(details))

    begin()
    after_commit(act)
    after_commit(act, "rights")
    after_commit(act, "look", "rights")
    assert done == []
    db.session.commit()
    assert done == [["look", "rights"]]


def test_actions_are_done_in_the_order_in_which_they_were_asked_for(done):
    first, second = (lambda _: done.append(1)), (lambda _: done.append(2))
    begin()
    for act in (first, second, first):
        after_commit(act)
    db.session.commit()
    assert done == [1, 2]


def test_a_rollback_forgets_them(done):
    begin()
    after_commit(lambda _: done.append(1))
    db.session.rollback()
    begin()
    db.session.commit()
    assert done == []


def test_the_next_commit_does_nothing_again(done):
    begin()
    after_commit(lambda _: done.append(1))
    db.session.commit()
    begin()
    db.session.commit()
    assert done == [1]
