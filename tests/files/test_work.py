"""Jobs on files: programs that are run, images that are made small."""

from __future__ import annotations

import pytest

from collab.execution.languages import LANGUAGES
from collab.files.jobs import LANGUAGE_BY_SUFFIX

from ..support.images import encoded, halves
from ..support.people import ok
from ..support.problems import pointers, problem


def run(who, file: int, body=None):
    return who.post(f"/files/{file}/run", body)


@pytest.mark.parametrize(
    ("path", "language"),
    [("src/a.py", "python"), ("a.js", "javascript"), ("a.mjs", "javascript"), ("A.PY", "python")],
)
def test_a_program_is_a_job_of_its_project(bob, project, workspace, path, language):
    file = bob.makes_file(workspace, path, "1")["id"]
    ok(bob.request("PUT", f"/files/{file}/content", content=b"print('now')"))
    job = ok(run(bob, file, {"stdin": "in"}))
    assert (job["type"], job["project_id"]) == ("code_execution", project)
    assert job["payload"] == {"language": language, "code": "print('now')", "stdin": "in"}


def test_a_program_runs(bob, workspace, desk):
    job = ok(run(bob, bob.makes_file(workspace, "a.py", "print(6 * 7)")["id"]))
    desk.work()
    result = ok(bob.get(f"/jobs/{job['id']}"))["result"]
    assert (result["stdout"], result["exit_code"]) == ("42\n", 0)


def test_a_program_sees_the_other_files_of_its_workspace(bob, workspace, desk):
    code = "import near; print(near.x, open('d.csv', 'rb').read(), open('../far').read())"
    bob.makes_file(workspace, "src/near.py", "x = 6")
    bob.sends_file(workspace, "src/d.csv", b"\x00\xff")
    bob.makes_file(workspace, "far", "away")
    file = bob.makes_file(workspace, "src/a.py", code)["id"]
    job = ok(run(bob, file))
    desk.work()
    result = ok(bob.get(f"/jobs/{job['id']}"))["result"]
    assert result["stdout"] == "6 b'\\x00\\xff' away\n", result


def test_a_program_changes_no_file_of_its_workspace(bob, workspace, desk):
    data = bob.makes_file(workspace, "in.txt", "kept")["id"]
    code = "try: open('in.txt', 'w')\nexcept OSError as error: print(error.errno)"
    job = ok(run(bob, bob.makes_file(workspace, "a.py", code)["id"]))
    desk.work()
    assert ok(bob.get(f"/jobs/{job['id']}"))["result"]["stdout"] == "30\n"
    assert bob.get(f"/files/{data}/content").text == "kept"


def test_of_a_large_workspace_a_program_sees_the_nearest(bob, workspace, desk):
    bob.sends_file(workspace, "b/large.bin", b"\xff" * 3_000_000)
    bob.sends_file(workspace, "a/large.bin", b"\x00" + b"\xff" * 3_000_000)
    bob.makes_file(workspace, "z/small.txt", "s")
    code = "import glob; print(sorted(glob.glob('/box/*/*')))"
    job = ok(run(bob, bob.makes_file(workspace, "b/run.py", code)["id"]))
    desk.work()
    result = ok(bob.get(f"/jobs/{job['id']}"))["result"]
    assert result["stdout"] == "['/box/b/large.bin', '/box/b/run.py', '/box/z/small.txt']\n"
    assert result["files_left_out"] == 1


def in_workspace(who, project: int | None, workspace: int):
    payload = {"language": "python", "code": "1", "workspace_id": workspace, "path": "a.py"}
    return who.post("/jobs", {"type": "code_execution", "payload": payload, "project_id": project})


def test_code_runs_in_a_workspace_of_its_own_project_only(bob, charlie, project, workspace):
    assert in_workspace(bob, project, workspace).status_code == 201
    pointer = ["#/payload/workspace_id"]
    assert pointers(in_workspace(bob, None, workspace)) == pointer
    assert pointers(in_workspace(bob, bob.makes_project(), workspace)) == pointer
    assert pointers(in_workspace(charlie, charlie.makes_project(), workspace)) == pointer


def test_code_that_names_a_path_which_is_taken_runs_all_the_same(bob, project, workspace, desk):
    for path in ("a/b", "c"):
        bob.makes_file(workspace, path, "x")
    for path in ("a", "c/d.py", "c"):
        payload = {"language": "python", "code": "print(1)", "workspace_id": workspace}
        body = {"type": "code_execution", "payload": payload | {"path": path}}
        job = ok(bob.post("/jobs", body | {"project_id": project}))
        desk.work()
        assert ok(bob.get(f"/jobs/{job['id']}"))["result"]["stdout"] == "1\n"


def test_what_is_no_program_is_not_run(bob, workspace):
    problem(run(bob, bob.makes_file(workspace, "a.txt", "x")["id"]), 422)
    problem(run(bob, bob.sends_file(workspace, "b.py", b"\x00")["id"]), 422)


def test_an_empty_or_long_program_is_refused(bob, workspace):
    assert pointers(run(bob, bob.makes_file(workspace, "a.py")["id"])) == ["#/code"]
    long = bob.makes_file(workspace, "b.py", "#" * 65537)["id"]
    assert "#/code" in pointers(run(bob, long))


def test_a_repeated_key_runs_a_program_once(bob, workspace):
    file = bob.makes_file(workspace, "a.py", "print(1)")["id"]
    headers = {"Idempotency-Key": "once"}
    first, second = (bob.post(f"/files/{file}/run", {}, headers=headers) for _ in range(2))
    assert ok(first)["id"] == ok(second)["id"]


def test_an_image_gets_a_thumbnail(bob, project, workspace, desk):
    file = bob.sends_file(workspace, "a.png", encoded(halves()))["id"]
    job = ok(bob.post(f"/files/{file}/thumbnail", {"width": 64, "format": "JPEG"}))
    assert (job["type"], job["project_id"]) == ("thumbnail", project)
    desk.work()
    assert ok(bob.get(f"/jobs/{job['id']}"))["status"] == "succeeded"
    output = bob.get(f"/jobs/{job['id']}/output")
    assert output.headers["Content-Type"] == "image/jpeg"


def test_a_thumbnail_of_what_has_been_deleted_fails(bob, workspace, desk):
    file = bob.sends_file(workspace, "a.png", encoded(halves()))["id"]
    job = ok(bob.post(f"/files/{file}/thumbnail"))
    ok(bob.delete(f"/files/{file}"))
    desk.work()
    assert ok(bob.get(f"/jobs/{job['id']}"))["error"]["code"] == "upload_gone"


def test_what_is_no_image_has_no_thumbnail(bob, workspace):
    problem(bob.post(f"/files/{bob.makes_file(workspace, 'a.png')['id']}/thumbnail"), 422)


def thumbnail(who, payload: dict, **more):
    return who.post("/jobs", {"type": "thumbnail", "payload": payload} | more)


def test_a_job_works_on_a_file_of_its_own_project_only(alice, bob, charlie, project, workspace):
    file = bob.sends_file(workspace, "a.png", encoded(halves()))["id"]
    other = bob.makes_project()
    assert thumbnail(bob, {"file_id": file}, project_id=project).status_code == 201
    assert pointers(thumbnail(bob, {"file_id": file})) == ["#/payload/file_id"]
    assert pointers(thumbnail(bob, {"file_id": file}, project_id=other)) == ["#/payload/file_id"]
    mine = charlie.makes_project()
    assert pointers(thumbnail(charlie, {"file_id": file}, project_id=mine)) == ["#/payload/file_id"]
    text = bob.makes_file(workspace, "t")["id"]
    assert pointers(thumbnail(bob, {"file_id": text}, project_id=project)) == ["#/payload/file_id"]


def test_a_job_names_one_image(bob, project):
    assert pointers(thumbnail(bob, {})) == ["#/payload/upload_id"]
    both = {"upload_id": 1, "file_id": 1}
    assert pointers(thumbnail(bob, both)) == ["#/payload/upload_id"]


def test_each_ending_names_a_language_that_the_sandbox_has() -> None:
    assert set(LANGUAGE_BY_SUFFIX.values()) == LANGUAGES.keys()
