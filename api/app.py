"""The app: all routes on one screen."""

import json
from typing import Any

import falcon
import sqlalchemy as sa

from api.access.auth import Role
from api.shapes.run_json import RunJson, RunPage
from api.shapes.schedule_body import (
    NewSchedule,
    Nothing,
    PauseBody,
    ScheduleBody,
    SchedulePatch,
    ScheduleQuery,
    SpecBody,
    TriggerBody,
)
from api.shapes.schedule_json import ScheduleJson, SchedulePage
from api.v1 import controls, health, preview, queues, runs, schedules
from api.v1 import workers as actors
from api.v1.explain import ExplanationJson, ExplanationQuery, explain
from api.v1.queues import QueueJson, QueuePage, QueuePauseBody, QueueQuery
from api.v1.slots import DecidedSlotPage, DecidedSlotQuery, slots
from api.v1.upcoming import UpcomingPage, UpcomingQuery, upcoming
from api.v1.workers import ActorPage, ActorQuery, WorkerPage, WorkerQuery
from api.web.docs import CONTENT_POLICY, render_docs
from api.web.openapi import describe_routes
from api.web.problems import add_error_handlers
from api.web.routes import Answer, Call, Route, add_routes
from config.settings import Settings

VIEWER, OPERATOR, EDITOR = Role.VIEWER, Role.OPERATOR, Role.EDITOR
ONE = "/v1/schedules/{name}"
RUN = "/v1/runs/{id:uuid}"
QUEUE = "/v1/queues/{name}"
EITHER = {200: ScheduleJson, 201: ScheduleJson}
CONDITIONS, MATCH, KEY = ("If-Match", "If-None-Match"), ("If-Match",), ("Idempotency-Key",)
LOST = (412,)


def openapi(_call: Call) -> Answer:
    """Get this description of the API, for machines."""
    return Answer(_DOCUMENT, content_type="application/json")


def docs(_call: Call) -> Answer:
    """Get this description of the API, for people."""
    return Answer(_DOCS, headers={"Content-Security-Policy": CONTENT_POLICY}, content_type="text/html; charset=utf-8")


# fmt: off
ROUTES = (
    Route("GET", "/v1/schedules", schedules.list_page, VIEWER, {200: SchedulePage}, query=ScheduleQuery),
    Route("POST", "/v1/schedules", schedules.create, EDITOR, {201: ScheduleJson}, body=NewSchedule, problems=(409,)),
    Route("GET", ONE, schedules.get, VIEWER, {200: ScheduleJson}),
    Route("PUT", ONE, schedules.put, EDITOR, EITHER, body=ScheduleBody, headers=CONDITIONS, problems=(409, 412)),
    Route("PATCH", ONE, schedules.patch, EDITOR, {200: ScheduleJson}, body=SchedulePatch, headers=MATCH, problems=LOST),
    Route("DELETE", ONE, schedules.delete, EDITOR, {204: None}, headers=MATCH, problems=LOST),
    Route("POST", f"{ONE}/trigger", controls.trigger, OPERATOR, {202: RunJson}, body=TriggerBody, headers=KEY),
    Route("POST", f"{ONE}/pause", controls.pause, OPERATOR, {200: ScheduleJson}, body=PauseBody),
    Route("POST", f"{ONE}/resume", controls.resume, OPERATOR, {200: ScheduleJson}, body=Nothing),
    Route("GET", f"{ONE}/upcoming", upcoming, VIEWER, {200: UpcomingPage}, query=UpcomingQuery),
    Route("GET", f"{ONE}/slots", slots, VIEWER, {200: DecidedSlotPage}, query=DecidedSlotQuery),
    Route("GET", f"{ONE}/explain", explain, VIEWER, {200: ExplanationJson}, query=ExplanationQuery),
    Route("POST", "/v1/preview", preview.preview, VIEWER, {200: preview.PreviewJson}, body=SpecBody),
    Route("GET", "/v1/runs", runs.list_page, VIEWER, {200: RunPage}, query=runs.RunQuery),
    Route("GET", RUN, runs.get, VIEWER, {200: RunJson}),
    Route("GET", f"{RUN}/output", runs.output, VIEWER, {200: "text/plain"}, query=runs.OutputQuery),
    Route("POST", f"{RUN}/cancel", runs.cancel, OPERATOR, {202: RunJson}, body=Nothing, problems=(409,)),
    Route("POST", f"{RUN}/retry", runs.retry, OPERATOR, {202: RunJson}, body=Nothing, problems=(409,)),
    Route("GET", "/v1/actors", actors.actors, VIEWER, {200: ActorPage}, query=ActorQuery),
    Route("GET", "/v1/workers", actors.workers, VIEWER, {200: WorkerPage}, query=WorkerQuery),
    Route("GET", "/v1/queues", queues.list_page, VIEWER, {200: QueuePage}, query=QueueQuery),
    Route("POST", f"{QUEUE}/pause", queues.pause, OPERATOR, {200: QueueJson}, body=QueuePauseBody),
    Route("POST", f"{QUEUE}/resume", queues.resume, OPERATOR, {200: QueueJson}, body=Nothing),
    Route("GET", "/health/live", health.live, None, {200: health.LiveJson}),
    Route("GET", "/health/ready", health.ready, None, {200: health.ReadyJson, 503: health.ReadyJson}),
    Route("GET", "/openapi.json", openapi, None, {200: "application/json"}),
    Route("GET", "/docs", docs, None, {200: "text/html"}),
)
# fmt: on

_DESCRIPTION = describe_routes(ROUTES)
_DOCUMENT = json.dumps(_DESCRIPTION)
_DOCS = render_docs(_DESCRIPTION)


def make_app(engine: sa.Engine, settings: Settings) -> falcon.App[Any, Any]:
    """The WSGI app. It holds a connection of the engine only while it handles a request."""
    app = falcon.App(middleware=[_Headers()])
    add_error_handlers(app)
    add_routes(app, ROUTES, engine, settings)
    return app


class _Headers:
    """What every answer says about how to treat it."""

    def process_response(self, _req: falcon.Request, resp: falcon.Response, _resource: object, _ok: bool) -> None:
        """Answers are data for the one who asked: not to be kept, nor to be guessed at."""
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Content-Type-Options", "nosniff")
