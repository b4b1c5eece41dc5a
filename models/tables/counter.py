"""The table of counters: what all processes have counted, since ever."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Counter(SQLModel, table=True):
    """What a metric has come to, by its labels."""

    __tablename__ = "counters"

    name: str = Field(primary_key=True, sa_type=sa.Text)
    labels: dict[str, Any] = Field(primary_key=True, sa_type=JSONB)
    value: float
    """How many; of a histogram, how many seconds."""
    buckets: list[int] = Field(sa_type=sa.ARRAY(sa.BigInteger))
    """Of a histogram, by the bounds of `models.statistics.histogram`; else empty."""
