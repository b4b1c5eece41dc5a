"""The tables of what housekeeping looks after."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT


class DeletedSchedule(SQLModel, table=True):
    """A schedule that there was: its slots up to `decided_at` are rows, by its definitions up to `version`."""

    __tablename__ = "deleted_schedules"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=sa.Text)
    version: int
    created_at: datetime = Field(sa_type=INSTANT)
    decided_at: datetime = Field(sa_type=INSTANT)


class Housekeeping(SQLModel, table=True):
    """What a part of housekeeping has done, or found, last."""

    __tablename__ = "housekeeping"

    name: str = Field(primary_key=True, sa_type=sa.Text)
    at: datetime = Field(sa_type=INSTANT)
    result: dict[str, Any] = Field(sa_type=JSONB)
