"""A collector of OpenTelemetry's: takes what it is sent by OTLP over HTTP, and keeps it for the tests."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.waiting import eventually


@dataclass(frozen=True)
class Span:
    """A span as it came. Ids are in hexadecimal, `above` is that of the span above, empty for none."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    above: str
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    events: tuple[dict[str, Any], ...]
    has_failed: bool
    description: str

    @property
    def traceparent(self) -> str:
        """What others go on from."""
        return f"00-{self.trace_id}-{self.id}-01"


class Collector:
    """Listens on this machine. `refuses` makes it answer 503."""

    def __init__(self) -> None:
        self.refuses = False
        self.asked = 0
        self.told_at: list[float] = []
        """When metrics were told, by the clock of this machine."""
        self._traces: list[ExportTraceServiceRequest] = []
        self._metrics: list[ExportMetricsServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                collector.asked += 1
                if not collector.refuses:
                    collector._take(self.path, body)
                self.send_response(503 if collector.refuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process tell it, soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._server.server_address[1]}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        }

    def spans(self, **attributes: Any) -> list[Span]:
        """What has come, with these attributes; `a__b` is `a.b`."""
        wanted = {name.replace("__", "."): value for name, value in attributes.items()}
        return [span for span in self._spans() if wanted.items() <= span.attributes.items()]

    def span(self, name: str, **attributes: Any) -> Span:
        """The one span that there comes to be whose name begins so."""
        found = self.await_spans(lambda span: span.name.startswith(name), **attributes)
        assert len(found) == 1, found
        return found[0]

    def await_spans(
        self, condition: Callable[[Span], bool] = lambda span: True, number: int = 1, **attributes: Any
    ) -> list[Span]:
        """The spans that there come to be, so many at least."""

        def have_come() -> list[Span] | None:
            found = [span for span in self.spans(**attributes) if condition(span)]
            return found if len(found) >= number else None

        found = eventually(have_come, 20, "the spans did not come", ())
        assert found is not None
        return found

    def metrics(self) -> dict[str, Any]:
        """What was told last of each metric, by name."""
        return {metric.name: metric for each in list(self._metrics) for metric in _metrics_in(each)}

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            self._traces.append(ExportTraceServiceRequest.FromString(body))
        else:
            assert path == "/v1/metrics", path
            self._metrics.append(ExportMetricsServiceRequest.FromString(body))
            self.told_at.append(time.monotonic())

    def _spans(self) -> Iterator[Span]:
        for request in list(self._traces):
            for resource in request.resource_spans:
                service = _values(resource.resource.attributes)["service.name"]
                for scope in resource.scope_spans:
                    yield from (_read(service, span) for span in scope.spans)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(service: str, span: SentSpan) -> Span:
    return Span(
        service=service,
        name=span.name,
        kind=SentSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        id=span.span_id.hex(),
        above=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        events=tuple({"name": event.name} | _values(event.attributes) for event in span.events),
        has_failed=span.status.code == Status.STATUS_CODE_ERROR,
        description=span.status.message,
    )


def _metrics_in(request: ExportMetricsServiceRequest) -> Iterator[Any]:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics


def _values(attributes: Sequence[Any]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
