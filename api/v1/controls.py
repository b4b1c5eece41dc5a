"""Trigger, pause and resume a schedule."""

import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from api.shapes.run_json import show_run
from api.shapes.schedule_body import PauseBody, TriggerBody
from api.v1.arguments import check_arguments
from api.v1.schedules import lock_or_404, settle, show
from api.web.problems import Problem, invalid, invalid_field
from api.web.routes import Answer, Call
from models.bounds import TEN_YEARS
from models.clock import read_clock
from models.processes import get_actor
from models.schedules import pause_schedule, resume_schedule
from models.wake import notify
from scheduling.commands.trigger import trigger_run
from scheduling.slots.due import next_due

_FARTHEST = timedelta(seconds=TEN_YEARS)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def trigger(call: Call) -> Answer:
    """Run a schedule now, or at a given time. Works while paused and moves no slot.

    Where the overlap policy forbids it, the answer is a run in the state skipped. The same `Idempotency-Key` on the
    same schedule gives the run of the first time.
    """
    body: TriggerBody = call.body
    key = _idempotency_key(call)
    with call.engine.begin() as connection:
        row = lock_or_404(connection, call.params["name"])
        now = read_clock(connection)
        _check(connection, row, body, now)
        run = trigger_run(
            connection,
            row,
            now,
            args=body.args,
            overlap=body.overlap,
            due_at=body.due_at,
            created_by=call.caller_name,
            key=key,
        )
        return Answer(show_run(connection, run), 202, {"Location": f"/v1/runs/{run}"})


def pause(call: Call) -> Answer:
    """Pause a schedule, until an instant or until it is resumed. On a paused one: change reason and end."""
    body: PauseBody = call.body
    with call.engine.begin() as connection:
        row, now = lock_or_404(connection, call.params["name"]), read_clock(connection)
        if body.until is not None and body.until <= now:
            raise invalid_field("until", "must lie in the future")
        # Failures pause a schedule without deciding what was due before: that is done here, should nobody have yet.
        if not _is_paused(row, now) or row.cursor_at < row.paused_at:
            row, now = settle(connection, row)
        pause_schedule(connection, row.id, until=body.until, reason=body.reason, by=call.caller_name)
        return show(connection, row.name)


def resume(call: Call) -> Answer:
    """Resume a paused schedule. What passed while it was paused is one skip with the reason paused."""
    with call.engine.begin() as connection:
        row = lock_or_404(connection, call.params["name"])
        if row.paused_at is not None:
            row, now = settle(connection, row)
            running = SimpleNamespace(**(dict(row._mapping) | {"paused_at": None}))
            resume_schedule(connection, row.id, next_due(running, max(now, row.cursor_at)))
            notify(connection)
        return show(connection, row.name)


def _is_paused(row: sa.Row[Any], now: datetime) -> bool:
    return row.paused_at is not None and (row.paused_until is None or row.paused_until > now)


def _idempotency_key(call: Call) -> str | None:
    key = call.header("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key


def _check(connection: sa.Connection, row: sa.Row[Any], body: TriggerBody, now: datetime) -> None:
    if body.due_at is not None and body.due_at > now + _FARTHEST:
        raise invalid_field("due_at", "must lie within the next ten years")
    actor = get_actor(connection, row.actor) if body.args is not None else None
    errors = check_arguments(actor.parameters, body.args or {}) if actor else []
    if errors:
        raise invalid(errors)
