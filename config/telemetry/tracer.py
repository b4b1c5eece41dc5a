"""Spans of what callsheet does, by OpenTelemetry's conventions of messaging and HTTP. Imported where this process
traces, and nowhere else."""

import os
from contextlib import AbstractContextManager

os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # the conventions that last, of httpx's spans too

from uuid import UUID

import httpx
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, SyncOpenTelemetryTransport
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from config.telemetry.sdk import GivenIds, make_provider, own_version
from config.telemetry.subject import Subject
from config.telemetry.traceparent import Parent, own_trace

_SPAN_ID = (1 << 64) - 1
_FAULT = 500


class Inside:
    """A span that this thread is inside of, until it leaves."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token = context.attach(trace.set_span_in_context(span))

    @property
    def traceparent(self) -> str:
        """What others go on from."""
        return str(_parent(self._span.get_span_context()))

    def note(self, **attributes: AttributeValue | None) -> None:
        """Say more about it; `a__b` is the attribute `a.b`, and what is None is not known."""
        self._span.set_attributes(_attributes(**attributes))

    def fail(self, kind: str, message: str | None = None, stacktrace: str | None = None) -> None:
        """It has ended with an error."""
        self.note(error__type=kind)
        self._span.set_status(Status(StatusCode.ERROR, message))
        if message is not None:
            event = _attributes(exception__type=kind, exception__message=message, exception__stacktrace=stacktrace)
            self._span.add_event("exception", event)

    def answer(self, method: str, route: str | None, status: int) -> None:
        """It was a request, and this is its answer."""
        self._span.update_name(f"{method} {route}" if route else method)
        self.note(http__route=route, http__response__status_code=status)
        if status >= _FAULT:
            self.fail(str(status))

    def leave(self) -> None:
        """It ends."""
        context.detach(self._token)
        self._span.end()


class Tracer:
    """Makes the spans of this process, and has httpx make its own."""

    def __init__(self, process: str, *, is_local: bool = False) -> None:
        self._system = "callsheet" if is_local else "rabbitmq"
        found = trace.get_tracer_provider()
        self._is_ours = not isinstance(found, TracerProvider)
        self.provider = make_provider(process) if not isinstance(found, TracerProvider) else found
        self._ids = GivenIds(self.provider.id_generator)
        self.provider.id_generator = self._ids  # type: ignore[assignment]  # said to be that of the default alone
        if self._is_ours:
            trace.set_tracer_provider(self.provider)
        self._tracer = self.provider.get_tracer("callsheet", own_version())
        self._calls = HTTPXClientInstrumentor()
        self._calls.instrument(tracer_provider=self.provider, skip_dep_check=True)

    def end(self) -> None:
        """Tell what was not told yet."""
        self._calls.uninstrument()
        if self._is_ours:
            self.provider.shutdown()
        else:
            self.provider.force_flush()

    def create(self, subject: Subject, origin: str | None = None) -> str:
        """A run is made that somebody has asked for: in their trace, with a link to that of its `origin`. What the run
        goes on from."""
        span = self._made("create", subject, links=_links(origin))
        span.end()
        return str(_parent(span.get_span_context()))

    def create_slot(self, subject: Subject) -> None:
        """A run is made for a slot: the beginning of a trace of its own, which is called as the run is."""
        with self._own_ids(subject):
            span = self._made("create", subject, Context())
        span.end()

    def send(self, subject: Subject) -> str:
        """A message is sent, in the trace of whoever sends it. What its run goes on from."""
        span = self._made("send", subject)
        span.end()
        return str(_parent(span.get_span_context()))

    def enter_run(self, subject: Subject, given: str | None, *, was_planned: bool) -> Inside:
        """An attempt begins: the first in the trace of its run, a later one in a trace of its own, with a link.

        The trace is the one that it was given. Else it began where the run was planned, or begins here.
        """
        parent = Parent.read(given)
        if subject.attempt != 1:
            origin = given if parent else own_trace(UUID(subject.id))
            return Inside(self._made("process", subject, Context(), SpanKind.CONSUMER, _links(origin)))
        if parent is not None or was_planned:
            above = _below(parent or self._own_parent(subject))
            return Inside(self._made("process", subject, above, SpanKind.CONSUMER))
        with self._own_ids(subject):
            return Inside(self._made("process", subject, Context(), SpanKind.CONSUMER))

    def enter_request(self, method: str, path: str, parent: Parent | None) -> Inside:
        """A request begins, in the trace of who asks, if that is in one."""
        above = Context() if parent is None else _below(parent)
        attributes = _attributes(http__request__method=method, url__path=path, url__scheme="http")
        return Inside(self._tracer.start_span(method, above, SpanKind.SERVER, attributes))

    def follow(self, traceparent: str) -> None:
        """This thread is inside of a span of another process from now on."""
        if (parent := Parent.read(traceparent)) is not None:
            context.attach(_below(parent))

    def traced(self, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        """The transport, with a span for each of its requests."""
        return SyncOpenTelemetryTransport(transport, tracer_provider=self.provider)

    def _made(
        self,
        operation: str,
        subject: Subject,
        above: Context | None = None,
        kind: SpanKind = SpanKind.PRODUCER,
        links: list[Link] | None = None,
    ) -> Span:
        attributes = self._of_subject(operation, subject)
        return self._tracer.start_span(f"{operation} {subject.queue}", above, kind, attributes, links)

    def _of_subject(self, operation: str, subject: Subject) -> dict[str, AttributeValue]:
        return _attributes(
            messaging__system=self._system,
            messaging__operation__name=operation,
            messaging__operation__type=operation,
            messaging__destination__name=subject.queue,
            messaging__message__id=subject.id,
            callsheet__run_id=None if operation == "send" else subject.id,
            callsheet__actor=subject.actor,
            callsheet__schedule=subject.schedule,
            callsheet__attempt=subject.attempt,
            callsheet__slot_at=None if subject.slot_at is None else subject.slot_at.isoformat(),
        )

    def _own_ids(self, subject: Subject) -> AbstractContextManager[None]:
        """The span begins the trace that is called as the run is: see `own_trace`."""
        run = UUID(subject.id).int
        return self._ids.given(run, run & _SPAN_ID)

    def _own_parent(self, subject: Subject) -> Parent:
        """The beginning of the trace of a slot, with what was decided of it where the run was made."""
        run, name = UUID(subject.id), f"create {subject.queue}"
        attributes = self._of_subject("create", subject)
        result = self.provider.sampler.should_sample(Context(), run.int, name, SpanKind.PRODUCER, attributes)
        is_kept = result.decision is Decision.RECORD_AND_SAMPLE
        parent = Parent.read(own_trace(run))
        assert parent is not None, "as it was just written"
        return parent._replace(flags=int(is_kept))


def current_traceparent() -> str | None:
    """Of the span that somebody else has made in this thread; None where there is none."""
    found = trace.get_current_span().get_span_context()
    return str(_parent(found)) if found.is_valid else None


def _parent(span: SpanContext) -> Parent:
    return Parent(format(span.trace_id, "032x"), format(span.span_id, "016x"), int(span.trace_flags) & 3)


def _span_context(parent: Parent) -> SpanContext:
    flags = TraceFlags(parent.flags)
    return SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)


def _below(parent: Parent) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_span_context(parent)), Context())


def _links(origin: str | None) -> list[Link]:
    parent = Parent.read(origin)
    return [] if parent is None else [Link(_span_context(parent))]


def _attributes(**values: AttributeValue | None) -> dict[str, AttributeValue]:
    return {name.replace("__", "."): value for name, value in values.items() if value is not None}
