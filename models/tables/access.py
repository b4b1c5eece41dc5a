"""The tables of who may do what, of who did what, and of the definitions that schedules had."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from models.tables.columns import INSTANT, index


class Token(SQLModel, table=True):
    """A token that somebody was given; of itself only what tells it from others is kept."""

    __tablename__ = "tokens"
    __table_args__ = (
        sa.UniqueConstraint("name", name="tokens_name_key"),
        sa.UniqueConstraint("hash", name="tokens_hash_key"),
        sa.CheckConstraint("role IN ('viewer', 'operator', 'editor', 'admin')", name="tokens_role_check"),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=sa.Text)
    role: str = Field(sa_type=sa.Text)
    only_prefix: str | None = Field(default=None, sa_type=sa.Text)
    only_tags: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    hash: str = Field(sa_type=sa.Text)
    """SHA-256 of the token, in hexadecimal."""
    last_four: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=INSTANT)
    created_by: str = Field(sa_type=sa.Text)
    expires_at: datetime | None = Field(default=None, sa_type=INSTANT)
    last_used_at: datetime | None = Field(default=None, sa_type=INSTANT)


class Session(SQLModel, table=True):
    """A browser that somebody has signed in with a token, or a link that signs one in once."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.CheckConstraint("(token_id IS NULL) <> (admin_hash IS NULL)", name="sessions_of_one_check"),
        index("sessions_by_token", "token_id", serves="API: the end of a token ends its sessions"),
    )

    hash: str = Field(primary_key=True, sa_type=sa.Text)
    """SHA-256 of what the browser's cookie or the link has, in hexadecimal."""
    token_id: UUID | None = Field(
        default=None,
        sa_column=sa.Column(
            "token_id",
            sa.Uuid,
            sa.ForeignKey("tokens.id", name="sessions_token_id_fkey", ondelete="CASCADE"),
            nullable=True,
        ),
    )
    admin_hash: str | None = Field(default=None, sa_type=sa.Text)
    """Instead of a token: SHA-256 of the one in the settings."""
    is_link: bool
    created_at: datetime = Field(sa_type=INSTANT)
    used_at: datetime = Field(sa_type=INSTANT)


class AuditEntry(SQLModel, table=True):
    """One act, written in the transaction that did it."""

    __tablename__ = "audit"
    __table_args__ = (
        index("audit_by_target", "target", "id", serves="API: what was done to one thing, newest first"),
        index("audit_by_who", "who", "id", serves="API: what somebody did, newest first"),
    )

    id: int | None = Field(
        default=None, sa_column=sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True)
    )
    at: datetime = Field(sa_type=INSTANT)
    who: str = Field(sa_type=sa.Text)
    role: str | None = Field(default=None, sa_type=sa.Text)
    address: str | None = Field(default=None, sa_type=sa.Text)
    action: str = Field(sa_type=sa.Text)
    target: str = Field(sa_type=sa.Text)
    before: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    after: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    reason: str | None = Field(default=None, sa_type=sa.Text)


class ScheduleVersion(SQLModel, table=True):
    """A definition that a schedule of this name had, from `at` on. It outlives the schedule."""

    __tablename__ = "schedule_versions"

    name: str = Field(primary_key=True, sa_type=sa.Text)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=INSTANT)
    who: str = Field(sa_type=sa.Text)
    action: str = Field(sa_type=sa.Text)
    changes: list[dict[str, Any]] = Field(sa_type=JSONB)
    definition: dict[str, Any] = Field(sa_type=JSONB)
