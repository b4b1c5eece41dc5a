"""Alert rules and dashboard ask for what there is, are understood by Prometheus, and come when they must."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from models.counters.metrics import BY_NAME
from tests.deploy.files import COMPOSES, read_yaml
from tests.deploy.queries import (
    ALERTS,
    DASHBOARD,
    GRAFANA,
    PANELS,
    PROMETHEUS,
    RULES,
    expressions,
    metric_of,
    series_of,
    unknown_in,
    variables,
)
from tests.end_to_end.deployment import ROOT
from tests.servers.promtool import promtool

COLUMNS = 24
NOT_DRAWN = {"callsheet_verify_age_seconds", "callsheet_metrics_left_out"}
"""Of the first there is an alert; the second is for whoever misses a series."""

[COMPOSE] = read_yaml(COMPOSES[0])
[SCRAPE] = read_yaml(PROMETHEUS / "prometheus.yaml")
[TESTS] = read_yaml(PROMETHEUS / "alerts.test.yaml")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    assert series_of(rule["expr"])
    assert unknown_in(rule["expr"]) == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_there_is_of_the_job_that_was_chosen(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert unknown_in(target["expr"]) == set()
        assert target["expr"].count('job="$job"') == target["expr"].count("callsheet_")


def test_filters_of_the_dashboard_ask_for_what_there_is() -> None:
    assert {metric_of(series) for query in variables() for series in series_of(query)} <= BY_NAME.keys()
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"datasource", "job", "queue", "actor"}


@pytest.mark.parametrize(
    "wrong",
    [
        "callsheet_run_total",
        "callsheet_run_lateness_seconds",
        "callsheet_workers_bucket",
        "callsheet:dead_letters:new1m",
        'callsheet:dead_letters:new15m{channel="ops"}',
        'callsheet_runs_total{schedule="nightly"}',
        "sum by (actor) (callsheet_runs)",
    ],
)
def test_what_there_is_not_is_found(wrong: str) -> None:
    assert unknown_in(wrong)


def test_every_metric_is_drawn() -> None:
    assert {metric_of(series) for each in expressions() for series in series_of(each)} == BY_NAME.keys() - NOT_DRAWN


def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions())]
    file = tmp_path / "panels.yaml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


def test_prometheus_understands_every_rule() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", PROMETHEUS / "alerts.yaml")


def test_every_alert_comes_when_it_must_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", PROMETHEUS / "alerts.test.yaml")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_is_seen_to_come_and_to_stay_away(rule: dict[str, Any]) -> None:
    seen = {
        bool(each.get("exp_alerts"))
        for test in TESTS["tests"]
        for each in test["alert_rule_test"]
        if each["alertname"] == rule["alert"]
    }
    assert seen == {True, False}


def test_alerts_are_told_apart_by_how_bad_they_are() -> None:
    assert {rule["labels"]["severity"] for rule in ALERTS} == {"critical", "warning"}
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_prometheus_takes_the_example_of_a_scrape(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch()
    [scrape] = SCRAPE["scrape_configs"]
    config = (PROMETHEUS / "prometheus.yaml").read_text()
    for said, instead in (
        (scrape["authorization"]["credentials_file"], str(token)),
        ("[alerts.yaml]", f"[{PROMETHEUS / 'alerts.yaml'}]"),
    ):
        assert config.count(said) == 1
        config = config.replace(said, instead)
    (tmp_path / "prometheus.yaml").write_text(config)
    assert "SUCCESS" in promtool("check", "config", tmp_path / "prometheus.yaml")


def test_the_profile_of_compose_runs_these_files() -> None:
    services = COMPOSE["services"]
    assert {name for name, service in services.items() if "profiles" in service} == {"prometheus", "grafana"}
    mounted: dict[str, str] = {}
    for name in ("prometheus", "grafana"):
        pairs = [volume.split(":") for volume in services[name]["volumes"]]
        mounted |= {there: here for here, there, *_ in pairs if here.startswith("./")}
        assert {here for here, *_ in pairs if not here.startswith("./")} <= COMPOSE["volumes"].keys()
    assert all((ROOT / here).is_dir() for here in mounted.values())
    [config] = [word for word in services["prometheus"]["command"] if word.startswith("--config.file=")]
    folder, _, file = config.removeprefix("--config.file=").rpartition("/")
    assert (ROOT / mounted[folder] / file).exists()
    [provider] = read_yaml(GRAFANA / "provisioning" / "dashboards" / "callsheet.yaml")[0]["providers"]
    assert [*(ROOT / mounted[provider["options"]["path"]]).glob("*.json")] == [GRAFANA / "callsheet.json"]


def test_the_profile_of_compose_scrapes_with_the_token_it_is_given() -> None:
    [secret] = COMPOSE["services"]["prometheus"]["secrets"]
    assert secret in COMPOSE["secrets"]
    [scrape] = SCRAPE["scrape_configs"]
    assert scrape["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    host, _, port = scrape["static_configs"][0]["targets"][0].partition(":")
    assert COMPOSE["services"][host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    [source] = read_yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")[0]["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert COMPOSE["services"]["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]


def test_panels_are_beside_each_other_and_say_what_they_show() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert not any(_overlap(*pair) for pair in combinations(places, 2))


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )
