"""The tables of notices: channels, what each has been told of, and how far the log of events has been heeded."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.sql.spelling import quoted
from models.tables.columns import INSTANT
from models.words.notices import ChannelKind


class ChannelRow(SQLModel, table=True):
    """Where notices go, and which."""

    __tablename__ = "channels"
    __table_args__ = (
        sa.CheckConstraint(f"kind IN ({quoted(ChannelKind)})", name="channels_kind_check"),
        sa.CheckConstraint("(kind = 'email') = (url IS NULL)", name="channels_url_check"),
        sa.CheckConstraint("(kind = 'email') = (recipients IS NOT NULL)", name="channels_recipients_check"),
        sa.CheckConstraint(
            "after_failures >= 1 AND quiet_seconds >= 0 AND slow_factor > 1", name="channels_rules_check"
        ),
    )

    name: str = Field(primary_key=True, sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    url: str | None = Field(default=None, sa_type=sa.Text)
    recipients: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    """What people write as `to`."""
    secret: str | None = Field(default=None, sa_type=sa.Text)
    """A reference to one, never one itself."""
    events: list[str] = Field(sa_type=JSONB)
    filter: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    after_failures: int = Field(default=1)
    quiet_seconds: float = Field(default=0)
    slow_factor: float = Field(default=3)
    description: str = Field(default="", sa_type=sa.Text)
    source: str = Field(default="api", sa_type=sa.Text)
    version: int = Field(default=1)
    created_at: datetime = Field(sa_type=INSTANT)
    """Nobody is told of what was before."""
    updated_at: datetime = Field(sa_type=INSTANT)
    updated_by: str = Field(sa_type=sa.Text)


class Standing(SQLModel, table=True):
    """What a channel knows of a schedule (or, as `actors/NAME`, of runs without one). Mostly there is nothing to."""

    __tablename__ = "notice_standings"

    channel: str = Field(
        sa_column=sa.Column(
            "channel",
            sa.Text,
            sa.ForeignKey("channels.name", name="notice_standings_channel_fkey", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    subject: str = Field(primary_key=True, sa_type=sa.Text)
    failures: int = Field(default=0)
    """Runs that have failed in a row."""
    told: list[str] = Field(sa_type=JSONB)
    """What it has been told of that has not recovered."""
    told_at: datetime | None = Field(default=None, sa_type=INSTANT)
    """When it was last told of something that may come again."""


class Delivery(SQLModel, table=True):
    """A notice, and the run that tells it."""

    __tablename__ = "deliveries"

    channel: str = Field(primary_key=True, sa_type=sa.Text)
    run_id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    schedule: str | None = Field(default=None, sa_type=sa.Text)
    about_run_id: UUID | None = Field(default=None)
    at: datetime = Field(sa_type=INSTANT)


class Notifier(SQLModel, table=True):
    """How far the log of events has been heeded: one row."""

    __tablename__ = "notifier"
    __table_args__ = (sa.CheckConstraint("id", name="notifier_one_check"),)

    id: bool = Field(default=True, primary_key=True)
    position: int = Field(default=0, sa_type=sa.BigInteger)
    late_until: datetime | None = Field(default=None, sa_type=INSTANT)
    """Runs that were late before have been looked at."""
