"""What is counted anywhere is a metric that there is, with its labels: another would be counted and never shown."""

import ast
from collections.abc import Iterator

from models.counters.metrics import BY_NAME, METRICS, Kind
from models.statistics.histogram import BOUNDS
from tests.structure.sources import sources

KINDS = {"count": Kind.COUNTER, "observe": Kind.HISTOGRAM}


def calls() -> Iterator[tuple[str, str, str, set[str]]]:
    """Where something is counted, by which function, under which name, with which labels."""
    for source in sources():
        tree = source.tree()
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
                first = node.args[0]
                name = first.value if isinstance(first, ast.Constant) else constants.get(getattr(first, "id", ""))
                if isinstance(name, str) and name.startswith("callsheet_"):
                    yield f"{source}:{node.lineno}", node.func.id, name, {each.arg or "**" for each in node.keywords}


def test_what_is_counted_is_a_metric_with_these_labels() -> None:
    found = list(calls())
    assert {
        place: (name, labels)
        for place, function, name, labels in found
        if name not in BY_NAME or BY_NAME[name].kind is not KINDS[function] or set(BY_NAME[name].labels) != labels
    } == {}
    assert {name for _, _, name, _ in found} >= {
        "callsheet_slots_total",
        "callsheet_published_total",
        "callsheet_claims_total",
        "callsheet_rescued_total",
        "callsheet_round_duration_seconds",
        "callsheet_http_request_duration_seconds",
    }


def test_metrics_are_named_as_prometheus_wants_them() -> None:
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.bounds), metric.name
        assert set(metric.bounds) <= set(BOUNDS), f"{metric.name}: buckets are shown that are not counted"
        assert list(metric.bounds) == sorted(metric.bounds)
        assert all(len(labels) == len(metric.labels) for labels in metric.always), metric.name
    assert len(BY_NAME) == len(METRICS)
