"""The tables of what runs show while they go on."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class LiveOutput(SQLModel, table=True):
    """A part of what an attempt has printed so far; `start` bytes of UTF-8 stand before it."""

    __tablename__ = "live_outputs"

    run_id: UUID = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    start: int = Field(primary_key=True, sa_type=sa.BigInteger)
    output: str = Field(sa_type=sa.Text)


class LiveProgress(SQLModel, table=True):
    """How far an attempt has last said that it was."""

    __tablename__ = "live_progress"

    run_id: UUID = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    progress: dict[str, Any] = Field(sa_type=JSONB)
