"""The table of schedules."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.sql.spelling import quoted
from models.tables.columns import INSTANT, index
from models.words.kinds import NAME_PATTERN
from models.words.states import Catchup, Overlap


class Schedule(SQLModel, table=True):
    """A definition: which actor, which arguments, when, with which policies.

    The retry and time policies are null where the schedule leaves them to the actor.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        sa.CheckConstraint(f"name ~ '{NAME_PATTERN}'", name="schedules_name_check"),
        sa.CheckConstraint("num_nonnulls(cron, every_seconds, at) <= 1", name="schedules_spec_check"),
        sa.CheckConstraint("every_seconds > 0", name="schedules_every_seconds_check"),
        sa.CheckConstraint("ends_at >= starts_at", name="schedules_ends_at_check"),
        sa.CheckConstraint("jsonb_typeof(args) = 'object'", name="schedules_args_check"),
        sa.CheckConstraint("priority BETWEEN 0 AND 9", name="schedules_priority_check"),
        sa.CheckConstraint(f"overlap IN ({quoted(Overlap)})", name="schedules_overlap_check"),
        sa.CheckConstraint(f"catchup IN ({quoted(Catchup)})", name="schedules_catchup_check"),
        sa.CheckConstraint(
            "max_runs > 0 AND jitter_seconds >= 0 AND catchup_window_seconds >= 0 AND start_deadline_seconds > 0"
            " AND pause_after_failures > 0",
            name="schedules_limits_check",
        ),
        sa.CheckConstraint("notify_late_seconds > 0", name="schedules_notify_late_check"),
        sa.CheckConstraint(
            "max_retries >= 0 AND min_backoff_seconds >= 0 AND max_backoff_seconds >= 0 AND time_limit_seconds > 0",
            name="schedules_retry_check",
        ),
        index(
            "schedules_due",
            "next_due_at",
            serves="plan: schedules whose next slot has come",
            where="next_due_at IS NOT NULL AND error IS NULL",
        ),
        index(
            "schedules_code",
            "name",
            serves="the scheduling loop: schedules that code declares",
            where="source = 'code'",
        ),
        index(
            "schedules_set_aside",
            "name",
            serves="readiness: schedules that are set aside",
            where="error IS NOT NULL",
        ),
        index(
            "schedules_held_back",
            "name",
            serves="upkeep: schedules that are held back",
            where="held_back IS NOT NULL",
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(sa_type=sa.Text, unique=True)
    description: str = Field(sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)
    args: dict[str, Any] = Field(sa_type=JSONB)
    queue: str | None = Field(default=None, sa_type=sa.Text)
    priority: int = Field(sa_type=sa.SmallInteger)

    cron: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    every_seconds: float | None = Field(default=None)
    at: datetime | None = Field(default=None, sa_type=INSTANT)
    timezone: str = Field(sa_type=sa.Text)
    starts_at: datetime | None = Field(default=None, sa_type=INSTANT)
    ends_at: datetime | None = Field(default=None, sa_type=INSTANT)
    max_runs: int | None = Field(default=None)
    jitter_seconds: float

    overlap: str = Field(sa_type=sa.Text)
    catchup: str = Field(sa_type=sa.Text)
    catchup_window_seconds: float
    max_retries: int | None = Field(default=None)
    min_backoff_seconds: float | None = Field(default=None)
    max_backoff_seconds: float | None = Field(default=None)
    time_limit_seconds: float | None = Field(default=None)
    start_deadline_seconds: float | None = Field(default=None)
    pause_after_failures: int | None = Field(default=None)

    tags: list[str] = Field(sa_type=JSONB)
    source: str = Field(default="api", sa_type=sa.Text)
    version: int = Field(default=1)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)

    paused_at: datetime | None = Field(default=None, sa_type=INSTANT)
    paused_until: datetime | None = Field(default=None, sa_type=INSTANT)
    pause_reason: str | None = Field(default=None, sa_type=sa.Text)
    paused_by: str | None = Field(default=None, sa_type=sa.Text)

    cursor_at: datetime = Field(sa_type=INSTANT)
    next_due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    slots_run: int = Field(default=0)
    consecutive_failures: int = Field(default=0)
    error: str | None = Field(default=None, sa_type=sa.Text)
    announced_at: datetime | None = Field(default=None, sa_type=INSTANT)
    notify_late_seconds: float | None = Field(default=None)
    declared_by: str | None = Field(default=None, sa_type=sa.Text)
    """Which release, and which worker of it, has declared the definition, in words."""
    held_back: str | None = Field(default=None, sa_type=sa.Text)
    """Why nothing is planned for a while, in words."""
