"""The tables of statistics: counts by span of time, what processes have told, and what commands have noted."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT, index


class Statistic(SQLModel, table=True):
    """How many attempts and runs have ended so in a span of time; of no `actor` and `queue`, of all together."""

    __tablename__ = "statistics"
    __table_args__ = (
        index(
            "statistics_old",
            "begins_at",
            serves="prune: spans of long ago",
            where="span_seconds > 0 AND actor <> ''",
        ),
    )

    span_seconds: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """How long the span is; 0: ever since there are statistics."""
    actor: str = Field(primary_key=True, sa_type=sa.Text)
    queue: str = Field(primary_key=True, sa_type=sa.Text)
    begins_at: datetime = Field(primary_key=True, sa_type=INSTANT)
    state: str = Field(primary_key=True, sa_type=sa.Text)
    outcome: str = Field(primary_key=True, sa_type=sa.Text)
    """Of the attempt; empty where a run ended without one."""
    runs: int = Field(sa_type=sa.BigInteger)
    lateness: list[int] = Field(sa_type=sa.ARRAY(sa.BigInteger))
    """How many began how late, by the bounds of `models.statistics.histogram`; of runs that were first started."""
    lateness_seconds: float
    duration: list[int] = Field(sa_type=sa.ARRAY(sa.BigInteger))
    duration_seconds: float


class ToldStatistics(SQLModel, table=True):
    """Which piece of what it has counted a process has told last: none is added twice."""

    __tablename__ = "statistics_told"

    process_id: UUID = Field(primary_key=True)
    number: int = Field(sa_type=sa.BigInteger)
    told_at: datetime = Field(sa_type=INSTANT)


class StatisticsNote(SQLModel, table=True):
    """Runs that a command has ended, until scheduling has counted them."""

    __tablename__ = "statistics_notes"

    id: int | None = Field(
        default=None, sa_column=sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True)
    )
    actor: str = Field(sa_type=sa.Text)
    queue: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    runs: int = Field(sa_type=sa.BigInteger)
