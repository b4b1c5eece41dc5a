"""Runs as the API shows them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from api.web.fields import CountJson, Moment, is_none
from config.telemetry.traceparent import own_trace
from models.definition import POSITIONAL
from models.runs import ListedRun, StoredRun, get_run
from models.words.states import LIVE_STATES, Outcome, SkipReason, State, Trigger, WaitingFor
from models.words.text import MAX_DEPTH, is_deep
from scheduling.commands.faults import NotFound


class RunError(BaseModel):
    """Why an attempt failed."""

    type: str
    message: str | None
    traceback: str | None = None


class AttemptJson(BaseModel):
    """An attempt that has ended."""

    number: int
    worker: UUID | None
    started_at: Moment | None
    finished_at: Moment
    outcome: Outcome
    error: RunError | None
    backoff_seconds: float | None = None


class ProgressJson(BaseModel):
    """How far an attempt has last said that it was."""

    done: int | float
    total: int | float | None
    note: str | None
    eta_seconds: float | None = Field(
        description="How long the rest takes from `at` on, if it goes on as it went; null where nobody knows."
    )
    at: Moment


class _RunFields(BaseModel):
    id: UUID
    schedule: str | None
    schedule_id: UUID | None
    schedule_version: int | None
    actor: str
    queue: str
    priority: int
    args: dict[str, Any] | str
    trigger: Trigger
    slot_at: Moment | None
    slot_until: Moment | None
    slots: int
    previous_slot_at: Moment | None = Field(description="The slot before, by the definition that planned the run.")
    next_slot_at: Moment | None = Field(description="The slot after.")
    due_at: Moment
    waiting_for: WaitingFor | None = Field(description="What first held the run back once it was due, if anything did.")
    state: State
    reason: SkipReason | None
    attempt: int
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    time_limit_seconds: float
    worker_id: UUID | None
    lease_until: Moment | None
    cancel_requested_at: Moment | None
    planned_at: Moment
    queued_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    lateness_seconds: float | None
    duration_seconds: float | None
    result: Any
    progress: ProgressJson | None = Field(
        description="How far its latest attempt is, or was where it did not succeed; null where it did not say."
    )
    checkpoint: Any = Field(description="What its latest attempts have left for the next one.")
    error: RunError | None
    output: str | None
    output_truncated: bool
    attempts: list[AttemptJson]
    parent_run_id: UUID | None
    created_by: str | None
    trace: str | None = Field(
        description="The trace that it belongs to, as a `traceparent`; of skipped slots, which are in none, null."
    )


class RunJson(_RunFields):
    """A run, or the record of slots that were skipped. Output and traceback are the latest attempt's."""

    args: dict[str, Any]


class ListedRunJson(_RunFields):
    """A run in a list, with the first 2 KiB of each of what `cut` names: of arguments and result the first of their
    JSON, as text. `GET /v1/runs/{id}` has all."""

    cut: list[Literal["args", "result", "checkpoint", "error", "output"]]


class RunPage(BaseModel):
    """Runs, newest first. A page ends early once it has 2 MiB, with `full` 4 MiB."""

    items: list[ListedRunJson]
    next: UUID | None
    looked_to: Moment | None = Field(
        default=None, description="How far back a search has looked that may find more: `next` goes on from there."
    )
    count: CountJson | None = Field(default=None, exclude_if=is_none, description="Only where it was asked for.")


def show_run(connection: sa.Connection, run: UUID) -> RunJson:
    """The run as JSON. Raises NotFound."""
    row = get_run(connection, run)
    if row is None:
        raise NotFound("run")
    return show_row(row)


def show_row(row: StoredRun) -> RunJson:
    """A run as JSON."""
    columns = _shown(row)
    return RunJson(**columns | {"args": _named(columns["args"])})


def show_listed(row: ListedRun) -> ListedRunJson:
    """A run in a list as JSON."""
    columns = _shown(row)
    if "args" not in row.cut:
        columns["args"] = _named(columns["args"])
    columns["cut"] = ["error" if name == "error_message" else name for name in row.cut]
    return ListedRunJson(**columns)


def lateness_seconds(row: StoredRun | sa.Row[Any]) -> float | None:
    """How long after it was first due the first attempt started; None before it has, and where that is not known."""
    before = row.attempts
    if not before or (len(before) == 1 and "due_at" not in before[0] and row.state not in LIVE_STATES):
        return _seconds(row.due_at, row.started_at)
    if (due := before[0].get("due_at")) is None:  # by a release that did not write it down
        return None
    started = next((each["started_at"] for each in before if each["started_at"]), None)
    first = datetime.fromisoformat(started) if started else row.started_at
    return _seconds(datetime.fromisoformat(due), first)


def _shown(row: StoredRun) -> dict[str, Any]:
    columns = dict(row)
    columns["schedule"] = row.schedule_name
    columns["lateness_seconds"] = lateness_seconds(row)
    columns["duration_seconds"] = _seconds(row.started_at, row.finished_at)
    columns["error"] = _error(row)
    columns["trace"] = None if row.state == State.SKIPPED else row.trace or own_trace(row.id)
    for name in ("args", "result", "checkpoint"):
        if is_deep(columns[name]):  # stored before there was a bound; such a value can't be written as JSON
            columns[name] = {"hidden": f"nested deeper than {MAX_DEPTH} levels"}
    return columns


def _named(args: Any) -> Any:
    """Arguments by name, also where a release before has stored what are none."""
    return args if isinstance(args, dict) else {POSITIONAL: [args]}


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def _error(row: StoredRun) -> RunError | None:
    if row.error_type is None:
        return None
    return RunError(type=row.error_type, message=row.error_message, traceback=row.error_traceback)
