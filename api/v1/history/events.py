"""Events: what has happened, in order, by a cursor; whoever has read all may wait for more."""

import threading
import time

from api.shapes.event_json import LATEST, EventPage, EventQuery, newest, place_of, show_events
from api.web.routes import Answer, Call, Route
from models.words.roles import Role

LOOK_SECONDS = 0.5
WAITING = threading.BoundedSemaphore(2)
"""So many wait at once in a process; others are answered at once. A thread that waits serves nobody else."""


def list_events(call: Call, query: EventQuery) -> Answer:
    """List events, the oldest first: those of the last hour, by a cursor. The same that RabbitMQ is told of."""
    with call.engine.connect() as connection:
        after = newest(connection) if query.after == LATEST else place_of(query.after)
        items, after = show_events(connection, query, after, call.only)
    if items or not query.wait_seconds or not WAITING.acquire(blocking=False):
        return Answer(EventPage(items=items, next=str(after)))
    try:
        until = time.monotonic() + query.wait_seconds
        while not items and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            with call.engine.connect() as connection:
                items, after = show_events(connection, query, after, call.only)
    finally:
        WAITING.release()
    return Answer(EventPage(items=items, next=str(after)))


ROUTES = (Route("GET", "/v1/events", list_events, Role.VIEWER, {200: EventPage}, heeds_scope=True),)
