"""Failures of real runs, summed up by the scheduling process."""

from typing import Any

from tests.end_to_end.deployment import Deployment
from tests.waiting import eventually


def test_what_fails_alike_is_one_failure_with_its_streak_until_it_succeeds(deployment: Deployment) -> None:
    def found() -> dict[str, Any]:
        items = deployment.api.get("/v1/failures?schedule=breaks").json()["items"]
        assert len(items) <= 1
        return items[0] if items else {"count": 0, "streak": 0}

    arguments = {"argv": ["sh", "-c", "echo order $$ failed; exit 3"]}
    deployment.create("breaks", actor="run_process", args=arguments, max_retries=1, min_backoff_seconds=0.1)
    runs = [deployment.finished(deployment.trigger("breaks")) for _ in range(3)]
    assert {run["state"] for run in runs} == {"failed"}
    failure = eventually(lambda: (each := found())["count"] == 3 and each)
    assert (failure["actor"], failure["streak"], failure["schedules"]) == ("run_process", 3, ["breaks"])
    assert failure["error_type"] == runs[0]["error"]["type"]
    assert failure["example_run_id"] == runs[-1]["id"]

    deployment.api.patch("/v1/schedules/breaks", json={"args": {"argv": ["true"]}}).raise_for_status()
    assert deployment.finished(deployment.trigger("breaks"))["state"] == "succeeded"
    eventually(lambda: found()["streak"] == 0)
    assert found()["count"] == 3

    body = {"filter": {"fingerprint": failure["fingerprint"]}}
    retried = deployment.api.post("/v1/runs/retry", json=body).raise_for_status().json()
    assert retried == {"matched": 3, "changed": 3, "ids": [run["id"] for run in runs]}
