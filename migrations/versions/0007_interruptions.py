"""Runs count interruptions in a row; a start deadline holds for runs that came back without having started."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

OVERDUE = "(deadline_at) WHERE state IN ('planned', 'queued', 'retrying') AND deadline_at IS NOT NULL"
DEADLINE = "(deadline_at) WHERE state IN ('planned', 'queued') AND deadline_at IS NOT NULL"
SERVES = "rescue: runs that missed their start deadline"

PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'runs'::regclass ORDER BY 1"
IS_INDEXED = """
SELECT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
    WHERE i.inhparent = CAST(:name AS regclass) AND x.indrelid = CAST(:partition AS regclass))
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE runs ADD COLUMN IF NOT EXISTS interruptions integer DEFAULT 0 NOT NULL")
    # What the version before asks for, the new index answers too.
    _replace_index("runs_deadline", "runs_overdue", OVERDUE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace_index("runs_overdue", "runs_deadline", DEADLINE)
    op.execute("ALTER TABLE runs DROP COLUMN interruptions")


def _replace_index(old: str, new: str, what: str) -> None:
    """One partition after the other, so that no write waits; run again after a failure it goes on where it was."""
    op.execute(f"CREATE INDEX IF NOT EXISTS {new} ON ONLY runs {what}")
    op.execute(f"COMMENT ON INDEX {new} IS '{SERVES}'")
    for partition in op.get_bind().execute(sa.text(PARTITIONS)).scalars().all():
        name = f"{new}{partition.removeprefix('runs')}"
        if op.get_bind().scalar(sa.text(IS_INDEXED), {"name": new, "partition": partition}):
            continue
        with op.get_context().autocommit_block():
            op.execute("SET statement_timeout = 0")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {partition} {what}")
            op.execute("RESET statement_timeout")
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute(f"ALTER INDEX {new} ATTACH PARTITION {name}")
    op.execute(f"DROP INDEX IF EXISTS {old}")
