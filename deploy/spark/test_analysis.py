"""The analysis on a cluster of Spark says what the service says: `make spark`."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collab.ingest.reading import funnels, sessions
from collab.ingest.reading.periods import Period
from tests.support.pipeline import MORNING, Pipeline

HERE = Path(__file__).parent
SUBMIT = shutil.which("spark-submit") or HERE.parent.parent / ".spark" / "bin" / "spark-submit"
STEPS = ["page_view", "add_to_cart", "purchase"]
WINDOW_S = 3600 * 6
SPAN_MS = 10**8
#: A master and two workers, each with one core, as processes of this machine.
CLUSTER = ("--master", "local-cluster[2,1,800]", "--conf", "spark.executor.memory=600m")
QUIET = (
    *("--conf", "spark.ui.enabled=false"),
    *("--conf", "spark.driver.host=127.0.0.1"),
    *("--conf", "spark.sql.shuffle.partitions=4"),
)


def sent(draw: random.Random, number: int) -> dict[str, Any]:
    """Return an event: some of them with an id that was there, or with a session's."""
    at = datetime.fromtimestamp((MORNING - draw.randrange(SPAN_MS)) / 1000, UTC)
    event = {
        "event_id": f"e{number}" if draw.random() < 0.95 else "e5",
        "event_type": draw.choice(STEPS),
        "timestamp": at.isoformat(),
        "user_id": f"u{draw.randrange(40)}",
    }
    return event | ({"session_id": f"s{draw.randrange(30)}"} if draw.random() < 0.3 else {})


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    """Return a pipeline that has stored, known and rejected events of two projects."""
    made, draw = Pipeline(tmp_path), random.Random(7)
    made.has_source(2, project=2)
    for batch in range(10):
        events = [sent(draw, batch * 100 + number) for number in range(100)]
        source = 1 + batch % 2
        made.takes(*events, {"event_type": 1.5}, source=source, project=source)
        made.loads()
    yield made
    made.close()


def own_numbers(pipeline: Pipeline, project: int) -> dict[str, Any]:
    """Return what the service says."""
    period = Period(0, 2 * MORNING)
    connection = pipeline.loader.connection
    found = funnels.find(connection, project, period, STEPS, WINDOW_S)
    count = pipeline.asks("SELECT count(*) FROM events WHERE project = ?", project)
    return {
        "events": count[0][0],
        "sessions": sessions.find(connection, project, period).sessions,
        "funnel": [step.users for step in found.items],
    }


def test_a_cluster_of_spark_says_what_the_service_says(pipeline: Pipeline, tmp_path: Path) -> None:
    arguments = [str(pipeline.folder / "archive"), str(tmp_path / "tables")]
    arguments += ["--funnel", ",".join(STEPS), "--window", str(WINDOW_S)]
    done = subprocess.run(
        [str(SUBMIT), *CLUSTER, *QUIET, str(HERE / "analysis.py"), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    numbers = json.loads(done.stdout.splitlines()[-1])
    assert numbers == {str(one): own_numbers(pipeline, one) for one in (1, 2)}
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"daily", "sessions"}
    assert len(list((tmp_path / "tables").glob("daily/project=*/*.parquet"))) >= 2
