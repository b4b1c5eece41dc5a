"""Explain, where slots were skipped, or the schedule has been edited since."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from models.words.states import SkipReason, State, Trigger
from scheduling.plan import plan_due
from tests.api.conftest import HOUR_AGO
from tests.api.explanations.explained import ask, say

Insert = Callable[..., UUID]
MINUTE = timedelta(minutes=1)


def test_skipped_for_overlap_names_the_run_that_was_still_running(
    client: TestClient, schedule: UUID, add_slot: Insert, add_run: Insert
) -> None:
    add_slot(schedule, HOUR_AGO - 2 * MINUTE, started=0, finished=30)
    by_hand = add_run(
        age_seconds=(datetime.now(UTC) - HOUR_AGO).total_seconds() + 90,
        schedule_id=schedule,
        trigger=Trigger.MANUAL,
        columns={"started_at": HOUR_AGO - MINUTE, "finished_at": HOUR_AGO + MINUTE},
    )
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.OVERLAP, planned=0.1)
    said = ask(client, HOUR_AGO, "skipped")
    assert said["because"].startswith(f"It was skipped because run {by_hand} (started {say(HOUR_AGO - MINUTE)}")
    assert said["because"].endswith("was still running.")


def test_skipped_for_overlap_with_a_run_that_has_not_started(
    client: TestClient, schedule: UUID, add_slot: Insert
) -> None:
    waiting = add_slot(schedule, HOUR_AGO - MINUTE, State.PLANNED)
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.OVERLAP, planned=0.1)
    because = ask(client, HOUR_AGO, "skipped")["because"]
    assert str(waiting) in because
    assert because.endswith("was still waiting.")


def test_skipped_for_overlap_with_a_run_that_is_not_kept(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.OVERLAP)
    because = ask(client, HOUR_AGO, "skipped")["because"]
    assert because == "It was skipped because an earlier run of the schedule was still active."


@pytest.mark.parametrize("reason", [SkipReason.MISSED, SkipReason.COALESCED])
def test_skipped_as_missed_while_scheduling_was_down(
    client: TestClient,
    schedule: UUID,
    add_slot: Insert,
    gap: Callable[[float, float], str],
    reason: SkipReason,
) -> None:
    down = gap(-30, 600)
    until = HOUR_AGO + 9 * MINUTE
    row = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=reason, slot_until=until, slots=10, planned=600)
    for at in (HOUR_AGO, HOUR_AGO + 4 * MINUTE, until):
        said = ask(client, at, "skipped")
        words = f"The 10 slots from {say(HOUR_AGO)} to {say(until)} were skipped because {down}, and"
        assert said["because"].startswith(words)
        assert (said["is_slot"], said["run"]["id"], said["run"]["slots"]) == (True, str(row), 10)
    said = ask(client, HOUR_AGO + MINUTE / 2, "not_a_slot")
    assert (said["run"], said["is_slot"]) == (None, False)


def test_skipped_as_missed_without_a_recorded_gap(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.MISSED, planned=600)
    assert "10 minutes later, and its catch-up policy" in ask(client, HOUR_AGO, "skipped")["because"]


def test_skipped_for_limits(client: TestClient, schedule: UUID, add_slot: Insert, execute: Callable[..., Any]) -> None:
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.LIMIT, planned=600)
    assert "at most 100 slots are made up for at once" in ask(client, HOUR_AGO, "skipped")["because"]
    execute("UPDATE schedules SET max_runs = 3, slots_run = 3")
    assert "had reached its limit of 3 runs (max_runs)" in ask(client, HOUR_AGO, "skipped")["because"]


def test_skipped_for_its_deadline(
    client: TestClient, schedule: UUID, add_slot: Insert, execute: Callable[..., Any]
) -> None:
    run = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.DEADLINE, finished=31)
    deadline = HOUR_AGO + timedelta(seconds=30)
    execute("UPDATE runs SET deadline_at = %(at)s, waiting_for = 'actor' WHERE id = %(id)s", at=deadline, id=run)
    said = ask(client, HOUR_AGO, "skipped")
    assert said["because"] == (
        f"It was skipped because it had not started by its deadline {say(deadline)}, 30 seconds after it was due:"
        " no worker had announced its actor log_message."
    )


def test_skipped_for_a_pause_that_is_over(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    row = {"slot_until": HOUR_AGO + MINUTE, "slots": 2, "planned": 100}
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.PAUSED, **row)
    ended = say(HOUR_AGO + timedelta(seconds=100))
    assert ask(client, HOUR_AGO, "skipped")["because"].endswith(f"the schedule was paused until {ended}.")


def test_skipped_for_a_pause_that_lasts_and_was_decided_by_an_edit(
    client: TestClient, schedule: UUID, add_slot: Insert, execute: Callable[..., Any]
) -> None:
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "holiday"})
    execute("UPDATE schedules SET paused_at = %(at)s", at=HOUR_AGO - MINUTE)
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.PAUSED, planned=100)
    said = ask(client, HOUR_AGO, "skipped")
    assert f"paused by admin at {say(HOUR_AGO - MINUTE)} with the reason “holiday”" in said["because"]


@pytest.mark.parametrize("ends", ["by itself", "by hand"])
def test_skipped_for_a_pause_that_has_a_name(
    client: TestClient, schedule: UUID, execute: Callable[..., Any], engine: sa.Engine, ends: str
) -> None:
    client.simulate_post("/v1/schedules/nightly/pause", json={"reason": "holiday"})
    began, until = HOUR_AGO - MINUTE, HOUR_AGO + 10 * MINUTE
    execute("UPDATE schedules SET paused_at = %(at)s, cursor_at = %(at)s, paused_by = 'anna'", at=began)
    if ends == "by hand":
        client.simulate_post("/v1/schedules/nightly/resume")
    else:
        execute("UPDATE schedules SET paused_until = %(at)s, next_due_at = now()", at=until)
        with engine.begin() as connection:
            plan_due(connection, 1)
    said = ask(client, HOUR_AGO, "skipped")
    who = f"the schedule was paused by anna at {say(began)} with the reason “holiday”"
    end = (
        f"until {say(until)}" if ends == "by itself" else f"and resumed by admin at {said['facts']['decided_at'][:19]}Z"
    )
    assert said["because"].endswith(f"skipped because {who}, {end}.")


def test_missed_while_it_was_set_aside(client: TestClient, schedule: UUID, execute: Callable[..., Any]) -> None:
    execute("UPDATE schedules SET cursor_at = %(at)s, cron = '[\"31 2\"]', error = 'bad'", at=HOUR_AGO - MINUTE)
    assert client.simulate_patch("/v1/schedules/nightly", json={"cron": "* * * * *"}).status_code == 200
    said = ask(client, HOUR_AGO, "skipped")
    assert said["because"].startswith(f"What was due from {say(HOUR_AGO - MINUTE)} to ")
    assert "was skipped because the schedule was set aside then, since it could not be planned: " in said["because"]
    assert said["run"]["result"]["error"] in said["because"]
    no_slot = ask(client, HOUR_AGO + MINUTE / 2, "not_a_slot")["because"]
    assert "By an earlier definition what was due from " in no_slot


def test_skipped_for_a_calendar(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.CALENDAR)
    assert "calendar" in ask(client, HOUR_AGO, "skipped")["because"]


@pytest.fixture
def edit(client: TestClient) -> Callable[[], None]:
    def patch() -> None:
        change = {"cron": "30 0 1 1 *"}
        assert client.simulate_patch("/v1/schedules/nightly", json=change).status_code == 200

    return patch


def test_a_row_wins_over_the_present_definition(
    client: TestClient, schedule: UUID, add_slot: Insert, edit: Callable[[], None]
) -> None:
    add_slot(schedule, HOUR_AGO, started=0, finished=1)
    edit()
    assert ask(client, HOUR_AGO, "ran")["is_slot"] is True


def test_within_a_range_of_an_earlier_definition_it_is_not_known_what_was_a_slot(
    client: TestClient, schedule: UUID, add_slot: Insert, edit: Callable[[], None]
) -> None:
    until = HOUR_AGO + 9 * MINUTE
    row = add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.MISSED, slot_until=until, slots=10)
    edit()
    said = ask(client, HOUR_AGO + MINUTE, "not_a_slot")
    assert said["run"]["id"] == str(row)
    assert "By an earlier definition the 10 slots from" in said["because"]
    assert ask(client, until, "skipped")["is_slot"] is True
