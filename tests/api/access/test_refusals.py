"""Refused tokens leave a trace: a line a minute for each address, and nothing of the token."""

from typing import Any

import pytest
from falcon.testing import TestClient
from structlog.testing import capture_logs

from api.access import refusals
from api.access.refusals import Refusals
from api.web import problems
from tests.api.conftest import TOKEN


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1000.0]
    monkeypatch.setattr(refusals.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(problems, "_refusals", Refusals())
    return clock


def refused(said: list[Any]) -> list[tuple[str, int]]:
    return [(line["address"], line["count"]) for line in said if line["event"] == "refused"]


def guess(client: TestClient, times: int, address: str = "192.0.2.7", authorization: str = "Bearer hunter22") -> None:
    for _ in range(times):
        answer = client.simulate_get("/v1/schedules", headers={"Authorization": authorization}, remote_addr=address)
        assert answer.status_code in (401, 429)


def test_who_guesses_has_to_wait_and_nobody_else(shared_client: TestClient, now: list[float]) -> None:
    def status(address: str, bearer: str = "wrong") -> int:
        headers = {"Authorization": f"Bearer {bearer}"}
        return shared_client.simulate_get("/v1/me", headers=headers, remote_addr=address).status_code

    assert [status("192.0.2.7") for _ in range(22)] == [401] * 20 + [429] * 2
    assert status("192.0.2.8") == 401
    answer = shared_client.simulate_get("/v1/me", headers={"Authorization": "Bearer x"}, remote_addr="192.0.2.7")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert status("192.0.2.7", TOKEN) == 200
    now[0] += 60
    assert status("192.0.2.7") == 401


def test_a_line_a_minute_says_how_many_there_were(shared_client: TestClient, now: list[float]) -> None:
    with capture_logs() as said:
        guess(shared_client, 30)
        guess(shared_client, 1, "192.0.2.8")
        now[0] += 60
        guess(shared_client, 1)
    assert refused(said) == [("192.0.2.7", 1), ("192.0.2.8", 1), ("192.0.2.7", 30)]
    assert "hunter22" not in str(said)


def test_a_token_may_not_be_tried_where_none_is_needed_either(shared_client: TestClient) -> None:
    with capture_logs() as said:
        answer = shared_client.simulate_get(
            "/health/live", headers={"Authorization": "Bearer x"}, remote_addr="192.0.2.9"
        )
    assert answer.status_code == 200
    assert refused(said) == [("192.0.2.9", 1)]


def test_who_brings_no_token_has_only_looked(shared_client: TestClient) -> None:
    with capture_logs() as said:
        guess(shared_client, 3, authorization="")
    assert refused(said) == []


def test_of_very_many_addresses_the_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_ADDRESSES", 3)
    known = Refusals()
    with capture_logs() as said:
        for number in (1, 2, 3, 1, 4, 2):
            known.note(f"192.0.2.{number}", "/v1/runs")
    assert [address[-1] for address, _ in refused(said)] == ["1", "2", "3", "4", "2"]
    assert len(known._counts) == len(known._told) == 3
