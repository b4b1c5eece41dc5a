"""The trace of a run that somebody asks for."""

from collections.abc import Callable
from contextvars import ContextVar

from config.telemetry import switch
from config.telemetry.subject import Subject
from config.telemetry.traceparent import Parent

asked_by: ContextVar[Parent | None] = ContextVar("asked_by", default=None)
"""The span of whoever asks, as they have said."""


def trace_of_new(describe: Callable[[], Subject], origin: str | None = None) -> str | None:
    """What a new run goes on from: a span of its making, below what this thread is inside of and linked to the trace of
    its `origin`; in a process that does not trace, the span of who asks. None where there is neither."""
    tracer = switch.tracer()
    if tracer is not None:
        return tracer.create(describe(), origin)
    asking = asked_by.get()
    return None if asking is None else str(asking)
