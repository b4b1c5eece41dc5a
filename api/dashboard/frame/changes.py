"""Whether something has happened: pages ask, and show it at once. Nobody needs it, as pages are asked for again and
again as well."""

import json

import falcon
import sqlalchemy as sa
from pydantic import BaseModel

from api.dashboard.frame.asking import asked
from api.dashboard.frame.visits import identify_visitor
from api.shapes.event_json import LATEST, EventQuery, newest_cursor, read_events, wait_for_any
from config.settings import Settings

WAIT_SECONDS = 5
"""Short: nobody says that they have left the page."""


class _Since(BaseModel):
    """Since when, and of which schedule alone."""

    after: str = LATEST
    schedule: str | None = None


class Changes:
    """`/changes?after=…`: waits for a change that the visitor may see; what is `next` is to be asked `after`."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer when there is one, or none for a while; nothing to strangers, whom the page itself sends away."""
        resp.set_header("Cache-Control", "no-store")
        caller = identify_visitor(req, self._engine, self._settings)
        if caller is None:
            resp.status = 204
            return
        since = asked(_Since, req.params)
        query = asked(EventQuery, {**since.model_dump(exclude_none=True), "wait_seconds": WAIT_SECONDS, "limit": 1})
        if caller.only is None and query.schedule is None:
            has_changed, following = wait_for_any(self._engine, query)
        else:
            page = read_events(self._engine, query, caller.only)
            has_changed, following = bool(page.items), newest_cursor(self._engine) if page.items else page.next
        resp.content_type = falcon.MEDIA_JSON
        resp.data = json.dumps({"changed": has_changed, "next": following}).encode()
