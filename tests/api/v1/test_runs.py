"""Runs: what is shown, found, cancelled and run again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon.testing import TestClient

from config.telemetry.traceparent import own_trace
from models.words.states import FINAL_STATES, SkipReason, State, Trigger
from tests.api.conftest import HOUR_AGO
from tests.api.explanations.explained import say

Insert = Callable[..., UUID]

ASKING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _list(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.simulate_get("/v1/runs", query_string=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_a_run_shows_when_how_late_how_long_and_what_it_printed(
    client: TestClient, add_run: Insert, finish: Callable[..., None]
) -> None:
    run = add_run(age_seconds=60, schedule_name="nightly", args={"a": 1})
    finish(run, output="hello\n")
    [shown] = _list(client)
    assert shown == client.simulate_get(f"/v1/runs/{run}").json | {"cut": []}
    assert (shown["schedule"], shown["args"], shown["state"]) == ("nightly", {"a": 1}, "succeeded")
    assert (shown["lateness_seconds"], shown["duration_seconds"]) == (2, 3)
    assert (shown["output"], shown["output_truncated"], shown["error"]) == ("hello\n", False, None)
    [attempt] = shown["attempts"]
    assert (attempt["number"], attempt["outcome"]) == (1, "succeeded")
    assert attempt["finished_at"].endswith("Z")
    text = client.simulate_get(f"/v1/runs/{run}/output")
    assert (text.text, text.headers["Content-Type"]) == ("hello\n", "text/plain; charset=utf-8")
    assert client.simulate_get(f"/v1/runs/{run}/output?attempt=2").text == ""


def test_a_run_of_a_slot_shows_its_neighbours_and_what_it_waited_for(client: TestClient, add_run: Insert) -> None:
    slot = datetime(2026, 3, 1, tzinfo=UTC)
    neighbours = {"previous_slot_at": slot - timedelta(hours=1), "next_slot_at": slot + timedelta(hours=1)}
    run = add_run(slot_at=slot, trigger=Trigger.SCHEDULE, **neighbours, columns={"waiting_for": "queue"})
    shown = client.simulate_get(f"/v1/runs/{run}").json
    assert (shown["previous_slot_at"], shown["next_slot_at"]) == ("2026-02-28T23:00:00Z", "2026-03-01T01:00:00Z")
    assert shown["waiting_for"] == "queue"


def test_a_failed_run_shows_its_error(client: TestClient, add_run: Insert, finish: Callable[..., None]) -> None:
    run = add_run()
    error = {"type": "ValueError", "message": "no", "traceback": "Traceback …"}
    finish(run, State.FAILED, **error)
    assert client.simulate_get(f"/v1/runs/{run}").json["error"] == error


def test_what_is_not_there_is_a_404(client: TestClient) -> None:
    for method, path in (("GET", ""), ("GET", "/output"), ("POST", "/cancel"), ("POST", "/retry")):
        assert client.simulate_request(method, f"/v1/runs/{uuid4()}{path}").status_code == 404


class TestList:
    @pytest.fixture
    def runs(
        self, client: TestClient, create: Callable[..., Any], add_run: Insert, finish: Callable[..., None]
    ) -> list[str]:
        """Five runs, the newest first: of age 10, 20, … seconds."""
        schedule = UUID(create("nightly")["id"])
        a = add_run(age_seconds=10, schedule_id=schedule, schedule_name="nightly")
        b = add_run(age_seconds=20, actor="http_request", trigger=Trigger.MESSAGE)
        c = add_run(age_seconds=30, state=State.SKIPPED, reason=SkipReason.MISSED, trigger=Trigger.SCHEDULE, slots=3)
        d = add_run(age_seconds=40, schedule_name="deleted")
        e = add_run(age_seconds=50)
        finish(d, State.FAILED, type="ConnectError", message="100% refused")
        finish(e)
        return [str(run) for run in (a, b, c, d, e)]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "abcde"),
            ("schedule=nightly", "a"),
            ("schedule=deleted", "d"),
            ("schedule=never", ""),
            ("actor=http_request", "b"),
            ("state=planned", "ab"),
            ("state=failed&state=skipped", "cd"),
            ("trigger=message", "b"),
            ("error=connecterror", "d"),
            ("error=100%25", "d"),
            ("q=NIGHT", "a"),
            ("q=http", "b"),
        ],
    )
    def test_filters_choose(self, client: TestClient, runs: list[str], query: str, expected: str) -> None:
        assert [item["id"] for item in _list(client, query)] == [runs["abcde".index(letter)] for letter in expected]

    def test_since_is_inclusive_and_until_is_not(self, client: TestClient, runs: list[str]) -> None:
        now = datetime.now(UTC)
        since, until = ((now - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ") for ago in (45, 15))
        assert [item["id"] for item in _list(client, f"since={since}&until={until}")] == runs[1:4]

    def test_pages_follow_one_another(self, client: TestClient, runs: list[str]) -> None:
        found, cursor = [], ""
        while cursor is not None:
            page = client.simulate_get("/v1/runs", query_string=f"limit=2{cursor}").json
            found += [item["id"] for item in page["items"]]
            cursor = page["next"] and f"&cursor={page['next']}"
        assert found == runs

    @pytest.mark.parametrize(
        "query", ["state=odd", "trigger=x", "since=yesterday", "since=2026-01-01T00:00:00", "cursor=1", "a=b"]
    )
    def test_a_query_that_is_not_valid_is_a_422(self, shared_client: TestClient, query: str) -> None:
        answer = shared_client.simulate_get("/v1/runs", query_string=query)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"].startswith(f"/{query.partition('=')[0]}")


class TestCancel:
    @pytest.mark.parametrize("state", ["planned", "retrying", "queued"])
    def test_a_waiting_run_is_cancelled_at_once(self, client: TestClient, add_run: Insert, state: str) -> None:
        run = add_run(columns={"state": state})
        answer = client.simulate_post(f"/v1/runs/{run}/cancel")
        assert (answer.status_code, answer.json["state"]) == (202, "cancelled")
        assert answer.json["finished_at"] is not None

    def test_a_running_one_is_asked_to_end(self, client: TestClient, add_run: Insert) -> None:
        run = add_run(columns={"worker_id": uuid4(), "state": "running"})
        first = client.simulate_post(f"/v1/runs/{run}/cancel")
        second = client.simulate_post(f"/v1/runs/{run}/cancel")
        assert (first.status_code, first.json["state"], first.json["finished_at"]) == (202, "running", None)
        assert first.json["cancel_requested_at"] == second.json["cancel_requested_at"] is not None

    @pytest.mark.parametrize("state", [state for state in FINAL_STATES if state is not State.SKIPPED])
    def test_a_finished_one_is_a_409_with_its_state(self, client: TestClient, add_run: Insert, state: State) -> None:
        run = add_run(columns={"state": state.value})
        answer = client.simulate_post(f"/v1/runs/{run}/cancel")
        assert (answer.status_code, answer.json["state"]) == (409, state.value)


class TestRetry:
    @pytest.mark.parametrize("state", ["failed", "cancelled", "succeeded"])
    def test_a_finished_run_gives_a_new_one(self, client: TestClient, add_run: Insert, state: str) -> None:
        slot = datetime(2026, 1, 1, tzinfo=UTC)
        run = add_run(age_seconds=60, slot_at=slot, args={"a": 1}, max_retries=2, columns={"state": state})
        answer = client.simulate_post(f"/v1/runs/{run}/retry")
        assert answer.status_code == 202
        new = answer.json
        assert (new["parent_run_id"], new["trigger"], new["state"]) == (str(run), "manual", "planned")
        assert (new["args"], new["max_retries"], new["slot_at"]) == ({"a": 1}, 2, "2026-01-01T00:00:00Z")
        assert (new["attempt"], new["created_by"]) == (0, "admin")
        assert client.simulate_get(f"/v1/runs/{run}").json["state"] == state

    @pytest.mark.parametrize("state", ["planned", "queued", "retrying"])
    def test_a_live_one_is_a_409(self, client: TestClient, add_run: Insert, state: str) -> None:
        run = add_run(columns={"state": state})
        answer = client.simulate_post(f"/v1/runs/{run}/retry")
        assert (answer.status_code, answer.json["state"]) == (409, state)
        assert len(_list(client)) == 1

    @pytest.mark.parametrize(("slots", "status"), [(1, 202), (2, 409)])
    def test_a_skip_can_be_run_where_it_stands_for_one_slot(
        self, client: TestClient, add_run: Insert, slots: int, status: int
    ) -> None:
        run = add_run(state=State.SKIPPED, reason=SkipReason.MISSED, slots=slots)
        assert client.simulate_post(f"/v1/runs/{run}/retry").status_code == status

    def test_it_takes_no_options(self, client: TestClient, add_run: Insert) -> None:
        run = add_run(columns={"state": "failed"})
        assert client.simulate_post(f"/v1/runs/{run}/retry", json={"args": {}}).status_code == 422

    def test_the_new_run_has_the_neighbours_of_its_slot_and_a_trace_of_its_own(
        self, client: TestClient, add_run: Insert
    ) -> None:
        slot = datetime(2026, 3, 1, tzinfo=UTC)
        same = {"previous_slot_at": slot - timedelta(days=1), "next_slot_at": slot + timedelta(days=2), "trace": "00-a"}
        run = add_run(slot_at=slot, **same, columns={"state": "failed"})
        new = client.simulate_post(f"/v1/runs/{run}/retry").json
        assert (new["previous_slot_at"], new["next_slot_at"]) == ("2026-02-28T00:00:00Z", "2026-03-03T00:00:00Z")
        assert new["trace"] == own_trace(UUID(new["id"]))

    def test_the_new_run_is_in_the_trace_of_who_asks(self, client: TestClient, add_run: Insert) -> None:
        run = add_run(columns={"state": "failed"})
        assert client.simulate_post(f"/v1/runs/{run}/retry", headers={"traceparent": ASKING}).json["trace"] == ASKING

    def test_a_retried_skip_has_the_neighbours_that_its_schedule_tells(
        self, client: TestClient, schedule: UUID, add_slot: Insert
    ) -> None:
        run = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.MISSED, schedule_name="nightly")
        new = client.simulate_post(f"/v1/runs/{run}/retry").json
        minute = timedelta(minutes=1)
        assert (new["previous_slot_at"], new["next_slot_at"]) == (say(HOUR_AGO - minute), say(HOUR_AGO + minute))

    @pytest.mark.parametrize("what", ["gone", "made anew", "set aside"])
    def test_a_skip_whose_schedule_cannot_tell_its_neighbours_is_a_409(
        self, client: TestClient, schedule: UUID, add_slot: Insert, execute: Callable[..., Any], what: str
    ) -> None:
        run = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.MISSED, schedule_name="nightly")
        match what:
            case "gone":
                execute("DELETE FROM schedules")
            case "made anew":
                execute("UPDATE schedules SET id = gen_random_uuid()")
            case "set aside":
                execute("UPDATE schedules SET cron = '[\"31 2\"]', error = 'bad'")
        answer = client.simulate_post(f"/v1/runs/{run}/retry")
        assert (answer.status_code, answer.json["state"]) == (409, "skipped")
