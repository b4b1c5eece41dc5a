"""Tracing: one trace from who asks, or from a slot, to what actors ask others for; and links where one begins anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.deployment import Deployment, RequestCounter
from tests.servers.otlp import Collector, Span
from tests.waiting import eventually

ASKING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = ASKING[:-1] + "0"
ASKING_TRACE, ASKING_SPAN = ASKING[3:35], ASKING[36:52]
SECRET = "swordfish-and-chips"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def traced(tmp_path: Path, database_url: str, amqp_url: str, collector: Collector) -> Iterator[Deployment]:
    settings = {
        **collector.environment,
        "CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.tracing_actors"]',
        "CALLSHEET_SECRET_FISH": SECRET,
    }
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        running.start("web", "scheduling", "worker").ready()
        eventually(lambda: "fail_first" in [actor["name"] for actor in running.api.get("/v1/actors").json()["items"]])
        yield running


def ask(deployment: Deployment, path: str, traceparent: str | None = ASKING) -> dict[str, Any]:
    answer = deployment.api.post(path, json={}, headers={"traceparent": traceparent} if traceparent else {})
    assert answer.status_code == 202, answer.text
    return answer.json()


def lines_of(deployment: Deployment, run: str, name: str = "worker") -> list[dict[str, Any]]:
    """The log lines of a run."""
    lines = [json.loads(line) for line in deployment.log_path(name).read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("run_id") == run]


def is_below(span: Span, above: Span) -> bool:
    return (span.trace_id, span.above) == (above.trace_id, above.id)


def test_a_call_its_run_and_what_that_asks_for_are_one_trace(
    traced: Deployment, collector: Collector, counter: RequestCounter
) -> None:
    traced.create("asking", actor="http_request", args={"url": f"{counter.url}?key=${{secret:FISH}}"})
    run = ask(traced, "/v1/schedules/asking/trigger")
    traced.finished(run["id"])
    about = {"callsheet__run_id": run["id"]}
    call = collector.span("POST /v1/schedules/{name}/trigger")
    create, process = collector.span("create", **about), collector.span("process", **about)
    request = collector.span("GET", url__full=f"{counter.url}?key=[secret]")
    assert (call.trace_id, call.above, call.kind) == (ASKING_TRACE, ASKING_SPAN, "server")
    assert is_below(create, call)
    assert is_below(process, create)
    assert is_below(request, process)
    assert (create.kind, process.kind, request.kind) == ("producer", "consumer", "client")
    services = [span.service for span in (call, create, process, request)]
    assert services == ["callsheet-api", "callsheet-api", "callsheet-worker", "callsheet-worker"]
    assert not [span for span in collector.spans() if SECRET in str(span)]
    assert process.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "default",
        "messaging.message.id": run["id"],
        "callsheet.run_id": run["id"],
        "callsheet.actor": "http_request",
        "callsheet.schedule": "asking",
        "callsheet.attempt": 1,
        "callsheet.outcome": "succeeded",
        "callsheet.state": "succeeded",
    }
    assert call.attributes["http.response.status_code"] == 202
    assert run["trace"] == create.traceparent
    [sent] = counter.requests
    assert sent["Traceparent" if "Traceparent" in sent else "traceparent"] == request.traceparent


def test_a_slot_begins_a_trace_that_is_called_as_its_run_is(
    traced: Deployment, collector: Collector, counter: RequestCounter
) -> None:
    traced.create("ticking", actor="ask", args={"url": counter.url}, every_seconds=1)
    [first, second] = collector.await_spans(lambda span: span.name == "GET", 2)[:2]
    traced.api.post("/v1/schedules/ticking/pause")
    assert first.trace_id != second.trace_id
    for request in (first, second):
        [run] = [run for run in traced.runs(schedule="ticking") if run["id"].replace("-", "") == request.trace_id]
        create, process = (collector.span(name, callsheet__run_id=run["id"]) for name in ("create", "process"))
        assert (create.above, create.service, create.kind) == ("", "callsheet-scheduling", "producer")
        assert is_below(process, create)
        assert is_below(request, process)
        assert process.attributes["callsheet.slot_at"].replace("+00:00", "Z") == run["slot_at"]
        assert create.attributes["callsheet.schedule"] == "ticking"
        assert run["trace"] == create.traceparent


@pytest.mark.parametrize("actor", ["ask_apart", "ask_async"])
def test_what_an_actor_asks_for_elsewhere_is_in_the_trace_too(
    traced: Deployment, collector: Collector, counter: RequestCounter, actor: str
) -> None:
    traced.create("elsewhere", actor=actor, args={"url": counter.url})
    run = ask(traced, "/v1/schedules/elsewhere/trigger")
    assert traced.finished(run["id"])["state"] == "succeeded"
    process = collector.span("process", callsheet__run_id=run["id"])
    assert is_below(collector.span("GET", url__full=counter.url), process)


def test_later_attempts_and_runs_that_are_run_again_begin_a_trace_with_a_link(
    traced: Deployment, collector: Collector
) -> None:
    traced.create("failing", actor="fail_first", args={"message": "no ${secret:FISH} today"})
    run = ask(traced, "/v1/schedules/failing/trigger")["id"]
    assert traced.finished(run)["attempt"] == 2
    create = collector.span("create", callsheet__run_id=run)
    first = collector.span("process", callsheet__run_id=run, callsheet__attempt=1)
    second = collector.span("process", callsheet__run_id=run, callsheet__attempt=2)
    assert is_below(first, create)
    assert (first.has_failed, first.attributes["error.type"]) == (True, "ValueError")
    assert (first.attributes["callsheet.outcome"], first.attributes["callsheet.state"]) == ("failed", "retrying")
    assert first.description == "no [secret] today"
    [error] = first.events
    assert error["exception.message"] == "no [secret] today"
    assert "fail_first" in error["exception.stacktrace"]
    assert (second.above, second.links) == ("", ((create.trace_id, create.id),))
    assert second.trace_id != first.trace_id
    assert not second.has_failed
    assert {line["trace_id"] for line in lines_of(traced, run) if line["attempt"] == 1} == {first.trace_id}

    again = ask(traced, f"/v1/runs/{run}/retry", None)["id"]
    traced.finished(again)
    anew = collector.span("create", callsheet__run_id=again)
    assert anew.links == ((create.trace_id, create.id),)
    assert anew.trace_id not in (first.trace_id, second.trace_id)
    assert is_below(anew, collector.span("POST /v1/runs/{id}/retry"))
    assert is_below(collector.span("process", callsheet__run_id=again, callsheet__attempt=1), anew)


def test_a_message_that_an_actor_sends_is_in_the_trace_of_its_run(traced: Deployment, collector: Collector) -> None:
    traced.create("sending", actor="send_on")
    run = ask(traced, "/v1/schedules/sending/trigger")["id"]
    process = collector.span("process", callsheet__run_id=run)
    sent = collector.span("send", callsheet__actor="log_message")
    assert is_below(sent, process)
    assert is_below(collector.span("process", callsheet__actor="log_message"), sent)


def test_of_a_trace_that_nobody_keeps_nothing_is_told(
    traced: Deployment, collector: Collector, counter: RequestCounter
) -> None:
    traced.create("asking", actor="http_request", args={"url": counter.url})
    unkept = ask(traced, "/v1/schedules/asking/trigger", UNSAMPLED)
    traced.finished(unkept["id"])
    kept = ask(traced, "/v1/schedules/asking/trigger", None)
    collector.span("process", callsheet__run_id=kept["id"])
    assert not collector.spans(callsheet__run_id=unkept["id"])
    assert unkept["trace"][3:35] == ASKING_TRACE
    assert {name.lower(): value for name, value in counter.requests[0].items()}["traceparent"][53:] == "00"


def test_a_collector_that_is_away_holds_nobody_up(
    traced: Deployment, collector: Collector, counter: RequestCounter
) -> None:
    collector.refuses = True
    traced.create("asking", actor="ask_apart", args={"url": counter.url})
    run = traced.finished(ask(traced, "/v1/schedules/asking/trigger")["id"])
    assert run["state"] == "succeeded"
    eventually(lambda: collector.asked > 2)
    for name in ("web", "scheduling", "worker"):
        assert traced.stop(name) == 0


def test_what_was_not_told_yet_is_told_at_the_end(
    tmp_path: Path, database_url: str, amqp_url: str, collector: Collector
) -> None:
    settings = {**collector.environment, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    with Deployment(tmp_path, database_url, amqp_url, settings) as running:
        running.start("web", "scheduling", "worker").ready()
        running.create("saying", actor="log_message", args={"message": "hello"})
        run = ask(running, "/v1/schedules/saying/trigger")["id"]
        running.finished(run)
        assert not collector.spans(callsheet__run_id=run)
        assert [running.stop(name) for name in ("worker", "scheduling", "web")] == [0, 0, 0]
        assert is_below(collector.span("process", callsheet__run_id=run), collector.span("create"))


def test_what_is_all_in_one_process_is_one_service(
    tmp_path: Path, database_url: str, collector: Collector, counter: RequestCounter
) -> None:
    with Deployment(tmp_path, database_url, "", collector.environment) as running:
        running.start("up", command=f"python -m api.cli up --data {tmp_path / 'data'}").ready()
        running.create("asking", actor="http_request", args={"url": counter.url})
        run = ask(running, "/v1/schedules/asking/trigger")
        running.finished(run["id"])
        process = collector.span("process", callsheet__run_id=run["id"])
        assert is_below(process, collector.span("create", callsheet__run_id=run["id"]))
        assert is_below(collector.span("GET", url__full=counter.url), process)
        assert {span.service for span in collector.spans()} == {"callsheet"}
        assert process.attributes["messaging.system"] == "callsheet"
        assert running.stop("up") == 0
