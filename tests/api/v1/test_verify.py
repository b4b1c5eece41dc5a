"""Verify: each slot that must exist has exactly one row, after whatever happened; and what has not is found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from scheduling.plan import plan_due
from tests.api.access.conftest import GiveToken, give_token

__all__ = ["give_token"]
Verify = Callable[..., dict[str, Any]]
Execute = Callable[..., Any]

_BACK = {
    "schedules": ("created_at", "updated_at", "cursor_at", "paused_at", "next_due_at"),
    "schedule_versions": ("at",),
    "deleted_schedules": ("created_at", "decided_at"),
}


@pytest.fixture
def ago(execute: Execute) -> Callable[[float], None]:
    """All that has happened happened so many minutes before, and nobody has planned since."""

    def move(minutes: float) -> None:
        for table, columns in _BACK.items():
            moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
            execute(f"UPDATE {table} SET {moved}", by=timedelta(minutes=minutes))

    return move


@pytest.fixture
def plan(engine: sa.Engine) -> Callable[[], None]:
    def go() -> None:
        with engine.begin() as connection:
            plan_due(connection, 100)

    return go


@pytest.fixture
def verified(client: TestClient) -> Verify:
    """What all parts say together."""

    def ask(query: str = "") -> dict[str, Any]:
        answer = client.simulate_get(f"/v1/verify{query}")
        assert answer.status_code == 200, answer.text
        whole: dict[str, Any] = answer.json
        while whole["next"] is not None:
            part = client.simulate_get("/v1/verify", params={"cursor": whole["next"]}).json
            for name in ("schedules", "slots", "accounted", "undecided", "unaccounted"):
                whole[name] += part[name]
            whole["next"] = part["next"]
        return whole

    return ask


def brief(answer: dict[str, Any]) -> tuple[int, list[tuple[str, str]]]:
    """How many slots have not exactly one row, and what is wrong."""
    assert not answer["truncated"]
    wrong = [(each["schedule"], each["problem"]) for each in answer["unaccounted"]]
    return answer["slots"] - answer["accounted"], wrong


@pytest.fixture
def history(
    create: Callable[..., Any], ago: Callable[[float], None], plan: Callable[[], None], client: TestClient
) -> None:
    """Sixty minutes of one schedule that is due every minute and one every ten, with edits and pauses."""
    create("minutely", every_seconds=60, catchup="all", overlap="allow")
    create("often", cron="*/10 * * * * *", overlap="skip")
    create("gone", every_seconds=60, catchup="none")
    create("by-hand")
    ago(30)
    plan()
    client.simulate_patch("/v1/schedules/minutely", json={"every_seconds": 30})
    client.simulate_post("/v1/schedules/often/pause")
    client.simulate_delete("/v1/schedules/gone")


def test_nothing_is_wrong_with_what_was_planned(history: None, verified: Verify) -> None:
    found = verified()
    assert brief(found) == (0, [])
    assert found["schedules"] == 4
    assert 30 + 180 + 30 <= found["slots"] <= 31 + 181 + 31 + 3


def test_parts_make_a_whole(history: None, verified: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = verified()
    monkeypatch.setattr("api.v1.slots.STEPS", 7)
    parts = verified()
    assert {name: parts[name] for name in parts if name not in ("until", "since", "whole_since")} == {
        name: whole[name] for name in whole if name not in ("until", "since", "whole_since")
    }


def test_a_row_that_is_gone_is_missed(history: None, verified: Verify, execute: Execute) -> None:
    [(slot,)] = execute(
        "DELETE FROM runs WHERE id = (SELECT id FROM runs WHERE schedule_name = 'minutely' AND slots = 1"
        " ORDER BY id DESC OFFSET 3 LIMIT 1) RETURNING slot_at"
    )
    found = verified()
    assert brief(found) == (1, [("minutely", "missing")])
    [each] = found["unaccounted"]
    assert datetime.fromisoformat(each["slot_at"]) == slot
    assert (each["version"], each["runs"], each["slot_until"]) == (1, [], None)
    execute("DELETE FROM runs WHERE schedule_name = 'gone'")
    names = [each["schedule"] for each in verified()["unaccounted"]]
    assert names[-1:] == ["minutely"]
    assert set(names[:-1]) == {"gone"}
    assert len(names) > 30


COPY = """
INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id', {id}, 'slot_at', slot_at + {later}))).*
FROM runs r WHERE schedule_name = 'minutely' AND slots = 1 ORDER BY id DESC LIMIT 1
"""
NEXT = "overlay(r.id::text placing 'fff' from 34)"


@pytest.mark.parametrize("id_", [NEXT, "gen_random_uuid()", "'ffffffff-ffff-8fff-bfff-ffffffffffff'"])
def test_a_slot_with_two_rows_is_found(history: None, verified: Verify, execute: Execute, id_: str) -> None:
    execute(COPY.format(id=id_, later="interval '0'"))
    found = verified()
    assert brief(found) == (1, [("minutely", "twice")])
    assert len(found["unaccounted"][0]["runs"]) == 2


@pytest.mark.parametrize("id_", [NEXT, "gen_random_uuid()"])
def test_a_row_without_a_slot_is_found(history: None, verified: Verify, execute: Execute, id_: str) -> None:
    execute(COPY.format(id=id_, later="interval '-1 s'"))
    assert brief(verified()) == (0, [("minutely", "unexpected")])


def test_a_row_of_a_time_before_its_schedule_is_found(history: None, verified: Verify, execute: Execute) -> None:
    execute(COPY.format(id="gen_random_uuid()", later="interval '-2 hours'"))
    assert brief(verified()) == (0, [("minutely", "unexpected")])
    assert brief(verified("?schedule=often")) == (0, [])
    assert brief(verified(f"?since={say(timedelta(minutes=40))}")) == (0, [])


def test_a_row_of_several_slots_must_say_how_many(history: None, verified: Verify, execute: Execute) -> None:
    execute("UPDATE runs SET slots = slots - 2 WHERE schedule_name = 'gone' AND slots > 1")
    assert brief(verified()) == (2, [("gone", "missing")])


def test_what_nobody_is_going_to_plan_is_missed(
    create: Callable[..., Any], ago: Callable[[float], None], verified: Verify, execute: Execute
) -> None:
    create("waits", every_seconds=10, paused=True)
    ago(5)
    found = verified()
    assert 30 <= found["undecided"] <= 31
    assert (found["slots"], brief(found)) == (0, (0, []))
    execute("UPDATE schedules SET paused_at = NULL, next_due_at = now()")
    assert brief(verified()) == (0, []), "it is about to be planned"
    execute("UPDATE schedules SET next_due_at = NULL")
    assert brief(verified()) == (1, [("waits", "missing")])


def say(before: timedelta) -> str:
    return (datetime.now(UTC) - before).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_of_what_may_have_been_pruned_nothing_is_said(history: None, verified: Verify, execute: Execute) -> None:
    execute("DELETE FROM runs WHERE slot_at < now() - interval '20 min' OR slots > 1")
    assert brief(verified())[1]
    whole = say(timedelta(minutes=75))
    execute(
        "INSERT INTO housekeeping VALUES ('prune', now(), jsonb_build_object('whole_since', %(at)s::text))", at=whole
    )
    found = verified("?since=2020-01-01T00:00:00Z&schedule=minutely")
    assert found["since"] == found["whole_since"]
    assert brief(found)[1] == []


def test_a_schedule_that_was_made_again_is_another(
    history: None, verified: Verify, create: Callable[..., Any], client: TestClient
) -> None:
    create("gone", every_seconds=3600)
    assert brief(verified("?schedule=gone")) == (0, [])
    assert verified("?schedule=gone")["schedules"] == 2


def test_who_sees_a_part_verifies_it(
    history: None, client: TestClient, execute: Execute, give_token: GiveToken
) -> None:
    execute("DELETE FROM runs WHERE slots = 1")
    somebody = give_token("viewer", only={"prefix": "often"})
    answer = somebody.simulate_get("/v1/verify")
    assert (answer.status_code, answer.json["schedules"]) == (200, 1)
    assert {each["schedule"] for each in answer.json["unaccounted"]} == {"often"}
    assert somebody.simulate_get("/v1/verify?schedule=minutely").status_code == 404
    assert somebody.simulate_get("/v1/verify?schedule=gone").status_code == 404
    assert client.simulate_get("/v1/verify?schedule=never").status_code == 404
    assert client.simulate_get("/v1/verify?schedule=gone").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "since=soon",
        "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "cursor=x",
        "cursor=2026-99-01T00:00:00Z~2026-01-02T00:00:00Z~00000000-0000-0000-0000-000000000000",
    ],
)
def test_what_can_not_be_meant_is_refused(shared_client: TestClient, query: str) -> None:
    assert shared_client.simulate_get(f"/v1/verify?{query}").status_code == 422
