"""The table of paused queues."""

from datetime import datetime

import sqlalchemy as sa
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
