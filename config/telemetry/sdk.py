"""OpenTelemetry's SDK as callsheet uses it. Imported where this process traces, and nowhere else."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, Status
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from config.secrets import known_secrets

QUEUE_SIZE = 8192
"""Spans that wait to be told: a round of planning makes a thousand at once. Above it the oldest are dropped."""

_UNNAMED = "unknown_service"


class GivenIds(IdGenerator):
    """Ids as others make them, or those that a thread has given."""

    def __init__(self, others: IdGenerator) -> None:
        self._others = others
        self._local = threading.local()

    @contextmanager
    def given(self, trace_id: int, span_id: int) -> Iterator[None]:
        """The next span of this thread has these, if it begins a trace."""
        self._local.ids = (trace_id, span_id)
        try:
            yield
        finally:
            self._local.ids = None

    def generate_trace_id(self) -> int:
        """Of a new trace."""
        ids = self._given()
        return self._others.generate_trace_id() if ids is None else ids[0]

    def generate_span_id(self) -> int:
        """Of a new span."""
        ids = self._given()
        return self._others.generate_span_id() if ids is None else ids[1]

    def is_trace_id_random(self) -> bool:
        """Not where it is given: it begins with a time."""
        return self._given() is None and self._others.is_trace_id_random()

    def _given(self) -> tuple[int, int] | None:
        ids: tuple[int, int] | None = getattr(self._local, "ids", None)
        return ids


class FairSampler(Sampler):
    """Decides as another does, by ids without any order in them: who keeps a share of all traces goes by their last
    bits, and some of those are the same in all ids of runs."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether to keep a span; the same in every process that has the same sampler."""
        digest = blake2b(trace_id.to_bytes(16, "big"), digest_size=16).digest()
        scattered = int.from_bytes(digest, "big")
        return self._sampler.should_sample(parent_context, scattered, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """As the other's."""
        return self._sampler.get_description()


class MaskingExporter(SpanExporter):
    """Tells spans without secrets: of URLs, errors, and whatever actors write into theirs."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Tell them."""
        return self._exporter.export([_masked_span(span) for span in spans])

    def shutdown(self) -> None:
        """Tell nothing more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing waits here."""
        return self._exporter.force_flush(timeout_millis)


def make_resource(process: str, *, is_instance: bool = True) -> Resource:
    """What this process is, as far as the environment does not say it (`OTEL_SERVICE_NAME`); one of several, or what
    they are together."""
    found = dict(Resource.create().attributes)
    if str(found.get("service.name", _UNNAMED)).startswith(_UNNAMED):
        found["service.name"] = process
    if not is_instance:
        found.pop("service.instance.id", None)
    return Resource({"service.namespace": "callsheet", "service.version": own_version()} | found)


def make_provider(process: str) -> TracerProvider:
    """Where spans come from and where they go."""
    provider = TracerProvider(resource=make_resource(process), shutdown_on_exit=False)
    provider.sampler = FairSampler(provider.sampler)
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() != "none":
        size = None if "OTEL_BSP_MAX_QUEUE_SIZE" in os.environ else QUEUE_SIZE
        exporter = MaskingExporter(OTLPSpanExporter())
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=size))
    return provider


def own_version() -> str:
    """Which callsheet this is."""
    try:
        return version("callsheet")
    except PackageNotFoundError:
        return "checkout"


def _masked_span(span: ReadableSpan) -> ReadableSpan:
    name, attributes = _masked_text(span.name), _masked_attributes(span.attributes)
    events = [Event(each.name, _masked_attributes(each.attributes), each.timestamp) for each in span.events]
    description = span.status.description
    return ReadableSpan(
        name=name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, description and _masked_text(description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _masked_attributes(attributes: Attributes) -> dict[str, Any]:
    return {name: _masked(value) for name, value in (attributes or {}).items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _masked_text(value)
    return [_masked(each) for each in value] if isinstance(value, (list, tuple)) else value


def _masked_text(text: str) -> str:
    """Lone surrogates, which the protocol does not have, are replaced."""
    masked = known_secrets().mask(text)
    return masked if masked.isascii() else masked.encode("utf-8", "replace").decode()
