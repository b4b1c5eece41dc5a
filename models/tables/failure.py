"""The tables of failures: kinds of them by fingerprint, of which schedules, and which runs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT, index


class Error(SQLModel, table=True):
    """A kind of failures, and how many runs have failed so since `first_at`."""

    __tablename__ = "errors"
    __table_args__ = (
        index("errors_newest", "last_at", "fingerprint", serves="API: failures, newest first"),
        index("errors_by_actor", "actor", "last_at", "fingerprint", serves="API: failures of an actor, newest first"),
    )

    fingerprint: str = Field(primary_key=True, sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)
    error_type: str = Field(sa_type=sa.Text)
    message: str = Field(sa_type=sa.Text)
    first_at: datetime = Field(sa_type=INSTANT)
    last_at: datetime = Field(sa_type=INSTANT)
    count: int = Field(sa_type=sa.BigInteger)
    last_run_id: UUID


class ErrorOfSchedule(SQLModel, table=True):
    """The same of one schedule's runs, or of plain messages: then the schedule's id is all zeros."""

    __tablename__ = "error_schedules"
    __table_args__ = (
        index("error_schedules_newest", "fingerprint", "last_at", serves="API: whose runs fail so"),
        index("error_schedules_streak", "fingerprint", "streak", serves="API: the longest streak"),
        index("error_schedules_by_schedule", "schedule_id", serves="API: failures of a schedule; fold: its streaks"),
        index("error_schedules_open", "last_at", serves="upkeep: streaks that may have ended", where="streak > 0"),
    )

    fingerprint: str = Field(primary_key=True, sa_type=sa.Text)
    schedule_id: UUID = Field(primary_key=True)
    schedule_name: str | None = Field(default=None, sa_type=sa.Text)
    first_at: datetime = Field(sa_type=INSTANT)
    last_at: datetime = Field(sa_type=INSTANT)
    count: int = Field(sa_type=sa.BigInteger)
    last_run_id: UUID
    streak: int
    """How many have failed so since a run has succeeded."""


class FailedRun(SQLModel, table=True):
    """A run that has failed; the fingerprint follows once it is counted."""

    __tablename__ = "failed_runs"
    __table_args__ = (
        index("failed_runs_new", "run_id", serves="fold: what is to be counted", where="fingerprint IS NULL"),
        index(
            "failed_runs_by_error",
            "fingerprint",
            "run_id",
            serves="API: runs of a failure, newest first",
            where="fingerprint IS NOT NULL",
        ),
    )

    run_id: UUID = Field(primary_key=True)
    fingerprint: str | None = Field(default=None, sa_type=sa.Text)
