"""What `deploy/` names of the service is there: settings, metrics, addresses, ports, files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from collab.config import ROOT, SETTINGS, load
from collab.jobs.models import QUEUED
from collab.setting import FILE_SUFFIX

from ..support.people import Person
from .test_watching import metric_names, promtool

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS = [
    document
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text())
]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
#: Of compose.yaml, those that run Collab; and where a container finds its secrets.
OURS = ("migrate", "web", "worker")
SECRETS = "/run/secrets/"
#: What a variable is where nobody says: `${NAME:-default}`, or an example for `${NAME:?reason}`.
VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")
EXAMPLE = dict(
    re.findall(r"^(\w+)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE),
)


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [one for one in MANIFESTS if one["kind"] == kind]


def every(value: Any, key: str) -> Iterator[Any]:
    """Yield what stands under a key, anywhere in a document."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for one in value.values():
            yield from every(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from every(one, key)


PODS = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in of_kind("Deployment")}
CONTAINERS = {name: pod["containers"][0] for name, pod in PODS.items()}


def environments() -> dict[str, dict[str, str]]:
    """Return the variables of each container of ours."""
    [shared] = [one["data"] for one in of_kind("ConfigMap") if one["metadata"]["name"] == "collab"]
    found = {
        f"pod {name}": shared | {one["name"]: one["value"] for one in container["env"]}
        for name, container in CONTAINERS.items()
    }
    for name in OURS:
        given = COMPOSE["services"][name]["environment"]
        found[name] = {key: VARIABLE.sub(_example, value) for key, value in given.items()}
    return found


def _example(variable: re.Match[str]) -> str:
    return str(EXAMPLE[variable[1]])


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of secrets that the script has made, with those of pods in it."""
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(DEPLOY / "secrets.sh", folder)
    subprocess.run(["sh", folder / "secrets.sh"], check=True)
    made = folder / "secrets"
    pods = made / "collab"
    pods.mkdir()
    for key in ("metrics-token", "secret-key", "jwt-secret-key", "sealing-key"):
        (pods / key).write_text("k" * 32)
    (pods / "database-url").write_text("postgresql+psycopg://collab@postgres/collab")
    (pods / "redis-url").write_text("redis://redis")
    return made


@pytest.mark.parametrize(("name", "environment"), environments().items())
def test_every_variable_is_a_setting_and_has_a_good_value(
    name: str, environment: dict[str, str], secrets: Path
) -> None:
    ours = {one.name for one in SETTINGS}
    files = {one.name + FILE_SUFFIX for one in SETTINGS if one.is_confidential}
    assert environment.keys() - ours - files == set()
    here = {key: value.replace(SECRETS, f"{secrets}/") for key, value in environment.items()}
    settings = load(here)
    assert len(settings["METRICS_TOKEN"]) >= 32
    assert settings["DATABASE_URL"].startswith("postgresql+psycopg://")
    assert (settings["JOB_WORKERS"] > 0) == ("work" in name or name == "migrate")


def test_the_script_makes_secrets_once_and_for_its_owner(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir() if file.is_file()}
    subprocess.run(["sh", secrets.parent / "secrets.sh"], check=True)
    assert {name: (secrets / name).read_text() for name in before} == before
    assert secrets.stat().st_mode & 0o777 == 0o700
    wanted = {Path(one["file"]).name for one in COMPOSE["secrets"].values()}
    assert before.keys() == wanted
    assert before["postgres_password"] in before["database_url"]
    assert len(set(before.values())) == len(before)


def test_the_example_has_what_the_file_asks_for() -> None:
    asked = {one[0] for one in VARIABLE.findall((DEPLOY / "compose.yaml").read_text())}
    assert asked == EXAMPLE.keys()


def test_the_files_that_are_mounted_are_there() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            there = (DEPLOY / source).exists() if "/" in source else source in COMPOSE["volumes"]
            assert there, volume
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
        assert set(service.get("networks", ())) <= COMPOSE["networks"].keys()
    for option in COMPOSE["services"]["worker"]["security_opt"]:
        if option.startswith("seccomp="):
            assert json.loads((DEPLOY / option.partition("=")[2]).read_text())


def test_every_service_is_bounded_looked_after_and_comes_back() -> None:
    for name, service in COMPOSE["services"].items():
        own = name in OURS  # whose image has its HEALTHCHECK
        assert own or "healthcheck" in service, name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        assert name == "migrate" or service["deploy"]["resources"]["limits"].keys() >= {
            "cpus",
            "memory",
            "pids",
        }, name
        assert service.get("read_only") or name == "postgres", name
        for other in service.get("depends_on", {}):
            assert other in COMPOSE["services"]


def test_ports_are_the_image_s() -> None:
    command = json.loads(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[0])
    port = command[command.index("--port") + 1]
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [port]
    assert re.findall(r"HTTPConnection\('127\.0\.0\.1', (\d+)", DOCKERFILE) == [port]
    named = re.findall(r"server web:(\d+)", (DEPLOY / "nginx" / "compose.conf").read_text())
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "compose.yml").read_text())
    named += map(str, every(scraped, "port"))
    named += map(str, every(MANIFESTS, "containerPort"))
    into = [one for one in of_kind("NetworkPolicy") if one["metadata"]["name"].startswith("into")]
    named += map(str, every(into, "port"))
    for worker in (COMPOSE["services"]["worker"], CONTAINERS["collab-worker"]):
        named.append(worker["command"][worker["command"].index("--port") + 1])
    assert set(named) == {port}
    assert len(named) == 9


def test_the_user_and_the_folder_are_the_image_s() -> None:
    [user] = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    assert set(every(MANIFESTS, "runAsUser")) == {int(user)}
    [folder] = re.findall(r"INSTANCE_PATH=(\S+)", DOCKERFILE)
    assert f"--owner {user} --group {user} --mode 0700 {folder}" in DOCKERFILE
    for container in CONTAINERS.values():
        assert folder in {one["mountPath"] for one in container["volumeMounts"]}
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for name in OURS:
        assert f"data:{folder}" in COMPOSE["services"][name]["volumes"]


def test_addresses_are_there(nobody: Person) -> None:
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    paths = {
        container[one]["httpGet"]["path"] for container in CONTAINERS.values() for one in probes
    }
    assert paths == {"/health", "/ready"}
    asked = re.findall(r"request\('GET', '(/\w+)'\)", DOCKERFILE)
    asked += re.findall(r"http://127\.0\.0\.1(/\w+)", str(COMPOSE["services"]["nginx"]))
    assert asked == ["/health"] * 2
    for file in sorted((DEPLOY / "prometheus").glob("*.yml")):
        paths.update(every(yaml.safe_load(file.read_text()), "metrics_path"))
    for path in paths:
        assert nobody.get(path).status_code == 200, path


def test_autoscalers_ask_for_metrics_that_are_exported_and_found(
    nobody: Person, tmp_path: Path
) -> None:
    exported = {one.name for one in text_string_to_metric_families(nobody.get("/metrics").text)}
    asked = [
        one for scaler in of_kind("HorizontalPodAutoscaler") for one in every(scaler, "metric")
    ]
    assert {one["name"] for one in asked} <= exported
    [adapter] = [one for one in of_kind("ConfigMap") if "config.yaml" in one["data"]]
    rules = [
        rule for kind in yaml.safe_load(adapter["data"]["config.yaml"]).values() for rule in kind
    ]
    assert {rule["name"]["as"] for rule in rules} == {one["name"] for one in asked}
    for rule in rules:
        query = rule["metricsQuery"].replace("<<.GroupBy>>", "pod")
        query = query.replace("<<.LabelMatchers>>", f'state="{QUEUED}"')
        assert rule["name"]["as"] in metric_names(query)
        assert metric_names(query) | {rule["seriesQuery"].partition("{")[0]} <= exported
        if shutil.which("promtool"):
            recorded = {"groups": [{"name": "asked", "rules": [{"record": "one", "expr": query}]}]}
            (tmp_path / "rules.yml").write_text(yaml.safe_dump(recorded))
            promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert [one["selector"] for one in asked if "selector" in one] == [
        {"matchLabels": {"state": QUEUED}}
    ]


def test_what_manifests_name_of_one_another_is_there() -> None:
    labels = {
        tuple(sorted(one["spec"]["template"]["metadata"]["labels"].items()))
        for one in of_kind("Deployment")
    }
    for one in (*of_kind("PodDisruptionBudget"), *of_kind("Deployment")):
        assert tuple(sorted(one["spec"]["selector"]["matchLabels"].items())) in labels
    for one in of_kind("HorizontalPodAutoscaler"):
        assert one["spec"]["scaleTargetRef"]["name"] in CONTAINERS
    claims = {one["metadata"]["name"] for one in of_kind("PersistentVolumeClaim")}
    assert set(every(PODS, "claimName")) == claims
    assert {one["metadata"]["namespace"] for one in MANIFESTS if one["kind"] != "Namespace"} == {
        one["metadata"]["name"] for one in of_kind("Namespace")
    }
    said = (DEPLOY / "kubernetes" / "settings.yaml").read_text()
    [shared] = [one["data"] for one in of_kind("ConfigMap") if one["metadata"]["name"] == "collab"]
    keys = {Path(value).name for name, value in shared.items() if name.endswith(FILE_SUFFIX)}
    assert set(re.findall(r"--from-file=([\w-]+)", said)) == keys


def test_nginx_s_two_files_differ_in_their_upstreams_alone() -> None:
    first, second = (
        (DEPLOY / "nginx" / name).read_text().partition("\nserver {")[2]
        for name in ("collab.conf", "compose.conf")
    )
    assert first.replace("proxy_pass http://collab;", "proxy_pass http://$collab_pool;") == second
