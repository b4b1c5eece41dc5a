"""The text in which Prometheus reads metrics."""

from api.metrics.exposition import Family, render
from models.counters.metrics import BY_NAME, Kind, Metric
from models.statistics.histogram import Histogram


def test_a_metric_is_its_help_its_type_and_its_samples() -> None:
    family = Family(Metric("x_total", Kind.COUNTER, "All of \\ it.\nAnd more.", ("actor", "state")))
    family.values = {("a", "failed"): 3, ('a "b"\\\n', ""): 0.25, ("big", "x"): 12345678901234567890}
    assert render([family]).splitlines() == [
        "# HELP x_total All of \\\\ it.\\nAnd more.",
        "# TYPE x_total counter",
        'x_total{actor="a",state="failed"} 3',
        'x_total{actor="a \\"b\\"\\\\\\n",state=""} 0.25',
        'x_total{actor="big",state="x"} 12345678901234567890',
    ]


def test_a_metric_without_labels_has_no_braces() -> None:
    assert render([Family(BY_NAME["callsheet_workers"], {(): 2})]).splitlines()[-1] == "callsheet_workers 2"


def test_a_metric_of_which_nothing_is_known_is_not_there() -> None:
    assert render([Family(BY_NAME["callsheet_workers"])]) == ""


def test_buckets_hold_what_is_in_those_before_them() -> None:
    spans = Histogram()
    for seconds in (0.1, 0.15, 2, 100_000):
        spans.note(seconds)
    family = Family(Metric("x_seconds", Kind.HISTOGRAM, "Spans.", ("queue",), (0.1, 1, 3600)), {("q",): spans})
    assert render([family]).splitlines()[2:] == [
        'x_seconds_bucket{queue="q",le="0.1"} 1',
        'x_seconds_bucket{queue="q",le="1"} 2',
        'x_seconds_bucket{queue="q",le="3600"} 3',
        'x_seconds_bucket{queue="q",le="+Inf"} 4',
        'x_seconds_sum{queue="q"} 100002.25',
        'x_seconds_count{queue="q"} 4',
    ]
