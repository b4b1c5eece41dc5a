"""What a message says of the trace that it was sent in, where the sender is a service that traces by itself."""

from collections.abc import Iterator

import pytest
from dramatiq import Message
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider

from actors.worker.claiming.sent import mark

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")


@pytest.fixture
def span() -> Iterator[trace.Span]:
    """A span that this thread is inside of."""
    made = TracerProvider(shutdown_on_exit=False).get_tracer("shop").start_span("POST /orders")
    token = context.attach(trace.set_span_in_context(made))
    yield made
    context.detach(token)


def message(**options: str) -> Message[None]:
    return Message(queue_name="default", actor_name="work", args=(), kwargs={}, options=options)


def test_it_says_the_span_of_its_sender(span: trace.Span) -> None:
    sent = message()
    mark(sent)
    ids = span.get_span_context()
    assert sent.options["traceparent"].startswith(f"00-{ids.trace_id:032x}-{ids.span_id:016x}-0")


def test_what_it_says_already_stays(span: trace.Span) -> None:
    sent = message(traceparent=GIVEN)
    mark(sent)
    assert sent.options == {"traceparent": GIVEN}


def test_of_who_is_in_no_trace_it_says_nothing() -> None:
    sent = message()
    mark(sent)
    assert sent.options == {}


def test_nor_where_nobody_asks_for_it(span: trace.Span, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    sent = message()
    mark(sent)
    assert sent.options == {}
