"""The slots of a schedule: what happened to each."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from falcon.testing import TestClient

from models.words.states import SkipReason, State
from tests.api.conftest import HOUR_AGO

Insert = Callable[..., UUID]
MINUTE = timedelta(minutes=1)


def _slots(client: TestClient, **query: object) -> dict[str, Any]:
    params = {key: value.isoformat() if isinstance(value, datetime) else str(value) for key, value in query.items()}
    answer = client.simulate_get("/v1/schedules/nightly/slots", params=params)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def test_a_slot_that_ran_shows_when_and_how_late(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    run = add_slot(schedule, HOUR_AGO, due=10, started=13.5, finished=20, columns={"waiting_for": "actor"})
    [item] = _slots(client)["items"]
    assert item["run_id"] == str(run)
    assert datetime.fromisoformat(item["slot_at"]) == HOUR_AGO
    assert (item["slots"], item["slot_until"], item["state"], item["reason"]) == (1, None, "succeeded", None)
    assert (item["lateness_seconds"], item["waiting_for"]) == (3.5, "actor")
    assert datetime.fromisoformat(item["finished_at"]) == HOUR_AGO + timedelta(seconds=20)


def test_slots_come_newest_first_in_pages(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    runs = [str(add_slot(schedule, HOUR_AGO + number * MINUTE)) for number in range(5)]
    first = _slots(client, limit=2)
    second = _slots(client, limit=2, cursor=first["next"])
    last = _slots(client, limit=2, cursor=second["next"])
    assert [item["run_id"] for page in (first, second, last) for item in page["items"]] == runs[::-1]
    assert last["next"] is None


def test_since_and_until_are_inclusive(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    runs = [str(add_slot(schedule, HOUR_AGO + number * MINUTE)) for number in range(5)]
    found = _slots(client, since=HOUR_AGO + MINUTE, until=HOUR_AGO + 3 * MINUTE)["items"]
    assert [item["run_id"] for item in found] == runs[3:0:-1]
    assert _slots(client, since=HOUR_AGO + MINUTE / 2, until=HOUR_AGO + MINUTE / 2 + MINUTE / 4)["items"] == []


def test_the_last_day_is_shown_unless_asked_otherwise(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO - timedelta(days=1))
    fresh = add_slot(schedule, HOUR_AGO)
    assert [item["run_id"] for item in _slots(client)["items"]] == [str(fresh)]
    assert len(_slots(client, until=HOUR_AGO)["items"]) == 2


def test_skipped_slots_share_an_item_with_range_and_count(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    until = HOUR_AGO + 9 * MINUTE
    add_slot(schedule, HOUR_AGO, State.SKIPPED, reason=SkipReason.MISSED, slot_until=until, slots=10)
    [item] = _slots(client)["items"]
    assert (item["state"], item["reason"], item["slots"]) == ("skipped", "missed", 10)
    assert datetime.fromisoformat(item["slot_until"]) == until
    assert item["lateness_seconds"] is None


def test_a_range_that_began_long_before_is_found(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    begin = HOUR_AGO - timedelta(days=5)
    until = HOUR_AGO - MINUTE
    add_slot(schedule, begin - MINUTE)
    row = add_slot(schedule, begin, State.SKIPPED, reason=SkipReason.MISSED, slot_until=until, slots=7200)
    run = add_slot(schedule, HOUR_AGO)
    assert [item["run_id"] for item in _slots(client)["items"]] == [str(run), str(row)]
    page = _slots(client, limit=1)
    assert [item["run_id"] for item in _slots(client, cursor=page["next"])["items"]] == [str(row)]
    assert _slots(client, cursor=row)["items"] == []
    inside = _slots(client, since=begin + timedelta(days=1), until=begin + timedelta(days=2))
    assert [item["run_id"] for item in inside["items"]] == [str(row)]
    assert [item["run_id"] for item in _slots(client, since=HOUR_AGO)["items"]] == [str(run)]


def test_only_slots_of_this_schedule_are_shown(
    client: TestClient, schedule: UUID, create: Callable[..., Any], add_slot: Insert
) -> None:
    add_slot(UUID(create("other", cron="* * * * *")["id"]), HOUR_AGO)
    client.simulate_post("/v1/schedules/nightly/trigger")
    assert _slots(client)["items"] == []


def test_the_ends_of_time_are_no_problem(client: TestClient, schedule: UUID, add_slot: Insert) -> None:
    add_slot(schedule, HOUR_AGO)
    assert len(_slots(client, since="0001-01-01T00:00:00Z", until="9999-12-31T23:59:59.999999Z")["items"]) == 1
    assert _slots(client, until="0001-01-01T00:00:00Z", since="0001-01-01T00:00:00Z")["items"] == []
    assert _slots(client, until="1970-01-01T00:00:00Z")["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("since=2030-01-02T00:00:00Z&until=2030-01-01T00:00:00Z", "/until"),
        ("since=yesterday", "/since"),
        ("limit=501", "/limit"),
        ("cursor=x", "/cursor"),
        ("before=x", "/before"),
    ],
)
def test_a_bad_query_is_a_422(client: TestClient, schedule: UUID, query: str, pointer: str) -> None:
    answer = client.simulate_get(f"/v1/schedules/nightly/slots?{query}")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_a_schedule_that_is_not_there_is_a_404(client: TestClient) -> None:
    assert client.simulate_get("/v1/schedules/nothing/slots").status_code == 404
