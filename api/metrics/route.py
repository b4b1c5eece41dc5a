"""Metrics: the page that Prometheus reads."""

from collections.abc import Iterable
from dataclasses import replace

from api.metrics.exposition import CONTENT_TYPE
from api.metrics.reading import Busy, read_metrics
from api.web.problems import Problem
from api.web.routes import Answer, Call, Route
from models.words.roles import Role


def get_metrics(call: Call) -> Answer:
    """Get the metrics of the whole service, as Prometheus reads them; of 5 seconds ago at most."""
    try:
        return Answer(read_metrics(call.engine), content_type=CONTENT_TYPE)
    except Busy:
        detail = "the metrics are being read, and the database takes long"
        raise Problem(503, detail, headers={"Retry-After": "5"}) from None


ROUTES = (Route("GET", "/metrics", get_metrics, Role.VIEWER, {200: "text/plain"}),)


def opened(routes: Iterable[Route], *, is_public: bool) -> tuple[Route, ...]:
    """The routes, with metrics for everybody where they are public."""
    return tuple(replace(route, role=None) if is_public and route in ROUTES else route for route in routes)
