"""Metrics are bounded: however much there is, so many series at most."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from api.metrics import reading
from tests.api.metrics.much import MOST_SERIES, make_much
from tests.api.metrics.page import parse, sample

Execute = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading._kept, "_seconds", -1.0)


def test_ten_thousand_schedules_of_two_hundred_actors_give_few_series(client: TestClient, execute: Execute) -> None:
    make_much(execute)
    samples = parse(client.simulate_get("/metrics").text)
    assert sample(samples, "schedules", state="active") == 10_000
    assert sample(samples, "runs_total", actor="actor-7", queue="queue-7", state="failed") == 200
    assert len(samples) < MOST_SERIES
    assert len([name for name, _ in samples if name == "callsheet_schedule_failing_streak"]) == 200
    assert sample(samples, "metrics_left_out", metric="callsheet_schedule_failing_streak") == 50


def test_of_too_many_those_with_the_most_are_shown_and_it_is_told_how_many_are_not(
    client: TestClient, execute: Execute
) -> None:
    make_much(execute, schedules=10, actors=1000, queues=500, routes=5000)
    execute("UPDATE statistics SET runs = 101 WHERE actor = 'actor-7'")
    samples = parse(client.simulate_get("/metrics").text)
    assert len(samples) < 3 * MOST_SERIES
    assert sample(samples, "runs_total", actor="actor-7", queue="queue-7", state="skipped") == 101
    left_out = {dict(labels)["metric"]: number for (name, labels), number in samples.items() if "left_out" in name}
    assert left_out == {
        "callsheet_runs": 400,
        "callsheet_runs_total": 4 * 1000 - 1500,
        "callsheet_attempts_total": 4 * 1000 - 1500,
        "callsheet_run_duration_seconds": 700,
        "callsheet_run_lateness_seconds": 400,
        "callsheet_http_request_duration_seconds": 10_000 - 200,
    }
