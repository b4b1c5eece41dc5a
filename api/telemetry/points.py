"""Metrics as OpenTelemetry has them, under the names that `GET /metrics` gives them. Imported where this process tells
it, and nowhere else."""

from collections.abc import Iterable
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as Histograms
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from api.metrics.exposition import Family
from config.telemetry.sdk import make_resource, own_version
from models.counters.metrics import Kind
from models.statistics.histogram import BOUNDS, Histogram

_SINCE_EVER = 0
"""As OpenTelemetry says that it is not known since when something is counted."""

_NOT_KNOWN: Any = None
_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Sender:
    """Tells a collector. All who do are the same to it: the numbers are those of the whole service."""

    def __init__(self) -> None:
        self._exporter = OTLPMetricExporter()
        self._resource = make_resource("callsheet", is_instance=False)

    def send(self, families: Iterable[Family], nanoseconds: int) -> bool:
        """Tell how it was then; whether it was heard."""
        data = as_metrics(families, self._resource, nanoseconds)
        return self._exporter.export(data) is MetricExportResult.SUCCESS

    def close(self) -> None:
        """Wait for nobody any more."""
        self._exporter.shutdown()


def as_metrics(families: Iterable[Family], resource: Resource, at: int) -> MetricsData:
    """What there is to tell; `at` in nanoseconds since the epoch."""
    metrics = [_metric(family, at) for family in families if family.values]
    scope = ScopeMetrics(InstrumentationScope("callsheet", own_version()), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metric(family: Family, at: int) -> Metric:
    metric = family.metric
    unit = "s" if metric.name.endswith("_seconds") else ""
    return Metric(metric.name, metric.about, unit, _data(family, at))


def _data(family: Family, at: int) -> Histograms | Sum | Gauge:
    names, values = family.metric.labels, family.values.items()
    if family.metric.kind is Kind.HISTOGRAM:
        spans = ((labels, value) for labels, value in values if isinstance(value, Histogram))
        points = [_spans(family, dict(zip(names, labels, strict=True)), value, at) for labels, value in spans]
        return Histograms(points, _CUMULATIVE)
    numbers = [
        NumberDataPoint(dict(zip(names, labels, strict=True)), _SINCE_EVER, at, value)
        for labels, value in values
        if not isinstance(value, Histogram)
    ]
    is_counter = family.metric.kind is Kind.COUNTER
    return Sum(numbers, _CUMULATIVE, is_monotonic=True) if is_counter else Gauge(numbers)


def _spans(family: Family, attributes: dict[str, str], spans: Histogram, at: int) -> HistogramDataPoint:
    up_to = [sum(spans.counts[: BOUNDS.index(bound) + 1]) for bound in family.metric.bounds] + [len(spans)]
    return HistogramDataPoint(
        attributes=attributes,
        start_time_unix_nano=_SINCE_EVER,
        time_unix_nano=at,
        count=len(spans),
        sum=spans.seconds,
        bucket_counts=[more - less for less, more in zip([0, *up_to], up_to, strict=False)],
        explicit_bounds=family.metric.bounds,
        min=_NOT_KNOWN,
        max=_NOT_KNOWN,
    )
