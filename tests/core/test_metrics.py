"""Metrics that packages declare: each application counts for itself, several processes for all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from collab.config import ROOT
from collab.core.counting import metrics, requests

CALLS = metrics.counter("collab_test_calls", "Calls.", ("kind",))
DEPTH = metrics.gauge("collab_test_depth", "Depth.")

#: Counts in two processes of one folder, one of which ends; then a third answers for all.
SEVERAL = """
import os, sys
from flask import Flask
from collab.core.counting import metrics, processes
CALLS = metrics.counter("collab_test_calls", "Calls.", ("kind",))
DEPTH = metrics.gauge("collab_test_depth", "Depth.")
TOOK = metrics.histogram("collab_test_seconds", "Seconds.")
app = Flask("several")
metrics.declare(app, CALLS, DEPTH, TOOK)
def work(times):
    for _ in range(times):
        CALLS.of(app).child("a").inc()
        TOOK.of(app).child().observe(0.004)
    DEPTH.of(app).child().set(times)
work(1)
if os.fork() == 0:
    work(10)
    os._exit(0)
os.wait()
done, written = os.pipe()
leave, left = os.pipe()
if os.fork() == 0:
    os.close(left)
    work(100)
    os.write(written, b"x")
    os.read(leave, 1)
    os._exit(0)
os.read(done, 1)
with app.app_context():
    print(metrics.exported("")[0].decode())
os.close(left)
os.wait()
"""


def read(text: str) -> dict[str, float]:
    """Return the samples that have no label but one, by name and that label's value."""
    return {
        "|".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def counting() -> Flask:
    """Return an application with nothing but two metrics."""
    app = Flask("counting")
    metrics.declare(app, CALLS, DEPTH)
    return app


def exported(app: Flask) -> dict[str, float]:
    with app.app_context():
        return read(metrics.exported("")[0].decode())


def test_what_is_declared_is_exported_before_anything_is_counted(counting: Flask) -> None:
    assert exported(counting)["collab_test_depth"] == 0


def test_each_application_counts_for_itself(counting: Flask) -> None:
    other = Flask("other")
    metrics.declare(other, CALLS)
    CALLS.of(counting).child("a").inc()
    assert exported(counting)["collab_test_calls_total|a"] == 1
    assert "collab_test_calls_total|a" not in exported(other)


def test_a_name_is_one_metric_s(counting: Flask) -> None:
    metrics.declare(counting, CALLS)  # again is no harm
    with pytest.raises(ValueError, match="collab_test_calls"):
        metrics.declare(counting, metrics.gauge("collab_test_calls", "Something else."))


def test_what_nobody_has_declared_is_counted_nowhere(counting: Flask) -> None:
    with pytest.raises(KeyError):
        metrics.gauge("collab_test_unknown", "Unknown.").of(counting)


def test_labels_without_end_end_as_others(counting: Flask) -> None:
    family = CALLS.of(counting)
    for number in range(metrics.MAX_CHILDREN + 50):
        family.child(str(number)).inc()
    found = {name: value for name, value in exported(counting).items() if "calls_total" in name}
    assert len(found) == metrics.MAX_CHILDREN + 1
    assert found[f"collab_test_calls_total|{metrics.OTHER}"] == 50


def test_children_are_made_once(counting: Flask) -> None:
    family = CALLS.of(counting)
    assert family.child("a") is family.child("a")


def test_several_processes_are_one_installation(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = [sys.executable, "-c", SEVERAL]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = read(done.stdout)
    assert found["collab_test_calls_total|a"] == 111, "also of the one that has ended"
    assert found["collab_test_seconds_count"] == 111
    assert found["collab_test_seconds_bucket|0.005"] == 111
    assert found["collab_test_depth"] == 101, "only of those that live"
    memory = [value for name, value in found.items() if name == "process_resident_memory_bytes"]
    assert len(memory) == 1
    assert memory[0] > 2 * 5e6
    assert (folder.stat().st_mode & 0o777) == 0o700


SHARES = """
import os, subprocess, sys
from pathlib import Path
from collab.core.counting import processes
where = Path(sys.argv[1])
gone = subprocess.Popen(["true"])
gone.wait()
for number in (gone.pid, os.getppid(), "no number"):
    (where / f"collab-numbers-{number}").mkdir()
processes.share(where)
print(*sorted(one.name for one in where.iterdir()), os.environ["PROMETHEUS_MULTIPROC_DIR"])
processes.forget()
print(*(one.name for one in where.iterdir()))
"""


def test_a_servers_folder_goes_with_it_and_those_of_killed_ones_go_at_the_next_start(
    tmp_path: Path,
) -> None:
    environ = {name: one for name, one in os.environ.items() if "PROMETHEUS" not in name}
    command = [sys.executable, "-c", SHARES, str(tmp_path)]
    with subprocess.Popen(
        command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as running:
        out, _ = running.communicate(timeout=60)
    ours, other = (f"collab-numbers-{pid}" for pid in (running.pid, os.getpid()))
    first, second = out.splitlines()
    assert first.split() == [*sorted([ours, other]), str(tmp_path / ours)]
    assert second.split() == [other]


@pytest.mark.parametrize(
    ("rule", "written"),
    [
        ("/api/v1/tasks/<id:task_id>", "/api/v1/tasks/{task_id}"),
        ("/a/<name>/b/<path:rest>", "/a/{name}/b/{rest}"),
        ("/health", "/health"),
    ],
)
def test_a_rule_is_written_as_the_documents_do(rule: str, written: str) -> None:
    assert requests.pattern(rule) == written
