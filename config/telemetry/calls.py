"""Requests of actors, in the trace of their run."""

import httpx

from config.telemetry import switch


def traced(transport: httpx.BaseTransport) -> httpx.BaseTransport:
    """The transport; where this process traces, each request is a span, which its `traceparent` names."""
    tracer = switch.tracer()
    return transport if tracer is None else tracer.traced(transport)
