"""Which schedules there were, and what housekeeping has found last."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0016"
down_revision = "0015"

_TABLES = (
    """
CREATE TABLE IF NOT EXISTS deleted_schedules (
    id uuid NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT deleted_schedules_pkey PRIMARY KEY (id)
)
""",
    """
CREATE TABLE IF NOT EXISTS housekeeping (
    name text NOT NULL,
    at timestamptz NOT NULL,
    result jsonb NOT NULL,
    CONSTRAINT housekeeping_pkey PRIMARY KEY (name)
)
""",
)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP TABLE IF EXISTS housekeeping")
    op.execute("DROP TABLE IF EXISTS deleted_schedules")
