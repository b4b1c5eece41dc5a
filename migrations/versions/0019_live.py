"""What runs print and how far they are, while they go on; and of failed attempts how far they were."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0019"
down_revision = "0018"

# Rows of running attempts alone, written each second and soon gone: there is room beside each for its next version.
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS live_outputs (
    run_id uuid NOT NULL,
    attempt integer NOT NULL,
    start bigint NOT NULL,
    output text NOT NULL,
    CONSTRAINT live_outputs_pkey PRIMARY KEY (run_id, attempt, start)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)
""",
    """
CREATE TABLE IF NOT EXISTS live_progress (
    run_id uuid NOT NULL,
    attempt integer NOT NULL,
    progress jsonb NOT NULL,
    CONSTRAINT live_progress_pkey PRIMARY KEY (run_id, attempt)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)
""",
)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in _TABLES:
        op.execute(table)
    op.execute(
        "ALTER TABLE run_outputs ADD COLUMN IF NOT EXISTS output_gaps bigint[], ADD COLUMN IF NOT EXISTS progress jsonb"
    )


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE run_outputs DROP COLUMN IF EXISTS progress, DROP COLUMN IF EXISTS output_gaps")
    for table in ("live_progress", "live_outputs"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
