"""Schedules that a deploy has broken say so, and those whose secret nobody has; runs by hand that stand for a slot."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

Execute = Callable[..., Any]
SIGNATURE = {"type": "object", "properties": {"message": {"type": "string"}}, "additionalProperties": False}
ADD_WORKER = """
INSERT INTO workers (id, host, pid, queues, actors, secrets, threads, version, running, started_at, last_seen_at)
VALUES (gen_random_uuid(), 'h', 1, '["mail"]', '[]', %(secrets)s::jsonb, 8, '1', 0, now(), now())
"""


def warnings(client: TestClient, name: str = "nightly") -> list[str]:
    one = client.simulate_get(f"/v1/schedules/{name}").json
    [listed] = [each for each in client.simulate_get("/v1/schedules").json["items"] if each["name"] == name]
    assert one["warnings"] == listed["warnings"]
    found: list[str] = one["warnings"]
    return found


def test_a_deploy_that_changes_an_actors_parameters_marks_the_schedules_it_breaks(
    client: TestClient, create: Callable[..., Any], announce: Callable[..., None], execute: Execute
) -> None:
    announce(parameters=SIGNATURE)
    create("nightly", args={"message": "x"}, cron="0 3 * * *")
    create("other", cron="0 3 * * *")
    assert warnings(client) == []
    execute("""UPDATE actors SET parameters = '{"type": "object", "required": ["text"]}'""")
    [warning] = warnings(client)
    assert "text: required by the actor" in warning
    assert warnings(client, "other") == [warning]
    client.simulate_patch("/v1/schedules/nightly", json={"args": {"text": "x"}})
    assert warnings(client) == []


def test_a_secret_that_no_worker_has_is_a_warning(
    client: TestClient, create: Callable[..., Any], announce: Callable[..., None], execute: Execute
) -> None:
    announce()
    create("nightly", args={"message": "${secret:CRM_KEY} and ${secret:OTHER}"}, cron="0 3 * * *")
    assert warnings(client) == []  # nobody knows
    execute(ADD_WORKER, secrets=None)
    execute(ADD_WORKER, secrets='["OTHER"]')
    assert warnings(client) == []  # a worker of a release that does not say may have it
    execute("DELETE FROM workers WHERE secrets IS NULL")
    [warning] = warnings(client)
    assert "secret CRM_KEY" in warning
    execute(ADD_WORKER, secrets='["CRM_KEY", "OTHER"]')
    assert warnings(client) == []
    assert client.simulate_get("/v1/secrets").json == {
        "items": [
            {"name": "CRM_KEY", "workers": 1, "allow": None},
            {"name": "OTHER", "workers": 2, "allow": None},
        ]
    }


def test_a_run_by_hand_may_stand_for_a_slot(client: TestClient, create: Callable[..., Any]) -> None:
    create(cron="0 3 * * *", timezone="Europe/Berlin")
    body = {"slot_at": "2026-11-23T02:00:00Z"}
    run = client.simulate_post("/v1/schedules/nightly/trigger", json=body).json
    assert (run["slot_at"], run["trigger"], run["state"]) == ("2026-11-23T02:00:00Z", "manual", "planned")
    assert (run["previous_slot_at"], run["next_slot_at"]) == ("2026-11-22T02:00:00Z", "2026-11-24T02:00:00Z")
    without = client.simulate_post("/v1/schedules/nightly/trigger", json={"overlap": "allow"}).json
    assert [without[name] for name in ("slot_at", "previous_slot_at", "next_slot_at")] == [None] * 3
    assert client.simulate_get("/v1/schedules/nightly/slots").json["items"] == []


@pytest.mark.parametrize("slot", ["0001-01-01T00:00:00Z", "1800-05-05T00:00:00Z"])
def test_a_slot_may_be_any_instant_that_was(client: TestClient, create: Callable[..., Any], slot: str) -> None:
    create(cron="0 3 * * *")
    run = client.simulate_post("/v1/schedules/nightly/trigger", json={"slot_at": slot})
    assert (run.status_code, run.json["slot_at"]) == (202, slot)


def test_a_slot_far_ahead_is_refused(client: TestClient, create: Callable[..., Any]) -> None:
    create()
    answer = client.simulate_post("/v1/schedules/nightly/trigger", json={"slot_at": "2999-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/slot_at")


def test_the_lateness_of_a_run_is_its_first_attempts(
    client: TestClient, add_run: Callable[..., Any], execute: Execute
) -> None:
    """While it is retrying too, when it is due again much later than it has started."""
    attempts = """[
        {"number": 1, "worker": null, "started_at": null, "finished_at": "2026-11-23T09:00:01Z",
         "outcome": "interrupted", "error": null, "backoff_seconds": 0, "due_at": "2026-11-23T09:00:00Z"},
        {"number": 2, "worker": null, "started_at": "2026-11-23T09:00:02.5Z", "finished_at": "2026-11-23T09:00:03Z",
         "outcome": "failed", "error": null, "backoff_seconds": 60, "due_at": "2026-11-23T09:00:01Z"}]"""
    run = add_run(columns={"attempts": attempts, "started_at": "2026-11-23T09:00:02.5Z", "attempt": 2})
    execute("UPDATE runs SET state = 'retrying', due_at = started_at + interval '1 minute'")
    assert client.simulate_get(f"/v1/runs/{run}").json["lateness_seconds"] == 2.5
    execute("UPDATE runs SET state = 'cancelled', finished_at = now()")
    assert client.simulate_get(f"/v1/runs/{run}").json["lateness_seconds"] == 2.5
    execute("UPDATE runs SET attempts = jsonb_build_array(attempts -> 1)")
    assert client.simulate_get(f"/v1/runs/{run}").json["lateness_seconds"] == 1.5
    execute("UPDATE runs SET state = 'succeeded', finished_at = now()")
    assert client.simulate_get(f"/v1/runs/{run}").json["lateness_seconds"] == 1.5
    execute("UPDATE runs SET attempts = '[]', due_at = started_at - interval '4 s'")
    assert client.simulate_get(f"/v1/runs/{run}").json["lateness_seconds"] == 4
