"""The tables of the log of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT, index


class Event(SQLModel, table=True):
    """A group of changes that were made at once: runs that came into one state, or one act on a schedule (a trigger of
    `audit` writes those).

    Ids order what happened to one run, as each is drawn while its rows are locked; a lower one may become visible
    later. Positions have no gaps and come in the order in which readers see them: one process gives them.
    """

    __tablename__ = "events"
    __table_args__ = (
        index("events_new", "id", serves="relay: what has no position yet", where="position IS NULL"),
        sa.Index(
            "events_by_position",
            "position",
            unique=True,
            postgresql_where=sa.text("position IS NOT NULL"),
            info={"serves": "relay and API: what follows a position; housekeeping: what is old"},
        ),
    )

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    at: datetime = Field(sa_type=INSTANT, sa_column_kwargs={"server_default": sa.text("clock_timestamp()")})
    kind: str = Field(sa_type=sa.Text)
    runs: list[UUID] | None = Field(default=None, sa_type=ARRAY(sa.Uuid))
    attempts: list[int] | None = Field(default=None, sa_type=ARRAY(sa.Integer))
    subject: str | None = Field(default=None, sa_type=sa.Text)
    data: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    position: int | None = Field(default=None, sa_type=sa.BigInteger)


class ToldState(SQLModel, table=True):
    """A state that is noted in the log; nothing is noted while there is none."""

    __tablename__ = "told_states"

    state: str = Field(primary_key=True, sa_type=sa.Text)
    is_public: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    """Whether others are told of it, as `events.states` has it."""
    is_needed: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Whether channels need it."""


class EventRelay(SQLModel, table=True):
    """How far the log has come: one row. Who relays it holds a lease."""

    __tablename__ = "event_relay"
    __table_args__ = (sa.CheckConstraint("id", name="event_relay_one_check"),)

    id: bool = Field(default=True, primary_key=True, sa_column_kwargs={"server_default": sa.true()})
    numbered: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    sent: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    dropped: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.text("0")})
    relay: UUID | None = Field(default=None)
    lease_until: datetime | None = Field(default=None, sa_type=INSTANT)
