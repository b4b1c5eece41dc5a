"""The app: all resources on one screen."""

import json
from typing import Any

import falcon
import sqlalchemy as sa

from api.dashboard.site import add_site
from api.metrics.requests import Timing
from api.metrics.route import ROUTES as METRICS
from api.metrics.route import opened
from api.telemetry.tracing import Tracing
from api.v1 import (
    access,
    apply,
    audit,
    bulk,
    controls,
    explain,
    health,
    hold,
    preview,
    queues,
    runs,
    schedules,
    slots,
    upcoming,
    versions,
    workers,
)
from api.v1.history import events, failures
from api.v1.notices import channels
from api.web.connections import HEADERS
from api.web.docs import CONTENT_POLICY, render_docs
from api.web.openapi import describe_routes
from api.web.problems import add_error_handlers
from api.web.routes import Answer, Call, Route, add_routes
from config.settings import Settings


def get_openapi(_call: Call) -> Answer:
    """Get this description of the API, for machines."""
    return Answer(_DOCUMENT, content_type="application/json")


def get_docs(_call: Call) -> Answer:
    """Get this description of the API, for people."""
    return Answer(_DOCS, headers={"Content-Security-Policy": CONTENT_POLICY}, content_type="text/html; charset=utf-8")


ROUTES = (
    *schedules.ROUTES,
    *controls.ROUTES,
    *upcoming.ROUTES,
    *slots.ROUTES,
    *explain.ROUTES,
    *preview.ROUTES,
    *runs.ROUTES,
    *failures.ROUTES,
    *events.ROUTES,
    *workers.ROUTES,
    *queues.ROUTES,
    *channels.ROUTES,
    *versions.ROUTES,
    *bulk.ROUTES,
    *apply.ROUTES,
    *hold.ROUTES,
    *access.ROUTES,
    *audit.ROUTES,
    *health.ROUTES,
    *METRICS,
    Route("GET", "/openapi.json", get_openapi, None, {200: "application/json"}),
    Route("GET", "/docs", get_docs, None, {200: "text/html"}),
)

OPENAPI = describe_routes(ROUTES)
_DOCUMENT = json.dumps(OPENAPI).encode()
_DOCS = render_docs(OPENAPI).encode()


def make_app(engine: sa.Engine, settings: Settings) -> falcon.App[Any, Any]:
    """The WSGI app. It holds a connection of the engine only while it handles a request."""
    app = falcon.App[Any, Any](middleware=[Timing(), Tracing(), _Headers()])
    add_error_handlers(app)
    add_routes(app, opened(ROUTES, is_public=settings.http.metrics_public), engine, settings)
    add_site(app, engine, settings)
    return app


class _Headers:
    """What every answer says about how to treat it, and that there is no other method than those that are known."""

    def process_resource(self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object) -> None:
        """Raises 405 for a method that nobody knows, as for one that this path alone does not have."""
        if req.method not in falcon.COMBINED_METHODS:
            known = [name.removeprefix("on_").upper() for name in vars(resource)]
            raise falcon.HTTPMethodNotAllowed([*known, "OPTIONS"])

    def process_response(self, _req: falcon.Request, resp: falcon.Response, _resource: object, _ok: bool) -> None:
        """They are the same for every answer that does not say otherwise."""
        for name, value in HEADERS.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)
