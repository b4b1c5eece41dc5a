"""Counters of metrics, which processes count as they go. Processes of the release before count nothing."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("""
        CREATE TABLE IF NOT EXISTS counters (
            name text NOT NULL,
            labels jsonb NOT NULL,
            value double precision NOT NULL,
            buckets bigint[] NOT NULL,
            CONSTRAINT counters_pkey PRIMARY KEY (name, labels)
        )""")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP TABLE IF EXISTS counters")
