"""Trigger, pause and resume a schedule."""

import re

from api.shapes.run_json import RunJson, show_run
from api.shapes.schedule_body import Nothing, PauseBody, TriggerBody
from api.shapes.schedule_json import ScheduleJson
from api.v1.schedules import ONE, show
from api.web.parameters import KEY_PATTERN
from api.web.problems import Problem
from api.web.routes import Answer, Call, Route
from models.words.roles import Role
from scheduling.commands import edit, pause, trigger

_KEY = re.compile(KEY_PATTERN)


def trigger_schedule(call: Call, body: TriggerBody) -> Answer:
    """Run a schedule now, or at a given time. Works while paused and moves no slot.

    Where the overlap policy forbids it, the answer is a run in the state skipped. The same `Idempotency-Key` on the
    same schedule gives the run of the first time.
    """
    key = _idempotency_key(call)
    request = trigger.Request(body.args, body.overlap, body.due_at, body.slot_at, call.by, key)
    with call.engine.begin() as connection:
        run = trigger.trigger(connection, edit.lock(connection, call.params["name"]), request)
        return Answer(show_run(connection, run), 202, {"Location": f"/v1/runs/{run}"})


def pause_schedule(call: Call, body: PauseBody) -> Answer:
    """Pause a schedule, until an instant or until it is resumed. On a paused one: change reason and end."""
    with call.engine.begin() as connection:
        row = edit.lock(connection, call.params["name"])
        pause.pause(connection, row, until=body.until, reason=body.reason, by=call.by)
        return show(connection, row.name)


def resume_schedule(call: Call, body: Nothing) -> Answer:
    """Resume a paused schedule. What passed while it was paused is one skip with the reason paused."""
    with call.engine.begin() as connection:
        row = edit.lock(connection, call.params["name"])
        pause.resume(connection, row, call.by)
        return show(connection, row.name)


ROUTES = (
    Route("POST", f"{ONE}/trigger", trigger_schedule, Role.OPERATOR, {202: RunJson}, headers=("Idempotency-Key",)),
    Route("POST", f"{ONE}/pause", pause_schedule, Role.OPERATOR, {200: ScheduleJson}, problems=(409,)),
    Route("POST", f"{ONE}/resume", resume_schedule, Role.OPERATOR, {200: ScheduleJson}, problems=(409,)),
)


def _idempotency_key(call: Call) -> str | None:
    key = call.header("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key
