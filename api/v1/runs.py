"""Runs: list, get, output, cancel, retry."""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field

from api.shapes.run_json import RunJson, RunPage, show_row, show_run
from api.web.fields import AsList, Instant, Page, Query, Text
from api.web.problems import Problem, not_found
from api.web.routes import Answer, Call
from models.clock import read_clock
from models.ids import first_id_at, new_run_id
from models.lifecycle.new_runs import NewRun, insert_runs
from models.runs import cancel_run, find_schedule_id, get_output, get_run, list_runs
from models.schedules import lock_schedule
from models.states import LIVE_STATES, State, Trigger
from models.wake import notify

States = Annotated[list[State], AsList, Field(min_length=1)]


class RunQuery(Page):
    """Filters of runs. `since` and `until` go by the slot of a scheduled run, by the creation of others."""

    cursor: UUID | None = None
    schedule: Text | None = None
    actor: Text | None = None
    state: States | None = Field(default=None, description="May be given several times.")
    trigger: Trigger | None = None
    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Exclusive.")
    error: Text | None = Field(default=None, description="A part of the error's type or message.")
    q: Text | None = Field(default=None, description="A part of the schedule's or the actor's name.")


class OutputQuery(Query):
    """Which attempt."""

    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The latest, if not given."
    )


def list_page(call: Call) -> Answer:
    """List runs, newest first, each with its result and output."""
    query: RunQuery = call.query
    with call.engine.connect() as connection:
        rows = list_runs(connection, query.limit + 1, _filters(connection, query))
    page = [show_row(row) for row in rows[: query.limit]]
    return Answer(RunPage(items=page, next=page[-1].id if len(rows) > len(page) else None))


def get(call: Call) -> Answer:
    """Get a run."""
    with call.engine.connect() as connection:
        return Answer(show_run(connection, call.params["id"]))


def output(call: Call) -> Answer:
    """Get what a run printed, as text."""
    with call.engine.connect() as connection:
        text = get_output(connection, call.params["id"], call.query.attempt)
    if text is None:
        raise not_found("run")
    return Answer(text)


def cancel(call: Call) -> Answer:
    """Cancel a run: at once while it waits; once it runs, its worker is asked to end it."""
    with call.engine.begin() as connection:
        cancelled = cancel_run(connection, call.params["id"])
        run = show_run(connection, call.params["id"])
        if not cancelled:
            raise Problem(409, f"it is too late to cancel: the run is {run.state.value}", state=run.state)
        notify(connection)
    return _accepted(run)


def retry(call: Call) -> Answer:
    """Run a finished run again: a new run with the same arguments."""
    with call.engine.begin() as connection:
        row = get_run(connection, call.params["id"])
        if row is None:
            raise not_found("run")
        if row.state in LIVE_STATES:
            raise Problem(409, f"the run has not ended: it is {row.state}", state=row.state)
        if row.slots > 1:
            raise Problem(409, f"this is the record of {row.slots} skipped slots, not a run", state=row.state)
        if row.schedule_name is not None:
            lock_schedule(connection, row.schedule_name)  # planning may be about to let another run of it go
        again = _again(connection, row, call.caller_name)
        insert_runs(connection, [again])
        notify(connection)
        return _accepted(show_run(connection, again.id))


def _filters(connection: sa.Connection, query: RunQuery) -> dict[str, Any]:
    # Runs are indexed by the schedule's id; the name remains for what has been deleted.
    schedule = find_schedule_id(connection, query.schedule) if query.schedule is not None else None
    return {
        "before": query.cursor,
        "since": query.since and first_id_at(query.since),
        "until": query.until and first_id_at(query.until),
        "schedule_id": schedule,
        "schedule_name": query.schedule if schedule is None else None,
        "actor": query.actor,
        "states": query.state and [state.value for state in query.state],
        "trigger": query.trigger and query.trigger.value,
        "error": query.error,
        "q": query.q,
    }


def _again(connection: sa.Connection, row: sa.Row[Any], created_by: str) -> NewRun:
    """The run again, for the same slot. It waits for active runs of its schedule as its overlap policy has it."""
    now = read_clock(connection)
    same = (
        "actor", "queue", "priority", "args", "overlap", "schedule_id", "schedule_name", "schedule_version", "slot_at",
        "max_retries", "min_backoff_seconds", "max_backoff_seconds", "time_limit_seconds",
    )  # fmt: skip
    return NewRun(
        **{column: getattr(row, column) for column in same},
        id=new_run_id(now),
        trigger=Trigger.MANUAL,
        due_at=now,
        planned_at=now,
        parent_run_id=row.id,
        created_by=created_by,
    )


def _accepted(run: RunJson) -> Answer:
    return Answer(run, 202, {"Location": f"/v1/runs/{run.id}"})
