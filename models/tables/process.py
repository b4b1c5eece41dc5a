"""The tables of processes that report in, and of the actors they announce."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT


class Worker(SQLModel, table=True):
    """One worker process; the id is drawn at its boot."""

    __tablename__ = "workers"

    id: UUID = Field(primary_key=True)
    host: str = Field(sa_type=sa.Text)
    pid: int
    queues: list[str] = Field(sa_type=JSONB)
    threads: int
    version: str = Field(sa_type=sa.Text)
    started_at: datetime = Field(sa_type=INSTANT)
    last_seen_at: datetime = Field(sa_type=INSTANT)
    running: int = Field(default=0)
    actors: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Those it knows, in whichever queue; None for one of a release that does not say."""
    takes_bundles: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Whether it runs all of a message that stands for several runs."""
    secrets: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """The names of those it has; None for one of a release that does not say."""
    release: str | None = Field(default=None, sa_type=sa.Text)
    """What its deploy is called; None where nobody says."""
    parent_pid: int | None = Field(default=None)
    """The process that it ends with, on the same host; None for one that has none."""
    drain_requested_at: datetime | None = Field(default=None, sa_type=INSTANT)
    drained_at: datetime | None = Field(default=None, sa_type=INSTANT)
    """When it was asked to take no more runs, and when it had ended its last one."""
    stuck_threads: int = Field(default=0, sa_column_kwargs={"server_default": sa.text("0")})
    """How many of its threads do not come back from an interrupt."""
    secret_rules: dict[str, list[str]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Which actors may use which of its secrets (`secrets.allow`); None for one of a release that lets all use all."""


class AnnouncedActor(SQLModel, table=True):
    """An actor that some worker has announced: its queue, documentation, parameters and options."""

    __tablename__ = "actors"

    name: str = Field(primary_key=True, sa_type=sa.Text)
    queue: str = Field(sa_type=sa.Text)
    doc: str = Field(default="", sa_type=sa.Text)
    parameters: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    announced_by: UUID | None = Field(default=None)
    announced_at: datetime = Field(sa_type=INSTANT)
    declaration_error: str | None = Field(default=None, sa_type=sa.Text)
    run_seconds: float | None = Field(default=None)
    """How long its runs take, lately and on average; None where nobody knows."""


class Scheduler(SQLModel, table=True):
    """One scheduling process; `ticked_at` is when it last did its round."""

    __tablename__ = "schedulers"

    id: UUID = Field(primary_key=True)
    host: str = Field(sa_type=sa.Text)
    pid: int
    started_at: datetime = Field(sa_type=INSTANT)
    ticked_at: datetime = Field(sa_type=INSTANT)
    reaches_broker: bool | None = Field(default=None)
    """Whether it can publish just now; None for one of a release that does not say."""


class SchedulingGap(SQLModel, table=True):
    """A time in which no scheduling process did its round."""

    __tablename__ = "scheduling_gaps"
    __table_args__ = (sa.CheckConstraint("ended_at > started_at", name="scheduling_gaps_check"),)

    started_at: datetime = Field(primary_key=True, sa_type=INSTANT)
    ended_at: datetime = Field(sa_type=INSTANT)
