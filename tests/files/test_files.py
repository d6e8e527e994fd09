"""Files of a workspace: made, listed, moved and deleted, by their paths."""

from __future__ import annotations

import pytest
from flask import Flask

from collab.files.editing.writer import TEXTS

from ..conftest import http_for
from ..support.each import each
from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem
from ..support.races import at_once, statuses
from ..uploads.disk import files_in

PNG = b"\x89PNG\r\n\x1a\n\x00\x00 anything"


def told(who: Person, project: int, kind: str) -> list[dict]:
    events = ok(who.get("/events", params={"project_id": project, "type": kind, "limit": 100}))
    return [one["data"] for one in events["items"]]


def make(who: Person, workspace: int, path: str, content: str = ""):
    return who.post(f"/workspaces/{workspace}/files", {"path": path, "content": content})


def send(who: Person, workspace: int, content: bytes, **query: str):
    return who.request("POST", f"/workspaces/{workspace}/files", content=content, params=query)


def paths(who: Person, workspace: int, **query) -> list[str]:
    page = ok(who.get(f"/workspaces/{workspace}/files", params={"limit": 100} | query))
    return [one["path"] for one in page["items"]]


# -- making ---------------------------------------------------------------------------------------


def test_a_text_is_made_with_its_first_version(bob, project, workspace):
    answer = make(bob, workspace, "src/main.py", "print('é')\n")
    made = ok(answer)
    assert answer.status_code == 201
    assert made | {"created_at": None, "updated_at": None} == {
        "id": made["id"],
        "project_id": project,
        "workspace_id": workspace,
        "path": "src/main.py",
        "name": "main.py",
        "kind": "text",
        "content_type": "text/plain",
        "size": 12,
        "sha256": None,
        "version": 1,
        "created_at": None,
        "updated_at": None,
    }
    assert bob.reads(made["id"]) == "print('é')\n"


def test_an_empty_text_has_version_0(bob, workspace):
    made = ok(bob.post(f"/workspaces/{workspace}/files", {"name": "empty"}))
    assert (made["version"], made["size"], bob.reads(made["id"])) == (0, 0, "")


@pytest.mark.parametrize("name", ["path", "name", "fileName", "file_name"])
def test_a_path_has_several_names(bob, workspace, name):
    assert ok(bob.post(f"/workspaces/{workspace}/files", {name: "a"}))["path"] == "a"


def test_a_new_file_is_told_in_its_project(bob, project, workspace):
    made = bob.makes_file(workspace, "a", "x")
    assert told(bob, project, "file.created") == [
        {
            "project_id": project,
            "workspace_id": workspace,
            "file_id": made["id"],
            "path": "a",
            "kind": "text",
            "size": 1,
        }
    ]


@pytest.mark.parametrize(
    ("content", "kind", "content_type"),
    [
        (b"plain", "text", "text/plain"),
        (b"", "text", "text/plain"),
        ("ünï 😀".encode(), "text", "text/plain"),
        (b"<svg/>", "text", "text/plain"),
        (b"GIF89a is a format", "text", "text/plain"),
        (PNG, "binary", "image/png"),
        (b"%PDF-1.7 all ascii", "binary", "application/pdf"),
        (b"PK\x03\x04\x14\x00", "binary", "application/zip"),
        (b"\xff\xd8\xff\xe0", "binary", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "binary", "image/webp"),
        (b"latin-1: \xe9", "binary", "application/octet-stream"),
        (b"a\x00b", "binary", "application/octet-stream"),
        (b"x" * (2**21 + 1), "binary", "application/octet-stream"),
    ],
)
def test_what_is_sent_is_what_its_bytes_are(bob, workspace, content, kind, content_type):
    headers = {"Content-Type": "text/html"}
    where = f"/workspaces/{workspace}/files?path=f"
    made = ok(bob.request("POST", where, content=content, headers=headers))
    assert (made["kind"], made["content_type"], made["size"]) == (kind, content_type, len(content))
    assert bob.get(f"/files/{made['id']}/content").content == content


def test_a_form_names_its_file(bob, workspace):
    where = f"/workspaces/{workspace}/files"
    assert ok(bob.request("POST", where, files={"file": ("a.png", PNG)}))["path"] == "a.png"
    other = bob.request("POST", where, files={"file": ("a.png", PNG)}, params={"path": "b/c.png"})
    assert ok(other)["path"] == "b/c.png"
    assert pointers(bob.request("POST", where, files={"file": ("../x", PNG)})) == ["#/file"]


def test_json_with_a_path_is_a_file_itself(bob, workspace):
    where = f"/workspaces/{workspace}/files?path=package.json"
    file = ok(bob.post(where, {"path": "no"}))
    assert (file["path"], bob.reads(file["id"])) == ("package.json", '{"path":"no"}')


def test_bytes_without_a_path_are_told_what_is_missing(bob, workspace):
    assert "?path=" in problem(send(bob, workspace, b"x"), 415)["detail"]


def test_a_repeated_key_makes_one_file(bob, workspace):
    headers = {"Idempotency-Key": "once"}
    body, where = {"path": "a", "content": "x"}, f"/workspaces/{workspace}/files"
    first, second = (bob.post(where, body, headers=headers) for _ in range(2))
    assert ok(first) == ok(second)
    sent = [
        bob.request(
            "POST", where, content=PNG, params={"path": "b"}, headers={"Idempotency-Key": "two"}
        )
        for _ in range(2)
    ]
    assert ok(sent[0]) == ok(sent[1])
    assert paths(bob, workspace) == ["a", "b"]


def test_the_same_bytes_are_kept_once(bob, workspace, instance):
    first, second = (bob.sends_file(workspace, path, PNG)["id"] for path in "ab")
    upload = bob.uploads(PNG)["id"]
    assert files_in(instance) == [PNG]
    ok(bob.delete(f"/files/{first}"))
    ok(bob.delete(f"/uploads/{upload}"))
    assert files_in(instance) == [PNG]
    ok(bob.delete(f"/files/{second}"))
    assert files_in(instance) == []


@pytest.mark.parametrize("second", ["a/b", "a", "a/b/c"])
def test_a_path_is_taken_once(bob, workspace, second):
    bob.makes_file(workspace, "a/b")
    problem(make(bob, workspace, second), 409)


def test_composed_and_decomposed_are_one_path(bob, workspace):
    bob.makes_file(workspace, "café")
    problem(make(bob, workspace, "cafe\u0301"), 409)


def test_another_workspace_has_paths_of_its_own(bob, project, workspace):
    one = bob.makes_file(workspace, "a", "one")["id"]
    other = bob.makes_file(bob.makes_workspace(project), "a", "other")["id"]
    assert (bob.reads(one), bob.reads(other)) == ("one", "other")


def test_of_two_who_make_one_path_one_wins(app: Flask, alice, bob, workspace):
    acts = [(who, lambda me: make(me, workspace, "a", me.name)) for who in (alice, bob)]
    assert statuses(at_once(app, *acts)) == [201, 409]


@each([{}, {"path": "../a"}, {"path": "a", "content": "\x00"}, []])
def test_what_makes_no_file_is_refused(body, *, bob, workspace):
    problem(bob.post(f"/workspaces/{workspace}/files", body), 422)


def test_a_text_may_have_two_mebibytes_of_utf8(bob, workspace):
    assert make(bob, workspace, "a", "x" * 2**21).status_code == 201
    problem(make(bob, workspace, "b", "é" * (2**20 + 1)), 413)
    assert pointers(make(bob, workspace, "c", "x" * (2**21 + 1))) == ["#/content"]


def test_a_file_may_have_25_mebibytes(bob, workspace, instance):
    problem(send(bob, workspace, b"\x00" * (25 * 2**20 + 1), path="a"), 413)
    assert files_in(instance) == []


def test_a_project_has_a_quota(make_app, alice, instance):
    with http_for(make_app(FILE_QUOTA_MB="1")) as http:
        me = alice.at(http)
        desk = me.makes_workspace(me.makes_project())
        text = me.makes_file(desk, "a", "x" * 600_000)["id"]
        assert "take" in problem(make(me, desk, "b", "x" * 600_000), 413)["detail"]
        problem(send(me, desk, b"\x00" * 600_000, path="b"), 413)
        put = {"content": b"x" * 1_100_000}
        problem(me.request("PUT", f"/files/{text}/content", **put), 413)
        image = me.sends_file(desk, "b", b"\x00" * 400_000)["id"]
        problem(me.request("PUT", f"/files/{image}/content", content=b"\x00" * 500_000), 413)
        ok(me.delete(f"/files/{text}"))
        ok(me.request("PUT", f"/files/{image}/content", content=b"\x00" * 500_000))
        assert files_in(instance) == [b"\x00" * 500_000]
        desk = me.makes_workspace(me.makes_project())
        me.makes_file(desk, "a", "x" * 600_000)


# -- listing --------------------------------------------------------------------------------------


@made_once
def filled(bob: Person, workspace: int) -> int:
    for path in ("b.txt", "src/b.py", "src/a/x", "src-old/y", "Src/z", "src/%", "src/_"):
        bob.makes_file(workspace, path, path)
    bob.sends_file(workspace, "src/a.png", PNG)
    return workspace


def test_files_are_listed_by_path(vera, filled):
    found = ["Src/z", "b.txt", "src-old/y", "src/%", "src/_", "src/a.png", "src/a/x", "src/b.py"]
    assert paths(vera, filled) == found
    assert paths(vera, filled, sort="-path") == found[::-1]


def test_a_prefix_is_taken_literally(vera, filled):
    assert paths(vera, filled, prefix="src/a") == ["src/a.png", "src/a/x"]
    assert paths(vera, filled, prefix="src/%") == ["src/%"]
    assert paths(vera, filled, prefix="src/_") == ["src/_"]
    assert paths(vera, filled, prefix="S") == ["Src/z"]
    assert paths(vera, filled, prefix="nothing") == []


def test_a_kind_is_listed(vera, filled):
    assert paths(vera, filled, kind="binary") == ["src/a.png"]


def test_pages_have_every_file_once(vera, filled):
    pages = paged(vera, f"/api/v1/workspaces/{filled}/files?limit=3&sort=size")
    assert len(pages) == len(set(pages)) == 8


def test_a_tree_nests_files_in_their_folders(vera, filled):
    items = ok(vera.get(f"/workspaces/{filled}/tree"))["items"]
    assert [(one["name"], one["type"]) for one in items] == [
        ("Src", "folder"),
        ("b.txt", "file"),
        ("src", "folder"),
        ("src-old", "folder"),
    ]
    src = items[2]
    assert [one["name"] for one in src["children"]] == ["%", "_", "a", "a.png", "b.py"]
    inner = src["children"][2]
    assert (inner["path"], inner["children"][0]["path"]) == ("src/a", "src/a/x")
    image = src["children"][3]
    assert image.keys() == {"id", "name", "path", "type", "kind", "size"}
    assert (image["kind"], image["size"]) == ("binary", len(PNG))


def test_the_deepest_tree_is_shown(bob, workspace):
    bob.makes_file(workspace, "/".join("a" * 40))
    node, depth = ok(bob.get(f"/workspaces/{workspace}/tree"))["items"][0], 1
    while node["type"] == "folder":
        node, depth = node["children"][0], depth + 1
    assert depth == 40


# -- what a file is -------------------------------------------------------------------------------


def test_a_files_tag_changes_with_its_content_and_its_path(bob, workspace):
    file = bob.makes_file(workspace, "a", "x")["id"]
    tags = [bob.get(f"/files/{file}").headers["ETag"]]
    ok(bob.request("PUT", f"/files/{file}/content", content=b"y"))
    tags.append(bob.get(f"/files/{file}").headers["ETag"])
    ok(bob.patch(f"/files/{file}", {"path": "b"}))
    tags.append(bob.get(f"/files/{file}").headers["ETag"])
    assert len(set(tags)) == 3
    assert bob.get(f"/files/{file}", headers={"If-None-Match": tags[-1]}).status_code == 304
    problem(bob.patch(f"/files/{file}", {"path": "c"}, headers={"If-Match": tags[0]}), 412)
    problem(bob.delete(f"/files/{file}", headers={"If-Match": tags[0]}), 412)


# -- moving ---------------------------------------------------------------------------------------


def test_a_file_is_moved_and_told(bob, project, workspace):
    file = bob.makes_file(workspace, "a", "x")["id"]
    assert ok(bob.patch(f"/files/{file}", {"path": "b/c"}))["path"] == "b/c"
    (event,) = told(bob, project, "file.moved")
    assert (event["path"], event["old_path"], event["file_id"]) == ("b/c", "a", file)
    assert bob.reads(file) == "x"


def test_a_move_to_where_it_is_says_nothing(bob, project, workspace):
    file = bob.makes_file(workspace, "a")["id"]
    ok(bob.patch(f"/files/{file}", {"path": "a"}))
    ok(bob.patch(f"/files/{file}", {}))
    assert told(bob, project, "file.moved") == []


@pytest.mark.parametrize("path", ["b", "b/c", "d"])
def test_a_file_is_not_moved_to_where_something_is(bob, workspace, path):
    bob.makes_file(workspace, "b")
    bob.makes_file(workspace, "d/e")
    file = bob.makes_file(workspace, "a")["id"]
    problem(bob.patch(f"/files/{file}", {"path": path}), 409)
    assert ok(bob.get(f"/files/{file}"))["path"] == "a"


def test_a_file_can_go_below_its_own_name(bob, workspace):
    file = bob.makes_file(workspace, "a")["id"]
    assert ok(bob.patch(f"/files/{file}", {"path": "a/a"}))["path"] == "a/a"


def test_of_two_moved_to_one_path_one_wins(app: Flask, alice, bob, workspace):
    mine, other = (bob.makes_file(workspace, path)["id"] for path in "ab")
    acts = [
        (alice, lambda me: me.patch(f"/files/{mine}", {"path": "c"})),
        (bob, lambda me: me.patch(f"/files/{other}", {"path": "c"})),
    ]
    assert statuses(at_once(app, *acts)) == [200, 409]


def move(who: Person, workspace: int, source: str, target: str):
    return who.post(f"/workspaces/{workspace}/files/move", {"from": source, "to": target})


def test_a_folder_is_moved_with_all_below_it(bob, project, filled):
    assert ok(move(bob, filled, "src", "lib/src")) == {"moved": 5}
    assert paths(bob, filled, prefix="src/") == []
    assert paths(bob, filled, prefix="lib/src/") == [
        f"lib/src/{name}" for name in ("%", "_", "a.png", "a/x", "b.py")
    ]
    moves = {event["old_path"]: event["path"] for event in told(bob, project, "file.moved")}
    assert moves["src/a/x"] == "lib/src/a/x"


def test_a_folder_is_moved_into_one_that_is_there(bob, filled):
    assert ok(move(bob, filled, "src-old", "src")) == {"moved": 1}
    assert "src/y" in paths(bob, filled)


def test_a_folder_is_moved_up_through_its_own_names(bob, workspace):
    files = {path: bob.makes_file(workspace, path)["id"] for path in ("a/b/b/x", "a/b/x")}
    assert ok(move(bob, workspace, "a/b", "a")) == {"moved": 2}
    assert ok(bob.get(f"/files/{files['a/b/x']}"))["path"] == "a/x"
    assert ok(bob.get(f"/files/{files['a/b/b/x']}"))["path"] == "a/b/x"


def test_a_folder_is_moved_whole_or_not_at_all(bob, filled):
    bob.makes_file(filled, "lib/a/x")
    before = paths(bob, filled)
    problem(move(bob, filled, "src", "lib"), 409)
    problem(move(bob, filled, "src", "b.txt"), 409)
    problem(move(bob, filled, "src", "b.txt/c"), 409)
    assert paths(bob, filled) == before


@each(
    [
        ("nothing", "x", "from"),
        ("b.txt", "x", "from"),
        ("src", "src/a", "to"),
        ("src", "/".join("a" * 39), "to"),
        ("src", "../x", "to"),
        ("/src", "x", "from"),
    ]
)
def test_a_move_that_can_not_be_is_refused(source, target, pointer, *, bob, filled):
    before = paths(bob, filled)
    assert pointers(move(bob, filled, source, target)) == [f"#/{pointer}"]
    assert paths(bob, filled) == before


def test_a_moved_folders_files_have_new_tags(bob, filled):
    (file,) = ok(bob.get(f"/workspaces/{filled}/files?prefix=src-old"))["items"]
    tag = bob.get(f"/files/{file['id']}").headers["ETag"]
    ok(move(bob, filled, "src-old", "new"))
    assert bob.get(f"/files/{file['id']}").headers["ETag"] != tag


# -- deleting -------------------------------------------------------------------------------------


def test_a_deleted_file_is_gone_and_told(app: Flask, bob, project, workspace):
    file = bob.makes_file(workspace, "a", "x")["id"]
    bob.reads(file)
    ok(bob.delete(f"/files/{file}"))
    assert [one["file_id"] for one in told(bob, project, "file.deleted")] == [file]
    problem(bob.get(f"/files/{file}/content"), 404)
    problem(bob.request("PUT", f"/files/{file}/content", content=b"y"), 404)
    body = {"base_version": 1, "edits": [{"insert": "x"}]}
    problem(bob.patch(f"/files/{file}/content", body), 404)
    bob.makes_file(workspace, "a")


def test_a_deleted_files_document_leaves_memory(app: Flask, bob, workspace):
    first, second = (bob.makes_file(workspace, path, "x")["id"] for path in "ab")
    texts = TEXTS.of(app)
    assert [bob.reads(one) for one in (first, second)] == ["x", "x"]
    assert texts.in_memory == [first, second]
    ok(bob.delete(f"/files/{first}"))
    bob.reads(second)  # after what the writer was told of the first
    assert texts.in_memory == [second]


def test_a_file_deleted_while_it_is_edited_takes_no_late_change(app: Flask, alice, bob, workspace):
    file = bob.makes_file(workspace, "a", "x")["id"]
    acts = [
        (alice, lambda me: me.delete(f"/files/{file}")),
        (bob, lambda me: me.request("PUT", f"/files/{file}/content", content=b"y")),
    ]
    deleted, put = at_once(app, *acts)
    assert (deleted.status_code, put.status_code in (200, 404)) == (204, True)
    problem(bob.get(f"/files/{file}/content"), 404)


def test_a_deleted_workspace_tells_of_each_of_its_files(bob, project, workspace):
    files = {bob.makes_file(workspace, path)["id"] for path in "abc"}
    other = bob.makes_file(bob.makes_workspace(project), "a")["id"]
    ok(bob.delete(f"/workspaces/{workspace}"))
    assert {one["file_id"] for one in told(bob, project, "file.deleted")} == files
    problem(bob.get(f"/files/{min(files)}"), 404)
    assert ok(bob.get(f"/files/{other}"))["id"] == other


def test_a_deleted_workspace_ends_what_follows_its_files(server, connect, over, bob, workspace):
    file = bob.makes_file(workspace, "a")["id"]
    socket = connect(bob)
    socket.ask("subscribe", topic=f"file:{file}")
    ok(over(server, bob).delete(f"/workspaces/{workspace}"))
    assert socket.expect("unsubscribed")["topic"] == f"file:{file}"


def test_files_can_be_switched_off(make_app, bob, workspace):
    with http_for(make_app(FEATURE_FILES="off")) as http:
        assert bob.at(http).get(f"/workspaces/{workspace}/files").status_code == 404
