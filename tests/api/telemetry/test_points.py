"""Metrics as a collector of OpenTelemetry's is told of them."""

from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import Gauge, Sum
from opentelemetry.sdk.metrics.export import Histogram as Histograms
from opentelemetry.sdk.resources import Resource

from api.metrics.exposition import Family
from api.telemetry.points import as_metrics
from models.counters.metrics import BY_NAME
from models.statistics.histogram import Histogram

NOW = 1_800_000_000_000_000_000


def told(name: str, values: dict[tuple[str, ...], Any]) -> Any:
    [resource] = as_metrics([Family(BY_NAME[name], values)], Resource({"a": "b"}), NOW).resource_metrics
    [scope] = resource.scope_metrics
    [metric] = scope.metrics
    assert (metric.name, metric.description) == (name, BY_NAME[name].about)
    return metric


def test_a_counter_is_a_sum_that_rises() -> None:
    data = told("callsheet_claims_total", {("won",): 7}).data
    assert isinstance(data, Sum)
    assert data.is_monotonic
    [point] = data.data_points
    assert (point.attributes, point.value, point.time_unix_nano) == ({"outcome": "won"}, 7, NOW)


def test_what_is_so_now_is_a_gauge() -> None:
    metric = told("callsheet_queue_oldest_seconds", {("default",): 1.5, ("mail",): 0})
    assert isinstance(metric.data, Gauge)
    assert metric.unit == "s"
    assert [(point.attributes, point.value) for point in metric.data.data_points] == [
        ({"queue": "default"}, 1.5),
        ({"queue": "mail"}, 0),
    ]


def test_spans_of_time_are_a_histogram_with_the_buckets_of_the_page() -> None:
    spans = Histogram()
    for seconds in (0.01, 0.1, 0.5, 30, 100_000):
        spans.note(seconds)
    data = told("callsheet_run_duration_seconds", {("work",): spans}).data
    assert isinstance(data, Histograms)
    [point] = data.data_points
    assert point.attributes == {"actor": "work"}
    assert tuple(point.explicit_bounds) == BY_NAME["callsheet_run_duration_seconds"].bounds
    assert point.count == 5 == sum(point.bucket_counts)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.sum == pytest.approx(spans.seconds)
    by_bound = dict(zip(point.explicit_bounds, point.bucket_counts, strict=False))
    assert (by_bound[0.1], by_bound[1], by_bound[10], by_bound[60]) == (2, 1, 0, 1)
    assert point.bucket_counts[-1] == 1


def test_of_what_nothing_is_known_nothing_is_told() -> None:
    [resource] = as_metrics([Family(BY_NAME["callsheet_slots_unaccounted"])], Resource({}), NOW).resource_metrics
    assert resource.scope_metrics[0].metrics == []
