"""An export is made by a job, fetched with a proof, and kept for a while."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.maintenance.people.in_hand import EXPORTS, MAX_EXPORTS_PER_PERSON

from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import problem
from .exports import fetch, kept, made, opened, ordered
from .zebulonia import EMAIL


@pytest.fixture
def archive(zeb: Person, together: int, desk: Desk) -> Iterator[zipfile.ZipFile]:
    made(zeb, desk)
    with opened(fetch(zeb)) as archive:
        yield archive


# -- what is in it --------------------------------------------------------------------------------


def test_an_export_has_each_kind_and_the_files(archive: zipfile.ZipFile) -> None:
    kinds = {name: json.loads(archive.read(name)) for name in archive.namelist() if "/" not in name}
    assert kinds["account.json"][0]["email"] == EMAIL
    assert {one["title"] for one in kinds["tasks.json"]} == {
        "A mirabilifolious task",
        "vexillological",
    }
    assert [one["body"] for one in kinds["comments.json"]] == [
        "A vexillological comment",
        "I will see to it",
    ]
    assert len(kinds["sessions.json"]) == 2
    (file,) = [name for name in archive.namelist() if name.startswith("files/")]
    assert archive.read(file) == b"ombrophobous bytes"


def test_no_export_shows_a_secret_or_somebody_else(
    archive: zipfile.ZipFile, alice: Person, bob: Person
) -> None:
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"password_hash", b"token_digest", b"argon2", alice.email.encode(), b"bob@"):
        assert word not in everything


def test_an_export_has_nothing_of_the_one_before(zeb: Person, desk: Desk) -> None:
    made(zeb, desk)
    made(zeb, desk)
    with opened(fetch(zeb)) as archive:
        assert [name for name in archive.namelist() if "zip" in name or "export" in name] == []


def test_the_job_tells_how_much_there_is_and_until_when_and_nothing_of_it(
    app: Flask, zeb: Person, desk: Desk
) -> None:
    job = made(zeb, desk)
    assert (job["status"], job["progress"], job["payload"]) == ("succeeded", 1.0, {})
    result = job["result"]
    assert result["size"] == len(fetch(zeb).content)
    assert (result["rows"]["tasks"], result["files"]) == (2, 1)
    assert result["deleted_at"] > utcnow().isoformat()
    assert result.keys() == {"size", "rows", "files", "deleted_at"}


def test_its_job_says_of_each_kind_that_it_comes_to_it(zeb: Person, desk: Desk) -> None:
    job = made(zeb, desk)
    events = ok(zeb.get(f"/events?topic=job:{job['id']}&limit=100"))["items"]
    said = [one["data"]["message"] for one in events if one["type"] == "job.progressed"]
    assert said, "nothing is said"
    assert said[-1] == "the files themselves"


# -- ordering -------------------------------------------------------------------------------------


def test_an_order_says_where_its_job_is(zeb: Person) -> None:
    answer = zeb.post("/auth/me/export")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["type"], job["status"], job["owner_id"]) == ("export", "queued", zeb.id)
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"


def test_there_is_one_export_of_a_person_at_a_time(zeb: Person, alice: Person, desk: Desk) -> None:
    first = ordered(zeb)["id"]
    assert ordered(zeb)["id"] == first
    assert ordered(alice)["id"] != first
    desk.work()
    assert ordered(zeb)["id"] != first


def test_one_that_is_cancelled_stands_in_nobodys_way(zeb: Person) -> None:
    first = ordered(zeb)["id"]
    ok(zeb.post(f"/jobs/{first}/cancel"))
    assert ordered(zeb)["id"] != first


def test_one_that_was_cancelled_is_not_run_again_beside_another(zeb: Person) -> None:
    first = ordered(zeb)["id"]
    ok(zeb.post(f"/jobs/{first}/cancel"))
    second = ordered(zeb)["id"]
    assert f"Job {second}" in problem(zeb.post(f"/jobs/{first}/retry"), 409)["detail"]
    ok(zeb.post(f"/jobs/{second}/cancel"))
    assert ok(zeb.post(f"/jobs/{first}/retry"))["status"] == "queued"


def test_whoever_orders_again_and_again_has_to_wait(zeb: Person, alice: Person) -> None:
    for _ in range(10):
        ok(zeb.post(f"/jobs/{ordered(zeb)['id']}/cancel"))
    refused = zeb.post("/auth/me/export")
    assert "too many exports" in problem(refused, 429)["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    ordered(alice)


@pytest.mark.parametrize("path", ["/jobs", "/schedules"])
def test_it_is_ordered_at_its_own_address_only(zeb: Person, path: str) -> None:
    when = {"name": "Monthly", "cron": "0 0 1 * *"} if path == "/schedules" else {}
    refused = zeb.post(path, {"type": "export", "payload": {}} | when)
    assert "auth/me/export" in problem(refused, 422)["errors"][0]["detail"]


def test_no_quota_refuses_it(app: Flask, zeb: Person, desk: Desk) -> None:
    zeb.uploads(b"x" * 2 * 2**20)
    app.config["PERSON_QUOTA_MB"] = 1
    problem(zeb.post("/uploads", content=b"y" * 2**20), 413)
    assert made(zeb, desk)["status"] == "succeeded"
    assert fetch(zeb).status_code == 200


def test_a_full_disk_does_and_it_is_tried_again(
    app: Flask, zeb: Person, desk: Desk, instance: Path
) -> None:
    zeb.uploads(b"a file")
    job = ordered(zeb)["id"]
    app.config["MIN_FREE_MB"] = 2**40
    desk.work()
    shown = ok(zeb.get(f"/jobs/{job}"))
    assert (shown["status"], shown["error"]["code"]) == ("retry_wait", "disk_full")
    assert kept(instance) == []
    app.config["MIN_FREE_MB"] = 0
    desk.clock.passes(300)
    desk.work()
    assert fetch(zeb).status_code == 200


# -- fetching -------------------------------------------------------------------------------------


def test_what_was_never_ordered_is_not_there(zeb: Person) -> None:
    assert "order one" in problem(fetch(zeb), 404)["detail"]


def test_what_is_being_made_is_not_there_yet(zeb: Person, desk: Desk) -> None:
    made(zeb, desk)
    job = ordered(zeb)["id"]
    assert f"job {job}" in problem(fetch(zeb), 409)["detail"]


def test_no_cache_keeps_it(zeb: Person, desk: Desk) -> None:
    made(zeb, desk)
    assert fetch(zeb).headers["Cache-Control"] == "no-store"


def test_without_a_proof_nobody_gets_it(app: Flask, zeb: Person, desk: Desk) -> None:
    """Whoever has got hold of an access token has no export by it."""
    made(zeb, desk)
    app.config["FRESH_LOGIN_MINUTES"] = 0
    assert problem(zeb.post("/auth/me/export/download", {}), 403)["type"].endswith("not-fresh")
    problem(zeb.post("/auth/me/export/download", {"password": "wrong password"}), 401)


def test_no_script_gets_it_whatever_its_scopes(app: Flask, zeb: Person, desk: Desk) -> None:
    every = [one["name"] for one in ok(zeb.get("/auth/tokens/scopes"))["scopes"]]
    script = zeb.comes_with(zeb.makes_token(*every)["token"])
    job = made(zeb, desk)
    problem(fetch(script), 403)
    assert ok(script.get(f"/jobs/{job['id']}"))["output"] is None
    problem(script.get(f"/jobs/{job['id']}/output"), 404)


@pytest.mark.parametrize("other", ["alice", "ada"])
def test_nobody_gets_somebody_elses(
    zeb: Person, desk: Desk, other: str, request: pytest.FixtureRequest
) -> None:
    """A person and an admin."""
    job = made(zeb, desk)["id"]
    them = request.getfixturevalue(other)
    problem(fetch(them), 404)
    problem(them.get(f"/jobs/{job}/output"), 404)


def test_its_job_has_no_output_not_even_for_its_owner(zeb: Person, desk: Desk) -> None:
    job = made(zeb, desk)
    assert job["output"] is None
    problem(zeb.get(f"/jobs/{job['id']}/output"), 404)


def test_few_are_sent_at_once(app: Flask, zeb: Person, bob: Person, desk: Desk) -> None:
    made(zeb, desk), made(bob, desk)
    for _ in range(MAX_EXPORTS_PER_PERSON):
        EXPORTS.of(app).begin(zeb.id)
    problem(fetch(zeb), 429)
    assert fetch(bob).status_code == 200
    EXPORTS.of(app).end(zeb.id)
    assert fetch(zeb).status_code == 200


def test_it_is_in_hand_no_longer_however_fetching_ends(app: Flask, zeb: Person, desk: Desk) -> None:
    fetch(zeb)
    made(zeb, desk)
    zeb.post("/auth/me/export/download", {"password": "wrong password"})
    fetch(zeb)
    fetch(zeb, headers={"Range": "bytes=0-9,20-29"})
    assert EXPORTS.of(app).of(zeb.id) == 0
