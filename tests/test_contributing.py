"""CONTRIBUTING.md is followed, block by block, in a copy of the checkout: so what it says works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collab.config import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"^```(python|diff) (\S+)\n(.*?)^```$", PAGE, re.M | re.S)
#: What is compiled is copied, too (it takes seconds to make), but for files that are being written.
NOT_COPIED = ("node_modules", "*.pyc.*", "peers")

#: What must hold of the copy, said here and not on the page.
PROOF = """
import pytest

from ..support.people import ok


def test_members_alone_read_and_write_notes(alice, bob, vera, charlie, nobody, project):
    notes = f"/projects/{project}/notes"
    made = bob.post(notes, {"title": "Buy fuel"})
    assert made.status_code == 201
    note = made.json()
    assert (note["title"], note["project_id"]) == ("Buy fuel", project)
    for reader in (alice, bob, vera):
        assert ok(reader.get(notes))["items"] == [note]
        assert ok(reader.get(f"/notes/{note['id']}")) == note
    assert vera.post(notes, {"title": "No"}).status_code == 403
    for path in (notes, f"/notes/{note['id']}"):
        assert charlie.get(path).status_code == 404
        assert nobody.get(path).status_code == 401
    assert charlie.post(notes, {"title": "No"}).status_code == 404
    assert bob.post(notes, {"title": ""}).status_code == 422
    assert len(ok(alice.get(notes))["items"]) == 1


def test_a_note_has_a_tag_and_is_counted(alice, project):
    sent = {"json": {"title": "Buy fuel"}, "headers": {"Idempotency-Key": '"1"'}}
    before = ok(alice.get(f"/projects/{project}/usage"))
    first = alice.request("POST", f"/projects/{project}/notes", **sent)
    again = alice.request("POST", f"/projects/{project}/notes", **sent)
    assert first.json() == again.json()
    assert ok(alice.get(f"/projects/{project}/usage")) != before
    path = f"/notes/{first.json()['id']}"
    tag = alice.get(path).headers["ETag"]
    assert alice.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_the_description_has_it(http):
    paths = http.get("/api/openapi.json").json()["paths"]
    assert {"get", "post"} <= paths["/api/v1/projects/{project_id}/notes"].keys()
    assert "get" in paths["/api/v1/notes/{note_id}"]
"""

#: The house's rules on who imports whom, of the new files alone: to read all takes seconds, and who
#: imports lower ranks only is in no circle with others.
IMPORTS = """
import shutil

from ..support.imports import Imports
from ..test_house import HOUSE, imports_higher, offenders

NEW = [*sorted((HOUSE / "notes").glob("*.py")), HOUSE / "events" / "catalogue" / "notes.py"]


def test_it_imports_lower_ranks_only():
    assert offenders(NEW, imports_higher) == {}


def test_its_modules_are_in_no_circle_and_only_its_front_imports_routes(tmp_path):
    shutil.copytree(HOUSE / "notes", tmp_path / "collab" / "notes")
    imports = Imports(tmp_path / "collab")
    assert (imports.circles(), imports.routes_below()) == ([], [])
"""

#: Without the event's sentence the same rule fails: it is what the page is held against.
FORGOTTEN = """
import pytest

from collab.activity.sentences import SENTENCES

from ..activity.test_sentences import test_every_type_of_the_catalogue_has_a_sentence as rule


def test_a_forgotten_address_is_noticed(monkeypatch):
    monkeypatch.delitem(SENTENCES, "note.created")
    with pytest.raises(AssertionError, match="note.created"):
        rule()
"""

#: The house's own rules that a forgotten address breaks.
RULES = (
    "tests/notes",
    "tests/test_house.py",
    "tests/test_migrations.py::test_models_and_migrations_agree",
    "tests/test_role_matrix.py::test_every_route_has_a_row",
    "tests/test_role_matrix.py::test_everything_that_is_sent_belongs_to_a_row",
    "tests/test_role_matrix.py::test_route_answers_each_role[POST projects/<project>/notes]",
    "tests/test_role_matrix.py::test_routes_that_read_answer_each_role",
    "tests/quotas/test_counters.py::test_every_table_is_counted_or_has_a_reason_why_not",
    "tests/core/test_declared_tables.py::test_every_table_is_declared_with_all_that_may_name_a_person",
    "tests/activity/test_sentences.py::test_every_type_of_the_catalogue_has_a_sentence",
    "tests/activity/test_privacy.py::test_every_family_of_events_has_been_decided",
    "tests/events/test_catalogue.py::test_every_class_of_the_catalogue_is_in_it",
    "tests/ops/test_openapi.py::test_it_has_every_route",
    "tests/ops/test_openapi.py::test_requests_have_examples",
    "tests/ops/test_openapi_examples.py::test_every_example_passes_its_schema",
)
#: Of the house's rules, those that look at each file are asked about the new ones alone.
CHOSEN = "not test_house or notes or has_its_rank or mirror"


def newest_revision(checkout: Path) -> str:
    """Return the migration that no other one comes after."""
    texts = [one.read_text() for one in (checkout / "collab/migrations/versions").glob("*.py")]
    found = {
        name: {match[1] for text in texts if (match := re.search(pattern, text, re.M))}
        for name, pattern in {
            "made": r"^revision = ['\"](\w+)",
            "followed": r"^down_revision = ['\"](\w+)",
        }.items()
    }
    (newest,) = found["made"] - found["followed"]
    return newest


def changed(text: str, diff: str) -> str:
    """Apply the hunks of a diff; each must stand for exactly one place of the text."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        assert f"\n{text}".count(f"\n{old}") == 1, f"stands not once in the file:\n{old}"
        text = f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    return text


def follow(checkout: Path, kind: str, name: str, block: str) -> None:
    """Do what a block says: make its file, or change the one that is there."""
    path = checkout / name
    if kind == "diff":
        path.write_text(changed(path.read_text(), block))
        return
    assert not path.exists(), name
    path.parent.mkdir(exist_ok=True)
    path.write_text(block.replace("<newest>", newest_revision(checkout)))


def run(checkout: Path, *command: str) -> str:
    """Run Python in a checkout, unmeasured and by itself; returns what it said where it failed."""
    ours = ("COV", "PYTEST", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, *command], cwd=checkout, env=env, capture_output=True, text=True
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout in which the page was followed."""
    copy = tmp_path_factory.mktemp("contributing")
    for name in ("collab", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for block in BLOCKS:
        follow(copy, *block)
    (copy / "tests" / "notes" / "test_proof.py").write_text(PROOF)
    (copy / "tests" / "notes" / "test_imports.py").write_text(IMPORTS)
    (copy / "tests" / "notes" / "test_forgotten.py").write_text(FORGOTTEN)
    return copy


@pytest.mark.timeout(300)  # a whole run of pytest, with a start of its own
def test_whoever_follows_the_page_has_a_resource_that_keeps_every_rule(checkout):
    assert run(checkout, "-m", "pytest", "-n", "0", "-x", "-k", CHOSEN, *RULES) == ""


def test_what_the_page_makes_is_as_tidy_as_the_rest(checkout):
    if shutil.which("ruff", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("pip install -r .ci/requirements.txt")
    made = sorted({name for _, name, _ in BLOCKS if "migrations" not in name})
    assert run(checkout, "-m", "ruff", "check", *made) == ""
    assert run(checkout, "-m", "ruff", "format", "--check", *made) == ""


def test_the_page_names_only_what_is_there():
    for path in re.findall(r"\]\(([\w./-]+)\)", PAGE):
        assert (ROOT / path).exists(), path
    checklist = PAGE.split("**13.")[1]
    for path in re.findall(r"`((?:collab|tests)/[\w./]+)`", checklist):
        assert (ROOT / path).exists(), path


def test_the_targets_that_it_names_are_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`(?:PYTHON=\S+ )?make (\w+)", PAGE)) <= targets
