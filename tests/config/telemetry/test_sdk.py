"""How callsheet has OpenTelemetry's SDK make ids, choose traces, and tell without secrets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Status, StatusCode

from config.secrets import known_secrets
from config.telemetry.sdk import FairSampler, GivenIds, MaskingExporter, make_resource
from models.words.ids import new_run_id, slot_run_id

SECRET = "swordfish-and-chips"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CALLSHEET_SECRET_FISH", SECRET)
    known_secrets.cache_clear()
    yield SECRET
    known_secrets.cache_clear()


def test_what_is_told_has_no_secrets_wherever_they_stand(secret: str) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(MaskingExporter(kept)))
    span = provider.get_tracer("test").start_span(
        f"GET {secret}",
        Context(),
        attributes={"url.full": f"https://example.com/?key={secret}", "list": ["a", secret], "number": 7, "yes": True},
    )
    span.add_event("exception", {"exception.message": f"no {secret}"})
    span.set_status(Status(StatusCode.ERROR, f"no {secret}"))
    span.end()
    [told] = kept.get_finished_spans()
    assert SECRET not in told.to_json()
    assert dict(told.attributes or {}) == {
        "url.full": "https://example.com/?key=[secret]",
        "list": ["a", "[secret]"],
        "number": 7,
        "yes": True,
    }
    assert told.status.description == "no [secret]"
    assert told.context == span.get_span_context()


def test_what_the_protocol_has_no_letters_for_is_replaced() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(MaskingExporter(kept)))
    provider.get_tracer("test").start_span("work", attributes={"path": "ä \ud800"}).end()
    [told] = kept.get_finished_spans()
    assert told.attributes is not None
    assert told.attributes["path"] == "ä ?"


def test_a_share_of_the_traces_of_slots_is_kept_as_of_all_others() -> None:
    """The last 64 bits of an id of a run are never in the first half of all such numbers."""
    share = FairSampler(TraceIdRatioBased(0.25))
    schedule, now = uuid4(), datetime.now(UTC)
    runs = [new_run_id(now) for _ in range(1000)] + [
        slot_run_id(schedule, datetime.fromtimestamp(60 * number, UTC)) for number in range(1000)
    ]
    kept = [run for run in runs if share.should_sample(None, run.int, "create").decision.is_sampled()]
    assert 400 < len(kept) < 600
    again = FairSampler(TraceIdRatioBased(0.25))
    assert kept == [run for run in runs if again.should_sample(None, run.int, "create").decision.is_sampled()]


def test_ids_are_those_that_were_given_and_then_random_again() -> None:
    ids = GivenIds(RandomIdGenerator())
    with ids.given(5, 7):
        assert (ids.generate_trace_id(), ids.generate_span_id(), ids.is_trace_id_random()) == (5, 7, False)
    assert ids.generate_trace_id() != 5
    assert ids.generate_span_id() != 7
    assert ids.is_trace_id_random()


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "callsheet-worker"),
        ({"OTEL_SERVICE_NAME": "shop"}, "shop"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=store,deployment.environment=test"}, "store"),
    ],
    ids=["by default", "by its name", "by its attributes"],
)
def test_the_environment_says_what_the_service_is_called(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str
) -> None:
    for variable in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    attributes = make_resource("callsheet-worker").attributes
    assert (attributes["service.name"], attributes["service.namespace"]) == (name, "callsheet")
    assert attributes["service.version"]


def test_a_process_is_an_instance_and_all_of_them_together_are_none() -> None:
    assert make_resource("callsheet-worker").attributes["service.instance.id"]
    assert "service.instance.id" not in make_resource("callsheet", is_instance=False).attributes
