"""Spans as others see them, where somebody else has made the provider."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from config.telemetry.subject import Subject
from config.telemetry.traceparent import Parent, own_trace
from config.telemetry.tracer import Tracer, current_traceparent
from models.words.ids import slot_run_id

ASKING = Parent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1)
RUN = slot_run_id(uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracer]:
    """On a provider of the test's own."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    made = Tracer("callsheet-worker")
    yield made
    made.end()


def subject(attempt: int | None = None) -> Subject:
    return Subject(str(RUN), "work", "default", "nightly", attempt)


def ids(span: ReadableSpan) -> tuple[str, str, str | None]:
    """Of its trace, of itself, of the one above."""
    above = None if span.parent is None else format(span.parent.span_id, "016x")
    return format(span.context.trace_id, "032x"), format(span.context.span_id, "016x"), above


def test_a_provider_that_was_there_makes_the_spans_of_slots_too(tracer: Tracer, kept: InMemorySpanExporter) -> None:
    tracer.create_slot(subject())
    tracer.enter_run(subject(1), None, was_planned=True).leave()
    create, process = kept.get_finished_spans()
    assert ids(create) == (RUN.hex, RUN.hex[16:], None)
    assert ids(process)[0] == RUN.hex
    assert ids(process)[2] == RUN.hex[16:]
    assert not create.context.trace_flags.random_trace_id


def test_a_later_attempt_is_in_another_trace_and_linked_to_the_first(
    tracer: Tracer, kept: InMemorySpanExporter
) -> None:
    inside = tracer.enter_run(subject(2), str(ASKING), was_planned=False)
    inside.leave()
    [process] = kept.get_finished_spans()
    assert process.parent is None
    assert inside.traceparent[3:35] == ids(process)[0] != ASKING.trace_id
    [link] = process.links
    assert format(link.context.trace_id, "032x") == ASKING.trace_id


def test_a_run_that_nobody_has_made_a_span_of_begins_its_trace_itself(
    tracer: Tracer, kept: InMemorySpanExporter
) -> None:
    for attempt in (1, 2):
        tracer.enter_run(subject(attempt), None, was_planned=False).leave()
    first, second = kept.get_finished_spans()
    assert ids(first) == (RUN.hex, RUN.hex[16:], None)
    [link] = second.links
    assert (link.context.trace_id, link.context.span_id) == (first.context.trace_id, first.context.span_id)


def test_a_thread_is_inside_of_a_span_until_it_leaves(tracer: Tracer) -> None:
    assert current_traceparent() is None
    inside = tracer.enter_request("POST", "/v1/runs/1/retry", ASKING)
    assert current_traceparent() == inside.traceparent
    assert inside.traceparent[3:35] == ASKING.trace_id
    created = tracer.create(subject(), own_trace(uuid4()))
    assert created[3:35] == ASKING.trace_id
    inside.leave()
    assert current_traceparent() is None


def test_an_answer_that_is_a_fault_of_ours_is_an_error(tracer: Tracer, kept: InMemorySpanExporter) -> None:
    for status in (422, 503):
        inside = tracer.enter_request("POST", "/v1/x", None)
        inside.answer("POST", "/v1/{name}", status)
        inside.leave()
    refused, failed = kept.get_finished_spans()
    assert refused.name == failed.name == "POST /v1/{name}"
    assert (refused.status.is_ok, failed.status.is_ok) == (True, False)
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "503"
