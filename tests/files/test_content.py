"""What is in files: read, replaced and edited, by tag and by version."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.each import each
from ..support.images import encoded, halves
from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.races import at_once, statuses

PNG = b"\x89PNG\r\n\x1a\n\x00\x00 anything"


@made_once
def text(bob: Person, workspace: int) -> int:
    """Return a text of bob's with a line for each of two people."""
    return bob.makes_file(workspace, "notes.md", "alice: \nbetween\nbob: \n")["id"]


@pytest.fixture
def image(bob: Person, workspace: int) -> int:
    return bob.sends_file(workspace, "a.png", PNG)["id"]


def put(who: Person, file: int, content: bytes | str, *, tag: str | None = None, **query: int):
    headers = {"If-Match": tag} if tag else {}
    content = content.encode() if isinstance(content, str) else content
    return who.request(
        "PUT", f"/files/{file}/content", content=content, headers=headers, params=query
    )


def edit(who: Person, file: int, base: int, *edits: dict, tag: str | None = None):
    body = {"base_version": base, "edits": list(edits)}
    headers = {"If-Match": tag} if tag else {}
    return who.patch(f"/files/{file}/content", body, headers=headers)


# -- reading --------------------------------------------------------------------------------------


def test_a_text_is_read_as_plain_text(vera, text):
    answer = vera.get(f"/files/{text}/content")
    assert answer.content == b"alice: \nbetween\nbob: \n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["ETag"] == '"1-v1"'


def test_html_is_read_as_plain_text(alice, workspace):
    file = alice.makes_file(workspace, "x.html", "<script>alert(1)</script>")
    answer = alice.get(f"/files/{file['id']}/content")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_bytes_are_read_as_an_attachment_of_their_own_type(vera, image):
    answer = vera.get(f"/files/{image}/content")
    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "attachment; filename=a.png"


@pytest.mark.parametrize("kind", ["text", "image"])
def test_what_is_there_already_is_not_sent_again(vera, text, image, kind):
    file = {"text": text, "image": image}[kind]
    tag = vera.get(f"/files/{file}/content").headers["ETag"]
    answer = vera.get(f"/files/{file}/content", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_range_is_served(vera, text, image, kind):
    file = {"text": text, "image": image}[kind]
    whole = vera.get(f"/files/{file}/content").content
    answer = vera.get(f"/files/{file}/content", headers={"Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (206, whole[2:6])
    assert answer.headers["Content-Range"] == f"bytes 2-5/{len(whole)}"
    beyond = vera.get(f"/files/{file}/content", headers={"Range": "bytes=999-"})
    assert beyond.status_code == 416


# -- replacing ------------------------------------------------------------------------------------


def test_put_makes_the_text_what_was_sent(bob, text):
    answer = put(bob, text, "naïve 😀\n")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1-v2"')
    assert {name: ok(answer)[name] for name in ("version", "size")} == {"version": 2, "size": 12}
    assert bob.reads(text) == "naïve 😀\n"


def test_curls_own_content_type_is_taken(bob, text):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = bob.request("PUT", f"/files/{text}/content", content=b"a=b", headers=kind)
    assert (answer.status_code, bob.reads(text)) == (200, "a=b")


def test_a_form_is_taken(bob, text):
    ok(bob.request("PUT", f"/files/{text}/content", files={"file": ("x", b"of a form")}))
    assert bob.reads(text) == "of a form"


def test_the_same_text_changes_nothing(bob, text):
    answer = put(bob, text, bob.reads(text))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1-v1"')


def test_a_text_can_be_emptied_and_filled_again(bob, text):
    ok(put(bob, text, b""))
    assert bob.reads(text) == ""
    ok(put(bob, text, "again"))
    assert bob.reads(text) == "again"


def test_a_body_that_is_not_there_empties_no_text(app: Flask, bob, text):
    """`curl -X PUT` without data sends no length, unlike one with an empty file."""
    answer = app.test_client().put(
        f"/api/v1/files/{text}/content", headers={"Authorization": f"Bearer {bob.token}"}
    )
    assert answer.status_code == 400
    assert bob.reads(text).startswith("alice")


def test_put_tells_the_least_change(bob, text):
    ok(put(bob, text, "alice: \nbetween\nbob: here\n"))
    events = ok(bob.get("/events", params={"topic": f"file:{text}"}))["items"]
    assert events[0]["data"]["edits"] == [{"retain": 21}, {"insert": "here"}]
    assert events[0]["data"]["door"] == "rest"


def test_a_stale_tag_is_refused(bob, text):
    ok(put(bob, text, "new"))
    problem(put(bob, text, "newer", tag='"1-v1"'), 412)
    assert bob.reads(text) == "new"


@pytest.mark.parametrize("tag", ['"1-v1"', "*", '"other", "1-v1"'])
def test_a_tag_that_fits_lets_through(bob, text, tag):
    assert put(bob, text, "new", tag=tag).status_code == 200


def test_a_weak_tag_never_fits(bob, text):
    assert put(bob, text, "new", tag='W/"1-v1"').status_code == 412


def test_of_two_that_replace_one_version_one_wins(app: Flask, alice, bob, text):
    acts = [(who, lambda me: put(me, text, me.name, tag='"1-v1"')) for who in (alice, bob)]
    answers = at_once(app, *acts)
    assert statuses(answers) == [200, 412]
    winner = ("alice", "bob")[answers[0].status_code != 200]
    assert bob.reads(text) == winner


def test_two_that_changed_one_version_keep_each_others_changes(app: Flask, alice, bob, text):
    def add(me: Person):
        mine = f"{me.name}: "
        changed = before.replace(mine, mine + "was here")
        return put(me, text, changed, base_version=1)

    before = bob.reads(text)
    answers = at_once(app, (alice, add), (bob, add))
    assert statuses(answers) == [200, 200]
    assert bob.reads(text) == "alice: was here\nbetween\nbob: was here\n"


def test_a_merged_text_has_no_tag_since_it_is_not_what_was_sent(alice, bob, text):
    before = bob.reads(text)
    assert "ETag" in put(bob, text, "top\n" + before).headers
    answer = put(alice, text, before + "end\n", base_version=1)
    assert (answer.status_code, ok(answer)["version"]) == (200, 3)
    assert "ETag" not in answer.headers
    assert bob.reads(text) == f"top\n{before}end\n"


def test_a_version_that_was_never_is_refused(bob, text):
    problem(put(bob, text, "x", base_version=7), 422)


@each([b"\xff\xfe", b"a\x00b", PNG, b"\xed\xa0\x80"])
def test_what_is_no_text_is_refused(content, *, bob, text):
    assert "UTF-8" in problem(put(bob, text, content), 415)["detail"]
    assert bob.reads(text).startswith("alice")


def test_a_text_has_two_mebibytes_at_most(bob, text):
    assert put(bob, text, b"x" * 2**21).status_code == 200
    problem(put(bob, text, b"x" * (2**21 + 1)), 413)
    problem(put(bob, text, "é" * 2**20 + "x"), 413)


def test_a_byte_order_mark_stays(bob, text):
    ok(put(bob, text, b"\xef\xbb\xbfx"))
    assert bob.get(f"/files/{text}/content").content == b"\xef\xbb\xbfx"


def test_bytes_are_replaced_as_a_whole(bob, image):
    other = encoded(halves(), "JPEG")
    answer = put(bob, image, other)
    made = ok(answer)
    assert (made["kind"], made["content_type"], made["version"]) == ("binary", "image/jpeg", 2)
    assert answer.headers["ETag"] == f'"{made["sha256"]}"'
    assert bob.get(f"/files/{image}/content").content == other


def test_replaced_bytes_are_told(bob, project, image):
    made = ok(put(bob, image, PNG + b"2"))
    events = ok(bob.get("/events", params={"project_id": project, "type": "file.replaced"}))
    assert [one["data"]["sha256"] for one in events["items"]] == [made["sha256"]]


def test_the_same_bytes_change_nothing(bob, project, image):
    assert ok(put(bob, image, PNG))["version"] == 1
    events = ok(bob.get("/events", params={"project_id": project, "type": "file.replaced"}))
    assert events["items"] == []


def test_of_two_that_replace_the_same_bytes_one_wins(app: Flask, alice, bob, image):
    tag = bob.get(f"/files/{image}/content").headers["ETag"]
    acts = [
        (who, lambda me: put(me, image, PNG + me.name.encode(), tag=tag)) for who in (alice, bob)
    ]
    assert statuses(at_once(app, *acts)) == [200, 412]


# -- editing --------------------------------------------------------------------------------------


def test_edits_are_applied_and_answered(bob, text):
    answer = edit(bob, text, 1, {"retain": 7}, {"insert": "hi 😀"})
    assert ok(answer) == {
        "file_id": text,
        "version": 2,
        "edits": [{"retain": 7}, {"insert": "hi 😀"}],
    }
    assert answer.headers["ETag"] == '"1-v2"'
    assert bob.reads(text) == "alice: hi 😀\nbetween\nbob: \n"


def test_lengths_are_utf16_code_units(bob, workspace):
    file = bob.makes_file(workspace, "x", "😀é\u0301!")["id"]
    ok(edit(bob, file, 1, {"retain": 4}, {"delete": 1}, {"insert": "?"}))
    assert bob.reads(file) == "😀é\u0301?"
    problem(edit(bob, file, 2, {"retain": 1}, {"insert": "x"}), 422)


def test_edits_of_an_older_version_are_transformed(alice, bob, text):
    ok(edit(bob, text, 1, {"insert": "# Notes\n"}))
    answer = edit(alice, text, 1, {"retain": 7}, {"insert": "hi"})
    assert ok(answer)["edits"] == [{"retain": 15}, {"insert": "hi"}]
    assert "ETag" not in answer.headers
    assert bob.reads(text) == "# Notes\nalice: hi\nbetween\nbob: \n"


def test_edits_with_a_stale_tag_are_refused(alice, bob, text):
    ok(edit(bob, text, 1, {"insert": "x"}))
    assert edit(alice, text, 1, {"insert": "y"}, tag='"1-v1"').status_code == 412


def test_bytes_have_no_edits(bob, image):
    problem(edit(bob, image, 1, {"insert": "x"}), 409)


@each(
    [
        [],
        [{}],
        [{"insert": ""}],
        [{"insert": "\x00"}],
        [{"insert": "a", "retain": 1}],
        [{"retain": 0}],
        [{"retain": -1}],
        [{"retain": True}],
        [{"retain": 2**70}],
        [{"delete": 999}],
        [{"keep": 1}],
        ["x"],
        "x",
    ]
)
def test_edits_that_are_none_are_refused(edits, *, bob, text):
    body = {"base_version": 1, "edits": edits}
    problem(bob.patch(f"/files/{text}/content", body), 422)
    assert bob.reads(text).startswith("alice")


def test_half_a_character_is_refused(bob, text):
    body = b'{"base_version": 1, "edits": [{"insert": "\\ud83d"}]}'
    kind = {"Content-Type": "application/json"}
    answer = bob.request("PATCH", f"/files/{text}/content", content=body, headers=kind)
    assert answer.status_code == 400


def test_an_edit_makes_the_text_no_longer_than_it_may_be(bob, workspace):
    file = bob.makes_file(workspace, "x", "x" * 2**21)["id"]
    problem(edit(bob, file, 1, {"insert": "y"}), 413)
