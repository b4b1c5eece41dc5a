"""The tables of queues: the paused ones, and the dead letters of each."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT


class PausedQueue(SQLModel, table=True):
    """A queue to which nothing is published, and from which nothing is claimed, until it is resumed. The
    queue `*`, which none is called, stands for all: a hold."""

    __tablename__ = "queues"

    name: str = Field(primary_key=True, sa_type=sa.Text)
    paused_at: datetime = Field(sa_type=INSTANT)
    pause_reason: str | None = Field(default=None, sa_type=sa.Text)
    paused_by: str | None = Field(default=None, sa_type=sa.Text)
    paused_until: datetime | None = Field(default=None, sa_type=INSTANT)


class DeadLetters(SQLModel, table=True):
    """What is known of the messages of a queue that could not be read or stored. They are in the broker."""

    __tablename__ = "dead_letters"

    queue: str = Field(primary_key=True, sa_type=sa.Text)
    letters: int = Field(sa_type=sa.BigInteger)
    """How many there were when somebody has counted them, and what came since."""
    counted_at: datetime | None = Field(default=None, sa_type=INSTANT)
    """When scheduling has asked the broker; None until it has."""
    came_at: datetime | None = Field(default=None, sa_type=INSTANT)
    latest: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """Of the latest ones, the last first: when it came, why, how large it is, and which worker could not take it."""
