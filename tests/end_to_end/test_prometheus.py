"""Prometheus itself scrapes a callsheet that works, and its alerts and the dashboard find what they ask for."""

import copy
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.files import read_yaml
from tests.deploy.queries import PANELS, PROMETHEUS
from tests.end_to_end.deployment import Deployment
from tests.servers.prometheus import Prometheus, prometheus
from tests.waiting import eventually

MAY_BE_EMPTY = {"Slots unaccounted", "Dead letters", "Notifications"}
"""Nothing has been verified, laid aside or told yet."""

CALM = {"CallsheetAway", "CallsheetSchedulerStalled", "CallsheetNoWorkers", "CallsheetSlotsUnaccounted"}


@pytest.fixture
def scraping(deployment: Deployment, tmp_path: Path) -> Iterator[Prometheus]:
    """Prometheus scrapes as the example does, with a token of a viewer."""
    token = deployment.api.post("/v1/tokens", json={"name": "prometheus", "role": "viewer"}).json()["token"]
    (tmp_path / "token").write_text(token)
    [example] = read_yaml(PROMETHEUS / "prometheus.yaml")
    scrape: dict[str, Any] = copy.deepcopy(example["scrape_configs"][0])
    scrape["authorization"]["credentials_file"] = str(tmp_path / "token")
    scrape["static_configs"][0]["targets"] = [deployment.api.base_url.netloc.decode()]
    with prometheus(scrape, [PROMETHEUS / "alerts.yaml"]) as running:
        yield running


def test_panels_show_what_a_working_callsheet_does_and_alerts_come_when_it_stops(
    deployment: Deployment, scraping: Prometheus
) -> None:
    deployment.create("well", actor="log_message", args={"message": "hi"}, every_seconds=10, tags=["metrics"])
    deployment.create("ill", actor="run_process", args={"argv": ["false"]}, every_seconds=10, tags=["metrics"])
    for panel in PANELS:
        if panel["title"] not in MAY_BE_EMPTY:
            eventually(partial(_has_data, scraping, panel), 60, f"{panel['title']!r} shows nothing")
    assert not CALM & _coming(scraping)
    assert {rule["health"] for rule in _rules(scraping)} == {"ok"}

    deployment.stop("worker")
    eventually(lambda: "CallsheetNoWorkers" in _coming(scraping), 90)
    deployment.kill("web")
    eventually(lambda: "CallsheetAway" in _coming(scraping), 30)


def _rules(scraping: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in scraping.get("/rules")["groups"] for rule in group["rules"]]


def _has_data(scraping: Prometheus, panel: dict[str, Any]) -> bool:
    return all(map(scraping.ask, _queries_of(panel)))


def _queries_of(panel: dict[str, Any]) -> list[str]:
    """As Grafana sends them, with all filters open; of so short a time that what has just begun is seen."""
    values = {"$job": "callsheet", "$queue": ".*", "$actor": ".*", "$__rate_interval": "1m"}
    queries = [target["expr"] for target in panel["targets"]]
    for name, value in values.items():
        queries = [query.replace(name, value) for query in queries]
    return queries


def _coming(scraping: Prometheus) -> set[str]:
    """Alerts whose condition holds, be it long enough or not yet."""
    return {alert["labels"]["alertname"] for alert in scraping.get("/alerts")["alerts"]}
