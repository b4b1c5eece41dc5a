"""Requests of `http_request` where its worker traces."""

from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actors.http_request import http_request
from actors.outside.addresses import AddressNotAllowed
from actors.worker.running.current import CurrentRun
from config.telemetry import switch
from config.telemetry.tracer import Tracer
from tests.actors.http_servers import Exchange, ok, serving

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

call = http_request.fn


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans of this process, which traces."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    tracer = Tracer("callsheet-worker")
    monkeypatch.setattr(switch, "_tracer", tracer)
    yield kept
    tracer.end()


def to_itself(exchange: Exchange) -> None:
    """A redirect first."""
    if exchange.path == "/":
        exchange.answer("302 Found", Location="/there")
    else:
        ok(exchange)


def test_each_request_is_a_span_and_says_so(
    run: CurrentRun, allow: Callable[..., None], kept: InMemorySpanExporter
) -> None:
    allow(networks=["127.0.0.0/8"])
    with serving(to_itself) as server:
        call(server.url, follow_redirects=True)
        sent = [server.headers(number)["traceparent"] for number in range(2)]
    spans = kept.get_finished_spans()
    assert [format(span.context.span_id, "016x") for span in spans] == [each[36:52] for each in sent]
    assert [(span.attributes or {})["http.response.status_code"] for span in spans] == [302, 200]


def test_a_traceparent_of_its_arguments_stays(
    run: CurrentRun, allow: Callable[..., None], kept: InMemorySpanExporter
) -> None:
    allow(networks=["127.0.0.0/8"])
    with serving(ok) as server:
        call(server.url, headers={"TraceParent": GIVEN})
        assert server.headers()["traceparent"] == GIVEN
    assert kept.get_finished_spans() == ()


def test_what_is_not_allowed_is_as_without(
    run: CurrentRun, allow: Callable[..., None], kept: InMemorySpanExporter
) -> None:
    with serving(ok) as server, pytest.raises(AddressNotAllowed):
        call(server.url)
    [span] = kept.get_finished_spans()
    assert not span.status.is_ok
