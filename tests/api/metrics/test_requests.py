"""Requests are observed: how long each took, by its route and its answer."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from falcon.testing import TestClient
from structlog.testing import capture_logs

from api.metrics.telling import Telling
from models.counters.counting import count
from tests.api.conftest import TOKEN
from tests.models.counters.totals import counting
from tests.waiting import eventually


def test_requests_are_observed_by_their_route(client: TestClient) -> None:
    with counting("callsheet_http_request_duration_seconds") as requests:
        client.simulate_get("/v1/schedules")
        client.simulate_get("/v1/schedules/none")
        client.simulate_get(f"/v1/runs/{uuid4()}")
        client.simulate_get("/v1/schedules", headers={"Authorization": f"Bearer {TOKEN}x"})
        client.simulate_get(f"/made/up/{uuid4()}")
        client.simulate_delete("/health/live")
    assert requests == {
        ("/v1/schedules", "200"): 1,
        ("/v1/schedules/{name}", "404"): 1,
        ("/v1/runs/{id}", "404"): 1,
        ("/v1/schedules", "401"): 1,
        ("other", "404"): 1,
        ("/health/live", "405"): 1,
    }


def test_a_web_process_tells_what_it_has_counted_from_time_to_time_and_at_its_end(
    engine: sa.Engine, execute: Callable[..., Any], monkeypatch: Any
) -> None:
    """What can't be told now is told later."""
    monkeypatch.setattr("api.metrics.telling.TELL_SECONDS", 0.05)
    execute("ALTER TABLE counters RENAME TO gone")
    telling = Telling(engine)
    count("callsheet_rescued_total")
    with capture_logs() as said:
        telling.start()
        eventually(lambda: said)
    execute("ALTER TABLE gone RENAME TO counters")
    read = "SELECT value FROM counters WHERE name = 'callsheet_rescued_total'"
    eventually(lambda: execute(read))
    [(before,)] = execute(read)
    monkeypatch.setattr("api.metrics.telling.TELL_SECONDS", 60)
    count("callsheet_rescued_total", 2)
    telling.close()
    assert execute(read) == [(before + 2,)]
