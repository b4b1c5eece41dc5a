"""The tables of runs and of their output, both partitioned by ranges of the run's id."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from models.sql.spelling import quoted
from models.tables.columns import INSTANT, index
from models.words.states import (
    LIVE_STATES,
    PUBLISHABLE_STATES,
    Overlap,
    SkipReason,
    State,
    Trigger,
    WaitingFor,
    sources,
)

_LIVE = quoted(LIVE_STATES)
_PUBLISHABLE = quoted(PUBLISHABLE_STATES)


class RunColumns(SQLModel):
    """The columns of runs."""

    id: UUID = Field(primary_key=True)
    schedule_id: UUID | None = Field(default=None)
    schedule_name: str | None = Field(default=None, sa_type=sa.Text)
    schedule_version: int | None = Field(default=None)
    actor: str = Field(sa_type=sa.Text)
    queue: str = Field(sa_type=sa.Text)
    priority: int = Field(default=5, sa_type=sa.SmallInteger)
    args: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    trigger: str = Field(sa_type=sa.Text)
    overlap: str = Field(default=Overlap.ALLOW.value, sa_type=sa.Text)

    slot_at: datetime | None = Field(default=None, sa_type=INSTANT)
    slot_until: datetime | None = Field(default=None, sa_type=INSTANT)
    slots: int = Field(default=1)
    due_at: datetime = Field(sa_type=INSTANT)
    deadline_at: datetime | None = Field(default=None, sa_type=INSTANT)
    state: str = Field(sa_type=sa.Text)
    reason: str | None = Field(default=None, sa_type=sa.Text)

    attempt: int = Field(default=0)
    retries: int = Field(default=0)
    max_retries: int
    min_backoff_seconds: float
    max_backoff_seconds: float
    time_limit_seconds: float

    worker_id: UUID | None = Field(default=None)
    lease_until: datetime | None = Field(default=None, sa_type=INSTANT)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=INSTANT)
    planned_at: datetime = Field(sa_type=INSTANT)
    queued_at: datetime | None = Field(default=None, sa_type=INSTANT)
    started_at: datetime | None = Field(default=None, sa_type=INSTANT)
    finished_at: datetime | None = Field(default=None, sa_type=INSTANT)

    result: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    error_type: str | None = Field(default=None, sa_type=sa.Text)
    error_message: str | None = Field(default=None, sa_type=sa.Text)
    attempts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    parent_run_id: UUID | None = Field(default=None)
    created_by: str | None = Field(default=None, sa_type=sa.Text)
    trace: str | None = Field(default=None, sa_type=sa.Text)
    previous_slot_at: datetime | None = Field(default=None, sa_type=INSTANT)
    next_slot_at: datetime | None = Field(default=None, sa_type=INSTANT)
    waiting_for: str | None = Field(default=None, sa_type=sa.Text)
    interruptions: int = Field(default=0, sa_column_kwargs={"server_default": sa.text("0")})
    checkpoint: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    """What an attempt has left for the next one."""


class Run(RunColumns, table=True):
    """One execution of an actor, or the record of slots that were skipped."""

    __tablename__ = "runs"
    __table_args__ = (
        sa.CheckConstraint(f"state IN ({quoted(State)})", name="runs_state_check"),
        sa.CheckConstraint(f"trigger IN ({quoted(Trigger)})", name="runs_trigger_check"),
        sa.CheckConstraint(f"overlap IN ({quoted(Overlap)})", name="runs_overlap_check"),
        sa.CheckConstraint(
            f"(state = 'skipped') = (reason IS NOT NULL AND reason IN ({quoted(SkipReason)}))",
            name="runs_reason_check",
        ),
        sa.CheckConstraint("(state = 'running') <= (worker_id IS NOT NULL)", name="runs_worker_check"),
        sa.CheckConstraint(f"waiting_for IN ({quoted(WaitingFor)})", name="runs_waiting_for_check"),
        sa.CheckConstraint("slots >= 1 AND slot_until >= slot_at", name="runs_slots_check"),
        sa.CheckConstraint("attempt >= 0 AND max_retries >= 0 AND retries >= 0", name="runs_attempt_check"),
        index(
            "runs_due",
            "queue",
            "priority DESC",
            "due_at",
            serves="publish: due runs of a queue by priority, then due time",
            where=f"state IN ({_PUBLISHABLE})",
        ),
        index(
            "runs_next",
            "due_at",
            serves="the scheduling loop: when the next run is due",
            where=f"state IN ({_PUBLISHABLE})",
        ),
        index(
            "runs_queued",
            "queue",
            "queued_at",
            serves="publish: how many messages a queue holds; rescue: messages that vanished",
            where="state = 'queued'",
        ),
        index(
            "runs_running",
            "id",
            serves="rescue: leases that ran out (the lease itself is not indexed, so renewing it stays HOT)",
            where="state = 'running'",
        ),
        index(
            "runs_active",
            "schedule_id",
            "state",
            "due_at",
            "id",
            serves="plan and publish: active runs of a schedule",
            where=f"state IN ({_LIVE})",
        ),
        index("runs_by_schedule", "schedule_id", "id", serves="API: history of one schedule, newest first"),
        index("runs_failed", "id", serves="API: failed runs, newest first", where="state = 'failed'"),
        index("runs_errors", "id", serves="API: runs with an error, newest first", where="error_type IS NOT NULL"),
        index(
            "runs_failed_by_schedule",
            "schedule_id",
            "id",
            serves="API: failed runs of one schedule, newest first",
            where="state = 'failed'",
        ),
        index(
            "runs_finished",
            "finished_at",
            serves="prune: whether anything of a month lives or ended lately",
            brin_pages=32,
        ),
        index(
            "runs_overdue",
            "deadline_at",
            serves="rescue: runs that missed their start deadline",
            where=f"state IN ({quoted(sources(State.SKIPPED))}) AND deadline_at IS NOT NULL",
        ),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class RunOutput(SQLModel, table=True):
    """What one attempt of a run printed, its traceback, and how far it was where it did not succeed: written once, at
    the end of the attempt."""

    __tablename__ = "run_outputs"
    __table_args__ = ({"postgresql_partition_by": "RANGE (run_id)"},)

    run_id: UUID = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    output: str | None = Field(default=None, sa_type=sa.Text)
    output_truncated: bool = Field(default=False)
    error_traceback: str | None = Field(default=None, sa_type=sa.Text)
    output_gaps: list[int] | None = Field(default=None, sa_type=ARRAY(sa.BigInteger))
    """Where in the output marks stand for what was dropped, and for how many bytes; none by a release before."""
    progress: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)


class TriggerKey(SQLModel, table=True):
    """An `Idempotency-Key` that triggered a run: the same key on the same schedule gives that run again.

    Of no schedule (all zeros): the id that a sender's clock, far off, gave to a message, and the run that it became.
    """

    __tablename__ = "trigger_keys"

    schedule_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=sa.Text)
    run_id: UUID
    created_at: datetime = Field(sa_type=INSTANT)
