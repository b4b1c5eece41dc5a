"""Without OpenTelemetry a trace is passed on all the same, and each line of a run says which it is of."""

import json

from tests.end_to_end.deployment import Deployment, RequestCounter

ASKING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traceparent_of(counter: RequestCounter) -> str:
    return {name.lower(): value for name, value in counter.requests[-1].items()}["traceparent"]


def test_the_trace_of_who_asks_goes_along(deployment: Deployment, counter: RequestCounter) -> None:
    deployment.create("asking", actor="http_request", args={"url": counter.url})
    answer = deployment.api.post("/v1/schedules/asking/trigger", json={}, headers={"traceparent": ASKING})
    run = deployment.finished(answer.json()["id"])
    assert run["trace"] == ASKING == traceparent_of(counter)


def test_a_run_of_which_nobody_says_it_is_in_a_trace_of_its_own(
    deployment: Deployment, counter: RequestCounter
) -> None:
    deployment.create("asking", actor="http_request", args={"url": counter.url})
    run = deployment.finished(deployment.trigger("asking"))
    id_ = run["id"].replace("-", "")
    assert run["trace"] == f"00-{id_}-{id_[16:]}-01" == traceparent_of(counter)


def test_each_line_of_a_run_says_its_trace(deployment: Deployment) -> None:
    deployment.create("saying", actor="log_message", args={"message": "hello"})
    answer = deployment.api.post("/v1/schedules/saying/trigger", json={}, headers={"traceparent": ASKING})
    run = deployment.finished(answer.json()["id"])
    assert "trace_id" not in run["output"]
    lines = [json.loads(line) for line in deployment.log_path("worker").read_text().splitlines() if line[:1] == "{"]
    mine = [line for line in lines if line.get("run_id") == run["id"]]
    assert mine
    assert {(line["trace_id"], line["schedule"], line["attempt"]) for line in mine} == {(ASKING[3:35], "saying", 1)}
