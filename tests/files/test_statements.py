"""What a commit of edits asks of the database: counted, never timed."""

from __future__ import annotations

from flask import Flask

from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.extensions import db
from collab.files.editing.batch import Batch
from collab.files.editing.changes import Change
from collab.files.editing.live_text import LiveText
from collab.files.editing.rights_cache import Rights
from collab.projects.models import Member

from ..support.statements import Statements
from ..support.texts import TextDesk
from ..support.work import people

AUTHORS = 8


def without_session(user_id: int) -> Caller:
    """Return somebody whose session is not looked up, as the service's own work is done for."""
    return Caller(user_id, 0, "x", "x@example.com", False, utcnow())


def commits(desk: TextDesk, rights: Rights, authors: list[int]) -> int:
    """Have each author make an edit, all in one commit; returns the number of statements."""
    with desk.app.app_context():
        live_text = LiveText.load(desk.id)
        changes = [
            Change(desk.id, without_session(one), "socket", ("x",), live_text.version)
            for one in authors
        ]
        batch = Batch(lambda _: live_text, rights)
        with Statements(desk.app) as statements:
            assert batch.take_all(changes) == []
            db.session.commit()
        batch.answer()
        db.session.remove()
    assert [one.done.result().update != b"" for one in changes] == [True] * len(authors)
    return len(statements.seen)


def test_edits_of_many_authors_share_a_commits_statements(
    app: Flask, text: TextDesk, project: int
) -> None:
    authors = people(app, AUTHORS)
    with app.app_context():
        db.session.add_all(
            Member(project_id=project, user_id=one, role="collaborator") for one in authors
        )
        db.session.commit()
    rights = Rights()
    commits(text, rights, authors)  # who may write is looked up once
    assert commits(text, rights, authors) == commits(text, rights, authors[:1])
