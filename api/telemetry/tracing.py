"""Tracing of requests: a span for each, and the trace that who asks is in for what comes of it."""

import re

import falcon

from config.telemetry import switch
from config.telemetry.creating import asked_by
from config.telemetry.traceparent import NAME, Parent

LEFT_OUT = ("/health/", "/metrics", "/static/")
"""What is asked for all the time, and tells nobody anything."""

_KIND = re.compile(r":\w+}")
"""What Falcon is told of a parameter beside its name."""


class Tracing:
    """The outermost middleware of the app."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """It begins."""
        parent = Parent.read(req.get_header(NAME))
        asked_by.set(parent)
        tracer = switch.tracer()
        if tracer is not None and not req.path.startswith(LEFT_OUT):
            req.context.span = tracer.enter_request(req.method, req.path, parent)

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _ok: bool) -> None:
        """It is answered."""
        asked_by.set(None)
        span = getattr(req.context, "span", None)
        if span is not None:
            route = req.uri_template and _KIND.sub("}", req.uri_template)
            span.answer(req.method, route, resp.status_code)
            span.leave()
