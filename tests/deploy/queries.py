"""What rules, dashboard and pages ask of the metrics: every name, and what each is told apart by."""

import json
import re
from collections.abc import Iterator
from typing import Any

from models.counters.metrics import BY_NAME, Kind
from tests.deploy.files import DEPLOY, read_yaml

PROMETHEUS = DEPLOY / "prometheus"
GRAFANA = DEPLOY / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "callsheet.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
[_FILE] = read_yaml(PROMETHEUS / "alerts.yaml")
RULES = [rule for group in _FILE["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}

OF_PROMETHEUS = {"job", "instance"}
"""Labels that the scrape adds."""

_NAME = re.compile(r"callsheet[_:][a-z0-9_:]+")
_SELECTOR = re.compile(rf"({_NAME.pattern})\{{([^}}]*)\}}")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def variables() -> Iterator[str]:
    """What the dashboard's filters ask."""
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def expressions() -> Iterator[str]:
    """What the dashboard's panels ask, as Grafana sends it."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "1m")


def series_of(text: str) -> set[str]:
    """The series that it names."""
    return set(_NAME.findall(text))


def metric_of(series: str) -> str | None:
    """The metric or the recorded rule that has such series; None if there is none."""
    if series in RECORDED:
        return series
    histogram = re.sub(r"_(bucket|count|sum)$", "", series)
    if histogram != series and histogram in BY_NAME and BY_NAME[histogram].kind is Kind.HISTOGRAM:
        return histogram
    return series if series in BY_NAME and BY_NAME[series].kind is not Kind.HISTOGRAM else None


def unknown_in(expression: str) -> set[str]:
    """Series and labels in it that no metric has."""
    series = series_of(expression)
    unknown = {each for each in series if metric_of(each) is None}
    known: set[str] = set()
    for each in series - unknown:
        known |= _labels_of(each)
    for name, matchers in _SELECTOR.findall(expression):
        if name not in unknown:
            unknown |= {f"{name}{{{label}}}" for label in _MATCHER.findall(matchers) if label not in _labels_of(name)}
    for labels in _GROUPING.findall(expression):
        unknown |= {label.strip() for label in labels.split(",") if label.strip()} - known
    return unknown


def _labels_of(series: str) -> set[str]:
    if series in RECORDED:
        grouping = _GROUPING.search(RECORDED[series])
        assert grouping is not None
        return set(grouping[1].replace(" ", "").split(","))
    metric = metric_of(series)
    assert metric is not None
    return {*BY_NAME[metric].labels, *OF_PROMETHEUS} | ({"le"} if series.endswith("_bucket") else set())
