"""Metrics by OTLP: what the page of metrics shows, told by one web process at a time."""

import re
from pathlib import Path
from typing import Any

from tests.end_to_end.deployment import Deployment
from tests.servers.otlp import Collector
from tests.waiting import eventually


def numbers(metric: Any) -> dict[tuple[str, ...], float]:
    """The values of a metric, by those of its attributes."""
    points = getattr(metric, metric.WhichOneof("data")).data_points
    return {
        tuple(each.value.string_value for each in point.attributes): getattr(point, point.WhichOneof("value"))
        for point in points
    }


def test_a_collector_is_told_what_the_page_shows(tmp_path: Path, database_url: str, amqp_url: str) -> None:
    with Collector() as collector, Deployment(tmp_path, database_url, amqp_url, collector.environment) as running:
        running.overrides["web.2"] = {"PORT": "0"}
        running.start("web", "web.2", "scheduling", "worker").ready()
        running.create("saying", actor="log_message", args={"message": "hello"})
        for _ in range(3):
            running.finished(running.trigger("saying"))

        def ended() -> float | None:
            metric = collector.metrics().get("callsheet_runs_total")
            return None if metric is None else numbers(metric).get(("log_message", "default", "succeeded"))

        eventually(lambda: ended() == 3, 60)
        eventually(lambda: "callsheet_http_request_duration_seconds" in collector.metrics(), 60)
        page = running.api.get("/metrics").text
        shown = set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE))
        told = collector.metrics()
        assert shown <= set(told)
        assert numbers(told["callsheet_workers"]) == {(): 2}
        lateness = told["callsheet_run_lateness_seconds"].histogram
        assert lateness.data_points[0].count >= 3
        assert {metric.WhichOneof("data") for metric in told.values()} == {"sum", "gauge", "histogram"}
        eventually(lambda: len(collector.told_at) > 4, 60)
        seconds = [later - sooner for sooner, later in zip(collector.told_at, collector.told_at[1:], strict=False)]
        assert min(seconds) > 0.5, "two web processes take turns"
