"""Events: what has happened, in order, by a cursor; whoever has read all may wait for more."""

from api.shapes.event_json import EventPage, EventQuery, read_events
from api.web.routes import Answer, Call, Route
from models.words.roles import Role


def list_events(call: Call, query: EventQuery) -> Answer:
    """List events, the oldest first: those of the last hour, by a cursor. The same that RabbitMQ is told of."""
    return Answer(read_events(call.engine, query, call.only))


ROUTES = (Route("GET", "/v1/events", list_events, Role.VIEWER, {200: EventPage}, heeds_scope=True),)
