"""`/metrics`: numbers in Prometheus's format, for the machine itself or whoever has the token."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from collab.core.counting import metrics

from ..conftest import http_for
from ..support.people import Person

TOKEN = "a token that only the scraper knows".replace(" ", "-")


def scraped(answer: httpx.Response) -> dict[str, float]:
    """Return the samples of an answer, by name and labels, as Prometheus reads them."""
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    samples = [one for family in families for one in family.samples]
    return {
        one.name
        + "".join(f"|{name}={value}" for name, value in sorted(one.labels.items())): one.value
        for one in samples
    }


def test_the_machine_itself_reads_the_numbers(nobody: Person) -> None:
    found = scraped(nobody.get("/metrics"))
    assert found["collab_uptime_seconds"] >= 0
    assert found["collab_part_up|part=broadcaster"] == 1
    assert "collab_part_up|part=jobs" not in found, "a part that is off is not down"
    assert found["process_resident_memory_bytes"] > 0


def test_a_scraper_that_reads_openmetrics_gets_it(nobody: Person) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = nobody.get("/metrics", headers=accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_a_proxy_on_the_machine_is_not_the_machine(nobody: Person, name: str) -> None:
    assert nobody.get("/metrics", headers={name: "for=192.0.2.1"}).status_code == 403


def test_who_comes_through_a_trusted_proxy_is_seen(make_app: Callable[..., Flask]) -> None:
    with http_for(make_app(TRUSTED_PROXIES="1")) as http:
        assert http.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403
        assert http.get("/metrics", headers={"X-Forwarded-For": "::1"}).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "", "unix:"])
def test_another_machine_reads_nothing(app: Flask, address: str) -> None:
    elsewhere = httpx.WSGITransport(app=app, remote_addr=address)
    with httpx.Client(transport=elsewhere, base_url="http://collab.test") as http:
        assert http.get("/metrics").status_code == 403


def test_with_a_token_it_is_asked_of_everybody(make_app: Callable[..., Flask]) -> None:
    app = make_app(METRICS_TOKEN=TOKEN)
    elsewhere = httpx.WSGITransport(app=app, remote_addr="192.0.2.1")
    with (
        httpx.Client(transport=elsewhere, base_url="http://collab.test") as http,
        http_for(app) as local,
    ):
        for given in ({}, {"Authorization": f"Bearer {TOKEN[:-1]}"}, {"Authorization": TOKEN}):
            assert http.get("/metrics", headers=given).status_code == 401
            assert local.get("/metrics", headers=given).status_code == 401
        good = {"Authorization": f"Bearer {TOKEN}"}
        assert http.get("/metrics", headers=good).status_code == 200


def test_a_collector_that_fails_costs_its_own_numbers_only(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    metrics.register(app, "broken", lambda: [1 / 0])  # type: ignore[list-item]
    with http_for(app) as http:
        found = scraped(http.get("/metrics"))
    assert found["collab_broken_collector_failed"] == 1
    assert found["collab_process_collector_failed"] == 0
    assert found["collab_uptime_seconds"] >= 0
