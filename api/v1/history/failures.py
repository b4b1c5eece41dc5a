"""Failures: which kinds there are, how often and since when."""

from api.shapes.failure_json import FailurePage, FailureQuery, show_failures
from api.web.routes import Answer, Call, Route
from models.words.roles import Role


def list_failures(call: Call, query: FailureQuery) -> Answer:
    """List failures by their kinds, those that were seen last first. A run counts a second after it has failed."""
    with call.engine.connect() as connection:
        return Answer(show_failures(connection, query, call.only))


ROUTES = (Route("GET", "/v1/failures", list_failures, Role.VIEWER, {200: FailurePage}, heeds_scope=True),)
