"""Explain, where a row tells what became of a slot."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from models.words.states import State
from tests.api.conftest import HOUR_AGO
from tests.api.explanations.explained import ask, say

Insert = Callable[..., UUID]
MINUTE = timedelta(minutes=1)


def test_it_ran_on_time(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    run = add_slot(schedule, HOUR_AGO, queued=0.1, started=0.2, finished=1)
    said = ask(client, HOUR_AGO, "ran")
    assert said["because"] == f"It ran on time: due at {say(HOUR_AGO)}, it started 0.2 seconds later."
    assert (said["is_slot"], said["run"]["id"], said["facts"]["lateness_seconds"]) == (True, str(run), 0.2)
    assert said["next_slots"] == [say(HOUR_AGO + number * MINUTE) for number in range(1, 6)]


def test_any_instant_within_the_second_will_do(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, started=0.2, finished=1)
    ask(client, HOUR_AGO + timedelta(seconds=0.9), "ran")
    ask(client, HOUR_AGO + timedelta(seconds=1), "not_a_slot")
    ask(client, HOUR_AGO - timedelta(seconds=0.1), "not_a_slot")


@pytest.mark.parametrize(
    ("waiting_for", "words"),
    [
        ("actor", "no worker had announced its actor log_message"),
        ("worker", "no worker of its queue default knew its actor log_message"),
        ("queue", "its queue default was paused"),
        ("overlap", "an earlier run of the schedule was active"),
        ("window", "its queue default was full of messages"),
    ],
)
def test_it_ran_late_because_it_had_to_wait(
    client: TestClient, schedule: UUID, add_slot: Insert, waiting_for: str, words: str
) -> None:
    add_slot(schedule, HOUR_AGO, queued=185, started=185.1, finished=190, columns={"waiting_for": waiting_for})
    said = ask(client, HOUR_AGO, "ran")
    assert said["because"] == f"It ran 3 minutes 5 seconds late because {words}; it was due at {say(HOUR_AGO)}."


def test_it_ran_late_because_an_earlier_run_was_active(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    earlier = add_slot(schedule, HOUR_AGO - MINUTE, started=0, finished=90)
    add_slot(schedule, HOUR_AGO - 2 * MINUTE, started=0, finished=10)
    add_slot(schedule, HOUR_AGO, started=31, finished=40, columns={"waiting_for": "overlap"})
    said = ask(client, HOUR_AGO, "ran")
    assert f"an earlier run of the schedule was active (run {earlier} (slot {say(HOUR_AGO - MINUTE)}" in said["because"]
    assert said["facts"]["other_run"]["id"] == str(earlier)


def test_a_wait_too_short_to_be_noted_is_explained_by_the_runs_of_that_time(
    client: TestClient, schedule: UUID, add_slot: Insert
) -> None:
    add_slot(schedule, HOUR_AGO, queued=2.5, started=2.6, finished=4, overlap="buffer_one")
    assert (
        "late because it was only published 2.5 seconds after it could have been"
        in ask(client, HOUR_AGO, "ran")["because"]
    )
    earlier = add_slot(schedule, HOUR_AGO - MINUTE, started=0, finished=62.4)
    said = ask(client, HOUR_AGO, "ran")
    assert f"late because an earlier run of the schedule was active (run {earlier}" in said["because"]


def test_it_ran_late_because_scheduling_was_down(
    client: TestClient, schedule: UUID, add_slot: Insert, gap: Callable[[float, float], str]
) -> None:
    gap(-900, -800)
    down = gap(-30, 600.5)
    add_slot(schedule, HOUR_AGO, planned=600, started=601, finished=602)
    said = ask(client, HOUR_AGO, "ran")
    assert f"late because {down};" in said["because"]
    assert [each["ended_at"][:19] for each in said["facts"]["scheduling_gaps"]] == [down[-20:-1]]


def test_it_ran_late_because_it_was_decided_late_and_workers_were_busy(
    client: TestClient, schedule: UUID, add_slot: Insert
) -> None:
    add_slot(schedule, HOUR_AGO, planned=5, queued=5, started=20, finished=21)
    words = (
        "its slot was only decided 5 seconds after it was due and its message waited 15 seconds in the queue default"
    )
    assert words in ask(client, HOUR_AGO, "ran")["because"]


def test_jitter_is_no_lateness(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, due=42, planned=0, started=42.5, finished=50)
    said = ask(client, HOUR_AGO, "ran")
    assert "It ran on time" in said["because"]
    assert "42 seconds after its slot by its jitter" in said["because"]
    assert said["facts"]["jitter_seconds"] == 42


def test_it_succeeded_after_a_retry_that_does_not_count_as_late(
    client: TestClient, schedule: UUID, add_slot: Insert
) -> None:
    attempt = {"number": 1, "worker": None, "outcome": "failed", "error": None}
    attempt |= {"started_at": (HOUR_AGO + timedelta(seconds=1)).isoformat(), "finished_at": HOUR_AGO.isoformat()}
    columns = {"attempt": 2, "attempts": json.dumps([attempt])}
    add_slot(schedule, HOUR_AGO, due=60, planned=0, started=60, finished=70, columns=columns)
    said = ask(client, HOUR_AGO, "ran")
    assert "on time" in said["because"]
    assert said["because"].endswith("and succeeded at attempt 2.")
    assert (said["facts"]["due_at"], said["facts"]["lateness_seconds"]) == (say(HOUR_AGO), 1)


def test_it_failed_with_its_error(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    error = {"error_type": "ValueError", "error_message": "no such file"}
    add_slot(schedule, HOUR_AGO, State.FAILED, started=1, finished=2, columns=error)
    said = ask(client, HOUR_AGO, "failed")
    assert said["because"].startswith("It failed with ValueError: no such file. It ran on time")
    assert said["run"]["error"]["message"] == "no such file"


def test_it_is_running_or_about_to(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.RUNNING, started=1)
    assert ask(client, HOUR_AGO, "running")["because"].startswith("It has been running for ")
    add_slot(schedule, HOUR_AGO + MINUTE, State.RUNNING)
    assert "about to start" in ask(client, HOUR_AGO + MINUTE, "running")["because"]


@pytest.mark.parametrize(
    ("state", "columns", "words"),
    [
        (State.PLANNED, {}, "is about to be published"),
        (State.PLANNED, {"waiting_for": "actor"}, "waits because no worker has announced its actor log_message"),
        (State.QUEUED, {}, "in the queue default for a worker"),
        (
            State.RETRYING,
            {"error_type": "OSError", "due_at": HOUR_AGO + 2 * 60 * MINUTE},
            "Attempt 1 ended with OSError",
        ),
        (State.PLANNED, {"due_at": HOUR_AGO + 2 * 60 * MINUTE}, "by its jitter"),
    ],
)
def test_it_waits(
    client: TestClient, schedule: UUID, add_slot: Insert, state: State, columns: dict[str, Any], words: str
) -> None:
    add_slot(schedule, HOUR_AGO, state, columns=columns)
    assert words in ask(client, HOUR_AGO, "waiting")["because"]


def test_it_waits_for_a_paused_queue(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.PLANNED, columns={"attempt": 0})
    client.simulate_post("/v1/queues/default/pause", json={"reason": "move"})
    said = ask(client, HOUR_AGO, "waiting")
    assert "its queue default was paused by admin at " in said["because"]
    assert said["because"].endswith("with the reason “move”.")
    assert said["facts"]["queue_pause"]["paused_by"] == "admin"


def test_it_was_cancelled(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.CANCELLED, finished=5)
    assert "before it started." in ask(client, HOUR_AGO, "cancelled")["because"]


def test_it_was_cancelled_for_a_later_slot(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    later = add_slot(schedule, HOUR_AGO + MINUTE, planned=0.25)
    asked_at = {"cancel_requested_at": HOUR_AGO + MINUTE + timedelta(seconds=0.25)}
    add_slot(schedule, HOUR_AGO, State.CANCELLED, started=1, finished=62, columns=asked_at)
    said = ask(client, HOUR_AGO, "cancelled")
    assert f"while it ran, to let run {later}" in said["because"]
