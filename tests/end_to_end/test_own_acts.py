"""What callsheet has done by itself, and who paused and resumed what, is known after it is over: audit and explain."""

from datetime import timedelta
from typing import Any

from tests.end_to_end.deployment import Deployment, instant
from tests.waiting import eventually


def _schedule(deployment: Deployment, name: str) -> Any:
    return deployment.api.get(f"/v1/schedules/{name}").json()


def _acts(deployment: Deployment, name: str) -> list[dict[str, Any]]:
    return deployment.api.get("/v1/audit", params={"target": f"schedules/{name}"}).json()["items"]


def _because(deployment: Deployment, name: str, at: str) -> str:
    return deployment.api.get(f"/v1/schedules/{name}/explain", params={"at": at}).json()["because"]


def test_a_pause_for_failures_and_its_end_stay_known(deployment: Deployment) -> None:
    deployment.create("breaks", actor="run_process", args={"argv": ["false"]}, every_seconds=1, pause_after_failures=2)
    paused_at = eventually(lambda: _schedule(deployment, "breaks")["paused_at"])
    [act, _created] = _acts(deployment, "breaks")
    assert (act["who"], act["role"], act["action"], act["reason"]) == (
        "callsheet",
        None,
        "schedule.pause",
        "2 failures in a row",
    )
    assert instant(act["at"]) == instant(paused_at)
    two_slots_later = f"SELECT now() > '{paused_at}'::timestamptz + interval '3 s'"
    eventually(lambda: deployment.query(two_slots_later)[0][0])
    deployment.api.post("/v1/schedules/breaks/resume").raise_for_status()
    slots = deployment.api.get("/v1/schedules/breaks/slots").json()["items"]
    last = next(slot["slot_until"] or slot["slot_at"] for slot in slots if slot["reason"] == "paused")
    because = _because(deployment, "breaks", last)
    assert "paused by callsheet" in because
    assert "“2 failures in a row”" in because
    assert "resumed by admin" in because
    resumed = next(act for act in _acts(deployment, "breaks") if act["action"] == "schedule.resume")
    assert (resumed["who"], resumed["action"]) == ("admin", "schedule.resume")
    assert (resumed["before"]["paused_by"], resumed["before"]["reason"]) == ("callsheet", "2 failures in a row")


def test_a_pause_that_is_over_stays_known(deployment: Deployment) -> None:
    deployment.create("ticks", actor="log_message", args={"message": "hi"}, every_seconds=1)
    [(now,)] = deployment.query("SELECT now()")
    body = {"reason": "the mail server moves", "until": (now + timedelta(seconds=4)).isoformat()}
    paused = deployment.api.post("/v1/schedules/ticks/pause", json=body).raise_for_status().json()
    eventually(lambda: _schedule(deployment, "ticks")["paused_at"] is None)
    act = _acts(deployment, "ticks")[0]
    assert (act["who"], act["action"], act["reason"]) == (
        "callsheet",
        "schedule.resume",
        "the pause has reached its end",
    )
    assert (act["before"]["paused_by"], act["before"]["reason"]) == ("admin", "the mail server moves")
    assert instant(act["before"]["until"]) == instant(paused["paused_until"])
    within = instant(paused["paused_at"]) + timedelta(seconds=1)
    because = _because(deployment, "ticks", within.isoformat())
    assert "paused by admin" in because
    assert "“the mail server moves”" in because
    assert "until" in because


def test_a_schedule_that_is_set_aside_is_noted(deployment: Deployment) -> None:
    deployment.create("odd", actor="log_message", args={"message": "hi"}, every_seconds=1)
    deployment.execute("UPDATE schedules SET timezone = 'Mars/Olympus', cron = '[\"* * * * *\"]', every_seconds = NULL")
    act = eventually(lambda: (acts := _acts(deployment, "odd"))[0]["action"] == "schedule.quarantine" and acts[0])
    assert act["who"] == "callsheet"
    assert "Mars/Olympus" in act["reason"]
