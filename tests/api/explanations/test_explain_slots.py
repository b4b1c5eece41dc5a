"""Explain, where no row tells what became of an instant."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from tests.api.conftest import HOUR_AGO
from tests.api.explanations.explained import ask, say

Execute = Callable[..., Any]
Insert = Callable[..., UUID]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def soon() -> datetime:
    """A slot to come."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + 3 * MINUTE


def test_not_a_slot_names_its_neighbours(client: TestClient, schedule: UUID) -> None:
    said = ask(client, HOUR_AGO + MINUTE / 2, "not_a_slot")
    after = [say(HOUR_AGO + number * MINUTE) for number in range(1, 6)]
    assert (said["is_slot"], said["run"], said["next_slots"]) == (False, None, after)
    assert said["because"] == (
        f"{say(HOUR_AGO + MINUTE / 2)} is not one of its slots. The next ones are {', '.join(after[:4])} and"
        f" {after[4]}. The previous one was {say(HOUR_AGO)}."
    )
    assert said["facts"]["previous_slot_at"] == say(HOUR_AGO)


def test_a_slot_to_come_will_run(
    client: TestClient, schedule: UUID, announce: Callable[..., None], soon: datetime
) -> None:
    said = ask(client, soon, "future")
    assert said["because"] == (f"It will run at {say(soon)}. Up to now no worker has announced its actor log_message.")
    announce()
    assert ask(client, soon, "future")["because"] == f"It will run at {say(soon)}."
    assert said["is_slot"] is True


def test_a_slot_to_come_has_its_jitter(client: TestClient, every_minute: Insert, soon: datetime) -> None:
    every_minute(jitter_seconds=30)
    said = ask(client, soon, "future")
    [upcoming] = [
        slot
        for slot in client.simulate_get("/v1/schedules/nightly/upcoming").json["items"]
        if slot["slot_at"] == said["facts"]["slot_at"]
    ]
    assert said["facts"]["due_at"] == upcoming["due_at"]
    assert "with its jitter" in said["because"]


def test_before_the_schedule_was_created(client: TestClient, schedule: UUID) -> None:
    for at in (HOUR_AGO - timedelta(days=11), HOUR_AGO - timedelta(days=11) + MINUTE / 2):
        said = ask(client, at, "before_schedule")
        assert said["because"].startswith("The schedule was only created at ")
        assert (said["is_slot"], said["facts"]["version"]) == (False, 1)


def test_before_the_last_edit_only_the_present_definition_is_known(
    client: TestClient, schedule: UUID, execute: Execute
) -> None:
    execute("UPDATE schedules SET version = 2, updated_at = now()")
    said = ask(client, HOUR_AGO, "before_schedule")
    assert "the schedule was edited later (it is at version 2" in said["because"]
    assert "the only one that is known" in ask(client, HOUR_AGO + MINUTE / 2, "not_a_slot")["because"]


def test_a_slot_that_passed_without_a_row_was_pruned(client: TestClient, schedule: UUID) -> None:
    assert "retention" in ask(client, HOUR_AGO, "undecided")["because"]


def test_a_slot_that_nobody_has_decided_yet(client: TestClient, schedule: UUID, execute: Execute) -> None:
    execute("UPDATE schedules SET cursor_at = now() - interval '2 hours'")
    said = ask(client, HOUR_AGO, "undecided")
    assert said["because"].endswith("no scheduling process has decided it yet; none has ever done a round.")
    execute("INSERT INTO schedulers VALUES (gen_random_uuid(), 'h', 1, now(), %(at)s)", at=HOUR_AGO - MINUTE)
    said = ask(client, HOUR_AGO, "undecided")
    assert said["because"].endswith(f"the last round was at {say(HOUR_AGO - MINUTE)}.")
    assert said["facts"]["last_round_at"] == say(HOUR_AGO - MINUTE)


def test_while_it_is_paused(client: TestClient, schedule: UUID, execute: Execute, soon: datetime) -> None:
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "holiday"})
    execute("UPDATE schedules SET paused_at = %(at)s, cursor_at = %(at)s", at=HOUR_AGO - MINUTE)
    for at in (HOUR_AGO, soon):
        said = ask(client, at, "paused")
        assert f"paused by admin at {say(HOUR_AGO - MINUTE)} with the reason “holiday”; " in said["because"]
        assert (said["facts"]["pause"]["paused_by"], said["is_slot"]) == ("admin", True)
    ask(client, HOUR_AGO + MINUTE / 2, "not_a_slot")


def test_a_pause_with_an_end(client: TestClient, schedule: UUID, soon: datetime) -> None:
    until = soon + MINUTE / 2
    client.simulate_post("/v1/schedules/nightly/pause", json={"until": until.isoformat()})
    assert f"until {say(until)}" in ask(client, soon, "paused")["because"]
    ask(client, soon + MINUTE, "future")


def test_a_schedule_that_callsheet_paused_after_failures(client: TestClient, schedule: UUID, execute: Execute) -> None:
    execute(
        "UPDATE schedules SET paused_at = %(at)s, paused_by = 'callsheet', pause_reason = '3 failures in a row'",
        at=HOUR_AGO - MINUTE,
    )
    because = ask(client, HOUR_AGO, "paused")["because"]
    assert f"paused by callsheet at {say(HOUR_AGO - MINUTE)} with the reason “3 failures in a row”" in because


def test_a_schedule_without_times_only_runs_by_hand(client: TestClient, every_minute: Insert) -> None:
    every_minute(cron=None)
    said = ask(client, HOUR_AGO, "not_a_slot")
    assert "only runs when it is triggered" in said["because"]
    assert said["next_slots"] == []


def test_after_its_end_and_before_its_start(client: TestClient, every_minute: Insert) -> None:
    start, end = HOUR_AGO + 120 * MINUTE, HOUR_AGO + 240 * MINUTE
    every_minute(starts_at=start.isoformat(), ends_at=end.isoformat())
    said = ask(client, end + MINUTE, "not_a_slot")
    assert said["because"].startswith(f"The schedule ended at {say(end)} (ends_at). The previous one was {say(end)}.")
    assert said["next_slots"] == []
    said = ask(client, HOUR_AGO, "not_a_slot")
    assert said["because"].startswith(f"The schedule has no slot before {say(start)} (starts_at).")
    assert said["next_slots"][0] == say(start)
    assert ask(client, start, "future")["is_slot"] is True


def test_once_all_its_runs_have_been(
    client: TestClient, every_minute: Insert, execute: Execute, soon: datetime
) -> None:
    every_minute(max_runs=2)
    execute("UPDATE schedules SET slots_run = 2")
    for at in (soon, HOUR_AGO):
        said = ask(client, at, "not_a_slot")
        assert "the last of its 2 runs (max_runs)" in said["because"]
        assert (said["is_slot"], said["next_slots"]) == (False, [])


def test_beyond_the_runs_that_are_left(client: TestClient, every_minute: Insert, soon: datetime) -> None:
    every_minute(max_runs=10)
    ask(client, soon, "future")
    assert "max_runs" in ask(client, soon + 30 * MINUTE, "not_a_slot")["because"]


def test_a_schedule_in_quarantine(client: TestClient, schedule: UUID, execute: Execute) -> None:
    execute("UPDATE schedules SET error = 'ValueError: bad', cursor_at = now() - interval '2 hours'")
    assert "could not be planned: ValueError: bad" in ask(client, HOUR_AGO, "undecided")["because"]
    execute("UPDATE schedules SET cron = '[\"31 2\"]'")
    assert ask(client, HOUR_AGO, "undecided")["next_slots"] == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_time_are_no_problem(client: TestClient, every_minute: Insert, at: str) -> None:
    every_minute(cron=["* * * * *", "0 0 29 2 *"], max_runs=400)
    answer = client.simulate_get(f"/v1/schedules/nightly/explain?at={at}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("query", ["", "at=2030-01-01", "at=now"])
def test_the_instant_must_be_given(client: TestClient, schedule: UUID, query: str) -> None:
    answer = client.simulate_get(f"/v1/schedules/nightly/explain?{query}")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/at")


def test_a_schedule_that_is_not_there_is_a_404(client: TestClient) -> None:
    assert client.simulate_get("/v1/schedules/nothing/explain?at=2030-01-01T00:00:00Z").status_code == 404
