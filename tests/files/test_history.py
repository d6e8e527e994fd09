"""Who changed a text, what it was, and taking changes back, over REST."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from collab.extensions import db
from collab.files.editing.store import JoinedVersion, deltas_between
from collab.files.history import service
from collab.files.models import BINARY, File, FileChange

from ..support.memory import MIB, peak_of
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses
from ..support.texts import TextDesk


def listed(who: Person, text: TextDesk, **query: Any) -> list[dict[str, Any]]:
    return ok(who.get(f"/files/{text.id}/history", params=query))["items"]


def undoes(who: Person, text: TextDesk, **body: Any) -> dict[str, Any]:
    return ok(who.post(f"/files/{text.id}/undo", body))


# -- the list -------------------------------------------------------------------------------------


def test_history_tells_who_changed_what(text: TextDesk, alice: Person, bob: Person) -> None:
    text.changes(alice, "hello 😀")
    text.changes(bob, 1, -4, "i")
    newest, oldest = listed(alice, text)
    assert newest["author"] == {"id": bob.id, "name": "Bob"}
    assert newest["at"] >= oldest["at"]
    shown = ("version", "base", "door", "inserted", "deleted", "undoes", "edits")
    assert [newest[key] for key in shown] == [2, 1, "rest", 1, 4, None, None]
    assert [oldest[key] for key in shown] == [1, 0, "rest", 8, 0, None, None]


def test_edits_are_told_if_asked_for(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "hello 😀")
    text.changes(alice, 1, -4, "i")
    newest, _ = listed(alice, text, edits="true")
    assert newest["edits"] == [{"retain": 1}, {"insert": "i"}, {"delete": 4}]


def test_edits_too_long_for_a_list_are_told_alone(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "a" * 100_000)
    assert listed(alice, text, edits="true")[0]["edits"] is None
    alone = ok(alice.get(f"/files/{text.id}/versions/1"))
    assert alone["edits"] == [{"insert": "a" * 100_000}]


def test_history_is_filtered_by_author_and_time(text: TextDesk, alice: Person, bob: Person) -> None:
    text.changes(alice, "a")
    text.changes(bob, "b")
    first = listed(alice, text)[-1]["at"]
    assert [one["version"] for one in listed(alice, text, author="me")] == [1]
    assert [one["version"] for one in listed(alice, text, author=str(bob.id))] == [2]
    assert [one["version"] for one in listed(alice, text, since=first)] == [2, 1]
    assert listed(alice, text, until=first) == []


def test_history_comes_in_pages(text: TextDesk, alice: Person) -> None:
    text.types(alice, *"abcde")
    seen, address = [], f"/files/{text.id}/history?limit=2"
    while address:
        page = alice.get(address)
        seen += [one["version"] for one in ok(page)["items"]]
        address = page.links.get("next", {}).get("url", "")
    assert seen == [5, 4, 3, 2, 1]


def test_a_change_that_does_not_exist_is_404(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "a")
    problem(alice.get(f"/files/{text.id}/versions/2"), 404)


def test_bytes_have_no_history(app: Flask, text: TextDesk, alice: Person) -> None:
    with app.app_context():
        db.session.get_one(File, text.id).kind = BINARY
        db.session.commit()
    problem(alice.get(f"/files/{text.id}/history"), 404)
    problem(alice.post(f"/files/{text.id}/undo", {"from_version": 1}), 404)


# -- versions -------------------------------------------------------------------------------------


def test_a_text_is_known_as_it_was(app: Flask, text: TextDesk, alice: Person) -> None:
    text.types(alice, "one ", "two ", "😀")
    with app.app_context():
        known = [service.text_at(text.id, version) for version in range(4)]
    assert known == ["", "one ", "one two ", "one two 😀"]


def test_the_content_of_a_version_is_fetched(text: TextDesk, alice: Person) -> None:
    text.types(alice, "one ", "two ", "😀")
    address = f"/files/{text.id}/content"
    answer = alice.get(address, params={"version": 2})
    assert (answer.text, answer.headers["ETag"]) == ("one two ", f'"{text.id}-v2"')
    seen = alice.get(address, params={"version": 2}, headers={"If-None-Match": f'"{text.id}-v2"'})
    assert seen.status_code == 304
    assert alice.get(address, params={"version": 3}).text == alice.get(address).text
    problem(alice.get(address, params={"version": 4}), 404)
    problem(alice.get(address, params={"version": -1}), 422)


def test_two_versions_are_compared(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one\ntwo\n")
    text.changes(alice, 4, -3, "2")
    answer = alice.get(f"/files/{text.id}/diff", params={"from": 1, "to": 2})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "--- a/main.py\tversion 1\n+++ b/main.py\tversion 2\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    )
    back = alice.get(f"/files/{text.id}/diff", params={"from": 2, "to": 1})
    assert back.text.endswith(" one\n-2\n+two\n")


def test_a_comparison_is_told_as_edits_to_who_accepts_json(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one\n")
    text.changes(alice, 3, " more")
    headers = {"Accept": "application/json"}
    answer = alice.get(f"/files/{text.id}/diff", params={"from": 1}, headers=headers)
    edits = [{"retain": 3}, {"insert": " more"}]
    assert ok(answer) == {"from": 1, "to": 2, "edits": edits}


def test_a_version_that_is_not_there_is_not_compared(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one")
    problem(alice.get(f"/files/{text.id}/diff", params={"from": 0, "to": 2}), 404)
    problem(alice.get(f"/files/{text.id}/diff", params={"from": 2**63 - 1}), 404)


# -- restoring ------------------------------------------------------------------------------------


def test_a_version_is_restored_as_a_new_change(text: TextDesk, alice: Person, bob: Person) -> None:
    text.types(alice, "one ", "two ", "three")
    answer = bob.post(f"/files/{text.id}/restore", {"version": 1})
    assert ok(answer)["version"] == 4
    assert answer.headers["ETag"] == f'"{text.id}-v4"'
    assert text.text == "one "
    newest = listed(alice, text)[0]
    assert (newest["door"], newest["author"]["id"]) == ("restore", bob.id)


def test_restoring_what_is_there_changes_nothing(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one")
    outcome = ok(alice.post(f"/files/{text.id}/restore", {"version": 1}))
    assert outcome == {"file_id": text.id, "version": 1, "changed": False, "edits": []}


def test_a_version_that_never_was_is_not_restored(text: TextDesk, alice: Person) -> None:
    problem(alice.post(f"/files/{text.id}/restore", {"version": 7}), 404)


def test_a_restore_is_carried_out_once(text: TextDesk, alice: Person) -> None:
    text.types(alice, "one", "two")
    key = {"Idempotency-Key": "back"}
    first = alice.post(f"/files/{text.id}/restore", {"version": 1}, headers=key)
    text.changes(alice, -3, "new")
    again = alice.post(f"/files/{text.id}/restore", {"version": 1}, headers=key)
    assert ok(again) == ok(first)
    assert text.text == "new"


# -- undoing --------------------------------------------------------------------------------------


def test_ones_own_changes_are_undone(text: TextDesk, alice: Person, bob: Person) -> None:
    text.changes(alice, "one two")
    text.changes(bob, 3, " and")
    text.changes(alice, -3, "1")
    outcome = undoes(alice, text, from_version=3)
    assert outcome["changed"]
    assert text.text == "one and two"
    newest = listed(alice, text)[0]
    assert (newest["door"], newest["undoes"]) == ("undo", [3])


def test_what_another_changed_is_undone(text: TextDesk, alice: Person, bob: Person) -> None:
    text.changes(alice, "one two")
    text.changes(bob, -3, "1")
    text.changes(alice, 5, " three")
    undoes(alice, text, author_id=bob.id, from_version=1, to_version=3)
    assert text.text == "one two three"


def test_undoing_again_changes_nothing(text: TextDesk, alice: Person, bob: Person) -> None:
    text.changes(alice, "one two")
    text.changes(bob, -4)
    assert undoes(alice, text, author_id=bob.id, from_version=2)["changed"]
    assert not undoes(alice, text, author_id=bob.id, from_version=2)["changed"]
    assert text.text == "one two"


def test_an_undo_is_undone_and_made_again(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one two")
    text.changes(alice, -4)
    texts = []
    for version in range(2, 6):
        undoes(alice, text, from_version=version, to_version=version)
        texts.append(text.text)
    assert texts == ["one two", "two", "one two", "two"]


def test_what_an_undone_undo_had_taken_back_can_be_taken_back(
    text: TextDesk, alice: Person
) -> None:
    text.changes(alice, "one two")
    text.changes(alice, -4)
    undoes(alice, text, from_version=2)  # version 3
    undoes(alice, text, from_version=3)  # and back: what 2 did stands again
    assert undoes(alice, text, from_version=2, to_version=2)["changed"]
    assert text.text == "one two"


def test_undoing_nobodys_changes_changes_nothing(text: TextDesk, alice: Person) -> None:
    text.changes(alice, "one")
    outcome = undoes(alice, text, author_id=2**63 - 1, from_version=1)
    assert outcome == {"file_id": text.id, "version": 1, "changed": False, "edits": []}


@pytest.mark.parametrize("span", [(2, None), (1, 2), (2, 1), (2**63 - 1, None)])
def test_a_span_that_is_none_is_refused(
    text: TextDesk, alice: Person, span: tuple[int, int | None]
) -> None:
    text.changes(alice, "one")
    body = {"from_version": span[0], "to_version": span[1]}
    problem(alice.post(f"/files/{text.id}/undo", {k: v for k, v in body.items() if v}), 422)


def test_two_who_undo_the_same_undo_it_once(
    app: Flask, text: TextDesk, alice: Person, bob: Person
) -> None:
    text.changes(alice, "one two")
    text.changes(bob, -4)

    def act(who: Person) -> Any:
        return who.post(f"/files/{text.id}/undo", {"author_id": bob.id, "from_version": 2})

    answers = at_once(app, *[(who, act) for who in (alice, bob, alice, bob)])
    assert statuses(answers) == [200] * 4
    assert sum(answer.json()["changed"] for answer in answers) == 1
    assert text.text == "one two"


def test_an_undo_reaches_so_far_and_no_further(app: Flask, text: TextDesk, alice: Person) -> None:
    text.changes(alice, "x" * service.MAX_UNDO_STEPS)
    row = {"file_id": text.id, "author_id": alice.id, "door": "rest", "version": 2, "base": 1}
    row |= {"delta": [1, -1] * (service.MAX_UNDO_STEPS // 2)}  # to carry it out takes a second
    with app.app_context():
        db.session.execute(insert(FileChange).values(row))
        db.session.execute(update(File).where(File.id == text.id).values(content_version=2))
        db.session.commit()
    problem(alice.post(f"/files/{text.id}/undo", {"from_version": 1}), 409)
    assert text.text == "x" * (service.MAX_UNDO_STEPS // 2)


def test_what_reaches_back_over_too_much_is_refused_before_it_is_read(
    app: Flask, alice: Person, project: int
) -> None:
    file = alice.makes_text(project, "one")
    row = {"file_id": file, "author_id": alice.id, "door": "rest"}
    with app.app_context():
        first = db.session.scalar(select(File.content_version).where(File.id == file)) or 0
        for version in range(first + 1, first + 25):
            step = {"version": version, "base": version - 1, "delta": ["x" * 1_000_000]}
            db.session.execute(insert(FileChange).values(row | step))
        last = update(File).where(File.id == file).values(content_version=first + 24)
        db.session.execute(last)
        db.session.commit()
        with pytest.raises(JoinedVersion):
            deltas_between(file, first, first + 24)
    asked = partial(alice.post, f"/files/{file}/undo", {"from_version": first + 1})
    assert peak_of(asked) < 8 * MIB
    assert asked().status_code == 409
