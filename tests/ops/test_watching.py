"""What watches the service: every metric and label that alerts and graphs name is really there."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from collab.config import ROOT
from collab.core.counting import metrics

from ..support.people import Person, ok
from ..support.servers import PLAIN
from ..support.sockets import Socket
from ..support.waiting import eventually

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "collab.json"
OPERATIONS = ROOT / "docs" / "operations.md"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool: `apt-get install prometheus`"
)

#: What Prometheus itself adds.
OF_PROMETHEUS = {"up": set[str]()}
TARGET_LABELS = {"job", "instance", "le", "__name__"}

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*\{([^{}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "Inf", "NaN"}


def metric_names(expression: str) -> set[str]:
    """Return the metrics that an expression of PromQL names."""
    bare = GROUPING.sub(" ", re.sub(r"\{[^{}]*\}|\[[^\]]*\]", " ", TEXT.sub('""', expression)))
    found = {
        one[0]
        for one in NAME.finditer(bare)
        if not re.match(r"\s*\(", bare[one.end() :])  # a function's name
        and not (one.start() and bare[one.start() - 1].isdigit())  # 5e9
    }
    return found - KEYWORDS - {"by", "on", "without", "group_left", "group_right"}


def labels(expression: str) -> set[str]:
    """Return the labels that it selects or groups by."""
    bare = TEXT.sub('""', expression)
    selected = [
        part for _, inner in SELECTOR.findall(bare) for part in re.split(r"[=!~,\s]+", inner)
    ]
    grouped = [name for inner in GROUPING.findall(bare) for name in re.split(r"[,\s]+", inner)]
    return {name for name in (*selected, *grouped) if NAME.fullmatch(name)}


def alerts() -> list[dict[str, Any]]:
    text = (PROMETHEUS / "alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def graphs() -> dict[str, list[str]]:
    """Return the expressions of each panel, with Grafana's variables filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {
        panel["title"]: [
            target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            for target in panel["targets"]
        ]
        for panel in panels
        if panel["type"] != "row"
    }


EXPRESSIONS = {f"alert {rule['alert']}": rule["expr"] for rule in alerts()} | {
    f"graph {title}, {number}": expression
    for title, expressions in graphs().items()
    for number, expression in enumerate(expressions, 1)
}


@pytest.fixture
def busy(process: Any, alice: Person, over: Any, project: int) -> Iterator[httpx.Client]:
    """Return a client of a server on which a little of everything has happened."""
    running = process()
    with socket.create_connection(("127.0.0.1", running.port)) as line:
        line.sendall(b"NONSENSE\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    me = over(running, alice)
    source = ok(me.post("/ingest/sources", {"project_id": project, "name": "Shop"}))
    headers = {"Authorization": f"Bearer {source['write_key']}"}
    one = [{"event_id": "1", "event_type": "click", "timestamp": "2026-01-31T09:30:00Z"}]
    assert me.http.post("/api/v1/ingest", json=one, headers=headers).status_code == 202
    kind = {"type": "report", "project_id": project}
    ok(me.post("/jobs", kind))
    ok(me.post("/jobs", kind | {"run_at": "2099-01-01T00:00:00Z"}))
    with Socket(running.url, token=alice.token, project_id=project) as ws:
        ws.expect("subscribed")
        alice.at(me.http).tells(project, text="hello")
        with httpx.Client(base_url=running.url, **PLAIN) as http:
            yield http


def exposed(http: httpx.Client) -> dict[str, set[str]]:
    """Return the names of all series, and the labels that each has."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(http.get("/metrics").text):
        found.setdefault(family.name, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture
def there(busy: httpx.Client, app: Flask) -> dict[str, set[str]]:
    """Return what the server exposes, once all that happened has arrived."""

    def whole() -> dict[str, set[str]] | None:
        found = exposed(busy)
        wanted = ("collab_ingest_latency_seconds", "collab_job_run_seconds_count")
        return found if all(found.get(name) for name in wanted) else None

    return eventually(whole)


def test_every_metric_and_label_that_is_named_exists(
    there: dict[str, set[str]], busy: httpx.Client, app: Flask
) -> None:
    for one in metrics._DECLARED.of(app).values():  # what has had no reason to be counted yet
        ends = ("", "_total", "_count", "_sum", "_bucket")
        for name in (one.name + end for end in ends):
            there.setdefault(name, set()).update(one.labels)
    unknown = {}
    for where, expression in EXPRESSIONS.items():
        names = metric_names(expression) - OF_PROMETHEUS.keys()
        missing = {name for name in names if name not in there}
        has = TARGET_LABELS.union(*(there.get(name, set()) for name in names))
        if wrong := missing | (labels(expression) - has):
            unknown[where] = wrong
    assert len(EXPRESSIONS) > 60
    assert unknown == {}
    if shutil.which("promtool"):
        promtool("check", "metrics", given=busy.get("/metrics").text)


@pytest.mark.parametrize(
    ("expression", "names", "used"),
    [
        ("a_b == 0 and on (x) c", {"a_b", "c"}, {"x"}),
        ('sum by (d) (rate(a{b="c\\"}",e!~"f"}[5m])) / 5e9', {"a"}, {"b", "d", "e"}),
        ('{__name__=~"a.+"} > 1', set(), {"__name__"}),
        ("topk(10, a) or 0 * b", {"a", "b"}, set()),
    ],
)
def test_what_an_expression_names_is_found(
    expression: str, names: set[str], used: set[str]
) -> None:
    assert (metric_names(expression), labels(expression)) == (names, used)


def promtool(*arguments: str, given: str = "") -> None:
    command = ["promtool", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=PROMETHEUS)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    promtool("test", "rules", "alerts.test.yml")
    tested = (PROMETHEUS / "alerts.test.yml").read_text()
    assert [rule["alert"] for rule in alerts() if rule["alert"] not in tested] == []


@needs_promtool
@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml", "kubernetes.yml"])
def test_the_configuration_is_valid(name: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t" * 32)
    shutil.copy(PROMETHEUS / "alerts.yml", tmp_path)
    text = re.sub(r"/run/secrets/\S+", str(token), (PROMETHEUS / name).read_text())
    config = yaml.safe_load(text)
    for job in config["scrape_configs"]:
        job.pop("kubernetes_sd_configs", None)  # Debian's is built without
    file = tmp_path / name
    file.write_text(yaml.safe_dump(config))
    promtool("check", "config", str(file))


@needs_promtool
def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    every = [one for expressions in graphs().values() for one in expressions]
    rules = [{"record": f"graph:{number}", "expr": one} for number, one in enumerate(every)]
    file = tmp_path / "graphs.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "graphs", "rules": rules}]}))
    promtool("check", "rules", str(file))


def test_every_alert_says_what_to_do() -> None:
    page = OPERATIONS.read_text()
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert f"| {rule['annotations']['symptom']} |" in page, rule["alert"]


def test_panels_have_room_and_names_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "panels lie on one another"
